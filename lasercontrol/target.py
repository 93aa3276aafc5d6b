"""The wanted pulse of a run: a duration or a profile, as a departure of the knobs from their best setting.

Worked out for the laser as it is known. The departure depends on B alone, and whoever believes something about the
optimum and about B can go to the wanted pulse in place of the most intense one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats, Knob
from lasercontrol.config import SessionSettings
from lasercontrol.errors import CallerError
from lasercontrol.profile_file import read_profile
from lasercontrol.simbench import COEFFICIENTS
from sim.autocorrelation import half_autocorrelation
from sim.grid import FULL_GRID
from sim.profile import likeness, shaped
from sim.target import COARSE, Table, pulses, stretched, table_of

__all__ = ["Target", "target_of"]

N_B = 25
WIDER = (0.5, 1.6)
"""Of the lowest and the highest B that may be: as far as an estimator looks."""

LEAST_OVERLAP = 0.9
"""With a profile, below which it counts as out of the knobs' reach."""

N_DELAY = 512  # of the autocorrelation, ±32 ps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """What is wanted, and where it lies.

    fwhm_ps: the wanted full width at half maximum; profile: the wanted intensity on `sim.profile.PROFILE_GRID`; one of
    the two. b_rad, rising, (m,) and departure, (m, k): fractions of each knob's range from the best setting.
    overlap: with the profile, the least over what B may be. autocorrelation_fwhm_ps: of the pulse at the middle B.
    """

    fwhm_ps: float | None
    profile: NDArray[np.float64] | None
    b_rad: Floats
    departure: Floats
    overlap: float | None
    autocorrelation_fwhm_ps: float | None

    def __call__(self, b_rad: Floats) -> Floats:
        """Departures (..., k) as fractions of the range, at B (...); beyond the table that of its end."""
        return np.stack([np.interp(b_rad, self.b_rad, column) for column in self.departure.T], axis=-1)

    @property
    def in_words(self) -> str:
        """What is wanted, in a few words."""
        if self.fwhm_ps is not None:
            return f"a pulse of {self.fwhm_ps:g} ps"
        return f"the profile of the file, which the knobs can meet to an overlap of {self.overlap:.3f}"

    def overlap_with(self, intensity: Floats) -> float | None:
        """With the profile, of an intensity (n,) over `FULL_GRID.time_ps`; None of a mere duration."""
        return None if self.profile is None else likeness(intensity, FULL_GRID, self.profile)


def target_of(
    session: SessionSettings,
    *,
    amplitude: Floats,
    knobs: tuple[Knob, ...],
    b_range_rad: tuple[float, float],
    stretcher: tuple[float, float, float],
) -> Target | None:
    """The target of a run; None where the most intense pulse is wanted.

    amplitude: of the field as measured on `FULL_GRID`, shape (n,). Knobs before the amplifier count as if they stood
    behind it, since a departure changes the stretch by a hundredth. Raises CallerError where no setting has the wanted
    pulse, whatever B is in its range; InputFileError where the profile is none.
    """
    if not session.has_target:
        return None
    profile = read_profile(session.target_profile) if session.target_profile else None
    table, told = _table(amplitude, knobs, b_range_rad, stretcher)
    if profile is None:
        assert session.target_fwhm_ps is not None  # noqa: S101 — has_target
        departure, overlap = _to_duration(table, told, session.target_fwhm_ps, knobs), None
    else:
        departure, overlap = _to_profile(table, told, profile)
    columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
    return Target(
        fwhm_ps=session.target_fwhm_ps,
        profile=profile,
        b_rad=table.b_rad,
        departure=departure[:, columns] / np.array([knob.range for knob in knobs]),
        overlap=overlap,
        autocorrelation_fwhm_ps=_autocorrelation_fwhm_ps(table, departure),
    )


def _table(
    amplitude: Floats, knobs: tuple[Knob, ...], b_range_rad: tuple[float, float], stretcher: tuple[float, float, float]
) -> tuple[Table, NDArray[np.bool_]]:
    """Over more than what B may be, and which rows it may be."""
    low, high = b_range_rad
    b_rad = np.unique([low, high, *np.linspace(WIDER[0] * low, WIDER[1] * high, N_B)])
    edges = np.zeros((2, len(COEFFICIENTS)))
    for knob in knobs:
        edges[:, COEFFICIENTS.index(knob.name)] = knob.low, knob.high
    return table_of(amplitude, stretcher, b_rad, *edges), (b_rad >= low) & (b_rad <= high)


def _to_duration(table: Table, told: NDArray[np.bool_], wanted_ps: float, knobs: tuple[Knob, ...]) -> Floats:
    asked = f"a duration of {wanted_ps:g} ps is wanted (target_fwhm_ps)"
    if all(knob.name != "gdd_ps2" for knob in knobs):
        raise CallerError(f"{asked}, and there is no knob gdd_ps2 that would stretch the pulse; nothing was moved.")
    departure, least_ps, most_ps = stretched(table, wanted_ps)
    for row in np.flatnonzero(told & np.isnan(departure[:, 0])):
        at = f"at a B of {table.b_rad[row]:.3g} rad"
        if wanted_ps < (shortest := float(least_ps[told].max())):
            why = f"the most intense pulse lasts up to {shortest:.4g} ps already, and no shorter one is looked for"
        elif wanted_ps > (longest := float(most_ps[told].min())):
            why = f"the knobs stretch it to no more than {longest:.4g} ps for every B that may be"
        else:
            why = f"{at} no GDD makes it: the width jumps from below to above, since the pulse breaks in two"
        raise CallerError(f"{asked}, and {why}; nothing was moved.")
    known = ~np.isnan(departure[:, 0])
    filled = [np.interp(table.b_rad, table.b_rad[known], column[known]) for column in departure.T]
    return np.stack(filled, axis=-1)


def _to_profile(table: Table, told: NDArray[np.bool_], profile: NDArray[np.float64]) -> tuple[Floats, float]:
    departure, overlaps = shaped(table, profile)
    least = float(overlaps[told].min())
    if least < LEAST_OVERLAP:
        raise CallerError(
            f"the wanted profile (target_profile) is out of the knobs' reach: the likest pulse overlaps with it by "
            f"{least:.3f}, and {LEAST_OVERLAP:g} is the least; nothing was moved."
        )
    return departure, least


def _autocorrelation_fwhm_ps(table: Table, departure: Floats) -> float | None:
    """None where it is wider than ±32 ps."""
    middle = len(table.best) // 2
    intensity, grid = pulses(table, table.best + departure, COARSE)
    half = half_autocorrelation(intensity[middle], grid, N_DELAY)
    below = np.flatnonzero(half < half[0] / 2)
    if not below.size:
        return None
    last = int(below[0])
    steps = np.interp(-half[0] / 2, -half[last - 1 : last + 1], [last - 1, last])
    return float(2 * steps * grid.dt_ps)
