"""A simulated night of a rack of laser diodes, streamed: what a monitor would have logged, and what really happened.

    night = Night("test", 3, lasers=64)
    for block in night.blocks(block_s=60):
        block.values  # (t, n, 5)
    night.labels.loss_s

A night is frozen by `NIGHT_VERSION`, its split and its number: the same numbers on every machine, however the rows are
cut into blocks; and every full rack of 64 shows the same however many racks stand beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.night_labels import LOSS_LEVELS, Labels
from sim.night_splits import HELD_OUT_ONLY, MODES, NIGHT_VERSION, SPLIT_SEEDS, Split

__all__ = [
    "CHANNELS",
    "HELD_OUT_ONLY",
    "LOSS_LEVELS",
    "MODES",
    "NIGHT_VERSION",
    "SPLIT_SEEDS",
    "Labels",
    "Night",
    "NightBlock",
    "NightLaser",
    "Split",
]

CHANNELS = ("current_a", "power_w", "photodiode_a", "voltage_v", "mount_c")
"""Order of the last axis of `NightBlock.values`; A, W, A, V, degrees Celsius."""

Drive = Literal["current", "power"]


class NightBlock(NamedTuple):
    """Rows on end, one a second.

    t_s (t,) float64: monotonic seconds since the night began, whole numbers; a mains cut leaves a gap. utc_s (t,)
    float64: seconds since 1970, which a clock step moves. values (t, n, 5) float32 in the order of `CHANNELS`, NaN
    where there is none. quality (t, n, 5) uint8: 0 OK, 2 INVALID (exactly where NaN). phase (t, n) uint8: 1 RAMP,
    2 SETTLE, 4 STRESS, 5 DITHER. rig (t, 1) float32: chamber_c, degrees Celsius, of the one chamber that holds all racks.
    """

    t_s: NDArray[np.float64]
    utc_s: NDArray[np.float64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    phase: NDArray[np.uint8]
    rig: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NightLaser:
    """What the log would know of a laser. drive_target: A at constant current, W of its own light at constant power."""

    laser_id: str
    family: str
    drive: Drive
    drive_target: float
    mount_c: float


class Night:
    """One night: 12 h of `lasers` at 1 Hz.

    Phases: RAMP for a minute, SETTLE to 30 min, DITHER (the mount swung by ±0.5 K, 15 min a period, even lasers against
    odd ones) to 75 min, STRESS, DITHER again from 6 h to 6 h 45 min, STRESS to the end.

    Args:
        split: `calibration`, `tuning`, `test` or `held-out`.
        index: which night of the split, from 0; each is another draw.
        lasers: how many, n; racks of 64 share a family, a drive and a driver, all share the chamber.
        hours: length.
        failing_share: expected share of lasers with a mode other than healthy; None: 0 for calibration, 0.5 otherwise;
            0 makes a healthy night, with all that the rig does.
        rig: whether rig events happen (at `sim.rig.RATES`); slow swings and noise always do.
        mains_cut: whether the mains fail once. clock_step: whether UTC jumps once.

    Raises:
        ValueError: a failing share over 0 in the calibration split, or a size below 1.
    """

    def __init__(
        self,
        split: Split,
        index: int = 0,
        *,
        lasers: int = 64,
        hours: float = 12.0,
        failing_share: float | None = None,
        rig: bool = True,
        mains_cut: bool = False,
        clock_step: bool = False,
    ) -> None:
        raise NotImplementedError

    @property
    def lasers(self) -> tuple[NightLaser, ...]:
        """The n lasers, in the order of all arrays."""
        raise NotImplementedError

    @cached_property
    def labels(self) -> Labels:
        """What really happened; known before a single row is made."""
        raise NotImplementedError

    def blocks(self, block_s: int = 60) -> Iterator[NightBlock]:
        """The rows, `block_s` seconds at a time, the last block perhaps shorter; from the beginning at every call."""
        raise NotImplementedError
