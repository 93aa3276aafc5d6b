"""What only a simulator knows: how good the pulse really is. For scores and pictures; no agent is ever told."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lasercontrol.bench import Floats, Knob, fraction_of, setting_of
from lasercontrol.laser_of import pulse_fwhm_ps
from lasercontrol.simbench import COEFFICIENTS, SimBench
from sim.chain import Laser
from sim.grid import FULL_GRID
from sim.pulse import field, intensity_of
from sim.reachable import best_setting

__all__ = ["Score", "Truth", "best_asked"]

MAPPED_REACH = 1.5
"""Knobs that leak into each other reach beyond their own bounds: so much farther the best setting is looked for."""


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
        return best_asked(self._bench.plant.laser, self._bench.knobs, self._bench.knob_map)[0]

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


def best_asked(laser: Laser, knobs: tuple[Knob, ...], knob_map: Floats | None = None) -> tuple[Floats, Floats]:
    """What to ask for to have the most intense pulse, shape (..., k) within the bounds, and its Strehl ratio (...).

    knob_map: as `SimBench` has it. Where what it takes lies beyond the bounds, the nearest that can be asked for, and
    the ratio is then a little high; no draw of a named scenario comes there.
    """
    columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
    reach = 1.0 if knob_map is None else MAPPED_REACH
    edges = np.zeros((2, len(COEFFICIENTS)))
    edges[:, columns] = [setting_of(np.full(len(knobs), side * reach / 2), knobs) for side in (-1, 1)]
    best, strehl = best_setting(laser, *edges)
    setting = np.asarray(best[..., columns])
    if knob_map is None:
        return setting, strehl
    asked = np.linalg.solve(knob_map, fraction_of(setting, knobs)[..., None])[..., 0]
    return setting_of(np.clip(asked, -0.5, 0.5), knobs), strehl
