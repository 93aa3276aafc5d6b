"""A converter of eight bits behind an oscilloscope's input, and the block in which its samples leave."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Levels", "VoltageOverTime", "block", "digitized"]

Floats = NDArray[np.floating[Any]]
Levels = NDArray[np.integer[Any]]
VoltageOverTime = Callable[[Floats], Floats]
"""V at the input for times in s, 0 at the trigger."""


def digitized(volts: Floats, *, volts_per_level: float, zero_level: float, bottom: int, top: int) -> Levels:
    """The nearest level of each voltage, and the last one for what is beyond the range."""
    levels: Levels = np.clip(np.rint(volts / volts_per_level + zero_level), bottom, top).astype(np.int64)
    return levels


def block(data: bytes, digits: int) -> bytes:
    """A definite-length block (IEEE 488.2, 8.7.9) whose length is written with so many digits."""
    return f"#{digits}{len(data):0{digits}d}".encode("ascii") + data
