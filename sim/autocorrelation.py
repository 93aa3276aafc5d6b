"""Intensity autocorrelation, as a non-collinear second-harmonic autocorrelator shows it."""

from sim.array import Array, delayed_copies, namespace
from sim.grid import Grid

__all__ = ["half_autocorrelation"]


def half_autocorrelation(intensity: Array, grid: Grid, n_delay: int) -> Array:
    """∫I(t) I(t-τ) dt at the delays 0 … n_delay/2 steps, shape (..., n_delay/2 + 1); even in τ."""
    copies = delayed_copies(intensity, n_delay // 2 + 1)
    return namespace(intensity).sum(copies * intensity[..., None, :], axis=-1) * grid.dt_ps
