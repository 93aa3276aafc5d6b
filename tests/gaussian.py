"""The pulse of which everything is known: a Gaussian, and other closed shapes, as arrays on a grid."""

from math import log

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, cis, like
from sim.chain import STRETCHER, Laser
from sim.dispersion import taylor_phase_rad
from sim.grid import FULL_GRID, Grid
from sim.spectrum import THREE_GAUSSIANS, lines_intensity, unit_energy_amplitude

LN2 = log(2)
FS = 1e-3  # ps
DEFAULT_RANGE = np.array([64.0, 196.0, 720.0])
"""Full spans of the default knobs, ps², ps³, ps⁴."""


def gaussian_amplitude(grid: Grid, fwhm_ps: float) -> NDArray[np.float64]:
    """Amplitude in FFT order, unit energy, of a Gaussian with this transform limit."""
    ω = grid.omega_rad_per_ps
    return np.asarray(unit_energy_amplitude(np.exp(-((ω * fwhm_ps) ** 2) / (4 * LN2)), grid))


def default_amplitude(grid: Grid) -> NDArray[np.float64]:
    """Amplitude in FFT order, unit energy, of the default spectrum."""
    return np.asarray(unit_energy_amplitude(lines_intensity(grid.frequency_thz, THREE_GAUSSIANS), grid))


def dispersed(
    amplitude: Array, grid: Grid, *, gdd_ps2: Array = 0.0, tod_ps3: Array = 0.0, fod_ps4: Array = 0.0
) -> Array:
    """Complex spectrum, shape (..., n), in the library of the amplitude."""
    ω = like(grid.omega_rad_per_ps, amplitude)
    coefficients = (like(c, amplitude) for c in (gdd_ps2, tod_ps3, fod_ps4))
    return amplitude * cis(-taylor_phase_rad(ω, *coefficients))


def default_laser(b_rad: Array, offset: Array | None = None, *, knobs_before: bool = False) -> Laser:
    """The default spectrum on the full grid with B of shape (...), float64."""
    b = np.asarray(b_rad, dtype=np.float64)
    return Laser(
        amplitude=np.broadcast_to(default_amplitude(FULL_GRID), (*b.shape, FULL_GRID.n)).copy(),
        b_rad=b,
        offset=np.zeros((*b.shape, 3)) if offset is None else offset,
        stretcher=STRETCHER,
        before_amplifier=(knobs_before,) * 3,
    )


def rough_spectra(rng: np.random.Generator, count: int, error: float, correlation_thz: float) -> NDArray[np.float64]:
    """Amplitudes (count, n) on the full grid: the default spectrum times 1 + error · g, g a unit-rms random field."""
    reach = int(4 * correlation_thz / FULL_GRID.df_thz)
    kernel = np.exp(-((np.arange(-reach, reach + 1) * FULL_GRID.df_thz / correlation_thz) ** 2))
    white = rng.standard_normal((count, FULL_GRID.n + 2 * reach))
    field = np.stack([np.convolve(row, kernel, "valid") for row in white]) / np.sqrt((kernel**2).sum())
    factor = np.fft.ifftshift(np.maximum(1 + error * field, 0.05), axes=-1)
    return np.asarray(unit_energy_amplitude(default_amplitude(FULL_GRID) ** 2 * factor, FULL_GRID))
