"""What a record of a session holds, as values: who and what (header), every shot, what happened, how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.bench import Floats, Knob, Reading

__all__ = ["Event", "Record", "RecordHeader", "ShotRow"]


@dataclass(frozen=True, slots=True, eq=False)
class ShotRow:
    """One shot: `asked` and `setting` (read back) in native units, shape (k,).

    index: from 1 on; phase: why the shot was taken ("start", "tune", "confirm", ...); clipped: whether the agent had
    asked for more than the limits allow. expected_gain: relative gain in signal, over the setting before, that the
    agent expected of this shot when it asked for it; None where it did not say.
    """

    index: int
    phase: str
    asked: Floats
    setting: Floats
    reading: Reading
    clipped: bool
    expected_gain: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is no shot: a pause, a hand-over, a refused move, a return, a fault."""

    kind: str
    text: str
    utc_s: float
    monotonic_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHeader:
    """What is known before the first shot. `config` is what the run used, as JSON has it; `config_text` as written."""

    config: Mapping[str, Any]
    config_text: str
    versions: Mapping[str, str]
    seed: int
    operator: str
    laser_id: str
    notes: str
    knobs: tuple[Knob, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A record as read. `exit_reason` and `summary` are None where the session never came to its end."""

    path: Path
    header: RecordHeader
    start_utc_s: float
    shots: tuple[ShotRow, ...]
    events: tuple[Event, ...]
    exit_reason: str | None
    summary: Mapping[str, Any] | None

    @property
    def asked(self) -> Floats:
        """What was asked of the knobs, shape (n, k), native units."""
        return self._settings([row.asked for row in self.shots])

    @property
    def settings(self) -> Floats:
        """Where the knobs were, shape (n, k), native units."""
        return self._settings([row.setting for row in self.shots])

    def _settings(self, rows: list[Floats]) -> Floats:
        return np.array(rows).reshape(len(rows), len(self.header.knobs))
