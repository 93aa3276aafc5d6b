"""Second-harmonic FROG: the spectrum of E(t) E(t-τ), over delay and frequency.

From the complex field, never from the intensity. The trace is even in the delay, so half of the delays are computed.
The delay step is the grid's time step and every frequency bin is a whole sum of FFT bins: nothing is interpolated,
and the marginals hold to rounding (DeLong et al., JOSA B 11, 2206 (1994)).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, binned_power, cis, delayed_copies, fft, like
from sim.grid import Grid

__all__ = ["FrogAxes", "half_frog"]


@dataclass(frozen=True, slots=True)
class FrogAxes:
    """Size of a trace: `n_delay` delays of one time step each, `n_frequency` bins of about `bin_thz` each.

    Raises ValueError where the sizes are odd.
    """

    n_delay: int = 64
    n_frequency: int = 64
    bin_thz: float = 5 / 256

    def __post_init__(self) -> None:
        if self.n_delay % 2 or self.n_frequency % 2:
            raise ValueError(f"a FROG trace has even sizes, got {self.n_delay} delays x {self.n_frequency} frequencies")

    def bins_summed(self, grid: Grid) -> int:
        """FFT bins in a trace bin; ValueError where the grid's bins do not add up to it."""
        count = round(self.bin_thz / grid.df_thz)
        if count < 1 or abs(count * grid.df_thz - self.bin_thz) > 1e-9 * self.bin_thz or count * self.n_frequency > grid.n:
            raise ValueError(
                f"FROG bins of {self.bin_thz:g} THz x {self.n_frequency} are no whole sums of the grid's "
                f"{grid.df_thz:g} THz x {grid.n}"
            )
        return count

    def delay_ps(self, grid: Grid) -> NDArray[np.float64]:
        """Delays, shape (n_delay,), rising, zero at index n_delay/2."""
        return (np.arange(self.n_delay, dtype=np.float64) - self.n_delay // 2) * grid.dt_ps

    def frequency_thz(self) -> NDArray[np.float64]:
        """Bin centres as offsets from twice the carrier, shape (n_frequency,), rising."""
        return (np.arange(self.n_frequency, dtype=np.float64) - self.n_frequency // 2) * self.bin_thz


def half_frog(field_in_time: Array, grid: Grid, axes: FrogAxes) -> Array:
    """Trace at the delays 0 … n_delay/2 steps, shape (..., n_delay/2 + 1, n_frequency).

    `field_in_time` has shape (..., n). Units: |∫E(t)E(t-τ)e^{-iωt}dt|² integrated over each bin, in THz.
    """
    summed = axes.bins_summed(grid)
    lowest_bin = -(summed * axes.n_frequency // 2 + summed // 2)  # the middle bin is centred on zero frequency
    # Half of the shift on each factor brings the band to the front of the product's spectrum, in one piece.
    shift = like(-0.5 * lowest_bin * grid.domega_rad_per_ps * grid.time_ps, field_in_time.real)
    shifted = field_in_time * cis(shift)
    gated = delayed_copies(shifted, axes.n_delay // 2 + 1) * shifted[..., None, :]
    power = binned_power(fft(gated, overwrite=True), axes.n_frequency, summed)
    return power * (grid.dt_ps**2 * grid.df_thz)
