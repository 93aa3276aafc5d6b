"""Second-harmonic FROG: the spectrum of E(t) E(t-τ), over delay and frequency.

From the complex field, never from the intensity. The trace is even in the delay, so half of the delays are computed.
The delay step is the grid's time step and every frequency bin is a whole sum of FFT bins: nothing is interpolated,
and the marginals hold to rounding (DeLong et al., JOSA B 11, 2206 (1994)).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, binned_power, delayed_copies, fft, in_chunks, like_complex
from sim.grid import Grid
from sim.pulse import intensity_of

__all__ = ["FrogAxes", "half_frog"]

CACHED_SAMPLES = 2048  # of all lanes taken together: their gated fields, 33 times as many, just stay in the cache


@dataclass(frozen=True, slots=True)
class FrogAxes:
    """Size of a trace: `n_delay` delays of one time step each, `n_frequency` bins of about `bin_thz` each.

    Raises ValueError where the sizes are odd.
    """

    n_delay: int = 64
    n_frequency: int = 64
    bin_thz: float = 6 / 256

    def __post_init__(self) -> None:
        if self.n_delay % 2 or self.n_frequency % 2:
            raise ValueError(f"a FROG trace has even sizes, got {self.n_delay} delays x {self.n_frequency} frequencies")

    @lru_cache(maxsize=64)  # noqa: B019 — a frozen value of three numbers, asked for at every shot
    def bins_summed(self, grid: Grid) -> int:
        """FFT bins in a trace bin; ValueError where the grid's bins do not add up to it."""
        count = round(self.bin_thz / grid.df_thz)
        if (
            count < 1
            or abs(count * grid.df_thz - self.bin_thz) > 1e-9 * self.bin_thz
            or count * self.n_frequency + 1 - count % 2 > grid.n
        ):
            raise ValueError(
                f"FROG bins of {self.bin_thz:g} THz x {self.n_frequency} are no whole sums of the grid's "
                f"{grid.df_thz:g} THz x {grid.n}"
            )
        return count

    @lru_cache(maxsize=64)  # noqa: B019 — a frozen value of four numbers, asked for at every shot
    def fits(self, grid: Grid) -> bool:
        """Whether the grid's bins add up to the trace's, on a window that still holds every delay."""
        count = round(self.bin_thz / grid.df_thz)
        whole = abs(count * grid.df_thz - self.bin_thz) < 1e-9 * self.bin_thz
        return whole and count * self.n_frequency + 1 - count % 2 <= grid.n and grid.n >= 2 * self.n_delay

    def delay_ps(self, grid: Grid) -> NDArray[np.float64]:
        """Delays, shape (n_delay,), rising, zero at index n_delay/2."""
        return (np.arange(self.n_delay, dtype=np.float64) - self.n_delay // 2) * grid.dt_ps

    def frequency_thz(self) -> NDArray[np.float64]:
        """Bin centres as offsets from twice the carrier, shape (n_frequency,), rising."""
        return (np.arange(self.n_frequency, dtype=np.float64) - self.n_frequency // 2) * self.bin_thz


def half_frog(field_in_time: Array, grid: Grid, axes: FrogAxes, negligible: float = 0.0) -> Array:
    """Trace at the delays 0 … n_delay/2 steps, shape (..., n_delay/2 + 1, n_frequency).

    `field_in_time` has shape (..., n). Units: |∫E(t)E(t-τ)e^{-iωt}dt|² integrated over each bin, in THz. NumPy looks
    only at the middle half of the window, again and again, while no more than a share `negligible` of the
    second-harmonic energy lies outside it and its coarser FFT bins still add up to the trace's.
    """
    rows = field_in_time.reshape(-1, field_in_time.shape[-1])
    if negligible and isinstance(rows, np.ndarray):
        trace = np.empty((len(rows), axes.n_delay // 2 + 1, axes.n_frequency), dtype=rows.real.dtype)
        for lanes, middle, window in _middles(rows, grid, axes, negligible):
            trace[lanes] = _in_chunks(middle, window, axes)
    else:
        trace = _in_chunks(rows, grid, axes)
    return trace.reshape(*field_in_time.shape[:-1], axes.n_delay // 2 + 1, axes.n_frequency)


def _in_chunks(rows: Array, grid: Grid, axes: FrogAxes) -> Array:
    return in_chunks(lambda some: _half_frog(some, grid, axes), rows, max(1, CACHED_SAMPLES // grid.n))


def _half_frog(rows: Array, grid: Grid, axes: FrogAxes) -> Array:
    shifted = rows * like_complex(_to_front(grid, axes), rows)
    gated = delayed_copies(shifted, axes.n_delay // 2 + 1) * shifted[..., None, :]
    power = binned_power(fft(gated, overwrite=True), axes.n_frequency, axes.bins_summed(grid))
    return power * (grid.dt_ps**2 * grid.df_thz)


def _middles(
    rows: Array, grid: Grid, axes: FrogAxes, negligible: float
) -> Iterator[tuple[NDArray[np.intp], Array, Grid]]:
    """Lanes by the least window that holds their second harmonic: indices, fields (m, n), and the window's grid."""
    second_harmonic = intensity_of(rows) ** 2
    needed = (1 - negligible) * second_harmonic.sum(axis=-1)
    lanes, low = np.arange(len(rows)), 0
    while lanes.size:
        half = Grid(grid.n // 2, grid.dt_ps)
        start = low + half.n // 2
        fit = np.zeros(len(lanes), dtype=bool)
        if axes.fits(half):
            fit = second_harmonic[lanes, start : start + half.n].sum(axis=-1) >= needed[lanes]
        if not fit.all():
            stay = lanes[~fit]
            yield stay, rows[stay, low : low + grid.n], grid
        lanes, low, grid = lanes[fit], start, half


@lru_cache(maxsize=16)
def _to_front(grid: Grid, axes: FrogAxes) -> NDArray[np.complex128]:
    """Half of the shift, on each factor, that brings the band to the front of the product's spectrum in one piece."""
    summed = axes.bins_summed(grid)
    lowest_bin = -(summed * axes.n_frequency // 2 + summed // 2)  # the middle bin is centred on zero frequency
    return np.asarray(np.exp(-0.5j * lowest_bin * grid.domega_rad_per_ps * grid.time_ps), dtype=np.complex128)
