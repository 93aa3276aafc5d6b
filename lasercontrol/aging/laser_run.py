"""One laser on its way through a recipe: up in a ramp, on, down in a ramp; held and tripped for good.

Nothing here knows an instrument or a clock: it is told how much time has passed, and says where the set point
goes next.
"""

from dataclasses import dataclass
from enum import Enum, auto

from lasercontrol.telemetry.row import Phase

__all__ = ["LaserRun", "Way"]


class Way(Enum):
    """Where the current is going."""

    WAITING = auto()
    """Off, and its turn to come on is still to come."""
    RISING = auto()
    """On its way to the target, which may also lie below."""
    ON = auto()
    FALLING = auto()
    """On its way to 0."""
    OFF = auto()
    """Off, and it stays off in this run."""


@dataclass(slots=True)
class LaserRun:
    """target_a: where a ramp leads. power_w: what is kept at constant power, None at constant current.

    set_a: where the set point is, as far as is known. latched: HELD or TRIPPED once it is one of them, which nothing in
    a run undoes; reason: why.
    """

    laser_id: str
    rate_a_per_s: float
    target_a: float
    power_w: float | None = None
    set_a: float = 0.0
    way: Way = Way.WAITING
    latched: Phase | None = None
    reason: str = ""
    failures: int = 0

    @property
    def live(self) -> bool:
        """Whether it is in the test, or will be."""
        return self.latched is None and self.way not in {Way.FALLING, Way.OFF}

    @property
    def ramping(self) -> bool:
        """Whether its current is on its way."""
        return self.way in {Way.RISING, Way.FALLING}

    @property
    def is_off(self) -> bool:
        """Off, and it stays off in this run."""
        return self.way is Way.OFF

    def phase(self, mount: Phase) -> Phase:
        """What the log says of it; mount: what its mount does."""
        if self.latched is not None:
            return self.latched
        if self.ramping:
            return Phase.RAMP
        return mount if self.way is Way.ON else Phase.OFF

    def begin(self) -> None:
        """Its turn has come."""
        if self.way is Way.WAITING:
            self.way = Way.RISING

    def retarget(self, target_a: float, power_w: float | None) -> bool:
        """Another stage asks for another drive; whether anything changes. Constant power is left to the loop."""
        changed = (target_a, power_w) != (self.target_a, self.power_w)
        self.target_a, self.power_w = target_a, power_w
        if changed and self.way is Way.ON and power_w is None:
            self.way = Way.RISING
        return changed

    def fall(self) -> None:
        """Go down and off; one that has never been on is off at once."""
        if self.way in {Way.RISING, Way.ON}:
            self.way = Way.FALLING
        elif self.way is Way.WAITING:
            self.way = Way.OFF

    def hold(self, reason: str) -> bool:
        """Down for good; False where it is latched already."""
        if self.latched is not None:
            return False
        self.latched, self.reason = Phase.HELD, reason
        self.fall()
        return True

    def trip(self, reason: str) -> bool:
        """Its interlock has opened: it is off, and no ramp is needed; False where that is known already."""
        if self.latched is Phase.TRIPPED:
            return False
        self.latched, self.reason, self.way, self.set_a = Phase.TRIPPED, reason, Way.OFF, 0.0
        return True

    def next_a(self, dt_s: float) -> float | None:
        """The next set point of a ramp after dt_s more seconds, in A; None where nothing is to be set."""
        if not self.ramping:
            return None
        goal_a, most_a = self.target_a if self.way is Way.RISING else 0.0, self.rate_a_per_s * dt_s
        return self.set_a + min(max(goal_a - self.set_a, -most_a), most_a)

    def arrived(self, set_a: float) -> bool:
        """The set point is there now; whether that ends the ramp."""
        self.set_a, self.failures = set_a, 0
        if self.way is Way.RISING and set_a == self.target_a:
            self.way = Way.ON
            return True
        if self.way is Way.FALLING and set_a <= 0.0:
            self.way = Way.OFF
            return True
        return False
