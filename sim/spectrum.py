"""Where the light is: intensity over frequency, and the field amplitude that the pulse is made of.

Amplitudes live in FFT order on a `Grid` and carry unit energy, Σ|A|² Δω/2π = 1, so that peaks at equal energy
compare as they stand. A spectrum is never cut by energy: a transform limit adds amplitudes, and 0.1 % of the energy
in a tail is worth 8 % of its duration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, namespace
from sim.constants import C_NM_PER_PS
from sim.grid import Grid

__all__ = [
    "THREE_GAUSSIANS",
    "THREE_GAUSSIANS_CARRIER_THZ",
    "GaussianLine",
    "carrier_thz_of",
    "intensity_on_frequencies",
    "lines_intensity",
    "rms_width_rad_per_ps",
    "unit_energy_amplitude",
]


@dataclass(frozen=True, slots=True)
class GaussianLine:
    """One Gaussian of a fitted spectrum: height, centre offset and full width at half maximum of intensity."""

    height: float
    centre_thz: float
    fwhm_thz: float


# Fit to the amplified spectrum of a Yb:YAG pump laser; transform limit 1.579 ps.
THREE_GAUSSIANS = (
    GaussianLine(0.37, -0.087, 0.203),
    GaussianLine(0.13, -0.069, 0.082),
    GaussianLine(0.56, 0.021, 0.283),
)
THREE_GAUSSIANS_CARRIER_THZ = 290.85


def lines_intensity(frequency_thz: Array, lines: Sequence[GaussianLine]) -> Array:
    """Sum of Gaussian lines at frequency offsets of any shape; same shape, arbitrary units."""
    xp = namespace(frequency_thz)
    f = frequency_thz
    return sum(line.height * xp.exp(-4 * log(2) * ((f - line.centre_thz) / line.fwhm_thz) ** 2) for line in lines)


def intensity_on_frequencies(
    frequency_thz: NDArray[np.float64], wavelength_nm: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Spectral density per THz at absolute frequencies, from counts per nm over rising wavelengths.

    The Jacobian |dλ/df| = λ²/c turns per-nanometre into per-terahertz (Trebino, FROG, ch. 10); the square root of
    the density is interpolated, since the field is the smooth quantity. Outside the file the density is 0; negative
    counts, which only noise about a removed dark level can make, count as 0.
    """
    f_of_rows_thz = C_NM_PER_PS / wavelength_nm[::-1]
    density = np.maximum(counts[::-1], 0.0) * wavelength_nm[::-1] ** 2 / C_NM_PER_PS
    return np.interp(frequency_thz, f_of_rows_thz, np.sqrt(density), left=0.0, right=0.0) ** 2


def carrier_thz_of(frequency_thz: NDArray[np.float64], intensity: NDArray[np.float64]) -> float:
    """Centre of gravity of a spectrum over rising frequencies: the ω = 0 of every phase."""
    return float(np.trapezoid(frequency_thz * intensity, frequency_thz) / np.trapezoid(intensity, frequency_thz))


def unit_energy_amplitude(intensity: Array, grid: Grid) -> Array:
    """Field amplitude √S, shape (..., n) in FFT order, scaled to Σ|A|² Δω/2π = 1.

    Raises ValueError where the spectrum carries no energy.
    """
    xp = namespace(intensity)
    energy = xp.sum(intensity, axis=-1, keepdims=True) * grid.df_thz
    if not bool(xp.all(energy > 0)):
        raise ValueError("a spectrum without any light has no pulse: its energy is not positive")
    return xp.sqrt(intensity / energy)


def rms_width_rad_per_ps(amplitude: Array, omega_rad_per_ps: Array) -> Array:
    """RMS width of |A|², shape (...), over ω, shape (n,)."""
    xp = namespace(amplitude)
    weight = xp.abs(amplitude) ** 2
    weight = weight / xp.sum(weight, axis=-1, keepdims=True)
    mean = xp.sum(weight * omega_rad_per_ps, axis=-1, keepdims=True)
    return xp.sqrt(xp.sum(weight * (omega_rad_per_ps - mean) ** 2, axis=-1))
