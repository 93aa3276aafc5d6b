"""What a monochromator with a slit makes of a spectrum."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "levels_dbm", "within_resolution_w"]

Floats = NDArray[np.floating[Any]]

FINE = 8  # points within a resolution; trapezes between them
NOTHING_DBM = -210.0  # said where there is no light, or none was measured


def within_resolution_w(
    density_w_per_nm: Callable[[Floats], Floats], wavelength_nm: Floats, resolution_nm: float
) -> Floats:
    """Power in W that passes a slit of full width resolution_nm at each wavelength: the density's integral over it.

    Exact for a density that is linear between points an eighth of the resolution, or a sample, apart.
    """
    start_nm, stop_nm = wavelength_nm[0] - resolution_nm, wavelength_nm[-1] + resolution_nm
    sample_nm = max(float(wavelength_nm[1] - wavelength_nm[0]), 1e-6)
    count = 2 + int(np.ceil((stop_nm - start_nm) / min(resolution_nm / FINE, sample_nm)))
    fine_nm = np.linspace(start_nm, stop_nm, count)
    density = np.asarray(density_w_per_nm(fine_nm), dtype=float)
    steps_w = (density[1:] + density[:-1]) / 2 * np.diff(fine_nm)
    below_w = np.concatenate(([0.0], np.cumsum(steps_w)))
    upper = np.interp(wavelength_nm + resolution_nm / 2, fine_nm, below_w)
    lower = np.interp(wavelength_nm - resolution_nm / 2, fine_nm, below_w)
    power_w: Floats = np.maximum(upper - lower, 0.0)
    return power_w


def levels_dbm(power_w: Floats) -> Floats:
    """Power in dBm, NOTHING_DBM for none."""
    with np.errstate(divide="ignore"):
        level_dbm: Floats = np.maximum(10 * np.log10(power_w / 1e-3), NOTHING_DBM)
    return level_dbm
