"""A rack of laser diodes that lives under commands, tick by tick: the same diodes, wear and rig as `sim.night`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.rig import RigKind
from sim.wear import Mode

__all__ = ["DiodeRack", "LiveLaser", "RackReadings", "SweepReadings"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLaser:
    """A laser to put into the rack, and what it shall suffer.

    family: a key of `sim.diode_families.FAMILIES` (`vcsel`, `tunable`, `pump-980`, `gaas`). drive: what its channel
    keeps constant. mode, onset_s: the failure and when it begins, in seconds of the rack's own clock. size: what is
    lost: share per hour for the gradual modes, share in the end for rapid and sudden ones; None: drawn as in a night.
    """

    family: str = "gaas"
    drive: Literal["current", "power"] = "current"
    mode: Mode = Mode.HEALTHY
    onset_s: float = 0.0
    size: float | None = None


class RackReadings(NamedTuple):
    """One moment. values (n, 5) float32 in the order of `sim.night.CHANNELS`, NaN where there is none; quality (n, 5)
    uint8, 0 OK, 2 INVALID; chamber_c in degrees Celsius."""

    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    chamber_c: float


class SweepReadings(NamedTuple):
    """Over the currents of a sweep, (m,) each: A, W, A, V."""

    current_a: Floats
    power_w: Floats
    photodiode_a: Floats
    voltage_v: Floats


class DiodeRack:
    """Lasers behind commands. Everything begins off, mounts at the chamber's temperature; nothing ages while it is off.

    `t_s` is the rack's own clock and moves by `advance` alone; time may run as fast as the caller likes. Settings act at
    once: ramps are the caller's. The same lasers, seed and calls give the same readings.
    """

    t_s: float

    def __init__(self, lasers: Sequence[LiveLaser], *, seed: int = 0, chamber_c: float = 25.0) -> None:
        raise NotImplementedError

    def rated_current_a(self, laser: int) -> float:
        """The current at which a recipe would run this laser, A."""
        raise NotImplementedError

    def rated_power_w(self, laser: int) -> float:
        """Its light at that current and at `rated_mount_c`, fresh, W: a fair target for constant power."""
        raise NotImplementedError

    def rated_mount_c(self, laser: int) -> float:
        """The mount temperature that a recipe would set, degrees Celsius."""
        raise NotImplementedError

    def advance(self, dt_s: float) -> None:
        """Let time pass: temperatures move, what is on ages, what is due happens. dt_s over 0, in s."""
        raise NotImplementedError

    def set_current(self, laser: int, current_a: float) -> None:
        """Drive at constant current, A; 0 or above. Emits only while the output is on."""
        raise NotImplementedError

    def set_power(self, laser: int, power_w: float) -> None:
        """Drive at constant power, W: the loop holds the monitor photodiode, up to the channel's current limit."""
        raise NotImplementedError

    def set_mount(self, laser: int, mount_c: float) -> None:
        """Temperature of the mount, degrees Celsius; it follows within seconds."""
        raise NotImplementedError

    def set_output(self, laser: int, on: bool) -> None:
        """Current on or off."""
        raise NotImplementedError

    def set_chamber(self, chamber_c: float) -> None:
        """Set temperature of the chamber, degrees Celsius; the air follows within minutes."""
        raise NotImplementedError

    def set_mains(self, on: bool) -> None:
        """Cut the mains (all outputs go off, every reading INVALID), or bring them back (outputs stay off)."""
        raise NotImplementedError

    def readings(self) -> RackReadings:
        """What the rack's instruments show now; again without `advance` gives the same."""
        raise NotImplementedError

    def sweep(self, laser: int, current_a: ArrayLike) -> SweepReadings:
        """Light, photodiode current and voltage at each current, at the mount's present temperature; takes no time."""
        raise NotImplementedError

    def disturb(
        self, kind: RigKind, *, start_s: float, end_s: float = np.inf, laser: int | None = None, size: float = 0.0
    ) -> None:
        """Let the rig do something: as a `RigEvent` of these values. `None` is the whole rack."""
        raise NotImplementedError

    def loss(self) -> Floats:
        """Share of the light that each laser has really lost, at its rated current and mount, (n,); noise and rig apart."""
        raise NotImplementedError
