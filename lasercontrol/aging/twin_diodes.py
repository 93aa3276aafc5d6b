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

    def value(self, laser: int, column: int) -> float:
        """A quantity of a laser now."""
        return float(self.readings().values[laser, column])

    def power_w(self, laser: int) -> float:
        """The light at its meter, in W; never below 0, where a meter shows noise."""
        return max(0.0, self.value(laser, POWER))

    def readings(self) -> RackReadings:
        """All of it, at the moment of the clock's tick."""
        self._bring()
        now_s = self._clock.now_s
        if self._seen is None or now_s - self.rack.t_s >= TICK_S:
            if now_s > self.rack.t_s:
                self.rack.advance(now_s - self.rack.t_s)
            self._seen = self.rack.readings()
        return self._seen

    def _bring(self) -> None:
        """What the boxes have set since; time passes up to then first, with what was set before."""
        for laser, flowing in self.flowing.items():
            cooling = self.cooling.get(laser)
            wanted = flowing(), cooling() if cooling else None
            if self._set.get(laser) != wanted:
                self._put(laser, *wanted)

    def _put(self, laser: int, current_a: float, mount_c: float | None) -> None:
        if (now_s := self._clock.now_s) > self.rack.t_s:
            self.rack.advance(now_s - self.rack.t_s)
        self.rack.set_current(laser, current_a)
        self.rack.set_output(laser, current_a > 0)
        self.rack.set_mount(laser, self.rack.readings().chamber_c if mount_c is None else mount_c)
        self._set[laser] = current_a, mount_c
        self._seen = None
