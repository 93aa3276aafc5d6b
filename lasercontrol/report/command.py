"""`lasercontrol report FILE`: judge a log, write its page, and say the most important of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lasercontrol.errors import CallerError
from lasercontrol.monitor.replay import Watches
from lasercontrol.report.export import as_csv, as_json
from lasercontrol.report.judging import night_of
from lasercontrol.report.night import Night
from lasercontrol.report.page import page
from lasercontrol.report.reliability import UseConditions
from lasercontrol.report.summary import headline
from lasercontrol.report.times import duration

__all__ = ["ReportCall", "Reported", "report"]

MOST_TOLD = 12
OURS = b'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" />'


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCall:
    """out: the page, None for none; csv: a table, None for none. What is there and no page of ours stays."""

    path: Path
    out: Path | None
    csv: Path | None = None
    use: UseConditions = UseConditions()


@dataclass(frozen=True, slots=True)
class Reported:
    """What was found, for people and as JSON."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]


def report(call: ReportCall, watches: Watches | None = None) -> Reported:
    """Write the report. watches: as in `night_of`.

    Raises CallerError where a file would be overwritten, and what reading a log raises.
    """
    _require_sane(call.use)
    _require_free(call)
    night = night_of(call.path, watches)
    written: dict[str, str] = {}
    if call.csv is not None:
        call.csv.write_text(as_csv(night), encoding="utf-8")
        written["csv"] = str(call.csv)
    if call.out is not None:
        _replace(call.out, page(night, call.use))
        written["report"] = str(call.out)
    return Reported(
        (*_sentences(night), *(f"{name}: {path}" for name, path in written.items())),
        {
            **as_json(night, call.use),
            **written,
        },
    )


def _require_sane(use: UseConditions) -> None:
    asked = {
        "temperature at use": (use.use_c, -200.0, 400.0, "degC"),
        "current ratio": (use.current_ratio, 1e-3, 1e3, ""),
        "activation energy": (use.ea_ev, 0.0, 3.0, "eV"),
        "exponent": (use.exponent, 0.0, 20.0, ""),
    }
    for name, (value, low, high, unit) in asked.items():
        if not low <= value <= high:  # NaN is refused as well
            raise CallerError(f"{name} is {value:g} {unit}; allowed is {low:g} to {high:g} {unit}.".replace(" ;", ";"))


def _require_free(call: ReportCall) -> None:
    if call.csv is not None and call.csv.exists():
        raise CallerError(f"{call.csv}: exists already; nothing was replaced.")
    if call.out is not None and call.out.exists():
        with call.out.open("rb") as file:
            if file.read(len(OURS)) != OURS:
                raise CallerError(f"{call.out}: exists already and is no report of this program; nothing was replaced.")


def _replace(path: Path, text: str) -> None:
    """A reader sees the old page or the new one, never half of one."""
    making = path.with_name(f"{path.name}.part")
    making.write_text(text, encoding="utf-8")
    making.replace(path)


def _sentences(night: Night) -> list[str]:
    lines = [headline(night)]
    for laser in night.urgent[:MOST_TOLD]:
        left = "" if not laser.hours_to_eol else f", end of life in {duration(laser.hours_to_eol)}"
        drift = "no drift known" if laser.drift_percent is None else f"drift {laser.drift_percent:+.2f} %"
        lines.append(f"  {laser.laser_id}: {laser.state}, {drift}{left}. {laser.why}")
    if len(night.urgent) > MOST_TOLD:
        lines.append(f"  and {len(night.urgent) - MOST_TOLD} more.")
    return [*lines, night.judged_by[0]]
