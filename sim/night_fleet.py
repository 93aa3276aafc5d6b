"""The lasers of a simulated night as they are put into racks: diodes, optics, noise, and what they will suffer."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.diode import Diode
from sim.diode_families import FAMILIES
from sim.night_seed import NightSeed, Purpose
from sim.night_splits import MODES, Split
from sim.rig import RACK_SIZE
from sim.wear import Mode, WearPlan
from sim.wear_draw import Chance, draw_failure

__all__ = ["SWING_S", "Fleet", "Optics", "draw_fleet", "draw_optics"]

Floats = NDArray[np.float64]

SWING_S = 2400.0
"""How long a mount swings: one whole wave."""


@dataclass(frozen=True, slots=True, eq=False)
class Optics:
    """What stands between n lasers and their numbers; every field (n,).

    coupling: share of the light that reaches the meter; coupling_per_k: relative, with the chamber. light, meter,
    photodiode: white noise of a sample, relative, of the light itself and of the two readings; flicker: of the light's
    slow noise. jitter_k, sensor_k: of the mount and its reading; offset_k: of the sensor. wander_k, wander_s: slow
    movement of the mount and its time constant. leak: share of the chamber's swing that reaches the laser; the sensor
    sees half of it. voltage_v, current: noise of the two readings, V and relative. warm_k, warm_s: by how much and for
    how long the mount is warmer when current comes on.
    """

    coupling: Floats
    coupling_per_k: Floats
    light: Floats
    meter: Floats
    photodiode: Floats
    flicker: Floats
    jitter_k: Floats
    sensor_k: Floats
    offset_k: Floats
    wander_k: Floats
    wander_s: Floats
    leak: Floats
    voltage_v: Floats
    current: Floats
    warm_k: Floats
    warm_s: Floats


def draw_optics(rng: np.random.Generator, n: int) -> Optics:
    """Optics of n lasers of one rack: white noise in all 0.02 to 0.2 % of reading [I], TEC ±0.1 K [photonica.io]."""
    noise = np.clip(_log_uniform(rng, 2e-4, 2e-3) * np.exp(0.2 * rng.standard_normal(n)), 2e-4, 2e-3)
    shared = rng.uniform(0.3, 0.7)
    return Optics(
        coupling=rng.uniform(0.4, 0.9) * np.exp(0.05 * rng.standard_normal(n)),
        coupling_per_k=3e-4 * rng.standard_normal(n),
        light=noise * np.sqrt(shared),
        meter=noise * np.sqrt(1 - shared),
        photodiode=noise * np.sqrt(1 - shared) * rng.uniform(0.5, 1.0, n),
        flicker=noise * rng.uniform(0.05, 0.15, n),
        jitter_k=rng.uniform(0.005, 0.015, n),
        sensor_k=rng.uniform(0.002, 0.008, n),
        offset_k=0.05 * rng.standard_normal(n),
        wander_k=rng.uniform(0.01, 0.035, n),
        wander_s=np.exp(rng.uniform(np.log(300), np.log(7200), n)),
        leak=rng.uniform(0.005, 0.03, n),
        voltage_v=rng.uniform(3e-5, 1e-4, n),  # voltmeters of 100 µV and better [photonica.io]
        current=rng.uniform(1e-5, 5e-5, n),
        warm_k=rng.uniform(0.05, 0.4, n),
        warm_s=rng.uniform(20, 90, n),  # seconds for a mount [M]
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """n lasers in racks of 64. family, at_power: (racks,); everything else (n,).

    rated_a, limit_a: A; mount_c: set temperature; power_w: light at the rated point, fresh; above: (I - Ith)/Ith there;
    swing_s: when the mount of a laser that fails within a swing begins to swing, NaN for all others.
    """

    family: tuple[str, ...]
    at_power: NDArray[np.bool_]
    diode: Diode
    optics: Optics
    plan: WearPlan
    mode: tuple[Mode, ...]
    rated_a: Floats
    limit_a: Floats
    mount_c: Floats
    power_w: Floats
    above: Floats
    swing_s: Floats

    @property
    def holds_power(self) -> NDArray[np.bool_]:
        """Which lasers are driven at constant power, (n,)."""
        return np.repeat(self.at_power, RACK_SIZE)[: len(self.mode)]


def draw_fleet(seed: NightSeed, split: Split, n: int, hours: float, failing_share: float) -> Fleet:
    """The n lasers of a night; whole racks are drawn and the last one cut, so that a rack never depends on n."""
    racks = [_draw_rack(seed, split, rack, hours, failing_share) for rack in range(-(-n // RACK_SIZE))]
    joined = {name: _joined([rack[name] for rack in racks], n) for name in racks[0] if name not in RACKWISE}
    return Fleet(
        family=tuple(rack["family"] for rack in racks),
        at_power=np.array([rack["at_power"] for rack in racks]),
        mode=tuple(mode for rack in racks for mode in rack["mode"])[:n],
        **joined,
    )


RACKWISE = ("family", "at_power", "mode")


def _joined(parts: list[Any], n: int) -> Any:
    """Arrays end to end, and the values of a class field by field."""
    if not is_dataclass(parts[0]):
        return np.concatenate([np.asarray(part) for part in parts])[:n]
    names = [field.name for field in fields(parts[0])]
    kind: Any = type(parts[0])
    return kind(**{name: _joined([_lanes(getattr(part, name)) for part in parts], n) for name in names})


def _lanes(value: Any) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (RACK_SIZE,))


def _draw_rack(seed: NightSeed, split: Split, rack: int, hours: float, failing_share: float) -> dict[str, Any]:
    rng = seed.rng(Purpose.LASERS, rack)
    family = list(FAMILIES)[rng.integers(len(FAMILIES))]
    at_power = bool(rng.random() < 0.5)
    lot = FAMILIES[family].draw(rng, RACK_SIZE)
    point = lot.diode.at_current(lot.rated_a, lot.mount_c)
    threshold_a = lot.diode.threshold(point.junction_c)[0]
    optics, plan = draw_optics(rng, RACK_SIZE), WearPlan.healthy(rng, RACK_SIZE)
    modes, swing_s = _draw_failures(seed.rng(Purpose.FAILURES, rack), plan, split, lot.rated_a, hours, failing_share)
    return {
        "family": family,
        "at_power": at_power,
        "diode": lot.diode,
        "optics": optics,
        "plan": plan,
        "mode": modes,
        "rated_a": lot.rated_a,
        "limit_a": lot.limit_a,
        "mount_c": np.full(RACK_SIZE, lot.mount_c),
        "power_w": point.power_w,
        "above": (lot.rated_a - threshold_a) / threshold_a,
        "swing_s": swing_s,
    }


def _draw_failures(
    rng: np.random.Generator, plan: WearPlan, split: Split, rated_a: Floats, hours: float, failing_share: float
) -> tuple[tuple[Mode, ...], Floats]:
    fails = rng.random(RACK_SIZE) < failing_share
    modes = tuple(MODES[split][k] if fail else Mode.HEALTHY for k, fail in zip(_kinds(rng, split), fails, strict=True))
    swing_s = np.full(RACK_SIZE, np.nan)
    for i, mode in enumerate(modes):
        if mode is Mode.RAPID_IN_SWING:
            swing_s[i] = 60.0 * np.floor(rng.uniform(0.15, 0.75) * hours * 60)
        draw_failure(mode, plan, i, Chance(rng, min(0.5, hours / 4), hours, rated_a[i], swing_s[i] / 3600))
    return modes, swing_s


def _kinds(rng: np.random.Generator, split: Split) -> NDArray[np.int64]:
    return rng.integers(len(MODES[split]), size=RACK_SIZE)
