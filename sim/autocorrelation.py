"""Intensity autocorrelation, as a non-collinear second-harmonic autocorrelator shows it."""

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, delayed_copies, namespace
from sim.grid import Grid

__all__ = ["autocorrelation_delay_ps", "half_autocorrelation"]


def half_autocorrelation(intensity: Array, grid: Grid, n_delay: int) -> Array:
    """∫I(t) I(t-τ) dt at the delays 0 … n_delay/2 steps, shape (..., n_delay/2 + 1); even in τ."""
    copies = delayed_copies(intensity, n_delay // 2 + 1)
    return namespace(intensity).sum(copies * intensity[..., None, :], axis=-1) * grid.dt_ps


def autocorrelation_delay_ps(grid: Grid, n_delay: int) -> NDArray[np.float64]:
    """Delays, shape (n_delay,), rising, zero at index n_delay/2."""
    return (np.arange(n_delay, dtype=np.float64) - n_delay // 2) * grid.dt_ps
