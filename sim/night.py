"""A simulated night of a rack of laser diodes, streamed: what a monitor would have logged, and what really happened.

    night = Night("test", 3, lasers=64)
    for block in night.blocks(block_s=60):
        block.values  # (t, n, 5)
    night.labels.loss_s

A night is frozen by `NIGHT_VERSION`, its split and its number: the same numbers however the rows are cut into blocks,
and a laser shows the same however many stand beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.night_climate import draw_climate
from sim.night_fleet import Fleet, draw_fleet
from sim.night_labels import LOSS_LEVELS, Labels
from sim.night_light import Lights
from sim.night_rows import NightBlock, Rows, recut
from sim.night_schedule import RAMP, RAMP_S, TICK_S, Schedule
from sim.night_seed import NightSeed, Purpose
from sim.night_splits import FAILING_SHARE, HELD_OUT_ONLY, MODES, NIGHT_VERSION, SPLIT_SEEDS, Split
from sim.night_wear import Wearing, loss_crossings, losses, wearing
from sim.rig import RACK_SIZE, RigEvent
from sim.rig_draw import draw_clock_step, draw_cut, draw_events, draw_swing
from sim.wear import Mode

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


@dataclass(frozen=True, slots=True)
class NightLaser:
    """What the log would know of a laser.

    drive_target: A at constant current; at constant power W as the light meter reads it when the laser is fresh (the
    loop itself holds the monitor photodiode). limit_a: of the driver's channel.
    """

    laser_id: str
    family: str
    drive: Drive
    drive_target: float
    mount_c: float
    limit_a: float


class Night:
    """One night: 12 h of `lasers` at 1 Hz.

    Phases: RAMP for a minute, SETTLE to 30 min, DITHER (the mount swung by ±0.5 K, 15 min a period, even lasers against
    odd ones) to 75 min, STRESS, DITHER again from 6 h to 6 h 45 min, STRESS to the end.

    Args:
        split: `calibration`, `tuning`, `test` or `held-out`.
        index: which night of the split, from 0; each is another draw.
        lasers: how many, n; racks of 64 share a family, a drive and a driver, all share the chamber.
        hours: length, a whole number of minutes.
        failing_share: expected share of lasers with a mode other than healthy; None: 0 for calibration, 0.5 otherwise;
            0 makes a healthy night, with all that the rig does.
        rig: whether rig events happen (at `sim.rig_draw.RATES`); slow swings and noise always do.
        mains_cut: whether the mains fail once, for 2 to 40 min. clock_step: whether UTC jumps once.

    Raises:
        ValueError: an unknown split, a failing share over 0 in the calibration split or one outside 0 to 1, no laser, a
            negative index, or a length that is no whole number of minutes.
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
        share = FAILING_SHARE.get(split, 0.0) if failing_share is None else failing_share
        _check(split, index, lasers, hours, share)
        self.split, self.index, self.seconds = split, index, round(hours * 3600)
        self._seed = NightSeed(split, index)
        cut = draw_cut(self._seed, self.seconds) if mains_cut else ()
        jump = draw_clock_step(self._seed, self.seconds) if clock_step else ()
        self.schedule = Schedule(self.seconds // TICK_S, *((cut[0].start_s, cut[0].end_s) if cut else ()))
        self._fleet, self._onset_s = _due(draw_fleet(self._seed, split, lasers, hours, share), self.schedule)
        swings = _swings_of(self._fleet, self._seed)
        drawn = draw_events(self._seed, len(self._fleet.family), lasers, self.seconds) if rig else ()
        self.events = tuple(sorted((*drawn, *swings, *cut, *jump), key=lambda event: event.start_s))

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What each laser suffers, (n,): as in the labels, before any loss is worked out."""
        return self._fleet.mode

    @cached_property
    def lasers(self) -> tuple[NightLaser, ...]:
        """The n lasers, in the order of all arrays."""
        return tuple(self._laser(i) for i in range(len(self._fleet.mode)))

    def _laser(self, i: int) -> NightLaser:
        fleet, holds = self._fleet, bool(self._fleet.holds_power[i])
        rated_w = float(fleet.power_w[i] * fleet.optics.coupling[i])
        return NightLaser(
            laser_id=f"R{i // RACK_SIZE:03d}-{i % RACK_SIZE:02d}",
            family=fleet.family[i // RACK_SIZE],
            drive="power" if holds else "current",
            drive_target=rated_w if holds else float(fleet.rated_a[i]),
            mount_c=float(fleet.mount_c[i]),
            limit_a=float(fleet.limit_a[i]),
        )

    @cached_property
    def labels(self) -> Labels:
        """What really happened; known before a single row is made."""
        fleet, knots_s = self._fleet, self.schedule.knots_s
        everyone, ill = np.arange(len(fleet.mode)), np.nonzero([mode is not Mode.HEALTHY for mode in fleet.mode])[0]
        loss_s = np.full((len(fleet.mode), len(LOSS_LEVELS)), np.nan)
        sudden_s = np.where(fleet.plan.slope_step < 1, self._onset_s, np.nan)
        loss_s[ill] = loss_crossings(losses(self._worn, ill), knots_s, sudden_s[ill])
        final = losses(self._worn, everyone, slice(len(knots_s) - 1, None))[-1]
        return Labels(fleet.mode, self._onset_s, loss_s, final, self.events)

    @cached_property
    def _worn(self) -> Wearing:
        return wearing(self._seed, self._fleet, self.schedule)

    def blocks(self, block_s: int = 60) -> Iterator[NightBlock]:
        """The rows, `block_s` at a time, the last block perhaps shorter; from the beginning at every call.

        Raises:
            ValueError: block_s below 1.
        """
        if block_s < 1:
            raise ValueError(f"blocks of a night: block_s is {block_s}; it must be at least 1")
        climate = draw_climate(self._seed, self._fleet, self.schedule, self.events)
        rows = Rows(self._seed, self.schedule, Lights(self._fleet, climate, self._worn), self.events, self._onset_s)
        return recut(rows.minutes(), block_s)


def _check(split: Split, index: int, lasers: int, hours: float, share: float) -> None:
    if split not in SPLIT_SEEDS:
        raise ValueError(f"a night's split is {split!r}; it must be one of {', '.join(SPLIT_SEEDS)}")
    if index < 0 or lasers < 1:
        raise ValueError(f"a night's index is {index} and its lasers {lasers}; they must be at least 0 and 1")
    if not 0 <= share <= 1 or (split == "calibration" and share > 0):
        raise ValueError(f"failing_share is {share:g} in {split}; it must be 0 there for calibration, else 0 to 1")
    if hours <= 0 or round(hours * 3600) % TICK_S or abs(hours * 60 - round(hours * 60)) > 1e-9:
        raise ValueError(f"a night's length is {hours:g} h; it must be a whole number of minutes, at least one")


def _due(fleet: Fleet, schedule: Schedule) -> tuple[Fleet, NDArray[np.float64]]:
    """When each failure begins, in whole seconds of the clock; one that the night does not reach is none."""
    plan = fleet.plan
    onset_s = np.asarray(schedule.clock_s(plan.onset_h), dtype=np.float64)
    onset_s += np.where(schedule.phase(onset_s) == RAMP, RAMP_S, 0.0) * (onset_s > 0)  # nothing fails half lit
    reached = onset_s < schedule.knots_s[-1]
    plan.onset_h[:] = np.where(reached, schedule.stress_h(np.where(reached, onset_s, 0.0)), np.inf)
    modes = tuple(mode if ok else Mode.HEALTHY for mode, ok in zip(fleet.mode, reached, strict=True))
    return replace(fleet, mode=modes), np.where(reached, onset_s, np.nan)


def _swings_of(fleet: Fleet, seed: NightSeed) -> Iterator[RigEvent]:
    """The swings within which lasers fail."""
    for laser in np.nonzero(np.isfinite(fleet.swing_s))[0]:
        rng = seed.rng(Purpose.SWINGS, int(laser))
        yield draw_swing(rng, float(fleet.swing_s[laser]), int(laser), None)
