"""A straight move between two settings, looked at on the way: the ends may be harmless and the middle not."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

__all__ = ["crossing", "profile"]

FIRST_POINTS = 9
FINEST = 2.0**-11
"""No two points are closer than this share of the ramp; a smooth maximum is then found to about 1e-6 of its height."""


def profile(height: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Rising points of the ramp, 0 to 1, shape (m,), and the height at each, dense where it may be greatest.

    `height` maps points (m,) to heights (m,). Between two neighbours a continuous height is taken to rise above the
    higher one by at most the greatest difference there and in the intervals beside it: two neighbours on either side of
    a peak may be equal. Every interval that could so exceed the greatest height seen is halved.
    """
    points = np.linspace(0.0, 1.0, FIRST_POINTS)
    heights = height(points)
    while True:
        differences = np.pad(np.abs(np.diff(heights)), 1)
        rise = np.maximum(differences[1:-1], np.maximum(differences[:-2], differences[2:]))
        could = np.maximum(heights[1:], heights[:-1]) + rise
        halve = (could > heights.max()) & (np.diff(points) > FINEST)
        if not halve.any():
            return points, heights
        middle = (points[1:][halve] + points[:-1][halve]) / 2
        points, heights = np.append(points, middle), np.append(heights, height(middle))
        order = np.argsort(points)
        points, heights = points[order], heights[order]


def crossing(height: Callable[[Floats], Floats], bound: float) -> float:
    """The share of the ramp, 0 to 1, up to which the height stays at or below `bound`."""
    points, heights = profile(height)
    over = np.nonzero(~(heights <= bound))[0]  # written so that NaN counts as above
    if not over.size:
        return 1.0
    if over[0] == 0:
        return 0.0
    inside, outside = points[over[0] - 1], points[over[0]]
    while outside - inside > FINEST / 64:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if height(np.array([middle]))[0] <= bound else (inside, middle)
    return float(inside)
