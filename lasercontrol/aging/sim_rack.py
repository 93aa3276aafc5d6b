"""A rack of equations: the simulator's diodes, wear and rig behind the `Rack` protocol, in this very process."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lasercontrol.aging.rack import LaserStanding, Poll, SweepReading
from lasercontrol.aging_settings import AgingConfig, SimulatedFailure
from lasercontrol.errors import BenchError, ConfigError
from sim.diode_families import FAMILIES
from sim.live_rack import DiodeRack, LiveLaser
from sim.wear import Mode

__all__ = ["SimRack", "diode_rack"]


def diode_rack(config: AgingConfig) -> DiodeRack:
    """The lasers of a config as equations. ConfigError for a family or a mode of failure that there is not."""
    for number, laser in enumerate(config.lasers):
        if laser.family not in FAMILIES:
            said = f"is {laser.family!r}; the simulator knows {', '.join(FAMILIES)}."
            raise ConfigError("config", None, f"lasers[{number}].family", said)
    failures = {failure.laser: _failure(number, failure) for number, failure in enumerate(config.simulated.failures)}
    healthy: dict[str, Any] = {}
    lasers = [
        LiveLaser(family=laser.family, drive=laser.drive, **failures.get(laser.id, healthy)) for laser in config.lasers
    ]
    return DiodeRack(lasers, seed=config.simulated.seed, chamber_c=config.simulated.chamber_c)


def _failure(number: int, failure: SimulatedFailure) -> dict[str, Any]:
    if failure.mode not in set(Mode):
        said = f"is {failure.mode!r}, none of {', '.join(Mode)}."
        raise ConfigError("config", None, f"simulated.failures[{number}].mode", said)
    told = {"mode": Mode(failure.mode), "onset_s": failure.onset_s, "size": failure.size}
    return told | {"lasts_h": failure.lasts_h}


class SimRack:
    """now_s: the test's clock; the rack's own begins with the first question. Nothing here takes time."""

    def __init__(self, config: AgingConfig, now_s: Callable[[], float], diodes: DiodeRack | None = None) -> None:
        self.diodes = diodes or diode_rack(config)
        self._now_s, self._last_s = now_s, now_s()
        self._ids = [laser.id for laser in config.lasers]
        self.set_a, self._holds = np.zeros(len(self._ids)), np.zeros(len(self._ids), dtype=bool)
        self._tripped: dict[int, str] = {}
        self._lock = threading.RLock()  # a sweep comes from another thread

    def connect(self) -> dict[str, str]:
        """Nothing can be missing."""
        return {"rack": f"simulated, {len(self._ids)} lasers"}

    def standing(self) -> dict[int, LaserStanding]:
        """How the lasers stand."""
        with self._lock:
            on = [self.diodes.output(number) for number in range(len(self._ids))]
            return {n: LaserStanding(on[n], float(self.set_a[n]) if on[n] else 0.0, None) for n in range(len(on))}

    def prepare(self, lasers: Sequence[int]) -> dict[int, str]:  # noqa: ARG002 — there is nothing to be prepared
        """Nothing to be done."""
        return {}

    def poll(self) -> Poll:
        """All readings now."""
        with self._lock:
            self._advance()
            seen = self.diodes.readings()
            set_a = np.where(self._holds & np.isfinite(seen.values[:, 0]), seen.values[:, 0], self.set_a)
            rig = np.array([seen.chamber_c], dtype=np.float32)
            return Poll(seen.values, seen.quality, rig, set_a.astype(np.float64), dict(self._tripped))

    def drive(self, currents_a: Mapping[int, float]) -> dict[int, str]:
        """Set points at constant current."""
        with self._lock:
            self._advance()
            for number, current_a in currents_a.items():
                if number in self._tripped:
                    continue
                self.diodes.set_current(number, current_a)
                self.set_a[number], self._holds[number] = current_a, False
                if current_a > 0 and not self.diodes.output(number):
                    self.diodes.set_output(number, True)
            return {n: why for n, why in self._tripped.items() if currents_a.get(n, 0.0) > 0}

    def hold_power(self, powers_w: Mapping[int, float]) -> dict[int, str]:
        """Constant power: the simulated channel's own loop."""
        with self._lock:
            self._advance()
            for number, power_w in powers_w.items():
                self.diodes.set_power(number, power_w)
                self._holds[number] = True
        return {}

    def switch_off(self, lasers: Sequence[int]) -> dict[int, str]:
        """Outputs off."""
        with self._lock:
            self._advance()
            for number in lasers:
                self.diodes.set_output(number, False)
                self.set_a[number] = 0.0
        return {}

    def set_mounts(self, mounts_c: Mapping[int, float]) -> dict[int, str]:
        """Temperatures of the mounts."""
        with self._lock:
            self._advance()
            for number, mount_c in mounts_c.items():
                self.diodes.set_mount(number, mount_c)
        return {}

    def sweep(self, laser: int, currents_a: Sequence[float]) -> SweepReading:
        """Light over current; BenchError beyond the channel's limit."""
        with self._lock:
            self._advance()
            try:
                seen = self.diodes.sweep(laser, currents_a)
            except ValueError as error:
                raise BenchError(f"{self._ids[laser]}: {error}; nothing was set.") from error
            mount_c = float(self.diodes.readings().values[laser, 4])
        current_a, power_w, photodiode_a, voltage_v = (np.asarray(column, dtype=np.float32) for column in seen)
        return SweepReading(current_a, power_w, photodiode_a, voltage_v, mount_c)

    def trip(self, lasers: Iterable[int], why: str) -> None:
        """An interlock opens: these lasers go off, and stay so."""
        with self._lock:
            for number in lasers:
                self._tripped[number] = why
                self.diodes.set_output(number, False)
                self.set_a[number] = 0.0

    def make_safe(self) -> list[str]:
        """All off."""
        self.switch_off(range(len(self._ids)))
        return []

    def close(self) -> None:
        """Nothing to let go."""

    def _advance(self) -> None:
        now_s = self._now_s()
        if now_s > self._last_s:
            self.diodes.advance(now_s - self._last_s)
            self._last_s = now_s
