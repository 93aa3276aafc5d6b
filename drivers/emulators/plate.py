"""A cooled plate: its temperature goes where it is sent, with one time constant."""

import math

from drivers.emulators.clock import VirtualClock

__all__ = ["Plate"]


class Plate:
    """What the cooler holds: its temperature goes to where it is sent with one time constant, on the twin's clock."""

    def __init__(self, clock: VirtualClock, ambient_c: float, time_constant_s: float) -> None:
        self.clock, self.ambient_c, self.time_constant_s = clock, ambient_c, time_constant_s
        self._from_c = self.goal_c = ambient_c
        self._since_s = clock.now_s

    @property
    def temperature_c(self) -> float:
        """In °C, now."""
        passed = (self.clock.now_s - self._since_s) / self.time_constant_s
        return self.goal_c + (self._from_c - self.goal_c) * math.exp(-passed)

    def head_for(self, goal_c: float) -> None:
        """From now on go to `goal_c`."""
        self._from_c, self._since_s, self.goal_c = self.temperature_c, self.clock.now_s, goal_c
