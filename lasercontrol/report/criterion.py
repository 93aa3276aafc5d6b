"""What each laser of a log is held to: the recipe's end of life, or a customary one, which is then said."""

import math
from collections.abc import Mapping
from typing import Any

from lasercontrol.report.night import Criterion
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.row import Schema

__all__ = ["criteria_of", "planned_h", "stop_early"]

CHANGE_PERCENT = 10.0  # GaAs lasers of Meeker & Escobar (1998): end of life at 10 % more current
CURRENT_PERCENT = 20.0  # [M] customary: 20 % more current at constant power
POWER_DROP_DB = 2.0  # [M] customary: 2 dB less power at constant current
NO_RECIPE = "no recipe came with this log, so it is judged at the customary"


def criteria_of(schema: Schema) -> list[Criterion]:
    """Of each laser, in their order; those of one kind are one and the same."""
    if any(channel.name == CHANGE for channel in schema.channels):
        words = "no recipe came with this log of per cent change, so it is judged at 10 %, as the GaAs lasers of Meeker"
        return [Criterion(CHANGE_PERCENT, "change", f"{words} and Escobar (1998) are")] * len(schema.lasers)
    told = schema.recipe.get("end_of_life")
    kinds = {"power": _rise(told), "current": _drop(told)}
    return [kinds[laser.drive] for laser in schema.lasers]


def _rise(told: object) -> Criterion:
    if not isinstance(told, Mapping):
        return Criterion(CURRENT_PERCENT, "more current", f"{NO_RECIPE} 20 % more current at constant power")
    percent = _number(told.get("current_rise_percent"))
    said = f"{percent:g} % more current at constant power" if math.isfinite(percent) else "no rise of current is one"
    return Criterion(percent, "more current", f"{said}, as the recipe says")


def _drop(told: object) -> Criterion:
    if not isinstance(told, Mapping):
        words = f"{NO_RECIPE} {POWER_DROP_DB:g} dB (36.9 %) less light at constant current"
        return Criterion(_loss_percent(POWER_DROP_DB), "less light", words)
    drop_db = _number(told.get("power_drop_db"))
    loss = _loss_percent(drop_db)
    said = f"{drop_db:g} dB ({loss:.3g} %) less light at constant current"
    return Criterion(
        loss if math.isfinite(drop_db) else math.inf,
        "less light",
        f"{said if math.isfinite(drop_db) else 'no loss of light is one'}, as the recipe says",
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.inf


def _loss_percent(drop_db: float) -> float:
    return round(100 * (1 - 10 ** (-drop_db / 10)), 2)


def planned_h(schema: Schema) -> float | None:
    """Hours of burn-in and stress that the recipe asks for; None: it says nothing."""
    recipe: Any = schema.recipe.get("recipe")
    if not isinstance(recipe, Mapping):
        return None
    stages = [recipe.get(name) for name in ("burn_in", "stress")]
    hours = [_number(stage.get("hours")) for stage in stages if isinstance(stage, Mapping)]
    return sum(hours) if hours and all(map(math.isfinite, hours)) else None


def stop_early(rest_h: float | None, low_h: float | None, high_h: float | None) -> str | None:
    """Why the rest of a test would say nothing new of a laser: its end of life is surely before or behind the end.

    rest_h: hours still planned; low_h, high_h: the 95 % interval of its hours to end of life.
    """
    if rest_h is None or rest_h <= 0 or low_h is None:
        return None
    if low_h > rest_h:
        return f"passes: end of life is not before {low_h:,.0f} h, the test ends in {rest_h:,.0f} h"
    if high_h is not None and high_h < rest_h:
        return f"will not pass: end of life within {high_h:,.0f} h, the test goes on for {rest_h:,.0f} h"
    return None
