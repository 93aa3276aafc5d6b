"""What a current source tells of its laser, whichever driver it has: a number or nothing, never a guess."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import LinkError, NotReady, OverRange
from drivers.series4000 import ITC4000, LDC4000
from lasercontrol.lab.roles import CurrentSource

__all__ = ["SourceReading", "reading_of"]

UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class SourceReading:
    """NaN: there is no number. output: whether the laser has its current; clear: whether its interlock allows it."""

    current_a: float
    voltage_v: float
    photodiode_a: float
    mount_c: float
    output: bool
    clear: bool


def reading_of(source: CurrentSource) -> SourceReading:
    """Ask once. Raises what the driver raises where the link fails: then nothing of it is known."""
    if isinstance(source, ITC4000 | LDC4000):
        seen = source.snapshot()
        return SourceReading(
            _number(seen.current_a),
            _number(seen.voltage_v),
            _number(seen.photodiode_a),
            _number(seen.temperature_c),
            seen.output,
            not seen.condition & source.keeps_off,
        )
    output, clear = source.output, source.interlock_closed
    return SourceReading(
        _asked(lambda: source.measured_current_a),
        _optional(source, "diode_voltage_v"),
        _optional(source, "photodiode_current_a"),
        _optional(source, "measured_temperature_c"),
        output,
        clear,
    )


def _number(value: float | None) -> float:
    return UNKNOWN if value is None else value


def _optional(source: CurrentSource, name: str) -> float:
    """Looked for on the class: an attribute of an instrument is a question to it."""
    return _asked(lambda: float(getattr(source, name))) if hasattr(type(source), name) else UNKNOWN


def _asked(question: Callable[[], float]) -> float:
    try:
        return question()
    except LinkError:
        raise
    except (OverRange, NotReady):  # not a number just now, and the link is well
        return UNKNOWN
