"""The words of `lasercontrol import` as what to import; everything about them that can be wrong is found here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from lasercontrol.config_location import line_of, read_yaml
from lasercontrol.errors import CallerError, ConfigError
from lasercontrol.telemetry.row import Drive

__all__ = ["ImportCall", "call_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCall:
    """What to import. mapping: header to words in a header's grammar, `*` for every other. started: UTC of hour 0."""

    path: Path
    out: Path
    mapping: Mapping[str, str] = field(default_factory=dict)
    started_utc_s: float | None = None
    zone: str = "UTC"
    drive: Drive | None = None
    family: str = "unknown"
    stress_c: float | None = None


def call_of(
    file: Path,
    out: Path,
    columns: list[str],
    mapping: Path | None,
    *,
    started: str | None = None,
    zone: str = "UTC",
    drive: str | None = None,
    family: str = "unknown",
    stress_c: float | None = None,
) -> ImportCall:
    """What to import. Raises CallerError, or ConfigError with file and line of the mapping."""
    if drive not in {None, "current", "power"}:
        raise CallerError(f"--drive is {drive!r}; what is kept constant is current or power.")
    return ImportCall(
        path=file,
        out=out,
        mapping=(_mapping_file(mapping) if mapping else {}) | dict(map(_pair, columns)),
        started_utc_s=None if started is None else _moment(started, _known_zone(zone)),
        zone=_known_zone(zone).key,
        drive="current" if drive == "current" else "power" if drive == "power" else None,
        family=family,
        stress_c=stress_c,
    )


def _pair(words: str) -> tuple[str, str]:
    header, equals, meaning = words.rpartition("=")
    if not equals or not header:
        raise CallerError(f"--map {words!r}; HEADER=NAME [unit] is wanted, as 'Iop=current [mA]'.")
    return header, meaning


def _mapping_file(path: Path) -> dict[str, str]:
    values, lines = read_yaml(path)
    if not isinstance(values, dict):
        raise ConfigError(path, 1, "the file", "holds no mapping; lines of `HEADER: NAME [unit]` are wanted.")
    for header, meaning in values.items():
        if not isinstance(meaning, str):
            words = f"is {meaning!r}; a name with its unit is wanted, as `current [mA]` (in quotes), or `ignore`."
            raise ConfigError(path, line_of((header,), lines), str(header), words)
    return {str(header): meaning for header, meaning in values.items()}


def _known_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # KeyError: none of that name; the others: no name at all
        raise CallerError(f"zone {zone!r} is not known; an IANA name is wanted, as Europe/Berlin or UTC.") from None


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise CallerError(f"--started is {text!r}; a stamp as 2026-11-25T18:00:00+01:00 is wanted.") from None
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=zone)).astimezone(UTC).timestamp()
