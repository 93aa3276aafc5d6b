"""A rack of laser diodes: real ones behind instruments, or equations. Nothing above it knows which it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["LaserStanding", "Poll", "Rack", "SweepReading"]


@dataclass(frozen=True, slots=True, eq=False)
class Poll:
    """All lasers at one moment.

    values (n, 5) float32 in the order of `LASER_CHANNELS`, NaN where there is none; quality (n, 5) uint8, numbers of
    `bench.Quality`; rig (r,) float32. set_a (n,): the set points of the currents, as far as they are known. tripped:
    lasers whose interlock is open or whose output has gone off by itself, and why. lost: instruments that do not
    answer, and why. rebooted: lasers whose source has lost its settings, as after a cut of its mains: off, not tripped.
    """

    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    rig: NDArray[np.float32]
    set_a: NDArray[np.float64]
    tripped: Mapping[int, str] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    rebooted: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaserStanding:
    """How a laser is found before a run touches it. mount_c: the set temperature of its mount, None where unknown."""

    on: bool
    set_a: float
    mount_c: float | None


@dataclass(frozen=True, slots=True, eq=False)
class SweepReading:
    """Over the currents of a sweep, all (m,) float32: A, W, A, V; NaN where there is none. mount_c: meanwhile."""

    current_a: NDArray[np.float32]
    power_w: NDArray[np.float32]
    photodiode_a: NDArray[np.float32]
    voltage_v: NDArray[np.float32]
    mount_c: float


class Rack(Protocol):
    """Lasers by their index. Where one laser cannot be reached, the others go on.

    What is ordered is given back where it failed: laser → why. BenchError is raised only where the whole rack is gone.
    """

    def connect(self) -> dict[str, str]:
        """Prove every instrument; their identities by name. LinkError tells each that is missing; nothing is set."""

    def standing(self) -> dict[int, LaserStanding]:
        """How the lasers stand, from questions alone. A laser that does not answer is missing."""

    def prepare(self, lasers: Sequence[int]) -> dict[int, str]:
        """Before their outputs come on: limits set, meters in watts. Changes no current and no temperature."""

    def poll(self) -> Poll:
        """Ask every instrument once, all at the same time. A time-out is INVALID, never the last good value."""

    def drive(self, currents_a: Mapping[int, float]) -> dict[int, str]:
        """Bring set points there, in steps no longer than each laser's `step_a`; an output that is off comes on first.

        Ends what `hold_power` began.
        """

    def hold_power(self, powers_w: Mapping[int, float]) -> dict[int, str]:
        """From here on keep the light of these lasers constant, with changes of current no steeper than their ramp."""

    def switch_off(self, lasers: Sequence[int]) -> dict[int, str]:
        """Outputs off, from the least current. The coolers stay on."""

    def set_mounts(self, mounts_c: Mapping[int, float]) -> dict[int, str]:
        """Set temperatures of the mounts of these lasers, their coolers on."""

    def sweep(self, laser: int, currents_a: Sequence[float]) -> SweepReading:
        """Light over current of one laser, begun and ended at its set point in steps; BenchError where it fails."""

    def make_safe(self) -> list[str]:
        """Every current down in its steps and every output off, whatever fails; what could not be done, in words."""

    def close(self) -> None:
        """Let the links go; the lasers stay as they are."""
