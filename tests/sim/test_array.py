"""What the array standard lacks: the same answers from both libraries, in the precision of the input."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.array import (
    Array,
    binned_power,
    cis,
    delayed_copies,
    detached,
    fft,
    ifft,
    interpolate,
    like,
    namespace,
    peak_index,
)
from tests.closeness import assert_close

Convert = Callable[[Array], Array]


def noise(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def test_transforms_are_numpys(asarray: Convert, rng: np.random.Generator) -> None:
    signal = noise(rng, 3, 64)
    assert_close(fft(asarray(signal)), np.fft.fft(signal), rel=1e-12)
    assert_close(ifft(asarray(signal)), np.fft.ifft(signal), rel=1e-12)
    assert_close(ifft(asarray(signal), n=128), np.fft.ifft(signal, n=128), rel=1e-11)
    assert_close(ifft(fft(asarray(signal))), signal, rel=1e-12)


def test_the_input_survives_a_transform_that_may_not_overwrite(asarray: Convert, rng: np.random.Generator) -> None:
    signal = asarray(noise(rng, 64))
    before = detached(signal).copy()
    fft(signal)
    assert_close(signal, before, rel=0)


@pytest.mark.parametrize(("real", "complex_"), [("float32", "complex64"), ("float64", "complex128")])
def test_precision_follows_the_input(asarray: Convert, real: str, complex_: str) -> None:
    angle = asarray(np.linspace(-3, 3, 16, dtype=real))
    turned = cis(angle)
    for values in (turned, fft(turned), ifft(turned)):
        assert detached(values).dtype == complex_
    assert detached(like([1.0, 2.0], turned)).dtype == real
    assert detached(interpolate(angle, angle, angle)).dtype == real


def test_cis_is_the_complex_exponential(asarray: Convert) -> None:
    angle = np.linspace(-50.0, 50.0, 101)
    assert np.abs(detached(cis(asarray(angle))) - np.exp(1j * angle)).max() < 1e-15


def test_interpolation_is_linear_inside_and_zero_outside(asarray: Convert) -> None:
    x, f = np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 0.5])
    at = np.array([-0.1, 0.0, 0.25, 1.0, 2.0, 3.0, 3.1])
    assert_close(interpolate(asarray(at), asarray(x), asarray(f)), [0, 2, 2.5, 4, 2.25, 0.5, 0], rel=1e-14)


def test_delayed_copies_move_zeros_in_and_wrap_nothing(asarray: Convert) -> None:
    copies = detached(delayed_copies(asarray(np.array([[1.0, 2, 3], [4, 5, 6]])), 3))
    assert copies.tolist() == [[[1, 2, 3], [0, 1, 2], [0, 0, 1]], [[4, 5, 6], [0, 4, 5], [0, 0, 4]]]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_binned_power_sums_neighbours(asarray: Convert, rng: np.random.Generator, dtype: str) -> None:
    spectrum = noise(rng, 2, 20).astype(dtype)
    expected = (np.abs(spectrum[:, :15]) ** 2).reshape(2, 5, 3).sum(-1)
    power = binned_power(asarray(spectrum), 5, 3)
    assert_close(power, expected, rel=2e-6 if dtype == "complex64" else 1e-14)
    assert detached(power).dtype == expected.dtype


def test_peak_index_fits_take_along_axis(asarray: Convert, rng: np.random.Generator) -> None:
    values = asarray(rng.standard_normal((4, 7)))
    xp = namespace(values)
    assert_close(xp.take_along_axis(values, peak_index(values), axis=-1)[..., 0], xp.max(values, axis=-1), rel=0)


def test_mixing_libraries_is_refused() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    with pytest.raises(TypeError):
        namespace(np.ones(3), torch.ones(3))


def test_detached_leaves_the_gradient_behind() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    assert detached(torch.ones(3, requires_grad=True)).tolist() == [1, 1, 1]
