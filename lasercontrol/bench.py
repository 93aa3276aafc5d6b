"""A place where knobs can be turned and light can be seen: glass and steel, or equations.

`Bench` is the one word shared by real and simulated. Nothing above it knows which it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

__all__ = ["Bench", "Channel", "Floats", "Knob", "Quality", "Reading", "fraction_of", "setting_of"]


class Quality(IntEnum):
    """How far a reading may be trusted; a time-out, an over-range code or a stale reply is INVALID, never a number."""

    OK = 0
    SUSPECT = 1
    INVALID = 2


@dataclass(frozen=True, slots=True)
class Knob:
    """One actuator of the spectral phase, in its own unit.

    `max_step` is the greatest change in one shot; `nominal` is where a session starts; `before_amplifier` says whether
    the knob shapes the stretched pulse, so that moving it changes the amplifier's peak and the B-integral.
    """

    name: str
    unit: str
    low: float
    high: float
    max_step: float
    nominal: float = 0.0
    before_amplifier: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.nominal <= self.high or not self.low < self.high:
            raise ValueError(
                f"knob {self.name}: nominal {self.nominal:g} {self.unit} must lie in "
                f"{self.low:g} to {self.high:g} {self.unit}"
            )
        if not 0 < self.max_step <= self.range:
            raise ValueError(
                f"knob {self.name}: max_step {self.max_step:g} {self.unit} must be over 0 and at most "
                f"{self.range:g} {self.unit}"
            )

    @property
    def range(self) -> float:
        """Full span, high - low."""
        return self.high - self.low


def fraction_of(setting: Floats, knobs: tuple[Knob, ...]) -> Floats:
    """Settings, shape (..., k), as fractions of each knob's range from its middle: -0.5 to 0.5."""
    low = np.array([knob.low for knob in knobs])
    span = np.array([knob.range for knob in knobs])
    return np.asarray((setting - low) / span - 0.5)


def setting_of(fraction: Floats, knobs: tuple[Knob, ...]) -> Floats:
    """The inverse of `fraction_of`: native units."""
    low = np.array([knob.low for knob in knobs])
    span = np.array([knob.range for knob in knobs])
    return np.asarray((fraction + 0.5) * span + low)


@dataclass(frozen=True, slots=True)
class Channel:
    """What one diagnostic showed: values with their unit, and an axis (name with unit → samples) per dimension."""

    values: Floats
    unit: str
    axes: Mapping[str, Floats] = field(default_factory=dict)
    gain: Floats | None = None
    background: float = 0.0

    @property
    def signal(self) -> Floats:
        """Values without background and gain: proportional to the light, through a scale that nobody knows."""
        gain = 1.0 if self.gain is None else self.gain.reshape(self.gain.shape + (1,) * len(self.axes))
        return np.asarray((self.values - self.background) / gain)


@dataclass(frozen=True, slots=True)
class Reading:
    """One shot: what every diagnostic showed.

    energy: measured pulse energy relative to nominal, shape (...); quality: shape (...) of `Quality` values, with the
    reasons in words; utc_s and monotonic_s: when (seconds since 1970; seconds of a clock that never steps).
    """

    channels: Mapping[str, Channel]
    energy: Floats
    quality: NDArray[np.int8]
    reasons: tuple[str, ...]
    utc_s: float
    monotonic_s: float

    @property
    def worst(self) -> Quality:
        """The worst quality in the reading."""
        return Quality(int(np.max(self.quality)))


class Bench(Protocol):
    """Knobs and light. A setting has one native number per knob, shape (..., k); a batch leads with `...`."""

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """What can be turned, in the order of a setting."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the diagnostics that `measure` reads."""

    @property
    def setting(self) -> Floats:
        """Where the knobs were last read back, shape (..., k)."""

    def move(self, setting: Floats) -> Floats:
        """Turn the knobs; return where they really are. Raises `BenchError` where they could not be turned."""

    def measure(self) -> Reading:
        """One shot. Raises `BenchError` where no instrument answers any more."""

    def make_safe(self) -> None:
        """Remove emission: shutter, then energy, then output. Never moves a dispersion knob."""
