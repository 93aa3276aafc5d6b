"""The agent that knows: the floor of every table, since nobody can be there sooner."""

import numpy as np

from agents.protocol import Floats, Shot, Travel

__all__ = ["Oracle"]

ROUNDING = 1e-9  # of a knob's range: what a read-back may be off by arithmetic


class Oracle:
    """Goes straight to the optimum, shape (k,), as fast as the step allows.

    The array is kept, not copied: whoever knows a drifting laser writes the new optimum into it.
    """

    name = "oracle"

    def __init__(self, travel: Travel, optimum: Floats) -> None:
        self._travel = travel
        self._optimum = optimum
        self._here = travel.start

    def ask(self) -> Floats:
        """The allowed setting nearest to the optimum, shape (k,)."""
        return self._travel.clipped(self._optimum, self._here)

    def tell(self, shot: Shot) -> None:
        """Only where the knobs are; the light is no news."""
        self._here = shot.fraction

    def recommend(self) -> Floats:
        """The optimum, shape (k,)."""
        return self._optimum.copy()

    def finished(self) -> str | None:
        """Once it is there."""
        away = np.abs(self._here - self._optimum).max()
        return "at the optimum" if away < ROUNDING else None
