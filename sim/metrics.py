"""Figures of merit of a pulse: what "short" and "intense" mean here."""

from sim.array import Array, namespace, peak_index
from sim.grid import Grid
from sim.pulse import field, finer, intensity_of, transform_limited_peak

__all__ = ["contrast", "fwhm_ps", "peak_intensity", "rms_duration_ps", "shg_yield", "strehl"]

FINER = 2  # samples between two of the grid before a peak is read; with the quartic the error is under 1e-4


def peak_intensity(spectrum: Array, grid: Grid) -> Array:
    """Greatest |E(t)|², shape (...), of a complex spectrum, shape (..., n), between the samples as well.

    Zero-padding to half the time step, then the quartic through the logarithm of the five samples about the highest:
    exact for a Gaussian summit, within 1e-4 for any that the default spectrum makes on the fast grid. Where a second
    summit comes within 1 % of the first, the higher sample may be on the lower one, and the error reaches 2e-3.
    """
    xp = namespace(spectrum)
    dense, dense_grid = finer(spectrum, grid, FINER)
    intensity = intensity_of(field(dense, dense_grid))
    top = peak_index(intensity)
    n = intensity.shape[-1]
    logs = [xp.log(xp.take_along_axis(intensity, (top + k) % n, axis=-1)[..., 0] + 1e-30) for k in range(-2, 3)]
    return xp.exp(logs[2] + _summit_height(*(log - logs[2] for log in logs)))


def _summit_height(far_left: Array, left: Array, here: Array, right: Array, far_right: Array) -> Array:
    """Height of the summit of the quartic through five equidistant values above the middle one, which is the highest.

    From the parabola's summit, one Newton step; never farther than half a step from the middle.
    """
    xp = namespace(here)
    odd, even = (right - left) / 2, (right + left) / 2
    c3 = ((far_right - far_left) / 2 - 2 * odd) / 6
    c4 = ((far_right + far_left) / 2 - 4 * even) / 12
    c1, c2 = odd - c3, even - c4
    x = xp.clip(-odd / (2 * _negative(even)), -0.5, 0.5)
    slope = c1 + x * (2 * c2 + x * (3 * c3 + x * 4 * c4))
    bend = 2 * c2 + x * (6 * c3 + x * 12 * c4)
    x = xp.clip(x - slope / _negative(bend), -0.5, 0.5)
    return x * (c1 + x * (c2 + x * (c3 + x * c4)))


def _negative(bend: Array) -> Array:
    """A curvature that is no summit's is made so steep that the summit is where it stands."""
    xp = namespace(bend)
    return xp.where(bend < 0, bend, xp.full_like(bend, -1e30))


def strehl(spectrum: Array, grid: Grid) -> Array:
    """Peak intensity as a fraction of the transform limit at equal energy, shape (...); never above 1.

    Cauchy-Schwarz: |Σ A exp(iφ)| ≤ Σ|A|. The transform limit is that of this very spectrum.
    """
    return peak_intensity(spectrum, grid) / transform_limited_peak(spectrum, grid)


def shg_yield(spectrum: Array, grid: Grid) -> Array:
    """∫I² dt, shape (...): the second-harmonic energy of a thin crystal at low depletion (Boyd, ch. 2)."""
    xp = namespace(spectrum)
    return xp.sum(intensity_of(field(spectrum, grid)) ** 2, axis=-1) * grid.dt_ps


def rms_duration_ps(time_ps: Array, intensity: Array) -> Array:
    """RMS width, shape (...), of intensity, shape (..., n), on a common axis time_ps, shape (n,)."""
    xp = namespace(time_ps, intensity)
    weight = intensity / xp.sum(intensity, axis=-1, keepdims=True)
    mean_ps = xp.sum(weight * time_ps, axis=-1, keepdims=True)
    return xp.sqrt(xp.sum(weight * (time_ps - mean_ps) ** 2, axis=-1))


def fwhm_ps(intensity: Array, grid: Grid) -> Array:
    """Full width at half maximum, shape (...), of intensity, shape (..., n), wherever the pulse sits.

    The peak is first turned to the middle of the (periodic) window. A split pulse counts from the first to the last
    half-maximum crossing, so that a satellite above one half is never hidden. Crossings are found linearly.
    """
    xp = namespace(intensity)
    n = intensity.shape[-1]
    index = xp.arange(n, device=intensity.device)
    turned = xp.take_along_axis(intensity, (index + peak_index(intensity) - n // 2) % n, axis=-1)
    half = turned[..., n // 2] / 2
    above = xp.astype(turned >= half[..., None], xp.int8)
    first = xp.argmax(above, axis=-1)
    last = n - 1 - xp.argmax(xp.flip(above, axis=-1), axis=-1)
    rise = _crossing(turned, first, -1, half)
    fall = _crossing(turned, last, +1, half)
    return (xp.astype(last - first, intensity.dtype) + rise + fall) * grid.dt_ps


def _crossing(intensity: Array, index: Array, step: int, half: Array) -> Array:
    """How far beyond the last sample above `half` the intensity crosses it, in samples, 0 to 1."""
    xp = namespace(intensity)
    inside = xp.take_along_axis(intensity, index[..., None], axis=-1)[..., 0]
    beyond = xp.take_along_axis(intensity, ((index + step) % intensity.shape[-1])[..., None], axis=-1)[..., 0]
    drop = inside - beyond
    return xp.where(drop > 0, (inside - half) / xp.where(drop > 0, drop, xp.ones_like(drop)), xp.zeros_like(drop))


def contrast(intensity: Array, grid: Grid, guard_ps: float) -> Array:
    """Peak over the highest intensity farther than guard_ps from it, shape (...), for intensity of shape (..., n)."""
    xp = namespace(intensity)
    n = intensity.shape[-1]
    away = (xp.arange(n, device=intensity.device) - peak_index(intensity) + n // 2) % n - n // 2
    outside = xp.where(xp.abs(away) * grid.dt_ps > guard_ps, intensity, xp.zeros_like(intensity))
    return xp.max(intensity, axis=-1) / xp.max(outside, axis=-1)
