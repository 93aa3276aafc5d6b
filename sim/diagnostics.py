"""What ideal instruments would show of a pulse; `detector` makes readings of it.

All second-harmonic signals are relative to the yield of the laser's transform limit at equal energy, ∫I_TL² dt: the
zero-delay row of the FROG sums to the yield fraction, and so does the autocorrelation at zero.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, binned_power, namespace
from sim.autocorrelation import half_autocorrelation
from sim.frog import FrogAxes, half_frog
from sim.grid import Grid
from sim.pulse import field, intensity_of

__all__ = ["limit_yield", "mirrored_delays", "signals", "spectrum_axis_thz"]


NEGLIGIBLE = 1e-4
"""Share of the second-harmonic energy that a frame may leave out at the edges of its window; noise is 1.5 % a pixel."""


def limit_yield(amplitude: Array, grid: Grid) -> Array:
    """∫I² dt of the flat-phase pulse, shape (...), for amplitudes of shape (..., n)."""
    xp = namespace(amplitude)
    return xp.sum(intensity_of(field(xp.abs(amplitude) + 0j, grid)) ** 2, axis=-1) * grid.dt_ps


def signals(
    spectrum: Array, grid: Grid, reference_yield: Array, names: Iterable[str], axes: FrogAxes
) -> dict[str, Array]:
    """Noise-free signals by name for complex spectra, shape (..., n), and transform-limit yields, shape (...).

    `frog`: (..., n_delay/2 + 1, n_frequency), `autocorrelation`: (..., n_delay/2 + 1), `shg`: (...), each from zero
    delay on; `spectrum`: (..., n_frequency) in 1/THz at unit energy. KeyError for another name.
    """
    xp = namespace(spectrum)
    in_time = field(spectrum, grid)
    scale = 1 / reference_yield
    makers = {
        "frog": lambda: half_frog(in_time, grid, axes, NEGLIGIBLE) * scale[..., None, None],
        "autocorrelation": lambda: half_autocorrelation(intensity_of(in_time), grid, axes.n_delay) * scale[..., None],
        "shg": lambda: xp.sum(intensity_of(in_time) ** 2, axis=-1) * (grid.dt_ps * scale),
        "spectrum": lambda: _binned_density(spectrum, grid, axes),
    }
    return {name: makers[name]() for name in names}


def mirrored_delays(half: Array, delay_axis: int) -> Array:
    """The whole delay axis, -n/2 … n/2-1 steps, from the half 0 … n/2 of a signal that is even in the delay."""
    xp = namespace(half)
    part = (..., slice(None, -1), *(slice(None),) * (-delay_axis - 1))
    return xp.concat([xp.flip(half, axis=delay_axis)[part], half[part]], axis=delay_axis)


def spectrum_axis_thz(axes: FrogAxes) -> NDArray[np.float64]:
    """Bin centres of the spectrum as offsets from the carrier: the bins of the FROG, so that one axis serves both."""
    return axes.frequency_thz()


def _binned_density(spectrum: Array, grid: Grid, axes: FrogAxes) -> Array:
    xp = namespace(spectrum)
    summed = axes.bins_summed(grid)
    below = summed * axes.n_frequency // 2 + summed // 2
    above = summed * axes.n_frequency - below + 1 - summed % 2
    band = xp.concat([spectrum[..., -below:], spectrum[..., :above]], axis=-1)
    return binned_power(band, axes.n_frequency, summed) / summed
