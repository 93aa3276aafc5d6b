"""Random numbers of a simulated night, by what they are for: none depends on how many others were drawn."""

from enum import IntEnum

import numpy as np

from sim.night_splits import NIGHT_VERSION, SPLIT_SEEDS, Split

__all__ = ["NightSeed", "Purpose"]


class Purpose(IntEnum):
    """One stream each."""

    LASERS = 1
    FAILURES = 2
    DAMAGE = 3
    CLIMATE = 4
    DRIVER = 5
    EVENTS = 6
    NIGHT_EVENTS = 7
    NOISE = 8
    AIR = 9
    MAINS = 10
    CLOCK = 11
    SWINGS = 12


class NightSeed:
    """Of night `index` of a split."""

    def __init__(self, split: Split, index: int) -> None:
        self.words = (NIGHT_VERSION, SPLIT_SEEDS[split], index)

    def rng(self, purpose: Purpose, rack: int = 0, tick: int = 0) -> np.random.Generator:
        """Generator for a purpose, in a rack, in a minute; SFC64, which makes normals fastest."""
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence((*self.words, purpose, rack, tick))))
