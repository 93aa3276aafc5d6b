"""Small pictures in SVG: a box with two scales, lines that break where nothing was measured, bands, and words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasercontrol.report.markup import Markup, element, joined

__all__ = ["Axes", "Span", "nice_ticks", "picture"]

Floats = NDArray[np.float64]
Span = tuple[float, float]


def picture(
    width: float, height: float, *parts: object, title: str, words: str = "", class_: str | None = None
) -> Markup:
    """An image with its text alternative: a title and, where that does not say it all, a description."""
    described = element("desc", words) if words else None
    return element(
        "svg",
        element("title", title),
        described,
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=f"{title}. {words}" if words else title,
        class_=class_,
    )


def nice_ticks(span: Span, most: int) -> list[float]:
    """Round numbers inside a span, at most so many: steps of 1, 2 or 5."""
    width = span[1] - span[0]
    if not (math.isfinite(width) and width > 0):
        return []
    power = 10.0 ** math.floor(math.log10(width / most))
    step = next((power * k for k in (1, 2, 5, 10) if width / (power * k) <= most), 10 * power)
    first = math.ceil(span[0] / step - 1e-9)
    return [k * step for k in range(first, math.floor(span[1] / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Axes:
    """A box in a picture and what its sides mean; x and y of data become places in the picture."""

    left: float
    top: float
    width: float
    height: float
    x: Span
    y: Span

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.width

    def at_x(self, x: Floats | float) -> Floats:
        """Place of x, kept inside the box."""
        return np.clip(self.left + (np.asarray(x) - self.x[0]) / (self.x[1] - self.x[0]) * self.width, *self._sides)

    def at_y(self, y: Floats | float) -> Floats:
        """Place of y, kept inside the box: what lies beyond runs along the edge."""
        return np.clip(
            self.bottom - (np.asarray(y) - self.y[0]) / (self.y[1] - self.y[0]) * self.height, self.top, self.bottom
        )

    @property
    def _sides(self) -> Span:
        return self.left, self.right

    def line(self, x: Floats, y: Floats, class_: str) -> Markup:
        """A line through what is finite, broken where it is not; a lone point is a dot."""
        words: list[str] = []
        for run in _runs(np.isfinite(x) & np.isfinite(y)):
            places = [f"{a:.1f} {b:.1f}" for a, b in zip(self.at_x(x[run]), self.at_y(y[run]), strict=True)]
            words.append(f"M{'L'.join(places if len(places) > 1 else [*places, places[0]])}")
        return element("path", d="".join(words) or "M0 0", class_=f"line {class_}")

    def band(self, x: Floats, low: Floats, high: Floats, class_: str) -> Markup:
        """The area between two lines."""
        words: list[str] = []
        for run in _runs(np.isfinite(x) & np.isfinite(low) & np.isfinite(high)):
            places = [*zip(self.at_x(x[run]), self.at_y(high[run]), strict=True)]
            places += [*zip(self.at_x(x[run])[::-1], self.at_y(low[run])[::-1], strict=True)]
            words.append(f"M{'L'.join(f'{a:.1f} {b:.1f}' for a, b in places)}Z")
        return element("path", d="".join(words) or "M0 0", class_=f"band {class_}")

    def dots(self, x: Floats, y: Floats, class_: str, radius: float = 2.2) -> Markup:
        """A dot each."""
        good = np.isfinite(x) & np.isfinite(y)
        places = zip(self.at_x(x[good]), self.at_y(y[good]), strict=True)
        return joined(element("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", r=radius, class_=class_) for a, b in places)

    def across(self, y: float, class_: str) -> Markup | None:
        """A line from side to side, where y is in the box."""
        if not self.y[0] <= y <= self.y[1]:
            return None
        at = f"{float(self.at_y(y)):.1f}"
        return element("line", x1=f"{self.left:g}", x2=f"{self.right:g}", y1=at, y2=at, class_=class_)

    def upright(self, x: float, class_: str) -> Markup | None:
        """A line from top to bottom, where x is in the box."""
        if not self.x[0] <= x <= self.x[1]:
            return None
        at = f"{float(self.at_x(x)):.1f}"
        return element("line", x1=at, x2=at, y1=f"{self.top:g}", y2=f"{self.bottom:g}", class_=class_)

    def shade(self, begin: float, end: float, class_: str, words: str = "") -> Markup | None:
        """A stretch of x, at least a hair wide so that a short one is seen."""
        if end < self.x[0] or begin > self.x[1]:
            return None
        left, right = (float(place) for place in self.at_x(np.array([begin, end])))
        said = element("title", words) if words else None
        size = {"width": f"{max(1.2, right - left):.1f}", "height": f"{self.height:g}"}
        return element("rect", said, x=f"{left:.1f}", y=f"{self.top:g}", **size, class_=class_)

    def word(self, x: float, y: float, text: str, class_: str = "tick", anchor: str = "middle") -> Markup:
        """Text at a place of the picture."""
        return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", class_=class_, text_anchor=anchor)

    def y_scale(self, most: int = 4, unit: str = "") -> Markup:
        """Hairlines and numbers at the left."""
        ticks = nice_ticks(self.y, most)
        digits = _digits(ticks)
        rows: list[object] = [self.across(y, "grid") for y in ticks]
        rows += [self.word(self.left - 6, float(self.at_y(y)) + 3.5, _signed(y, digits), anchor="end") for y in ticks]
        if unit:
            rows.append(self.word(self.left - 6, self.top - 7, unit, "unit", "end"))
        return joined(rows)

    def x_scale(self, ticks: Sequence[tuple[float, str]], unit: str = "") -> Markup:
        """The line below, marks and words."""
        foot = self.bottom
        rows: list[object] = [
            element("line", x1=f"{self.left:g}", x2=f"{self.right:g}", y1=f"{foot:g}", y2=f"{foot:g}", class_="axis")
        ]
        for x, text in ticks:
            at = float(self.at_x(x))
            rows.append(element("line", x1=f"{at:.1f}", x2=f"{at:.1f}", y1=foot, y2=foot + 4, class_="axis"))
            rows.append(self.word(at, foot + 15, text))
        if unit:
            rows.append(self.word(self.right, foot + 28, unit, "unit", "end"))
        return joined(rows)


def _runs(good: NDArray[np.bool_]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], good.astype(np.int8), [0]))))
    return [slice(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def _digits(ticks: Sequence[float]) -> int:
    step = min(np.diff(ticks), default=1.0)
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def _signed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")
