"""What is logged of a rack: a row of every laser each period, a sweep now and then, and what happened.

All three carry one sequence number, contiguous over everything that one log holds, the monotonic clock for intervals
and UTC for stamps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["LASER_CHANNELS", "Block", "Channel", "Drive", "Event", "LoggedLaser", "Phase", "Row", "Schema", "Sweep"]

Drive = Literal["current", "power"]
"""What is kept constant."""


class Phase(IntEnum):
    """What the recipe does with a laser; detectors judge wear in BURN_IN, STRESS and DITHER alone."""

    OFF = 0
    RAMP = 1
    SETTLE = 2
    BURN_IN = 3
    STRESS = 4
    DITHER = 5
    """Stress, while the mount's temperature is swung to learn what temperature does to each laser."""
    SWEEP = 6
    """A light-current-voltage sweep at the reference temperature."""
    HELD = 7
    """Ramped down for good: by an alarm, by the operator, or at its end of life."""
    TRIPPED = 8
    """Off by an interlock, which latches."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity: name with its unit as suffix, the unit as it is written to files."""

    name: str
    unit: str


LASER_CHANNELS = (
    Channel("current_a", "A"),
    Channel("power_w", "W"),  # the rack's own light meter, through fibre or lens
    Channel("photodiode_a", "A"),  # the monitor photodiode in the laser's package
    Channel("voltage_v", "V"),
    Channel("mount_c", "degC"),
)
"""What is logged of every laser, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedLaser:
    """A laser as the log knows it. drive_target: A or W that is kept; limits and criteria are the recipe's."""

    laser_id: str
    family: str
    drive: Drive
    drive_target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What every row of a log holds; the first frame of the log.

    rig: channels that the whole rack shares, as chamber_c. recipe: as read, in plain JSON values. zone: of the times
    that people are shown, an IANA name.
    """

    run_id: str
    started_utc_s: float
    period_s: float
    lasers: tuple[LoggedLaser, ...]
    rig: tuple[Channel, ...] = (Channel("chamber_c", "degC"),)
    channels: tuple[Channel, ...] = LASER_CHANNELS
    recipe: Mapping[str, Any] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """All lasers at one moment.

    values (n, c) float32, NaN where there is none; quality (n, c) uint8, numbers of `bench.Quality`; phase (n,) uint8;
    rig (r,) float32.
    """

    seq: int
    monotonic_s: float
    utc_s: float
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    phase: NDArray[np.uint8]
    rig: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows on end, for speed: seq, monotonic_s, utc_s (t,); values, quality (t, n, c); phase (t, n); rig (t, r)."""

    seq: NDArray[np.int64]
    monotonic_s: NDArray[np.float64]
    utc_s: NDArray[np.float64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    phase: NDArray[np.uint8]
    rig: NDArray[np.float32]

    @classmethod
    def of(cls, rows: list[Row]) -> "Block":
        """The rows as one block; at least one."""
        return cls(
            np.array([row.seq for row in rows], dtype=np.int64),
            np.array([row.monotonic_s for row in rows]),
            np.array([row.utc_s for row in rows]),
            np.stack([row.values for row in rows]),
            np.stack([row.quality for row in rows]),
            np.stack([row.phase for row in rows]),
            np.stack([row.rig for row in rows]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Light, photodiode current and voltage over current of one laser (index) at a mount temperature; all (m,)."""

    seq: int
    monotonic_s: float
    utc_s: float
    laser: int
    mount_c: float
    current_a: NDArray[np.float32]
    power_w: NDArray[np.float32]
    photodiode_a: NDArray[np.float32]
    voltage_v: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: `start`, `stop`, `restart`, `gap`, `phase`, `interlock`, `held`, `link-lost`, `link-back`, `note`.

    laser: its index, or None for the rack. detail: plain JSON values, numbers with the unit in their name.
    """

    seq: int
    monotonic_s: float
    utc_s: float
    kind: str
    laser: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
