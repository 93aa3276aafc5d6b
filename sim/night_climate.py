"""What moves slowly in a simulated night: the chamber's air, each mount, the drivers' references, the light itself.

All of it is defined at the minutes' ends (knots) and straight in between: that is the truth, and no approximation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.night_fleet import SWING_S, Fleet
from sim.night_schedule import TICK_S, Schedule
from sim.night_seed import NightSeed, Purpose
from sim.rig import RACK_SIZE, RigEvent, RigKind

__all__ = ["CHAMBER_C", "Climate", "draw_climate"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CHAMBER_C = 40.0

DOOR_RETURN_S = 600.0
"""Time constant with which the chamber recovers [M: 5 to 30 min]."""

DOOR_SHARE = 0.02
"""Of the chamber's fall that reaches every mount and its sensor while its controller catches up."""


@dataclass(frozen=True, slots=True, eq=False)
class Climate:
    """At the (k,) knots: chamber_c (k,); mount_c (k, n), of the laser; shown_c (k, n), what its sensor says but for
    noise; driver (k, racks), relative error of the current; flicker (k, n), relative; coupling (k, n), to the meter.
    """

    chamber_c: Floats
    mount_c: Singles
    shown_c: Singles
    driver: Floats
    flicker: Singles
    coupling: Singles


def draw_climate(seed: NightSeed, fleet: Fleet, schedule: Schedule, events: tuple[RigEvent, ...]) -> Climate:
    """The night's slow movements, with the swings, doors and drifts among the events."""
    knots_s, optics = schedule.knots_s, fleet.optics
    chamber_c = _chamber(seed, schedule, events)
    off_k = chamber_c - CHAMBER_C
    since_s = schedule.since_s(knots_s)[:, None]
    wander, flicker, driver = _wandering(seed, fleet, knots_s)
    sign = np.where(np.arange(len(fleet.mode)) % 2, -1.0, 1.0)
    moved_k = wander + schedule.dither_k(knots_s)[:, None] * sign
    moved_k = moved_k + optics.warm_k * np.exp(-since_s / optics.warm_s) + _swings(knots_s, events, len(fleet.mode))
    moved_k = moved_k + DOOR_SHARE * _doors(knots_s, events)[:, None] + optics.leak * off_k[:, None] / 2
    return Climate(
        chamber_c=chamber_c,
        mount_c=(fleet.mount_c + moved_k + optics.leak * off_k[:, None] / 2).astype(np.float32),
        shown_c=(fleet.mount_c + moved_k + optics.offset_k).astype(np.float32),
        driver=driver + _drifts(knots_s, events, driver.shape[1]),
        flicker=flicker.astype(np.float32),
        coupling=(optics.coupling * (1 + optics.coupling_per_k * off_k[:, None])).astype(np.float32),
    )


def _chamber(seed: NightSeed, schedule: Schedule, events: tuple[RigEvent, ...]) -> Floats:
    """Daily swing of ±0.3 to 0.5 K [M], a thermostat's cycle, a slow wander, and its warming after switching on."""
    rng, t_s = seed.rng(Purpose.CLIMATE), schedule.knots_s
    swing_k, phase, cycle_s = rng.uniform(0.3, 0.5), rng.uniform(0, 2 * np.pi), rng.uniform(500, 900)
    daily = swing_k * np.sin(2 * np.pi * t_s / 86400 + phase)
    cycle = rng.uniform(0.01, 0.05) * np.sin(2 * np.pi * t_s / cycle_s)
    wander = 0.03 * _ornstein(rng.standard_normal((len(t_s), 1)), np.array([1200.0]))[:, 0]
    warming = -rng.uniform(0.5, 1.5) * np.exp(-schedule.since_s(t_s) / rng.uniform(300, 1800))
    return np.asarray(CHAMBER_C + daily + cycle + wander + warming + _doors(t_s, events))


def _ornstein(normals: Floats, tau_s: Floats) -> Floats:
    """Ornstein-Uhlenbeck paths of unit variance over the knots, (k, m), from normals of that shape; tau_s (m,)."""
    keep = np.exp(-TICK_S / tau_s)
    fresh = np.sqrt(1 - keep**2)
    path = np.empty(normals.shape)
    path[0] = normals[0]
    for k in range(1, len(path)):
        path[k] = keep * path[k - 1] + fresh * normals[k]
    return path


def _wandering(seed: NightSeed, fleet: Fleet, knots_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Wander of the mounts in K, flicker of the light, error of the drivers; rack by rack from their own streams."""
    n, racks = len(fleet.mode), len(fleet.family)
    rngs = [seed.rng(Purpose.DRIVER, rack) for rack in range(racks)]
    driver = np.stack([rng.uniform(1e-5, 5e-5) * _ornstein(_normals(rng, knots_s, 1), SLOW)[:, 0] for rng in rngs], 1)
    mounts = np.concatenate([_normals(rng, knots_s, RACK_SIZE) for rng in rngs], 1)[:, :n]
    light = np.concatenate([_normals(rng, knots_s, RACK_SIZE) for rng in rngs], 1)[:, :n]
    # Two time constants in equal parts are flicker noise enough over the decade that a night resolves.
    fast, slow = _ornstein(light, np.full(n, 300.0)), _ornstein(light[::-1], np.full(n, 3000.0))
    wander = fleet.optics.wander_k * _ornstein(mounts, fleet.optics.wander_s)
    return wander, fleet.optics.flicker * (fast + slow) / np.sqrt(2), driver


SLOW = np.array([10_800.0])


def _normals(rng: np.random.Generator, knots_s: Floats, lanes: int) -> Floats:
    return rng.standard_normal((len(knots_s), lanes))


def _swings(knots_s: Floats, events: tuple[RigEvent, ...], n: int) -> Floats:
    moved = np.zeros((len(knots_s), n))
    for event in events:
        if event.kind is RigKind.MOUNT_SWING:
            during = (knots_s >= event.start_s) & (knots_s <= event.end_s)
            wave = np.sin(2 * np.pi * (knots_s - event.start_s) / SWING_S)
            moved[:, event.laser] += np.where(during, event.size * wave, 0.0)
    return moved


def _doors(knots_s: Floats, events: tuple[RigEvent, ...]) -> Floats:
    """What opened doors take from the chamber, K: a fall while open, an exponential return."""
    fall = np.zeros(len(knots_s))
    for event in events:
        if event.kind is RigKind.DOOR:
            opened = np.clip((knots_s - event.start_s) / (event.end_s - event.start_s), 0.0, 1.0)
            fall += event.size * opened * np.exp(-np.maximum(knots_s - event.end_s, 0.0) / DOOR_RETURN_S)
    return fall


def _drifts(knots_s: Floats, events: tuple[RigEvent, ...], racks: int) -> Floats:
    error = np.zeros((len(knots_s), racks))
    for event in events:
        if event.kind is RigKind.DRIVER_DRIFT:
            error[:, event.rack] += event.size * np.clip(
                (knots_s - event.start_s) / (event.end_s - event.start_s), 0.0, 1.0
            )
        elif event.kind is RigKind.DRIVER_STEP:
            error[:, event.rack] += event.size * (knots_s >= event.start_s)
    return error
