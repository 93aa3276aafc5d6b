"""When the start shows no light: what counts as light, and where to look for it."""

from collections.abc import Iterator
from itertools import count, product

import numpy as np

from lasercontrol.bench import Channel, Floats, Knob, Quality, Reading

__all__ = ["is_usable", "outward", "stands_out"]

YIELD_OVER_DARK = 5.0
"""A single number must exceed its dark noise so many times: by chance that happens once in three million."""

PEAK_OVER_NOISE = 8.0
"""The brightest of a frame's pixels must exceed their noise so many times: among 4096 dark ones it reaches 4."""


def is_usable(reading: Reading, dark_yield: float) -> bool:
    """Whether an agent can climb on this reading of one bench: some second-harmonic channel stands above its noise."""
    if reading.worst is Quality.INVALID:
        return False
    channels = reading.channels
    if "shg" in channels:
        return bool(channels["shg"].values > YIELD_OVER_DARK * dark_yield)
    return any(stands_out(channels[name]) for name in ("frog", "autocorrelation") if name in channels)


def stands_out(channel: Channel) -> bool:
    """Whether the brightest pixel is light and no noise.

    Noise from the median second difference along the last axis, which light that is smooth there does not raise.
    """
    values = channel.values - channel.background
    noise = 1.4826 * np.median(np.abs(np.diff(values, 2, axis=-1))) / np.sqrt(6)  # 1.4826: median to σ; 6 = 1 + 4 + 1
    return bool(values.max() > PEAK_OVER_NOISE * noise and values.max() > 0)


def outward(knobs: tuple[Knob, ...], start: Floats) -> Iterator[Floats]:
    """Settings (k,) in shells about the start, half a step apart: each knob alone, then pairs, then more; none twice.

    Ends where a whole shell lies on settings already given, since every knob has reached its bounds.
    """
    low, high = np.array([knob.low for knob in knobs]), np.array([knob.high for knob in knobs])
    half_step = np.array([knob.max_step for knob in knobs]) / 2
    directions = _directions(len(knobs))
    seen = {tuple(start)}
    for shell in count(1):
        settings = [np.clip(start + shell * half_step * direction, low, high) for direction in directions]
        new = {tuple(setting): setting for setting in settings if tuple(setting) not in seen}
        if not new:
            return
        seen |= set(new)
        yield from new.values()


def _directions(k: int) -> list[Floats]:
    """All of {-1, 0, 1}^k but the origin, fewest knobs first, the first knob before the others."""
    signs = [s for s in product((1, -1, 0), repeat=k) if any(s)]
    signs.sort(key=lambda s: (np.count_nonzero(s), [-abs(part) for part in s]))
    return [np.array(s, dtype=np.float64) for s in signs]
