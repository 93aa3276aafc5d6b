"""A wanted pulse from a file: time in ps and intensity, in the dialects of CSV that spectra come in."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasercontrol.errors import InputFileError
from lasercontrol.spectrum_rows import PROFILE, Row, read_text, rows_of
from sim.profile import PROFILE_GRID

__all__ = ["read_profile"]

LEAST_POINTS = 5  # fewer are no shape
LONGEST_PS = PROFILE_GRID.window_ps / 2
"""Half of the window, so that a pulse and its shifted copy both fit."""
LARGEST = 1e30  # squares and sums of such still fit a float64


def read_profile(path: Path) -> NDArray[np.float64]:
    """Intensity, shape (n,), on `PROFILE_GRID`, its highest point 1 and its middle at time zero, lines between points.

    Rows are sorted, rows of the same time averaged; before the first and behind the last row it is dark. Raises
    InputFileError, with the line where there is one, for whatever is no profile.
    """
    rows = list(rows_of(read_text(path, PROFILE), path, PROFILE))
    for row in rows:
        _require_sane(row, path)
    time_ps, index = np.unique([row[1] for row in rows], return_inverse=True)
    intensity = np.bincount(index, weights=[row[2] for row in rows]) / np.bincount(index)
    _require_shape(time_ps, intensity, path)
    middle_ps = (time_ps[0] + time_ps[-1]) / 2
    profile = np.interp(PROFILE_GRID.time_ps, time_ps - middle_ps, intensity / intensity.max(), left=0.0, right=0.0)
    if not profile.max() > 0:
        raise InputFileError(path, None, f"all its light lies between two steps of {PROFILE_GRID.dt_ps:g} ps.")
    return np.asarray(profile)


def _require_sane(row: Row, path: Path) -> None:
    _, time_ps, intensity = row
    if not abs(time_ps) <= LARGEST:  # written so that NaN is refused
        raise InputFileError(path, row.line, f"time is {time_ps:g} ps; it must be a finite number.")
    if not 0 <= intensity <= LARGEST:
        raise InputFileError(
            path,
            row.line,
            f"intensity is {intensity:g}; it must lie in 0 to {LARGEST:g} (take a background off first).",
        )


def _require_shape(time_ps: NDArray[np.float64], intensity: NDArray[np.float64], path: Path) -> None:
    if time_ps.size < LEAST_POINTS:
        raise InputFileError(
            path, None, f"has {time_ps.size} different times; a profile needs at least {LEAST_POINTS}."
        )
    if not intensity.max() > 0:
        raise InputFileError(path, None, "no light: the greatest intensity is 0.")
    if (length_ps := time_ps[-1] - time_ps[0]) > LONGEST_PS:
        raise InputFileError(
            path, None, f"spans {length_ps:g} ps; at most {LONGEST_PS:g} ps fit the window (times are wanted in ps)."
        )
