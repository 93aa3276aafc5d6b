"""The best pulse that a laser's knobs can reach: what every score is a fraction of.

The peak is P = |Σ Ã(ω) exp(-i Σ pⱼ bⱼ(ω))|² with Ã the complex spectrum and b = (ω, ω²/2!, ω³/3!, ω⁴/4!): the first
coefficient is the instant of the peak, the others are the knobs. No transform is needed, and gradient and curvature
of log P are weighted moments of the same sum, so that a damped Newton iteration settles in about ten steps from
least-squares fits of the phase. Knobs before the amplifier change Ã itself as well; for them Ã is worked out again
between rounds, and a parabola through true peaks finishes.
"""

from dataclasses import replace
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain import Chain, FastChain, FullChain, Laser
from sim.metrics import peak_intensity

__all__ = ["best_setting", "climbed", "first_instant", "log_peak", "taylor_rows"]

Floats = NDArray[np.floating[Any]]
Complex = NDArray[np.complexfloating[Any, Any]]

POLISH_RADII = (0.01, 0.01, 0.004, 0.004, 0.0015)  # of the range; the peak's half-width at 95 % is 0.0015 to 0.0055
DESIGN = np.array([[0, 0, 0], *np.eye(3), *-np.eye(3), [1, 1, 0], [1, 0, 1], [0, 1, 1]])
"""The ten points of a full quadratic in three knobs, in units of the radius."""

NEWTON_STEPS = 40
ROUNDS = 3
SPREADS = (1.0, 0.7, 0.4)  # fits weighted by |A|^(2·spread): the ridge at large B has its top anywhere between them


def best_setting(laser: Laser, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Settings (..., 3) within bounds (3,) of greatest peak on the full grid, and their Strehl ratios (...).

    NumPy lasers in float64. Equal bounds pin a knob. Several starts per laser; the best end wins.
    """
    lasers = laser if laser.b_rad.ndim else _batch_of_one(laser)
    chain = FullChain(lasers)
    limit = chain.limit_peak
    starts = np.clip(_fitted_starts(lasers), low, high)
    best, best_peak = starts[0].copy(), np.full(lasers.b_rad.shape, -1.0)
    for start in starts:
        end, peak = _from(start, chain, low, high)
        better = peak > best_peak
        best[better], best_peak[better] = end[better], peak[better]
    if any(laser.before_amplifier):
        best, best_peak = _polished(chain, best, best_peak, low, high)
    strehl = best_peak / limit
    return (best, strehl) if laser.b_rad.ndim else (best[0], strehl[0])


def _from(start: Floats, chain: FullChain, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Where Newton ends from one start, settings (n, 3) and peaks (n,)."""
    end, peak = climbed(chain.spectrum_after(start), chain, start, low, high)
    if any(chain.laser.before_amplifier):
        for _ in range(ROUNDS - 1):
            end, _ = climbed(chain.spectrum_after(end), chain, end, low, high)
        peak = peak_intensity(chain.spectrum_after(end), chain.grid)
    return end, peak


def _polished(chain: FullChain, setting: Floats, peak: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Settings (n, k) and peaks (n,) after parabolas through true peaks about them, ever closer."""
    for radius in POLISH_RADII:
        reach = radius * (high - low)
        points = np.clip(setting + DESIGN[:, None, :] * reach, low, high)
        peaks = np.stack([peak_intensity(chain.spectrum_after(point), chain.grid) for point in points])
        away = (points - setting) / np.where(reach > 0, reach, 1.0)
        summit = setting + reach * _summit(away, peaks)
        points = np.concatenate([points, np.clip(summit, low, high)[None]])
        peaks = np.concatenate([peaks, peak_intensity(chain.spectrum_after(points[-1]), chain.grid)[None]])
        first = np.argmax(peaks, axis=0)
        setting, peak = points[first, np.arange(len(setting))], peaks.max(axis=0)
    return setting, peak


def _summit(away: Floats, peaks: Floats) -> Floats:
    """Where the parabola through points (m, n, 3) of heights (m, n) is highest, within the design; shape (n, 3)."""
    pairs = [(j, k) for j in range(3) for k in range(j, 3)]
    columns = np.stack(
        [np.ones(peaks.shape), *(away[..., j] for j in range(3)), *(away[..., j] * away[..., k] for j, k in pairs)]
    )
    fit = np.einsum("ncm,mn->nc", np.linalg.pinv(np.moveaxis(columns, 0, -1).swapaxes(0, 1)), peaks)
    hill = np.zeros((peaks.shape[1], 3, 3))
    for column, (j, k) in enumerate(pairs, start=4):
        hill[:, j, k] += fit[:, column]
        hill[:, k, j] += fit[:, column]
    value, vector = np.linalg.eigh(-hill)
    steep = np.maximum(value, 1e-3 * np.abs(value).max(axis=1, keepdims=True) + 1e-30)
    step = np.einsum("nij,nj->ni", vector, np.einsum("nji,nj->ni", vector, fit[:, 1:4]) / steep)
    return np.asarray(np.clip(step, -1.5, 1.5))


def _batch_of_one(laser: Laser) -> Laser:
    amplitude = laser.amplitude[None]
    ripple = None if laser.ripple_rad is None else laser.ripple_rad[None]
    return replace(laser, amplitude=amplitude, b_rad=laser.b_rad[None], offset=laser.offset[None], ripple_rad=ripple)


def taylor_rows(omega: Floats) -> Floats:
    """ω, ω²/2!, ω³/3!, ω⁴/4!, shape (4, n)."""
    return np.stack([omega**k / factorial(k) for k in (1, 2, 3, 4)])


def _fitted_starts(lasers: Laser) -> Floats:
    """Settings (n_start, n, 3) that cancel polynomial fits of each laser's spectral phase, differently weighted."""
    chain = FastChain(replace(lasers, before_amplifier=(False, False, False)))
    _, spm_rad = chain.spm_at_nominal()
    phase = spm_rad if chain.ripple_rad is None else spm_rad + chain.ripple_rad
    phase = np.broadcast_to(phase, (*lasers.b_rad.shape, chain.grid.n))
    rows = taylor_rows(chain.grid.omega_rad_per_ps)
    columns = np.concatenate([np.ones((1, chain.grid.n)), rows]).T
    starts = []
    for spread in SPREADS:
        weight = np.broadcast_to(chain.density**spread, phase.shape)[..., None]
        normal = np.swapaxes(columns * weight, -1, -2) @ columns
        fit = np.linalg.solve(normal, np.swapaxes(columns * weight, -1, -2) @ phase[..., None])[..., 0]
        starts.append(-fit[..., 2:] - lasers.offset)
    starts.append(-lasers.offset)
    return np.stack(starts)


def climbed(spectrum: Complex, chain: Chain, setting: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Newton from a setting; settings (n, 3) and peaks (n,)."""
    grid = chain.grid
    lit = np.max(np.abs(spectrum), axis=0)
    lit = lit > 1e-7 * lit.max()  # amplitude below this adds nothing to a sum of amplitudes
    rows, spectrum = taylor_rows(grid.omega_rad_per_ps[lit]), spectrum[:, lit] * grid.df_thz
    moments = np.concatenate([np.ones((1, rows.shape[1])), rows, *(rows[j : j + 1] * rows[j:] for j in range(4))]).T
    moments = moments.astype(np.complex128)
    at = np.zeros((len(spectrum), 4))  # peak instant, and the change of each knob
    at[:, 0] = first_instant(spectrum, rows)
    low, high = (
        np.concatenate([np.full((len(at), 1), edge), bound - setting], axis=1)
        for edge, bound in ((-np.inf, low), (np.inf, high))
    )
    damping = np.full(len(at), 1e-3)
    value, gradient, curvature = log_peak(spectrum, rows, moments, at)
    for _ in range(NEWTON_STEPS):
        step = _newton_step(gradient, curvature, damping, at, low, high)
        trial = np.clip(at + step, low, high)
        trial_value, trial_gradient, trial_curvature = log_peak(spectrum, rows, moments, trial)
        up = trial_value > value
        at[up], value[up], gradient[up], curvature[up] = (
            trial[up],
            trial_value[up],
            trial_gradient[up],
            trial_curvature[up],
        )
        damping = np.where(up, damping / 5, damping * 6)
        if np.all(np.abs(step) * np.sqrt(np.abs(np.diagonal(curvature, axis1=1, axis2=2))) < 1e-7):
            break
    return setting + at[:, 1:], np.exp(value)


def first_instant(spectrum: Complex, rows: Floats) -> Floats:
    """Where the pulse peaks now, shape (n,), by trying the instants of a fine comb about its centre of gravity."""
    instants = np.linspace(-60.0, 60.0, 481)
    peaks = np.abs(spectrum @ np.exp(1j * np.outer(rows[0], instants)))
    return np.asarray(-instants[np.argmax(peaks, axis=1)])


def log_peak(spectrum: Complex, rows: Floats, moments: Complex, at: Floats) -> tuple[Floats, Floats, Floats]:
    """log P, its gradient (n, 4) and curvature (n, 4, 4), at coefficients (n, 4)."""
    sums = (spectrum * np.exp(-1j * (at @ rows))) @ moments
    total = sums[:, 0]
    first = -1j * sums[:, 1:5] / total[:, None]
    second = np.empty((len(at), 4, 4), dtype=np.complex128)
    upper = np.triu_indices(4)
    second[:, upper[0], upper[1]] = -sums[:, 5:] / total[:, None]
    second[:, upper[1], upper[0]] = second[:, upper[0], upper[1]]
    curvature = 2 * (second - first[:, :, None] * first[:, None, :]).real
    return 2 * np.log(np.abs(total)), 2 * first.real, curvature


def _newton_step(gradient: Floats, curvature: Floats, damping: Floats, at: Floats, low: Floats, high: Floats) -> Floats:
    """Damped uphill step (n, 4); coefficients pressed against a bound rest."""
    held = ((at <= low) & (gradient < 0)) | ((at >= high) & (gradient > 0))
    scale = np.sqrt(np.abs(np.diagonal(curvature, axis1=1, axis2=2))) + 1e-12
    hill = -curvature / (scale[:, :, None] * scale[:, None, :])
    value, vector = np.linalg.eigh(np.where(held[:, :, None] | held[:, None, :], np.eye(4), hill))
    slope = np.where(held, 0.0, gradient / scale)
    along = np.einsum("nji,nj->ni", vector, slope) / (np.abs(value) + damping[:, None])
    return np.asarray(np.clip(np.einsum("nij,nj->ni", vector, along), -1.0, 1.0) / scale)
