"""Taylor series with an exact remainder: derivatives without differences, and phases without cancellation.

A function of x is carried as

    f(x) = c₀ + c₁x + c₂x² + c₃x³ + c₄x⁴ + r(x) x⁵,

where the five coefficients are numbers and r(x) is an array of the shape of x. Sums, products, quotients and square
roots of such series are such series again, and exactly so: r is propagated, never truncated. One evaluation therefore
gives the derivatives at x = 0 and, from c₂ upwards, what is left of f when its constant and linear parts are gone.
Taking those parts away afterwards would subtract 10⁷ rad from 10⁷ rad and leave no digit in float32.

With a plain 0.0 for x the same lines compute the coefficients alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import sqrt
from typing import Union

from sim.array import Array

__all__ = ["Series"]

Operand = Union["Series", float]
ORDERS = range(5)


@dataclass(frozen=True, slots=True)
class Series:
    """f(x) = Σ coefficients[k] x^k + remainder x⁵; five coefficients, remainder of the shape of x."""

    x: Array
    coefficients: tuple[float, ...]
    remainder: Array

    @classmethod
    def variable(cls, x: Array, *, start: float) -> "Series":
        """The function start + x itself."""
        return cls(x, (start, 1.0, 0.0, 0.0, 0.0), 0.0 * x)

    @property
    def value(self) -> Array:
        """f(x), shape of x."""
        return _polynomial((*self.coefficients, self.remainder), self.x)

    @property
    def beyond_linear(self) -> Array:
        """f(x) - c₀ - c₁x, shape of x, to full precision however small x is."""
        return self.x**2 * _polynomial((*self.coefficients[2:], self.remainder), self.x)

    def sqrt(self) -> "Series":
        """√f, positive at x = 0; from s² = f the remainder is (r - high part of s²) / (√f + s)."""
        f, s = self.coefficients, [sqrt(self.coefficients[0])]
        for k in ORDERS[1:]:
            s.append((f[k] - sum(s[j] * s[k - j] for j in range(1, k))) / (2 * s[0]))
        remainder = self.remainder - _high_product(s, s, self.x)
        return Series(self.x, tuple(s), remainder / (self.value**0.5 + _polynomial(s, self.x)))

    def __add__(self, other: Operand) -> "Series":
        other = self._lifted(other)
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Series(self.x, tuple(a + b for a, b in pairs), self.remainder + other.remainder)

    def __mul__(self, other: Operand) -> "Series":
        other = self._lifted(other)
        a, b = self.coefficients, other.coefficients
        low = tuple(sum(a[j] * b[k - j] for j in range(k + 1)) for k in ORDERS)
        crossed = self.remainder * other.value + _polynomial(a, self.x) * other.remainder
        return Series(self.x, low, _high_product(a, b, self.x) + crossed)

    def __truediv__(self, other: Operand) -> "Series":
        other = self._lifted(other)
        a, b = self.coefficients, other.coefficients
        c: list[float] = []
        for k in ORDERS:
            c.append((a[k] - sum(b[j] * c[k - j] for j in range(1, k + 1))) / b[0])
        rest = self.remainder - _high_product(b, c, self.x) - other.remainder * _polynomial(c, self.x)
        return Series(self.x, tuple(c), rest / other.value)

    def __sub__(self, other: Operand) -> "Series":
        return self + self._lifted(other) * -1.0

    def __rsub__(self, other: float) -> "Series":
        return self * -1.0 + other

    def __rtruediv__(self, other: float) -> "Series":
        return self._lifted(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def _lifted(self, other: Operand) -> "Series":
        """A number as the constant series."""
        if isinstance(other, Series):
            return other
        return Series(self.x, (float(other), 0.0, 0.0, 0.0, 0.0), 0.0 * self.x)


def _polynomial(coefficients: Sequence[Array], x: Array) -> Array:
    """Horner's rule, lowest order first."""
    return reduce(lambda total, c: total * x + c, reversed(coefficients), 0.0 * x)


def _high_product(a: Sequence[float], b: Sequence[float], x: Array) -> Array:
    """What a product of two quartics holds from x⁵ upwards, divided by x⁵."""
    orders = range(len(ORDERS), 2 * len(ORDERS) - 1)
    return _polynomial([sum(a[j] * b[k - j] for j in ORDERS if k - j in ORDERS) for k in orders], x)
