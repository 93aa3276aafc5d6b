"""A recorded log scored again: the same detectors and the same alarms as live, faster than real time.

What comes out follows from the log and the settings in its schema alone, never from the clock on the wall or from how
rows are cut into blocks, so that two replays and the live run give the same lines byte for byte.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from pydantic import ValidationError

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import InputFileError
from lasercontrol.monitor.alarm import AlarmEngine
from lasercontrol.monitor.finding import Detector, Finding
from lasercontrol.monitor.transition import Transition
from lasercontrol.telemetry.log_reader import Part, read_log
from lasercontrol.telemetry.row import Block, Schema, Sweep

__all__ = ["Scoring", "Watches", "alarm_settings_of", "replayed", "scoring_of"]


class Watches(Protocol):
    """Makes the detectors of a log; `lasercontrol.monitor.watch.Watch` in earnest."""

    def __call__(self, schema: Schema) -> Detector: ...


class Scoring:
    """Detectors and alarms over the parts of one log, in their order."""

    def __init__(self, schema: Schema, watch: Detector, settings: AlarmSettings) -> None:
        self.schema, self.watch = schema, watch
        self.engine = AlarmEngine(settings, [laser.laser_id for laser in schema.lasers])
        self.rows = 0
        self.hours = 0.0
        self.steps: list[str] = []
        """Names of the steps so far."""

    def take(self, part: Part) -> list[Transition]:
        """The steps of alarms that a part leads to."""
        if isinstance(part, Block):
            self.rows += len(part.seq)
            self.hours += float(np.clip(np.diff(part.monotonic_s), 0.0, None).sum()) / 3600
            moments = part.seq, part.monotonic_s, part.utc_s
        else:
            moments = np.array([part.seq]), np.array([part.monotonic_s]), np.array([part.utc_s])
        steps = self.engine.advance(*moments, self._found(part))
        self.steps += [step.step for step in steps]
        return steps

    def _found(self, part: Part) -> list[Finding]:
        if isinstance(part, Block):
            return list(self.watch.block(part))
        return list(self.watch.sweep(part) if isinstance(part, Sweep) else self.watch.event(part))


def replayed(
    path: Path, watches: Watches | None = None, on_problem: Callable[[str], None] | None = None
) -> tuple[Scoring, Iterator[Transition]]:
    """What scores a log, and the steps of its alarms in their order. Raises what reading a log raises."""
    schema, parts = read_log(path, on_problem=on_problem)
    scoring = scoring_of(schema, path, watches)
    return scoring, (step for part in parts for step in scoring.take(part))


def scoring_of(schema: Schema, path: Path, watches: Watches | None = None) -> Scoring:
    """What scores a log with the settings that it was made with. watches: makes its detectors."""
    return Scoring(schema, (watches or _watch)(schema), alarm_settings_of(schema, path))


def alarm_settings_of(schema: Schema, path: Path) -> AlarmSettings:
    """The settings that the log was made with; the usual ones where it names none. Raises InputFileError."""
    told = schema.recipe.get("alarms") or {}
    try:
        return AlarmSettings.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputFileError(path, None, f"the settings of alarms in it, {place}: {first['msg']}.") from None


def _watch(schema: Schema) -> Detector:
    from lasercontrol.monitor.watch import watch_of

    return watch_of(schema)
