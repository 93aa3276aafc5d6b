"""One mount on its way through the stages of a recipe, and all lasers that share its temperature with it."""

from collections import deque
from dataclasses import dataclass, field

from lasercontrol.aging.stages import Stage
from lasercontrol.telemetry.row import Phase

__all__ = ["MountRun"]

LONGEST = 3.0
"""Settling is prolonged to so many times its length for a temperature that is not there yet, and no longer."""


@dataclass(slots=True)
class MountRun:
    """stage: number of the present one, len(stages) at the end. elapsed_s: of its own phase, settling apart.

    settle_s: what is left of the settling. to_sweep: lasers whose sweep is still to come; sweeping: the one under way.
    """

    lasers: tuple[int, ...]
    stages: tuple[Stage, ...]
    stage: int = 0
    elapsed_s: float = 0.0
    settle_s: float = 0.0
    prolonged_s: float = 0.0
    to_sweep: deque[int] = field(default_factory=deque)
    sweeping: int | None = None

    @property
    def done(self) -> bool:
        """Whether the recipe is over."""
        return self.stage >= len(self.stages)

    @property
    def now(self) -> Stage:
        """The present stage; at the end the last one."""
        return self.stages[min(self.stage, len(self.stages) - 1)]

    @property
    def phase(self) -> Phase:
        """What the mount does."""
        return Phase.OFF if self.done else Phase.SETTLE if self.settle_s > 0 else self.now.phase

    @property
    def set_c(self) -> float:
        """Where the temperature shall be now."""
        return self.now.mount_at(self.elapsed_s) if self.phase is Phase.DITHER else self.now.mount_c

    def enter(self, stage: int, *, elapsed_s: float = 0.0, settle_s: float | None = None) -> None:
        """Begin a stage, or go on in it; settle_s: in place of the stage's own."""
        self.stage, self.elapsed_s, self.prolonged_s, self.sweeping = stage, elapsed_s, 0.0, None
        self.settle_s = 0.0 if self.done else self.now.settle_s if settle_s is None else settle_s
        self.to_sweep = deque(self.lasers if not self.done and self.now.phase is Phase.SWEEP else ())

    def advance(self, dt_s: float, *, off_k: float | None, within_k: float) -> str:
        """Let time pass with all lasers on; what is worth a note, in words.

        off_k: how far the mount is from its set temperature, None where nobody knows.
        """
        if self.done:
            return ""
        if self.settle_s > 0:
            return self._settle(dt_s, off_k, within_k)
        if self.now.phase is Phase.SWEEP:
            if not self.to_sweep and self.sweeping is None:
                self.enter(self.stage + 1)
            return ""
        self.elapsed_s += dt_s
        if self.elapsed_s >= self.now.seconds - 1e-6:
            self.enter(self.stage + 1)
        return ""

    def _settle(self, dt_s: float, off_k: float | None, within_k: float) -> str:
        self.settle_s -= dt_s
        if self.settle_s > 0:
            return ""
        if off_k is None or off_k <= within_k:
            self.settle_s = 0.0
            return ""
        self.prolonged_s += dt_s
        if self.prolonged_s < (LONGEST - 1.0) * max(self.now.settle_s, dt_s):
            self.settle_s = min(dt_s, 1e-3)
            return ""
        self.settle_s = 0.0
        return f"{self.now.name} begins although the mount is {off_k:.2f} K from {self.now.mount_c:g} °C"
