"""A recipe as the list of its stages, one after the other: what a resumed run needs to know is where in it it was."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from lasercontrol.aging_settings import DitherSettings, RecipeSettings, StageSettings
from lasercontrol.telemetry.row import Phase

__all__ = ["Stage", "stages_of", "sweeps_in"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a recipe: settle_s at mount_c before it counts, then `seconds` of its phase.

    drive_factor: of current or light. swing_k, swing_s: amplitude and period of the mount's swing. A sweep lasts as
    long as it takes, its `seconds` are 0.
    """

    name: str
    phase: Phase
    seconds: float
    mount_c: float
    settle_s: float = 0.0
    drive_factor: float = 1.0
    swing_k: float = 0.0
    swing_s: float = math.inf

    def mount_at(self, elapsed_s: float) -> float:
        """Set temperature of the mount after so many seconds of its phase, in degrees Celsius."""
        return self.mount_c + self.swing_k * math.sin(2 * math.pi * elapsed_s / self.swing_s)


def stages_of(recipe: RecipeSettings) -> tuple[Stage, ...]:
    """The stages in their order; the first one begins when the lasers of a mount have been switched on."""
    return tuple(_stages(recipe))


def sweeps_in(stages: tuple[Stage, ...]) -> int:
    """How many sweeps each laser gets."""
    return sum(stage.phase is Phase.SWEEP for stage in stages)


def _stages(recipe: RecipeSettings) -> Iterator[Stage]:
    first, sweep = recipe.burn_in or recipe.stress, recipe.sweep
    settle_s = recipe.settle_s
    if sweep and sweep.at_start:
        yield _sweep(recipe, first, "sweep-start")
    if recipe.dither:
        yield _dither(recipe.dither, first, settle_s, "dither")
        settle_s = 0.0
    if recipe.burn_in:
        yield _held(recipe.burn_in, Phase.BURN_IN, recipe.burn_in.hours, settle_s, "burn-in")
        moved = (first.mount_c, first.drive_factor) != (recipe.stress.mount_c, recipe.stress.drive_factor)
        settle_s = recipe.settle_s if moved else 0.0
        if sweep and sweep.at_start:
            yield _sweep(recipe, recipe.stress, "sweep-burnt-in")
            settle_s = max(settle_s, sweep.settle_s)
        if recipe.dither:
            yield _dither(recipe.dither, recipe.stress, settle_s, "dither-burnt-in")
            settle_s = 0.0
    yield from _stress(recipe, settle_s)


def _stress(recipe: RecipeSettings, settle_s: float) -> Iterator[Stage]:
    sweep, hours = recipe.sweep, recipe.stress.hours
    part_h = min(hours, sweep.every_h) if sweep and sweep.every_h else hours
    count = max(1, math.ceil(hours / part_h - 1e-9))
    for number in range(count):
        length_h = min(part_h, hours - number * part_h)
        yield _held(recipe.stress, Phase.STRESS, length_h, settle_s, f"stress-{number + 1}")
        last = number == count - 1
        if sweep and (not last or sweep.at_end):
            yield _sweep(recipe, recipe.stress, "sweep-end" if last else f"sweep-{number + 1}")
            settle_s = sweep.settle_s


def _held(stage: StageSettings, phase: Phase, hours: float, settle_s: float, name: str) -> Stage:
    return Stage(name, phase, hours * 3600.0, stage.mount_c, settle_s, stage.drive_factor)


def _dither(dither: DitherSettings, stage: StageSettings, settle_s: float, name: str) -> Stage:
    seconds = dither.cycles * dither.period_s
    return Stage(
        name, Phase.DITHER, seconds, stage.mount_c, settle_s, stage.drive_factor, dither.amplitude_k, dither.period_s
    )


def _sweep(recipe: RecipeSettings, stage: StageSettings, name: str) -> Stage:
    assert recipe.sweep is not None  # noqa: S101 — the caller has looked
    return Stage(name, Phase.SWEEP, 0.0, recipe.sweep.reference_c, recipe.sweep.settle_s, stage.drive_factor)
