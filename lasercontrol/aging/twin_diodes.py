"""The diodes behind the twin's instruments: what each box sets is brought to the rack of equations, and read there.

Noise of a reading is drawn anew every `TICK_S`, so that questions that follow on each other agree.
"""

from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from lasercontrol.aging.sim_rack import diode_rack
from lasercontrol.aging_settings import AgingConfig
from sim.live_rack import DiodeRack, RackReadings

__all__ = ["TwinDiodes"]

TICK_S = 1.0
"""Of the twin's time."""

CURRENT, POWER, PHOTODIODE, VOLTAGE, MOUNT = range(5)


class TwinDiodes:
    """flowing: current in A by laser, as its box says now; cooling: set temperature of its mount, None while off."""

    def __init__(self, config: AgingConfig, clock: VirtualClock) -> None:
        self.rack: DiodeRack = diode_rack(config)
        self._clock = clock
        self.flowing: dict[int, Callable[[], float]] = {}
        self.cooling: dict[int, Callable[[], float | None]] = {}
        self._set: dict[int, tuple[float, float | None]] = {}
        self._seen: RackReadings | None = None
        self._chamber_c = config.simulated.chamber_c

    def value(self, laser: int, column: int) -> float:
        """A quantity of a laser now."""
        self.bring(laser)
        return float(self.readings().values[laser, column])

    def power_w(self, laser: int) -> float:
        """The light at its meter, in W; never below 0, where a meter shows noise."""
        return max(0.0, self.value(laser, POWER))

    def readings(self) -> RackReadings:
        """All of it, at the moment of the clock's tick."""
        now_s = self._clock.now_s
        if now_s - self.rack.t_s >= TICK_S:
            self.rack.advance(now_s - self.rack.t_s)  # with what was set before
            self._seen = None
        if self._seen is None:
            self._seen = self.rack.readings()
            self._chamber_c = self._seen.chamber_c
        return self._seen

    def bring(self, laser: int) -> None:
        """Take over what its box has set since; boxes call it after every message."""
        cooling = self.cooling.get(laser)
        current_a, mount_c = wanted = self.flowing[laser](), cooling() if cooling else None
        if self._set.get(laser) == wanted:
            return
        self.rack.set_current(laser, current_a)
        self.rack.set_output(laser, current_a > 0)
        self.rack.set_mount(laser, self._chamber_c if mount_c is None else mount_c)
        self._set[laser] = wanted
        self._seen = None
