"""Series arithmetic against closed forms: coefficients, values, and remainders without cancellation."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.array import Array
from sim.series import Series
from tests.closeness import assert_close

x = np.linspace(-0.2, 0.2, 9)


def test_square_root_has_the_binomial_coefficients() -> None:
    assert_close(Series.variable(0.0, start=1.0).sqrt().coefficients, [1, 1 / 2, -1 / 8, 1 / 16, -5 / 128], rel=1e-15)


def test_reciprocal_is_the_geometric_series() -> None:
    assert_close(
        (1 / Series.variable(0.0, start=2.0)).coefficients, [2.0**-k * (-1) ** (k - 1) for k in range(1, 6)], rel=0
    )


def test_the_value_is_exact_and_not_truncated(asarray: Callable[[Array], Array]) -> None:
    s = Series.variable(asarray(x), start=1.5)
    expected = np.sqrt(3 + (x + 1.5) / (2 - (x + 1.5) ** 2 / 9)) - 0.25
    assert_close(((3 + s / (2 - s * s / 9)).sqrt() - 0.25).value, expected, rel=1e-14)


@given(start=st.floats(0.5, 5.0), size=st.floats(1e-12, 1e-3))
def test_what_is_beyond_linear_keeps_its_digits_for_tiny_x(start: float, size: float) -> None:
    beyond = (1 / Series.variable(np.array([size]), start=start)).beyond_linear
    assert_close(beyond, size**2 / (start**2 * (start + size)), rel=1e-13)


def test_float32_keeps_its_digits(asarray: Callable[[Array], Array]) -> None:
    tiny = np.array([1e-6, -1e-4, 1e-2], dtype=np.float32)
    s = Series.variable(asarray(tiny), start=1.0)
    y = tiny.astype(np.float64)
    r = np.sqrt(1 + y)
    expected = y**2 * (r + 0.5) / (1 + r) ** 2  # r³ - 1 - 3y/2 = (r - 1)² (r + 1/2)
    assert_close((s * s.sqrt()).beyond_linear, expected, rel=5e-7)
