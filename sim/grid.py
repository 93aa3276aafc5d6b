"""The time-frequency grid."""

from dataclasses import dataclass
from functools import cached_property
from math import tau

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAST_GRID", "FULL_GRID", "Grid"]


@dataclass(frozen=True)
class Grid:
    """`n` equidistant samples of time, `dt_ps` apart, and the conjugate frequencies; axes in float64.

    Raises ValueError where `n` is no power of two or `dt_ps` is not positive.
    """

    n: int
    dt_ps: float

    def __post_init__(self) -> None:
        if self.n < 2 or self.n & (self.n - 1):
            raise ValueError(f"Grid needs a power of two of at least 2 samples, got n={self.n}.")
        if not self.dt_ps > 0:
            raise ValueError(f"Grid needs a positive time step, got dt_ps={self.dt_ps:g} ps.")

    @property
    def window_ps(self) -> float:
        """Length of the time window."""
        return self.n * self.dt_ps

    @property
    def span_thz(self) -> float:
        """Width of the frequency axis, 1/Δt."""
        return 1 / self.dt_ps

    @property
    def df_thz(self) -> float:
        """Frequency step; reciprocity Δt Δf = 1/n: derived, so it cannot disagree."""
        return 1 / self.window_ps

    @property
    def domega_rad_per_ps(self) -> float:
        """Angular frequency step, 2π Δf."""
        return tau * self.df_thz

    @cached_property
    def time_ps(self) -> NDArray[np.float64]:
        """Shape (n,), rising, zero at index n/2."""
        return self._centred * self.dt_ps

    @cached_property
    def omega_rad_per_ps(self) -> NDArray[np.float64]:
        """Offset from the carrier, shape (n,), in FFT order."""
        return np.fft.ifftshift(self._centred) * self.domega_rad_per_ps

    @property
    def frequency_thz(self) -> NDArray[np.float64]:
        """Offset from the carrier, shape (n,), in FFT order."""
        return self.omega_rad_per_ps / tau

    @property
    def _centred(self) -> NDArray[np.float64]:
        return np.arange(self.n, dtype=np.float64) - self.n // 2


# One time step, so every eighth bin of the full grid is a bin of the fast one. 256 ps hold a residual phase of the
# default knob ranges (0.5 % of the energy outside in the median); 2,048 ps hold the pulse stretched by 300 ps².
FAST_GRID = Grid(512, 0.5)
FULL_GRID = Grid(4096, 0.5)
