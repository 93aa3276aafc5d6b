"""What protects the optics: guards between the bench and everything above it, which nobody can pass by.

A guard either lets a whole move happen or refuses it before anything moves. Dispersion cannot raise a compressed pulse
above its transform limit, so the coating is guarded by energy; a knob before the amplifier shapes the stretched pulse,
so there every point of the ramp counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lasercontrol.bench import Bench, Floats, Knob, Quality, Reading
from lasercontrol.errors import LaserControlError, LinkError, MoveRefused, SafetyError
from lasercontrol.ramp import crossing, profile

__all__ = [
    "AmplifierLimit",
    "CoatingLimit",
    "GuardedBench",
    "Limits",
    "ReachLimit",
    "transform_limited_gw_per_cm2",
]

ROUNDING = 1e-9
"""Of a knob's range: what binary fractions may add to a step or a bound."""

HALVINGS = 12  # of a ramp: to a four-thousandth of it

MARGIN = 1e-3
"""A clipped ramp stays this share below its bound, so that the same ramp is let through when it is asked for."""


def transform_limited_gw_per_cm2(energy_j: float, peak_per_ps: float, beam_radius_mm: float) -> float:
    """Peak intensity of a transform-limited pulse at the centre of a Gaussian beam, 2E/(πw²) times I(t)/∫I dt."""
    fluence_j_per_cm2 = 2 * energy_j / (np.pi * (beam_radius_mm / 10) ** 2)
    return float(fluence_j_per_cm2 * peak_per_ps * 1e3)  # J/(cm² ps) = 1e12 W/cm²


@dataclass(frozen=True, slots=True)
class AmplifierLimit:
    """Peak and B in the amplifier.

    ratio: peak intensity in the amplifier as a multiple of that at the nominal stretch, (..., k) → (...). b95_rad: B at
    the nominal stretch as measured, or, where it is unknown, the 95th percentile of what it may be.
    """

    ratio: Callable[[Floats], Floats]
    max_ratio: float
    b95_rad: float
    max_b_rad: float

    @property
    def bound(self) -> float:
        """Greatest ratio that keeps both limits."""
        return min(self.max_ratio, self.max_b_rad / self.b95_rad if self.b95_rad else np.inf)

    def refusal(self, ratio: float, where: str) -> MoveRefused:
        """Which of the two limits the ratio breaks, in its own unit."""
        if not ratio <= self.max_ratio:
            asked = f"{ratio:.4g} times nominal {where}"
            return MoveRefused("amplifier peak", asked, f"up to {self.max_ratio:.4g} times nominal")
        asked = f"{ratio * self.b95_rad:.4g} rad {where}"
        return MoveRefused("B-integral", asked, f"up to {self.max_b_rad:.4g} rad")


@dataclass(frozen=True, slots=True)
class CoatingLimit:
    """Transform-limited peak at nominal energy, and what the weakest coating stands."""

    nominal_gw_per_cm2: float
    max_gw_per_cm2: float


@dataclass(frozen=True, slots=True)
class ReachLimit:
    """What the actuators can make at all.

    ratio: what a setting, shape (k,), asks of them as a share of their reach; it must be convex, so that a ramp between
    two settings within reach is within reach. refusal: a ratio above 1 in words.
    """

    ratio: Callable[[Floats], float]
    refusal: Callable[[float], MoveRefused]


def _closed() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """Every guard but bounds and steps, which are the knobs' own. None: there is nothing to guard.

    interlock: None while all is closed, else what is open, in words.
    """

    amplifier: AmplifierLimit | None = None
    coating: CoatingLimit | None = None
    reach: ReachLimit | None = None
    interlock: Callable[[], str | None] = _closed


class GuardedBench:
    """A bench behind its limits, and itself a `Bench`; settings may lead with a batch shape.

    Raises MoveRefused, with nothing moved, for what a caller may not ask, and SafetyError, with emission off, for what
    the world did. On construction the present setting and the nominal energy are checked as well.
    """

    def __init__(self, bench: Bench, limits: Limits) -> None:
        self._bench, self._limits = bench, limits
        self._low = np.array([knob.low for knob in bench.knobs])
        self._high = np.array([knob.high for knob in bench.knobs])
        self._max_step = np.array([knob.max_step for knob in bench.knobs])
        self._slack = ROUNDING * (self._high - self._low)
        self._guard_nominal_energy()
        self._guard_ramp(bench.setting, bench.setting)

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """What can be turned."""
        return self._bench.knobs

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the diagnostics."""
        return self._bench.channels

    @property
    def setting(self) -> Floats:
        """Where the knobs were last read back, shape (..., k); a copy, since to write into it is no move."""
        return np.array(self._bench.setting)

    def move(self, setting: Floats) -> Floats:
        """Turn the knobs, if every guard agrees; return where they really are, shape (..., k)."""
        setting, here = np.asarray(setting, dtype=np.float64), self._bench.setting
        self._guard_interlock()
        self._guard_bounds(setting)
        self._guard_step(setting, here)
        self._guard_reach(setting)
        self._guard_ramp(here, setting)
        there = self._bench.move(setting)
        if not np.isfinite(there).all():
            raise LinkError(f"the knobs were sent to {_list(setting, self.knobs)}, and read back as {there}.")
        return there

    def measure(self) -> Reading:
        """One shot, if the interlock is closed; a measured energy above what the coating stands ends the run.

        INVALID, whatever the bench says of it, where the energy or a channel is no number.
        """
        self._guard_interlock()
        reading = self._bench.measure()
        self._guard_measured_energy(float(np.max(reading.energy, initial=0.0, where=~np.isnan(reading.energy))))
        if reading.worst is Quality.INVALID or not (wrong := _no_numbers(reading)):
            return reading
        quality = np.full_like(reading.quality, Quality.INVALID)
        return replace(reading, quality=quality, reasons=(*reading.reasons, *wrong))

    def make_safe(self) -> None:
        """Remove emission; no guard stands in the way."""
        self._bench.make_safe()

    def clip(self, wish: Floats) -> tuple[Floats, bool]:
        """The allowed setting nearest to a wish, knob by knob, then back along the ramp; and whether that changed it.

        MoveRefused where the wish is no number: that is no wish at all.
        """
        wish, here = np.asarray(wish, dtype=np.float64), self._bench.setting
        self._require_numbers(wish)
        allowed = np.clip(np.clip(wish, here - self._max_step, here + self._max_step), self._low, self._high)
        changed = bool(np.any(np.abs(allowed - wish) > self._slack))
        if not self._reached(allowed):
            allowed, changed = self._as_far_as_reached(here, allowed), True
        if self._limits.amplifier:
            bound = self._limits.amplifier.bound
            if profile(self._height(here, allowed))[1].max() > bound:
                allowed = here + crossing(self._height(here, allowed), bound * (1 - MARGIN)) * (allowed - here)
                changed = True
        return allowed, changed

    def check(self, setting: Floats) -> None:
        """Raise what `move` would raise, and move nothing."""
        self._guard_bounds(setting)
        self._guard_step(setting, self._bench.setting)
        self._guard_reach(setting)
        self._guard_ramp(self._bench.setting, setting)

    def _require_numbers(self, setting: Floats) -> None:
        if setting.shape != self._bench.setting.shape:
            raise MoveRefused("setting", f"an array of shape {setting.shape}", f"shape {self._bench.setting.shape}")
        for index, knob in enumerate(self.knobs):
            if not np.isfinite(setting[..., index]).all():
                raise MoveRefused(_name(knob), "no number", _span(knob))

    def _guard_bounds(self, setting: Floats) -> None:
        self._require_numbers(setting)
        inside = (setting >= self._low - self._slack) & (setting <= self._high + self._slack)
        for index, knob in enumerate(self.knobs):
            if not inside[..., index].all():
                asked = setting[..., index][~inside[..., index]].flat[0]
                raise MoveRefused(_name(knob), f"{asked:.6g} {knob.unit}", _span(knob))

    def _guard_step(self, setting: Floats, here: Floats) -> None:
        steps = np.abs(setting - here)
        for index, knob in enumerate(self.knobs):
            step = float(np.max(steps[..., index]))
            if not step <= knob.max_step + self._slack[index]:  # written so that an unknown position is refused
                asked, allowed = (f"{value:.6g} {knob.unit}" for value in (step, knob.max_step))
                raise MoveRefused(f"{_name(knob)} step", asked, f"up to {allowed} in one shot")

    def _guard_reach(self, setting: Floats) -> None:
        reach = self._limits.reach
        if reach and not self._reached(setting):
            raise reach.refusal(reach.ratio(setting))

    def _reached(self, setting: Floats) -> bool:
        reach = self._limits.reach
        return reach is None or reach.ratio(setting) <= 1 + ROUNDING

    def _as_far_as_reached(self, here: Floats, wish: Floats) -> Floats:
        """The last point of the ramp that the actuators reach, less the margin; halving, since the ratio is convex."""
        inside, outside = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self._reached(here + middle * (wish - here)) else (inside, middle)
        return np.asarray(here + inside * (1 - MARGIN) * (wish - here))

    def _guard_ramp(self, here: Floats, setting: Floats) -> None:
        if not self._limits.amplifier:
            return
        points, ratios = profile(self._height(here, setting))
        first = int(np.argmax(ratios)) if np.isfinite(ratios).all() else int(np.argmin(np.isfinite(ratios)))
        if not ratios[first] <= self._limits.amplifier.bound:
            raise self._limits.amplifier.refusal(float(ratios[first]), f"at {points[first]:.0%} of the ramp")

    def _height(self, here: Floats, setting: Floats) -> Callable[[Floats], Floats]:
        """Greatest amplifier ratio of the batch at points (m,) of the ramp, shape (m,)."""
        limit = self._limits.amplifier
        assert limit is not None  # noqa: S101 — every caller has asked

        def height(points: Floats) -> Floats:
            along = points.reshape(-1, *(1,) * np.ndim(here))
            ratios = np.asarray(limit.ratio(here + along * (setting - here)))
            return np.asarray(ratios.reshape(len(points), -1).max(axis=1))

        return height

    def _guard_interlock(self) -> None:
        if (opened := self._limits.interlock()) is not None:
            raise SafetyError(f"interlock: {opened}; {self._made_safe()}nothing was moved.")

    def _guard_nominal_energy(self) -> None:
        coating = self._limits.coating
        if coating and not coating.nominal_gw_per_cm2 <= coating.max_gw_per_cm2:
            asked, allowed = (f"{value:.4g} GW/cm²" for value in (coating.nominal_gw_per_cm2, coating.max_gw_per_cm2))
            raise MoveRefused("transform-limited peak at nominal energy", asked, f"up to {allowed} on the coating")

    def _guard_measured_energy(self, energy: float) -> None:
        coating = self._limits.coating
        if coating and not energy * coating.nominal_gw_per_cm2 <= coating.max_gw_per_cm2:
            raise SafetyError(
                f"measured energy is {energy:.4g} of nominal: the transform-limited peak would be "
                f"{energy * coating.nominal_gw_per_cm2:.4g} GW/cm², the coating stands {coating.max_gw_per_cm2:.4g} "
                f"GW/cm²; {self._made_safe()}no knob was moved."
            )

    def _made_safe(self) -> str:
        """Remove emission, in words: where that fails the cause is told all the same; who ends the run tries again."""
        try:
            self._bench.make_safe()
        except LaserControlError:
            return "EMISSION MAY STILL BE ON, and "
        return "emission is off, and "


def _no_numbers(reading: Reading) -> list[str]:
    """What in a reading cannot have been measured, in words; signals are divided by the energy, so it is above 0."""
    wrong = []
    if not np.isfinite(reading.energy).all():
        wrong.append("the measured energy is no number")
    elif not (np.asarray(reading.energy) > 0).all():
        wrong.append(f"the measured energy is {np.min(reading.energy):.4g} of nominal; it must be over 0")
    for name, channel in reading.channels.items():
        if not (np.isfinite(channel.values).all() and (channel.gain is None or np.isfinite(channel.gain).all())):
            wrong.append(f"the {name} holds values that are no numbers")
    return wrong


def _name(knob: Knob) -> str:
    """`gdd_ps2` as people say it: GDD."""
    return knob.name.rpartition("_")[0].upper() or knob.name


def _span(knob: Knob) -> str:
    return f"{knob.low:.6g} to {knob.high:.6g} {knob.unit}"


def _list(setting: Floats, knobs: tuple[Knob, ...]) -> str:
    return ", ".join(f"{_name(knob)} {value:.6g} {knob.unit}" for knob, value in zip(knobs, setting, strict=True))
