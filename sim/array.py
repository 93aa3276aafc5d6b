"""What `sim` computes with: an array of the Python array API standard, NumPy or torch.

This is the one module that knows the libraries apart. It owns what the standard lacks: transforms that keep
float32, exp(iφ) without a complex exponential, interpolation, and delayed copies without a copy. torch is never
imported here; it is only recognised when somebody hands in a tensor.
"""

from collections.abc import Callable
from typing import Any

import array_api_compat.numpy as numpy_namespace
import numpy as np
import scipy.fft
from array_api_compat import array_namespace, is_torch_array

Array = Any  # the standard defines no type to annotate with; shapes and units stand in the docstrings

__all__ = [
    "Array",
    "binned_power",
    "cis",
    "delayed_copies",
    "detached",
    "fft",
    "ifft",
    "in_chunks",
    "interpolate",
    "like",
    "like_complex",
    "namespace",
    "peak_index",
]


def namespace(*arrays: Array) -> Any:
    """The array library of the arguments; TypeError where two libraries are mixed."""
    if all(isinstance(array, (np.ndarray, np.generic)) for array in arrays):
        return numpy_namespace  # the usual case, without four microseconds of asking
    return array_namespace(*arrays)


def like(values: Any, example: Array) -> Array:
    """`values` as an array of the library, real precision and device of `example`."""
    if is_torch_array(example):
        xp = namespace(example)
        return xp.asarray(values, dtype=example.real.dtype, device=example.device)
    return np.asarray(values, dtype=example.real.dtype)


def like_complex(values: Any, example: Array) -> Array:
    """`values` as an array of the library, precision and device of the complex `example`."""
    if is_torch_array(example):
        return namespace(example).asarray(values, dtype=example.dtype, device=example.device)
    return np.asarray(values, dtype=example.dtype)


def detached(array: Array) -> Any:
    """The values as NumPy, off the device and out of any gradient."""
    return array.detach().cpu().numpy() if is_torch_array(array) else np.asarray(array)


def ifft(spectrum: Array, n: int | None = None) -> Array:
    """Inverse transform over the last axis, exp(+iωt)/n, in the precision of the input; `n` crops or zero-pads."""
    if is_torch_array(spectrum):
        return namespace(spectrum).fft.ifft(spectrum, n=n)
    return scipy.fft.ifft(spectrum, n=n)  # numpy.fft is several times slower in complex64


def fft(signal: Array, n: int | None = None, *, overwrite: bool = False) -> Array:
    """Forward transform over the last axis, exp(-iωt); `overwrite` lets NumPy reuse the input's memory."""
    if is_torch_array(signal):
        return namespace(signal).fft.fft(signal, n=n)
    return scipy.fft.fft(signal, n=n, overwrite_x=overwrite)


def cis(phase_rad: Array) -> Array:
    """exp(iφ) of real φ; cosine and sine are several times faster than a complex exponential."""
    xp = namespace(phase_rad)
    if is_torch_array(phase_rad):
        return xp.complex(xp.cos(phase_rad), xp.sin(phase_rad))
    value = np.empty(phase_rad.shape, dtype=np.result_type(phase_rad, np.complex64))
    np.cos(phase_rad, out=value.real)
    np.sin(phase_rad, out=value.imag)
    return value


def interpolate(x: Array, xp_rising: Array, fp: Array) -> Array:
    """Linear interpolation of samples fp, shape (m,), at rising positions, shape (m,); 0 outside them."""
    if not is_torch_array(x):
        return np.interp(x, xp_rising, fp, left=0.0, right=0.0).astype(x.dtype, copy=False)
    lib = namespace(x)
    upper = lib.clip(lib.searchsorted(xp_rising, x), 1, xp_rising.shape[0] - 1)
    left, right = xp_rising[upper - 1], xp_rising[upper]
    value = fp[upper - 1] + (fp[upper] - fp[upper - 1]) * (x - left) / (right - left)
    return lib.where((x >= xp_rising[0]) & (x <= xp_rising[-1]), value, lib.zeros_like(value))


def delayed_copies(signal: Array, count: int) -> Array:
    """Copies of (..., n) delayed by 0 … count-1 samples, shape (..., count, n); zeros move in, nothing wraps."""
    n = signal.shape[-1]
    if is_torch_array(signal):
        lib = namespace(signal)
        padded = lib.concat([lib.zeros_like(signal[..., : count - 1]), signal], axis=-1)
        return lib.flip(padded.unfold(-1, n, 1), axis=(-2,))
    padded = np.zeros((*signal.shape[:-1], n + count - 1), dtype=signal.dtype)
    padded[..., count - 1 :] = signal
    step = padded.strides[-1]
    start = padded[..., count - 1 :]
    return np.lib.stride_tricks.as_strided(  # row k begins k samples earlier: a view, never written to
        start, shape=(*signal.shape[:-1], count, n), strides=(*padded.strides[:-1], -step, step), writeable=False
    )


def binned_power(spectrum: Array, n_bin: int, width: int) -> Array:
    """Σ|·|² over the first n_bin groups of `width` neighbours of the last axis, shape (..., n_bin).

    Groups of even width share the sample on their border, half to each, so that every group is centred on a sample.
    """
    edge = 1 - width % 2
    band = spectrum[..., : n_bin * width + edge]
    if is_torch_array(spectrum):
        power = band.real**2 + band.imag**2
        groups = power[..., : n_bin * width].reshape(*band.shape[:-1], n_bin, width).sum(-1)
    else:
        parts = band.view(spectrum.real.dtype)  # real and imaginary parts side by side: one square, one product
        power = np.square(parts)
        ones = np.ones(2 * width, dtype=power.dtype)
        groups = power[..., : 2 * n_bin * width].reshape(*band.shape[:-1], n_bin, 2 * width) @ ones
        power = power[..., :: 2 * width] + power[..., 1 :: 2 * width] if edge else power
    if not edge:
        return groups
    borders = power[..., ::width] if is_torch_array(spectrum) else power
    return groups + (borders[..., 1:] - borders[..., :-1]) / 2


def in_chunks(function: Callable[[Array], Array], array: Array, size: int) -> Array:
    """function(array) over the first axis in pieces of `size`, so that NumPy's intermediates stay in the cache.

    torch takes the whole batch at once: a GPU wants it, and gradients need no loop.
    """
    if is_torch_array(array) or len(array) <= size:
        return function(array)
    return np.concatenate([function(array[i : i + size]) for i in range(0, len(array), size)])


def peak_index(values: Array) -> Array:
    """Index of the greatest value over the last axis, shape (..., 1), as `take_along_axis` wants it."""
    return namespace(values).argmax(values, axis=-1, keepdims=True)
