"""What a camera or a photodiode makes of light: gain, noise, background, saturation, steps.

Noise enters as standard-normal arrays, so that the caller owns the randomness and both libraries take the same lines.
"""

from dataclasses import dataclass
from math import prod

from sim.array import Array, namespace

__all__ = ["Camera", "YieldMeter", "displaced", "exposed", "measured_yield"]


@dataclass(frozen=True, slots=True)
class Camera:
    """A digitising detector with automatic gain.

    pixel_noise is a fraction of the frame's peak; the counts are of the analogue-digital converter; fill is the share
    of the converter's range that the frame's peak is brought to; greatest_gain bounds the automatic gain, in counts
    per unit of signal (a signal of 1 is the yield of the transform limit, spread over about 20 bins).
    """

    pixel_noise: float = 0.015
    read_noise_counts: float = 1.0
    background_counts: float = 20.0
    full_scale_counts: float = 4095.0
    fill: float = 0.8
    greatest_gain: float = 6e7


@dataclass(frozen=True, slots=True)
class YieldMeter:
    """A photodiode behind a doubling crystal: y (1 + relative_noise n₁) + additive_noise n₂."""

    relative_noise: float = 0.015
    additive_noise: float = 0.002


def exposed(signal: Array, normals: Array, camera: Camera, n_axes: int) -> tuple[Array, Array, Array]:
    """Counts, shape of `signal`; gain in counts per unit and the saturated share, each (...).

    `signal` and the standard-normal `normals` have shape (..., *frame) with `n_axes` frame axes. Pixel and read noise
    are independent and Gaussian, so that one draw of their summed variance stands for both.
    """
    xp = namespace(signal)
    axes = tuple(range(-n_axes, 0))
    peak = xp.max(signal, axis=axes, keepdims=True)
    target = camera.fill * camera.full_scale_counts
    gain = target / xp.where(peak > target / camera.greatest_gain, peak, target / camera.greatest_gain)
    sigma = (camera.read_noise_counts**2 + (camera.pixel_noise * gain * peak) ** 2) ** 0.5
    counts = sigma * normals
    counts += signal * gain
    counts += camera.background_counts
    over = counts >= camera.full_scale_counts
    counts = xp.round(xp.where(over, camera.full_scale_counts, xp.where(counts > 0, counts, 0.0)))
    full = xp.astype(xp.count_nonzero(over, axis=axes), counts.dtype) / prod(signal.shape[-n_axes:])
    return counts, xp.reshape(gain, gain.shape[: gain.ndim - n_axes]), full


def displaced(trace: Array, step_ps: float, error_ps: Array) -> Array:
    """A trace whose delays, the axis before the last, were each off by error_ps, shape (..., n_delay).

    First order in the error: I(τ + δ) = I + δ dI/dτ, with central differences, one-sided at the ends. Good for errors
    far below the delay step; nothing is interpolated.
    """
    moved = trace * 1  # a copy, in either library
    error = error_ps[..., None] / (2 * step_ps)
    moved[..., 1:-1, :] += (trace[..., 2:, :] - trace[..., :-2, :]) * error[..., 1:-1, :]
    moved[..., :1, :] += 2 * (trace[..., 1:2, :] - trace[..., :1, :]) * error[..., :1, :]
    moved[..., -1:, :] += 2 * (trace[..., -1:, :] - trace[..., -2:-1, :]) * error[..., -1:, :]
    return moved


def measured_yield(yield_fraction: Array, normals: Array, meter: YieldMeter) -> Array:
    """Reading of a yield meter, shape (...), for two standard normals each, shape (..., 2)."""
    return yield_fraction * (1 + meter.relative_noise * normals[..., 0]) + meter.additive_noise * normals[..., 1]
