"""What only a simulator knows: how good the pulse really is. For scores and pictures; no agent is ever told."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lasercontrol.bench import Floats
from lasercontrol.laser_of import pulse_fwhm_ps
from lasercontrol.simbench import COEFFICIENTS, SimBench
from sim.grid import FULL_GRID
from sim.pulse import field, intensity_of
from sim.reachable import best_setting

__all__ = ["Score", "Truth"]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One pulse, noise-free on the full grid.

    strehl: peak over that of the transform limit at equal energy; reachable_fraction: over that of the best that the
    knobs can reach. intensity: shape (n,) over `FULL_GRID.time_ps`, per ps at unit energy.
    """

    strehl: float
    reachable_fraction: float
    fwhm_ps: float
    intensity: Floats


class Truth:
    """The truth about one simulated laser, batch shape ()."""

    def __init__(self, bench: SimBench) -> None:
        self._bench = bench

    @cached_property
    def best(self) -> Floats:
        """Where the pulse is most intense within the bounds, shape (k,), native units."""
        low, high = (np.array([getattr(knob, end) for knob in self._bench.knobs]) for end in ("low", "high"))
        best, _ = best_setting(self._bench.plant.laser, self._full(low), self._full(high))
        return np.asarray(best[[COEFFICIENTS.index(knob.name) for knob in self._bench.knobs]])

    @cached_property
    def best_strehl(self) -> float:
        """The Strehl ratio there, worked out as every score is, so that a fraction of 1 is reached."""
        return float(self._bench.strehl(self.best))

    @cached_property
    def limit_fwhm_ps(self) -> float:
        """Duration of the transform-limited pulse of the true spectrum."""
        return pulse_fwhm_ps(self._bench.plant.laser.amplitude.astype(np.complex128))

    @cached_property
    def limit_intensity(self) -> Floats:
        """Transform-limited pulse over `FULL_GRID.time_ps`, per ps at unit energy, shape (n,)."""
        return np.asarray(intensity_of(field(self._bench.plant.laser.amplitude.astype(np.complex128), FULL_GRID)))

    def at(self, setting: Floats) -> Score:
        """Score of a setting, shape (k,), with the laser as it is now."""
        spectrum = self._bench.plant.full.spectrum_after(self._full(setting))
        peak = float(self._bench.strehl(np.asarray(setting)))
        return Score(
            strehl=peak,
            reachable_fraction=peak / self.best_strehl,
            fwhm_ps=pulse_fwhm_ps(spectrum),
            intensity=np.asarray(intensity_of(field(spectrum, FULL_GRID))),
        )

    def _full(self, setting: Floats) -> Floats:
        return self._bench.coefficients(np.asarray(setting, dtype=np.float64))
