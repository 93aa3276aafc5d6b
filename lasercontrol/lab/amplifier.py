"""The amplifier before a real bench's knobs: which part of a setting it sees, and how much it stands."""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.errors import SafetyError
from lasercontrol.lab.phase import Allocation, PhaseMap
from lasercontrol.lab_settings import LabSettings
from lasercontrol.laser_of import KnownLaser
from lasercontrol.limits import AmplifierLimit
from lasercontrol.scenario import Scenario
from lasercontrol.simulated import stretcher_of
from sim.chain import FullChain, Laser

__all__ = ["AmplifierGuard", "stands_before"]


def stands_before(lab: LabSettings) -> bool:
    """Whether anything that the knobs move changes the stretched pulse."""
    fine = lab.actuators.fine
    return (fine is not None and fine.side == "before") or any(c.side == "before" for c in lab.actuators.coarse)


class AmplifierGuard:
    """The amplifier's limit for a bench whose actuators stand on either side of it.

    here_mm: where the stages are, which decides who makes what of a setting; kept up to date by the bench.
    """

    def __init__(
        self, config: Config, lab: LabSettings, known: KnownLaser, scenario: Scenario, phase: PhaseMap
    ) -> None:
        fine = lab.actuators.fine
        self._fine_before = fine is not None and fine.side == "before"
        self._coarse_before = np.array([coarse.side == "before" for coarse in lab.actuators.coarse], dtype=bool)
        self._phase, self._scenario = phase, scenario
        self.here_mm: NDArray[np.float64] = np.array([stage.nominal_mm for stage in phase.stages])
        self._chain = FullChain(
            Laser(
                amplitude=known.amplitude,
                b_rad=np.ones(()),
                offset=np.zeros(3),
                stretcher=stretcher_of(config),
                before_amplifier=(True, True, True),
            )
        )
        self.limit = AmplifierLimit(
            ratio=self._ratio,
            max_ratio=config.limits.max_amplifier_ratio,
            b95_rad=config.limits.b95_rad,
            max_b_rad=config.limits.max_b_rad,
        )

    def require(self, parts: Allocation) -> None:
        """SafetyError where this very allotment is more than the amplifier stands; asked before anything moves."""
        ratio = float(self._chain.amplifier_ratio(self._before(parts)[None])[0])
        if not ratio <= self.limit.bound:
            refused = self.limit.refusal(ratio, "at the next step of the ramp")
            raise SafetyError(
                f"{refused.quantity}: {refused.asked}, allowed {refused.allowed}; the knobs stand where the last step "
                f"left them."
            )

    def _ratio(self, settings: Floats) -> Floats:
        """Peak in the amplifier as a multiple of nominal, (..., k) → (...)."""
        wishes = self._scenario.per_coefficient(settings.reshape(-1, settings.shape[-1]))
        before = np.array([self._before_part(wish) for wish in wishes])
        return np.asarray(self._chain.amplifier_ratio(before)).reshape(settings.shape[:-1])

    def _before_part(self, wish: Floats) -> Floats:
        if not self._phase.stages:
            return wish if self._fine_before else np.zeros(3)
        if self._phase.ratio(wish) > 1:  # beyond reach, where another guard speaks: taken as the shaper's alone
            return wish if self._fine_before else np.zeros(3)
        return self._before(self._phase.allocated(wish, self.here_mm))

    def _before(self, parts: Allocation) -> Floats:
        total = parts.fine if self._fine_before else np.zeros(3)
        for stage, at_mm, before in zip(self._phase.stages, parts.positions_mm, self._coarse_before, strict=True):
            if before:
                total = total + stage.coefficients(float(at_mm))
        return np.asarray(total)
