"""A pulse in time, from its complex spectrum.

Spectra are in FFT order with the density of `unit_energy_amplitude`; fields come back in the rising order of
`Grid.time_ps`, scaled so that ∫|E|² dt = 1 for unit energy.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, fft, ifft, like, namespace
from sim.grid import Grid

__all__ = ["field", "finer", "intensity_of", "spectrum_of", "transform_limited_peak"]


def field(spectrum: Array, grid: Grid) -> Array:
    """E(t), shape (..., n) in `Grid.time_ps` order, from a complex spectrum, shape (..., n) in FFT order.

    Alternating signs in frequency are half a window in time: one product instead of a copy of the halves.
    """
    return ifft(spectrum * like(_signs(grid.n, 1 / grid.dt_ps), spectrum))


@lru_cache(maxsize=16)
def _signs(n: int, height: float) -> NDArray[np.float64]:
    return np.where(np.arange(n) % 2, -height, height)  # 1/Δt is not exact in float32 but for powers of two


def spectrum_of(field_in_time: Array, grid: Grid) -> Array:
    """The inverse of `field`: complex spectrum in FFT order."""
    return fft(namespace(field_in_time).fft.ifftshift(field_in_time, axes=-1)) * grid.dt_ps


def intensity_of(complex_field: Array) -> Array:
    """|E|² without the square root that abs would take; real, same shape."""
    return complex_field.real**2 + complex_field.imag**2


def finer(spectrum: Array, grid: Grid, times: int) -> tuple[Array, Grid]:
    """The same spectrum with zeros beyond its band, on a grid with `times` smaller time steps.

    Band-limited interpolation: the field between the samples, exact. `times` is a power of two.
    """
    if times == 1:
        return spectrum, grid
    xp = namespace(spectrum)
    half = grid.n // 2
    gap = xp.zeros((*spectrum.shape[:-1], grid.n * (times - 1)), dtype=spectrum.dtype, device=spectrum.device)
    return xp.concat([spectrum[..., :half], gap, spectrum[..., half:]], axis=-1), Grid(
        grid.n * times, grid.dt_ps / times
    )


def transform_limited_peak(amplitude: Array, grid: Grid) -> Array:
    """Peak intensity, shape (...), of the flat-phase pulse of an amplitude, shape (..., n): (Σ|A| Δω/2π)²."""
    xp = namespace(amplitude)
    return (xp.sum(xp.abs(amplitude), axis=-1) * grid.df_thz) ** 2
