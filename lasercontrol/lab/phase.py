"""The dispersion of a bench: coarse stages with a shaper on top, moved as one.

A wish is (gdd_ps2, tod_ps3, fod_ps4) of all knobs together. The stages move as little as they can: only where what is
left for the shaper would be beyond its reach. What is beyond everybody's is refused before anything moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from drivers.reach import GroupDelayReach, group_delay_span_ps
from lasercontrol.errors import MoveRefused
from lasercontrol.lab.coarse import CoarseStage

__all__ = ["Allocation", "PhaseMap", "band_of"]

Floats = NDArray[np.floating[Any]]

COMFORT = 0.9  # of the shaper's reach: where the stages have to move at all, they leave it this much
SPARE = 0.01  # of the shaper's reach, kept where stages stand under it: they arrive within a tolerance
ROUNDING = 1e-8  # the same without stages: the driver's own sum rounds otherwise, and refuses
BAND_POINTS = 65  # of the linear programmes; what it costs in span, 2e-4 at most, is within SPARE
WHOLE = 1 + 1e-9  # a ratio of 1 within rounding


def band_of(amplitude: Floats, omega_rad_per_ps: Floats, share: float = 0.99) -> tuple[float, float]:
    """Offsets from the carrier between which this share of the energy lies, half of the rest on either side."""
    order = np.argsort(omega_rad_per_ps)
    density = amplitude[order] ** 2
    below = np.cumsum(density) - density / 2  # half of a sample's energy lies below its frequency
    edges = np.interp([(1 - share) / 2, (1 + share) / 2], below / density.sum(), omega_rad_per_ps[order])
    return float(edges[0]), float(edges[1])


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Who makes what: positions_mm of the stages, shape (m,), and what the shaper has to add, shape (3,)."""

    positions_mm: Floats
    fine: Floats


class PhaseMap:
    """The reachability map of a bench: which dispersion can be had, and how.

    reach: the shaper's; band_rad_per_ps: offsets from the carrier that the pulse's energy fills. usable_ps: how much
    group delay, ±, is asked of the shaper at most.
    """

    def __init__(
        self, stages: Sequence[CoarseStage], reach: GroupDelayReach | None, band_rad_per_ps: tuple[float, float]
    ) -> None:
        self.stages, self.reach, self.band_rad_per_ps = tuple(stages), reach, band_rad_per_ps
        self.usable_ps = reach.limit_ps * (1 - (SPARE if self.stages else ROUNDING)) if reach else 0.0
        ω = np.linspace(*band_rad_per_ps, BAND_POINTS)
        self._delay_rows = np.stack([ω, ω**2 / 2, ω**3 / 6])  # group delay of a unit of each coefficient
        self._per_mm = np.array([stage.per_mm for stage in self.stages]).reshape(-1, 3)
        self._low = np.array([stage.low_mm for stage in self.stages])
        self._high = np.array([stage.high_mm for stage in self.stages])
        self._nominal = np.array([stage.nominal_mm for stage in self.stages])

    def coarse(self, positions_mm: Floats) -> Floats:
        """What the stages make, shape (3,)."""
        return np.asarray((positions_mm - self._nominal) @ self._per_mm)

    def ratio(self, coefficients: Floats) -> float:
        """What the shaper would have to reach at best, as a share of its reach; above 1 it cannot be had."""
        if self.reach is None:
            return self._ratio_without_shaper(coefficients)
        if not self.stages:
            return self.span_ps(coefficients) / (2 * self.usable_ps)
        return self._least_span(coefficients)[1] / (2 * self.usable_ps)

    def allocated(self, coefficients: Floats, here_mm: Floats) -> Allocation:
        """Stages and shaper for a wish, shape (3,), with the stages at here_mm, shape (m,).

        MoveRefused where it is beyond the reach of all of them together.
        """
        ratio = self.ratio(coefficients)
        if not ratio <= WHOLE:
            raise self.refusal(ratio)
        if self.reach is None:
            (stage,) = self.stages
            position = stage.nominal_mm + coefficients[0] / stage.per_mm[0]
            return Allocation(np.array([position]), np.zeros(3))
        left = coefficients - self.coarse(here_mm)
        if self.span_ps(left) <= 2 * self.usable_ps * WHOLE:
            return Allocation(here_mm, left)
        positions = self._least_travel(coefficients, here_mm)
        if positions is None:
            positions = self._least_span(coefficients)[0]
        return Allocation(positions, coefficients - self.coarse(positions))

    def refusal(self, ratio: float) -> MoveRefused:
        """Why a wish with this ratio cannot be had."""
        if self.reach is None:
            return MoveRefused("position of the stage", f"{ratio:.4g} of its travel", "up to 1")
        asked = f"±{ratio * self.usable_ps:.4g} ps over the pulse's band, the stages doing their best"
        return MoveRefused("group delay of the shaper", asked, f"up to ±{self.usable_ps:.4g} ps")

    def gdd_range_ps2(self) -> tuple[float, float]:
        """Least and greatest GDD that can be had with TOD and FOD at zero."""
        return self._farthest(-1.0), self._farthest(1.0)

    def _farthest(self, sign: float) -> float:
        inside, outside = 0.0, sign
        while self.ratio(np.array([outside, 0.0, 0.0])) <= 1 and abs(outside) < 1e6:
            inside, outside = outside, 2 * outside
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self.ratio(np.array([middle, 0.0, 0.0])) <= 1 else (inside, middle)
        return inside

    def _ratio_without_shaper(self, coefficients: Floats) -> float:
        """Of the one stage's travel from nominal, on the side that is asked for."""
        (stage,) = self.stages
        moved = coefficients[0] / stage.per_mm[0]
        room = stage.high_mm - stage.nominal_mm if moved > 0 else stage.nominal_mm - stage.low_mm
        return float(abs(moved) / room) if room > 0 else (0.0 if moved == 0 else float("inf"))

    def span_ps(self, coefficients: Floats) -> float:
        """Greatest less least group delay over the pulse's band."""
        gdd, tod, fod = coefficients
        return group_delay_span_ps(gdd, tod, fod, *self.band_rad_per_ps)  # as the driver reckons it

    def _linear(self, coefficients: Floats) -> tuple[Floats, Floats]:
        """Rows and bounds of: least ≤ delay of what the stages leave ≤ greatest, unknowns (positions, least, greatest).

        Delay of a frequency = wished - Σ (position - nominal) per_mm.
        """
        per_position = self._per_mm @ self._delay_rows  # (m, points)
        wished = (coefficients + self._nominal @ self._per_mm) @ self._delay_rows
        ones, zeros = np.ones(BAND_POINTS), np.zeros(BAND_POINTS)
        below = np.column_stack([-per_position.T, zeros, -ones])
        above = np.column_stack([per_position.T, ones, zeros])
        return np.concatenate([below, above]), np.concatenate([-wished, wished])

    def _least_span(self, coefficients: Floats) -> tuple[Floats, float]:
        """Positions that leave the least group-delay span to the shaper, and that span in ps: a linear programme."""
        rows, bounds = self._linear(coefficients)
        m = len(self.stages)
        cost = np.concatenate([np.zeros(m), [-1.0, 1.0]])
        limits = [*zip(self._low, self._high, strict=True), (None, None), (None, None)]
        solved = linprog(cost, A_ub=rows, b_ub=bounds, bounds=limits, method="highs")
        if solved.x is None or solved.fun is None:
            return self._nominal, float("inf")
        return np.clip(solved.x[:m], self._low, self._high), float(solved.fun)

    def _least_travel(self, coefficients: Floats, here_mm: Floats) -> Floats | None:
        """Positions that leave the shaper at COMFORT of its reach after the least travel; None where there are none."""
        assert self.reach is not None  # noqa: S101 — only asked with a shaper
        rows, bounds = self._linear(coefficients)
        m = len(self.stages)
        span = np.concatenate([np.zeros(m), [-1.0, 1.0]])
        rows = np.concatenate([rows, span[None]])
        bounds = np.append(bounds, 2 * COMFORT * self.usable_ps)
        # Further unknowns: how far each stage goes; |p - here| ≤ t as two inequalities.
        eye = np.eye(m)
        rows = np.concatenate(
            [
                np.column_stack([rows, np.zeros((len(rows), m))]),
                np.column_stack([eye, np.zeros((m, 2)), -eye]),
                np.column_stack([-eye, np.zeros((m, 2)), -eye]),
            ]
        )
        bounds = np.concatenate([bounds, here_mm, -here_mm])
        cost = np.concatenate([np.zeros(m + 2), 1 / (self._high - self._low)])
        limits = [*zip(self._low, self._high, strict=True), (None, None), (None, None), *[(0, None)] * m]
        solved = linprog(cost, A_ub=rows, b_ub=bounds, bounds=limits, method="highs")
        return None if solved.x is None else np.clip(solved.x[:m], self._low, self._high)
