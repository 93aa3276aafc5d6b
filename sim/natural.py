"""Natural coordinates of the knobs: one unit in any direction costs the same share of the peak.

About the best setting log P ≈ -½ |u|² with u = x·R, x the departure of the knobs and R Rᵀ the mean curvature over many
lasers. The ridge of GDD against FOD is gone, and |u| = 0.32 costs 5 % of the peak whatever its direction.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain import Chain
from sim.reachable import climbed, first_instant, log_peak, taylor_rows

__all__ = ["Floats", "natural_root", "refined_best"]

Floats = NDArray[np.floating[Any]]

INSTANT_STEPS = 8
DEAD = 1e-3
"""Least curvature over the whole range of a knob: one that does nothing still has a coordinate, a tiny one."""


def refined_best(chain: Chain, start: Floats, low: Floats, high: Floats) -> Floats:
    """Best settings (n, 3) within bounds (3,), by Newton from starts (n, 3) that are already close; float64.

    Right where the knobs sit behind the amplifier: the spectrum that they act on is worked out once.
    """
    return climbed(chain.spectrum_after(start), chain, start, low, high)[0]


def natural_root(chain: Chain, best: Floats, span: Floats) -> Floats:
    """R, (3, 3), lower triangular, for departures in fractions of the span (3,), at the best settings (n, 3)."""
    spectrum = chain.spectrum_after(best)
    lit = np.abs(spectrum).max(axis=0) > 1e-7 * np.abs(spectrum).max()
    rows, spectrum = taylor_rows(chain.grid.omega_rad_per_ps[lit]), spectrum[:, lit] * chain.grid.df_thz
    moments = np.concatenate([np.ones((1, rows.shape[1])), rows, *(rows[j : j + 1] * rows[j:] for j in range(4))]).T
    at = np.zeros((len(spectrum), 4))
    at[:, 0] = first_instant(spectrum, rows)
    for _ in range(INSTANT_STEPS):  # Newton in the instant of the peak alone
        _, gradient, curvature = log_peak(spectrum, rows, moments.astype(np.complex128), at)
        at[:, 0] -= gradient[:, 0] / curvature[:, 0, 0]
    hill = -log_peak(spectrum, rows, moments.astype(np.complex128), at)[2]
    across = hill[:, 1:, 1:] - hill[:, 1:, :1] * hill[:, :1, 1:] / hill[:, :1, :1]  # the instant follows the knobs
    return np.asarray(np.linalg.cholesky(across.mean(axis=0) * np.outer(span, span) + DEAD * np.eye(3)))
