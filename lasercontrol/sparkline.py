"""Curves of characters, for a terminal that may be forty columns wide or speak ASCII only."""

from collections.abc import Sequence

import numpy as np

from lasercontrol.bench import Floats

__all__ = ["ASCII", "BLOCKS", "block_plot", "resampled", "sparkline"]

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*#@"


def sparkline(values: Sequence[float] | Floats, glyphs: str = BLOCKS, top: float | None = None) -> str:
    """One character per value, from zero to the greatest (or `top`); no number shows as `?`."""
    values = np.asarray(values, dtype=np.float64)
    known = values[np.isfinite(values)]
    top = top or float(known.max(initial=0.0)) or 1.0
    levels = np.clip(np.ceil(values / top * (len(glyphs) - 1) - 0.1), 0, len(glyphs) - 1)
    return "".join(glyphs[int(level)] if np.isfinite(level) else "?" for level in levels)


def block_plot(values: Floats, rows: int, glyphs: str = BLOCKS, top: float | None = None) -> list[str]:
    """A filled curve `rows` lines high, the top line first."""
    top = top or float(np.max(values)) or 1.0
    heights = np.clip(np.asarray(values) / top, 0.0, 1.0) * rows
    return [sparkline(np.clip(heights - row, 0.0, 1.0), glyphs, top=1.0) for row in range(rows - 1, -1, -1)]


def resampled(values: Floats, width: int) -> Floats:
    """The greatest value in each of `width` equal stretches, so that a narrow peak stays; at most one per value."""
    return np.array([part.max() for part in np.array_split(np.asarray(values), min(width, len(values)))])
