"""What a rack does to readings: swings, steps, glitches, stuck converters, drop-outs, clocks, the mains."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RACK_SIZE", "RigEvent", "RigKind"]

RACK_SIZE = 64
"""Lasers 64 r to 64 r + 63 stand in rack r: one driver reference, one power meter."""


class RigKind(StrEnum):
    """Not the laser's doing."""

    GLITCH = "glitch"
    """One or two samples of one channel are wrong; quality stays OK."""
    TRANSIENT = "transient"
    """The driver's current dips for one or two samples, and light and voltage with it."""
    FIBRE_STEP = "fibre-step"
    """The meter's light changes by a factor, for good; the photodiode does not."""
    PHOTODIODE_STEP = "photodiode-step"
    """The photodiode's share changes by a factor, for good: its reading at constant current; at constant power the
    loop holds that reading, and light and current change instead."""
    STUCK = "stuck"
    """One channel repeats its last value; quality stays OK."""
    DROPOUT = "dropout"
    """No readings of one laser, or of its rack: NaN and INVALID."""
    MOUNT_SWING = "mount-swing"
    """The mount of one laser swings, and its sensor shows it."""
    DOOR = "door"
    """The chamber is opened: its air cools, all mounts a little."""
    DRIVER_DRIFT = "driver-drift"
    """The current of all lasers of a rack drifts; read-back shares the reference and does not show it."""
    DRIVER_STEP = "driver-step"
    """As the drift, at once."""
    CLOCK_STEP = "clock-step"
    """UTC jumps; the monotonic clock does not."""
    MAINS_CUT = "mains-cut"
    """No rows from start to end; then a ramp and another settling."""


@dataclass(frozen=True, slots=True)
class RigEvent:
    """From start_s up to end_s (infinite: for good) of the night's monotonic clock.

    laser: its index, or None for a whole rack or all. rack: its number where laser is None, or None for all. channel:
    position in `CHANNELS` where one channel alone is hit, or None. size: the factor of a step, the relative error of a
    glitch or drift, the swing in K, the jump of UTC in s.
    """

    kind: RigKind
    start_s: float
    end_s: float
    laser: int | None = None
    rack: int | None = None
    channel: int | None = None
    size: float = 0.0

    def touches(self, laser: int) -> bool:
        """Whether the event reaches this laser."""
        if self.laser is not None:
            return self.laser == laser
        return self.rack is None or self.rack == laser // RACK_SIZE
