"""How long a shot takes in a laboratory: what an operator waits for is minutes, not shots.

Orders of magnitude, one knob move and one reading each, as the drivers of this project estimate them; every instrument
is another one, so each number can be given.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lasercontrol.errors import CallerError

__all__ = ["SECONDS_PER_SHOT", "WAYS", "lab_minutes", "seconds_with"]

KNOBS_S = 1.0  # a shaper's new profile or a short move of a stage, with its read-back
SECONDS_PER_SHOT: Mapping[str, float] = MappingProxyType(
    {
        # 64 delays; at each the stage moves and settles, and an analyser sweeps 151 points: half a second each.
        "scanned": KNOBS_S + 64.0,
        # One frame of a camera behind a thick crystal; a second holds averages at any repetition rate above 10 Hz.
        "single-shot": KNOBS_S + 1.0,
        # Two scans of 0.2 s, so that one has begun after the move (`drivers.pulselink`).
        "autocorrelation": KNOBS_S + 0.4,
        # A power meter behind a crystal.
        "shg": KNOBS_S + 0.2,
    }
)
"""Seconds by way of measuring."""

WAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"frog": ("scanned", "single-shot"), "autocorrelation": ("autocorrelation",), "shg": ("shg",)}
)
"""Ways of measuring that a diagnostic has."""


def seconds_with(told: Mapping[str, float]) -> dict[str, float]:
    """All seconds, some of them as told; CallerError for a way that there is not, or a time that is none."""
    for way, seconds in told.items():
        if way not in SECONDS_PER_SHOT:
            raise CallerError(f"there is no way of measuring {way}; there are {', '.join(SECONDS_PER_SHOT)}")
        if not 0 < seconds < 1e6:
            raise CallerError(f"a shot {way} takes more than 0 and less than 1e6 s, got {seconds:g}")
    return {**SECONDS_PER_SHOT, **told}


def lab_minutes(observe: str, shots: float, seconds: Mapping[str, float]) -> dict[str, float]:
    """Minutes that so many shots take, by way of measuring."""
    return {way: shots * seconds[way] / 60 for way in WAYS[observe]}
