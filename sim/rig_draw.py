"""What the rig of a simulated night does, drawn at rates that are stated here."""

from collections.abc import Callable, Iterator

import numpy as np

from sim.night_seed import NightSeed, Purpose
from sim.rig import RACK_SIZE, RigEvent, RigKind

__all__ = ["RACK_RATES", "RATES", "draw_clock_step", "draw_cut", "draw_events", "draw_swing"]

RATES: dict[RigKind, float] = {
    RigKind.GLITCH: 2.0,
    RigKind.TRANSIENT: 0.02,
    RigKind.FIBRE_STEP: 0.02,
    RigKind.PHOTODIODE_STEP: 0.01,
    RigKind.STUCK: 0.005,
    RigKind.DROPOUT: 0.5,
    RigKind.MOUNT_SWING: 0.02,
}
"""Events a laser in 12 h: this project's own figures, higher than a good rack's, so that no figure of alarms is
flattered by a quiet one."""

RACK_RATES: dict[RigKind, float] = {RigKind.DROPOUT: 0.05, RigKind.DRIVER_DRIFT: 0.1, RigKind.DRIVER_STEP: 0.05}
"""Events a rack of 64 in 12 h."""

DOORS = 0.1
"""Times that the chamber is opened in 12 h."""

WATCH_S = 12 * 3600.0
"""What the rates count in."""

LIGHT = (0, 1, 2, 3)
"""Channels that glitch or stick: all but the mount's."""


def draw_events(seed: NightSeed, racks: int, n: int, seconds: int) -> tuple[RigEvent, ...]:
    """All events of a night of n lasers, by their start; those of a rack do not depend on the other racks."""
    events = [event for rack in range(racks) for event in _of_rack(seed.rng(Purpose.EVENTS, rack), rack, seconds)]
    events += _of_night(seed.rng(Purpose.NIGHT_EVENTS), seconds)
    inside = (event for event in events if event.laser is None or event.laser < n)
    return tuple(sorted(inside, key=lambda event: (event.start_s, event.kind, event.laser or -1)))


def _of_rack(rng: np.random.Generator, rack: int, seconds: int) -> Iterator[RigEvent]:
    for kind, rate in RATES.items():
        for _ in range(rng.poisson(rate * RACK_SIZE * seconds / WATCH_S)):
            laser = RACK_SIZE * rack + int(rng.integers(RACK_SIZE))
            yield DRAWS[kind](rng, float(rng.integers(seconds)), laser, None)
    for kind, rate in RACK_RATES.items():
        for _ in range(rng.poisson(rate * seconds / WATCH_S)):
            yield DRAWS[kind](rng, float(rng.integers(seconds)), None, rack)


def _of_night(rng: np.random.Generator, seconds: int) -> list[RigEvent]:
    starts = [60.0 * np.floor(rng.integers(seconds) / 60) for _ in range(rng.poisson(DOORS * seconds / WATCH_S))]
    return [
        RigEvent(RigKind.DOOR, start, start + float(rng.integers(30, 240)), size=-rng.uniform(2.0, 8.0))
        for start in starts
    ]


def draw_cut(seed: NightSeed, seconds: int) -> tuple[RigEvent, ...]:
    """The mains fail between a tenth and nine tenths of the night, for 2 to 40 min, until a whole minute."""
    rng = seed.rng(Purpose.MAINS)
    start_s = np.floor(seconds * rng.uniform(0.1, 0.9))
    end_s = 60 * np.ceil((start_s + _log_uniform(rng, 120, 2400)) / 60)
    return (RigEvent(RigKind.MAINS_CUT, float(start_s), float(end_s)),)


def draw_clock_step(seed: NightSeed, seconds: int) -> tuple[RigEvent, ...]:
    """UTC jumps once: by an hour either way, or by 1 to 300 s."""
    rng = seed.rng(Purpose.CLOCK)
    size = (3600.0 if rng.random() < 0.5 else np.round(_log_uniform(rng, 1, 300))) * rng.choice((-1.0, 1.0))
    return (RigEvent(RigKind.CLOCK_STEP, float(np.floor(seconds * rng.uniform(0.1, 0.9))), np.inf, size=float(size)),)


Draw = Callable[[np.random.Generator, float, int | None, int | None], RigEvent]


def _glitch(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    """One sample, or two in three of ten; 0.5 to 50 % of reading, either way."""
    end_s = start_s + (2 if rng.random() < 0.3 else 1)
    size = _log_uniform(rng, 0.005, 0.5) * rng.choice((-1.0, 1.0))
    return RigEvent(RigKind.GLITCH, start_s, end_s, laser, rack, int(rng.choice(LIGHT)), float(size))


def _transient(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    end_s = start_s + (2 if rng.random() < 0.2 else 1)
    return RigEvent(RigKind.TRANSIENT, start_s, end_s, laser, rack, size=-_log_uniform(rng, 0.02, 0.8))


def _step(kind: RigKind, low: float, high: float) -> Draw:
    """A factor for good; four of five are losses."""

    def draw(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
        change = _log_uniform(rng, low, high)
        return RigEvent(kind, start_s, np.inf, laser, rack, size=1 - change if rng.random() < 0.8 else 1 + change)

    return draw


def _stuck(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    """One to 120 min; one of five for good."""
    lasts_s = np.inf if rng.random() < 0.2 else np.round(_log_uniform(rng, 60, 7200))
    return RigEvent(RigKind.STUCK, start_s, float(start_s + lasts_s), laser, rack, int(rng.choice(LIGHT)))


def _dropout(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    """One to 30 s of a laser, 2 to 60 s of a rack."""
    low, high = (1, 30) if rack is None else (2, 60)
    return RigEvent(RigKind.DROPOUT, start_s, start_s + np.round(_log_uniform(rng, low, high)), laser, rack)


def _mount_swing(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    start_s = 60.0 * np.floor(start_s / 60)
    return draw_swing(rng, start_s, laser, rack)


def draw_swing(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    """One wave of 40 min, 0.2 to 0.8 K, its first half up or down."""
    size = rng.uniform(0.2, 0.8) * rng.choice((-1.0, 1.0))
    return RigEvent(RigKind.MOUNT_SWING, start_s, start_s + 2400.0, laser, rack, size=float(size))


def _driver_drift(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    """0.05 to 0.3 % within 1 to 4 h, for good."""
    lasts_s = 60.0 * np.round(rng.uniform(60, 240))
    return RigEvent(RigKind.DRIVER_DRIFT, start_s, start_s + lasts_s, laser, rack, size=_signed(rng, 5e-4, 3e-3))


def _driver_step(rng: np.random.Generator, start_s: float, laser: int | None, rack: int | None) -> RigEvent:
    return RigEvent(RigKind.DRIVER_STEP, start_s, np.inf, laser, rack, size=_signed(rng, 2e-4, 5e-3))


def _signed(rng: np.random.Generator, low: float, high: float) -> float:
    return float(_log_uniform(rng, low, high) * rng.choice((-1.0, 1.0)))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


DRAWS: dict[RigKind, Draw] = {
    RigKind.GLITCH: _glitch,
    RigKind.TRANSIENT: _transient,
    RigKind.FIBRE_STEP: _step(RigKind.FIBRE_STEP, 0.003, 0.3),
    RigKind.PHOTODIODE_STEP: _step(RigKind.PHOTODIODE_STEP, 0.005, 0.1),
    RigKind.STUCK: _stuck,
    RigKind.DROPOUT: _dropout,
    RigKind.MOUNT_SWING: _mount_swing,
    RigKind.DRIVER_DRIFT: _driver_drift,
    RigKind.DRIVER_STEP: _driver_step,
}
