"""A log to a judged night: by criterion and trend where readings are hours apart, by the monitor's detectors else."""

from pathlib import Path

from lasercontrol.monitor.replay import Watches, scoring_of
from lasercontrol.monitor.transition import Transition
from lasercontrol.report.fast_night import fast_night
from lasercontrol.report.log_pass import LogPass
from lasercontrol.report.night import Night
from lasercontrol.report.people import desk_of
from lasercontrol.report.slow_night import slow_night
from lasercontrol.telemetry.log_reader import read_log

__all__ = ["night_of"]


def night_of(path: Path, watches: Watches | None = None) -> Night:
    """The log, judged; one pass. watches: makes its detectors, the monitor's own where None.

    Raises InputFileError or LogError where it cannot be read.
    """
    missing: list[str] = []
    schema, parts = read_log(path, on_problem=missing.append)
    seen = LogPass(schema)
    if seen.slow or seen.lacks:
        seen.over(parts, lambda _: None)
        return slow_night(path, seen)
    scoring = scoring_of(schema, path, watches)
    steps: list[Transition] = []
    seen.over(parts, lambda part: steps.extend(scoring.take(part)))
    return fast_night(path, seen, scoring.watch, steps, missing, desk_of(path))
