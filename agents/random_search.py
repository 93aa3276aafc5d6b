"""Random walk: the floor of every comparison from below."""

import numpy as np

from agents.protocol import Floats, Shot, Travel
from agents.seen import Seen

__all__ = ["RandomSearch"]


class RandomSearch:
    """Uniform draws among the settings that one step reaches."""

    name = "random"

    def __init__(self, travel: Travel, seed: int) -> None:
        self._travel = travel
        self._rng = np.random.default_rng(seed)
        self._here = travel.start
        self._seen = Seen()

    def ask(self) -> Floats:
        """Anywhere within one step and the bounds, shape (k,)."""
        low = np.maximum(self._here - self._travel.max_step, -0.5)
        high = np.minimum(self._here + self._travel.max_step, 0.5)
        return self._rng.uniform(low, high)

    def tell(self, shot: Shot) -> None:
        """Remember; a random walk learns nothing else."""
        self._here = shot.fraction
        self._seen.add(shot)

    def recommend(self) -> Floats:
        """The setting believed best among those visited, shape (k,)."""
        return self._seen.best()

    def finished(self) -> str | None:
        """Never: chance has no opinion."""
        return None
