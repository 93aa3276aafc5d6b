"""What makes the dispersion of a bench: stages and a shaper, moved together and read back."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats
from lasercontrol.errors import CallerError
from lasercontrol.lab.amplifier import AmplifierGuard
from lasercontrol.lab.faults import FaultCount, in_bench_words
from lasercontrol.lab.phase import Allocation, PhaseMap
from lasercontrol.lab.roles import Shaper, Stage
from lasercontrol.signals import Attention, StopAsked
from lasercontrol.simbench import COEFFICIENTS

__all__ = ["Actuators"]

UNSEEN_PS = 0.1
"""Group delay over the band that no pulse of a picosecond notices."""


class Actuators:
    """Stages and shaper that make what `phase` allots; amplifier: asked before every step.

    Numbers are (gdd_ps2, tod_ps3, fod_ps4), shape (3,), of all of them together. Methods raise what instruments raise.
    """

    def __init__(
        self,
        phase: PhaseMap,
        stages: Sequence[Stage],
        shaper: Shaper | None,
        amplifier: AmplifierGuard | None,
        *,
        faults: FaultCount,
        attention: Attention,
    ) -> None:
        self.phase, self.amplifier = phase, amplifier
        self._stages, self._shaper = tuple(stages), shaper
        self._faults, self._attention = faults, attention

    def enable(self) -> None:
        """Motors hold; nothing moves by that."""
        for stage in self._stages:
            self._faults.patiently(stage.enable)

    def total(self) -> Floats:
        """What they make, as the instruments have it."""
        with in_bench_words():
            total = self.phase.coarse(self._positions_mm()) if self._stages else np.zeros(3)
            if self._shaper:
                shaper = self._shaper
                total = total + np.array(self._faults.patiently(lambda: shaper.dispersion))
        return np.asarray(total)

    def step_to(self, coefficients: Floats) -> None:
        """Stages first, then the shaper, whose reach covers what the stages leave."""
        here_mm = self._positions_mm()
        wanted = self.phase.allocated(coefficients, here_mm)
        if self.amplifier:
            self.amplifier.require(wanted)
        for stage, there_mm, now_mm in zip(self._stages, wanted.positions_mm, here_mm, strict=True):
            if there_mm != now_mm:
                self._travel(stage, float(there_mm))
        if self._shaper:
            shaper, fine = self._shaper, self._left_for_shaper(coefficients, wanted)
            with self._attention.prompt():
                self._faults.patiently(lambda: shaper.load_dispersion(*fine))

    def require_only(self, columns: Sequence[int], total: Floats) -> None:
        """CallerError where the shaper makes what is no knob of this run: the first load would take it away at once."""
        others = np.array(total)
        others[columns] = 0.0
        if self._shaper and not (span_ps := self.phase.span_ps(others)) <= UNSEEN_PS:
            held = ", ".join(f"{name} {value:.4g}" for name, value in zip(COEFFICIENTS, others, strict=True) if value)
            raise CallerError(
                f"{self._shaper.name} holds {held}, ±{span_ps / 2:.3g} ps, which no knob of this run sets: make it a "
                f"knob, or load zero first; nothing was moved."
            )

    def _travel(self, stage: Stage, there_mm: float) -> None:
        """Move, and stand still where a terminate breaks that off."""
        try:
            with self._attention.prompt():
                self._faults.patiently(partial(stage.move_to, there_mm))
        except StopAsked:
            stage.stop()
            raise

    def _left_for_shaper(self, coefficients: Floats, wanted: Allocation) -> tuple[float, float, float]:
        """What the shaper has to add: worked out from where the stages really are."""
        left = coefficients - self.phase.coarse(self._positions_mm()) if self._stages else wanted.fine
        gdd, tod, fod = (float(value) for value in left)
        return gdd, tod, fod

    def _positions_mm(self) -> NDArray[np.float64]:
        """Where the stages stand, shape (m,)."""
        at_mm = np.array([self._faults.patiently(partial(getattr, stage, "position_mm")) for stage in self._stages])
        if self.amplifier:
            self.amplifier.here_mm = at_mm
        return at_mm
