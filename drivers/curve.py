"""What an instrument shows as a curve: a spectrum, an autocorrelation, a waveform."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Samples `values` over a rising `axis`, both shape (n,), in the units that their names say.

    saturated: whether a sample stands at the end of the detector's range. Raises ValueError where the shapes differ,
    the axis does not rise or anything is no finite number.
    """

    axis: Floats
    values: Floats
    axis_unit: str
    value_unit: str
    saturated: bool = False

    def __post_init__(self) -> None:
        if self.axis.shape != self.values.shape or self.axis.ndim != 1 or self.axis.size < 2:
            shapes = f"{self.values.shape} over {self.axis.shape}"
            raise ValueError(f"a curve has as many values as axis points, and two at least; got {shapes}")
        if not (np.isfinite(self.axis).all() and np.isfinite(self.values).all() and (np.diff(self.axis) > 0).all()):
            raise ValueError("a curve needs finite values over a rising, finite axis")
