"""Covariance matrix adaptation (CMA-ES) as the `cma` package has it, one setting at a time."""

import numpy as np

from agents.protocol import Floats, Shot, Travel
from agents.seen import Seen

__all__ = ["CmaSearch"]

SIGMA = 0.12
"""First standard deviation, of each knob's range."""


class CmaSearch:
    """One generation after the other, each told where its samples really were, limits included.

    Loading the package takes more than a second of CPU (it brings pyplot along): that is done when the first one is
    made.
    """

    name = "cma"

    def __init__(self, travel: Travel, seed: int, sigma: float = SIGMA) -> None:
        import cma

        rng = np.random.default_rng(seed)
        options = {
            "randn": lambda *shape: rng.standard_normal(shape),  # else the package seeds NumPy for everybody
            "seed": np.nan,  # as above
            "verbose": -9,
            "verb_log": 0,
        }
        self._strategy = cma.CMAEvolutionStrategy(list(travel.start), sigma, options)
        self._seen = Seen()
        self._waiting: list[Floats] = []
        self._sampled: list[Floats] = []
        self._losses: list[float] = []

    def ask(self) -> Floats:
        """The generation's next sample, within the bounds, shape (k,), though it may be farther than a step."""
        if not self._waiting:
            self._waiting = [np.clip(sample, -0.5, 0.5) for sample in self._strategy.ask()]
        return self._waiting[0]

    def tell(self, shot: Shot) -> None:
        """A reading of the generation; the reading at the start comes before any and is only remembered."""
        signal = self._seen.add(shot)
        if not self._waiting:
            return
        self._waiting.pop(0)
        self._sampled.append(np.array(shot.fraction, dtype=np.float64))
        self._losses.append(-signal)
        if not self._waiting:
            self._strategy.tell(self._sampled, self._losses)
            self._sampled, self._losses = [], []

    def recommend(self) -> Floats:
        """The setting believed best among those tried, shape (k,)."""
        return self._seen.best()

    def finished(self) -> str | None:
        """Never by itself: the shots run out first."""
        return None
