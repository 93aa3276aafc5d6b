"""The temperature of a laser diode under a controller that works: 1/e closer to its goal in `time_constant_s`."""

from math import exp

from drivers.emulators.clock import VirtualClock

__all__ = ["Cooler"]

AMBIENT_C = 22.0


class Cooler:
    """Off at first, at room temperature."""

    time_constant_s = 5.0

    def __init__(self, clock: VirtualClock, set_point_c: float) -> None:
        self._clock, self.set_point_c, self.on = clock, set_point_c, False
        self._from_c, self._since_s = AMBIENT_C, clock.now_s

    @property
    def temperature_c(self) -> float:
        """Where it is on its way."""
        goal_c = self.set_point_c if self.on else AMBIENT_C
        return goal_c + (self._from_c - goal_c) * exp(-(self._clock.now_s - self._since_s) / self.time_constant_s)

    def aim(self, set_point_c: float) -> None:
        """A new goal."""
        self._from_c, self._since_s = self.temperature_c, self._clock.now_s
        self.set_point_c = set_point_c

    def switch(self, on: bool) -> None:
        """Regulate, or let it drift to room temperature."""
        self._from_c, self._since_s = self.temperature_c, self._clock.now_s
        self.on = on
