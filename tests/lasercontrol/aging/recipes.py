"""A recipe run through with a clock that is turned by hand, and a rack that obeys or does not."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lasercontrol.aging.laser_run import Way
from lasercontrol.aging.rack import LaserStanding, Poll
from lasercontrol.aging.recipe_run import RecipeRun
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.telemetry.log_reader import Part
from lasercontrol.telemetry.row import Block, Event, Row

RATE_A_PER_S, TARGET_A = 0.01, 0.1


def config(lasers: int = 2, **recipe: Any) -> AgingConfig:
    """Two lasers at 0.1 A: ramp, settle, swing, burn in, stress with sweeps."""
    told: dict[str, Any] = {
        "ramp": {"rate_a_per_s": RATE_A_PER_S, "step_a": 0.002},
        "settle_s": 60.0,
        "dither": {"amplitude_k": 0.5, "period_s": 40.0, "cycles": 2},
        "burn_in": {"hours": 0.05, "mount_c": 60.0},
        "stress": {"hours": 0.2, "mount_c": 70.0},
        "sweep": {"reference_c": 40.0, "every_h": 0.1, "points": 5, "settle_s": 30.0},
    }
    return AgingConfig.model_validate(
        {
            "lasers": [{"id": f"L{n}", "current_a": TARGET_A} for n in range(lasers)],
            "limits": {
                "current_a": {"high": 0.15},
                "voltage_v": {"low": 1.0, "high": 2.5},
                "mount_c": {"low": 0, "high": 90},
            },
            "recipe": told | recipe,
        }
    )


class Bench:
    """Obeys at once. Every row and event is kept as a log would hold it; `t_s` is both clocks.

    most_step_a: greatest change of a set point in one pass. off_k: how far mounts are from what is asked.
    """

    def __init__(self, run: RecipeRun, t_s: float = 0.0) -> None:
        n = len(run.lasers)
        self.run, self.t_s = run, t_s
        self.set_a, self.on, self.mount_c = np.zeros(n), np.zeros(n, dtype=bool), np.full(n, 25.0)
        self.values = np.tile(np.array([0.0, 0.01, 1e-4, 1.8, 25.0], dtype=np.float32), (n, 1))
        self.quality = np.zeros((n, 5), dtype=np.uint8)
        self.tripped: dict[int, str] = {}
        self.rebooted: dict[int, str] = {}
        self.refuses: dict[int, str] = {}
        self.light: dict[int, float] = {}
        self.log: list[Part] = []
        self.most_step_a, self.off_k = 0.0, 0.0
        self.switched_off: list[int] = []
        self.sweeps: list[int] = []

    def pass_(self, dt_s: float = 1.0) -> None:
        """One pass of the loop: orders, then a row."""
        self.t_s += dt_s
        orders = self.run.advance(dt_s)
        for number, set_a in orders.drive.items():
            if number not in self.refuses:
                self.most_step_a = max(self.most_step_a, abs(set_a - self.set_a[number]))
                self.set_a[number], self.on[number] = set_a, True
        for number, mount_c in orders.mounts.items():
            self.mount_c[number] = mount_c
        self.light |= orders.hold_power
        off = self.run.done(orders, {n: why for n, why in self.refuses.items() if n in orders.drive})
        self.switched_off += off
        self.on[off] = False
        for number in orders.sweeps:
            self.sweeps.append(number)
            self.run.swept(number)
        self._row()
        for noted in self.run.events():
            self.log.append(Event(len(self.log), self.t_s, self.t_s, noted.kind, noted.laser, dict(noted.detail)))

    def _row(self) -> None:
        self.values[:, 0], self.values[:, 4] = self.set_a * self.on, self.mount_c + self.off_k
        row = (self.values.copy(), self.quality.copy(), self.run.phases, np.zeros(1, dtype=np.float32))
        self.log.append(Block.of([Row(len(self.log), self.t_s, self.t_s, *row)]))
        rig = np.zeros(1, dtype=np.float32)
        seen = Poll(self.values, self.quality, rig, self.set_a.copy(), self.tripped, {}, self.rebooted)
        self.rebooted = {}
        self.run.saw(seen)

    def until(self, holds: Callable[[], bool], limit: int = 4000) -> None:
        """Pass after pass, until it holds."""
        for _ in range(limit):
            if holds():
                return
            self.pass_()
        raise AssertionError("it has not come to that")

    def standing(self, lost: Iterable[int] = ()) -> dict[int, LaserStanding]:
        """As somebody finds the lasers who comes anew."""
        return {
            n: LaserStanding(bool(self.on[n]), float(self.set_a[n]) if self.on[n] else 0.0, float(self.mount_c[n]))
            for n in range(len(self.set_a))
            if n not in set(lost)
        }

    def all_on(self) -> bool:
        """Whether every laser is at its target."""
        return all(laser.way is Way.ON for laser in self.run.lasers)
