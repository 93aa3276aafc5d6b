"""Nelder and Mead's simplex as SciPy has it, asked and told: the best of the searches that know no model."""

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.inverted import Inverted, Objective
from agents.protocol import Floats, Shot, Travel
from agents.seen import Seen

__all__ = ["NelderMead"]

FIRST_EDGE = 0.12
"""Edge of the first simplex, of each knob's range: half of the spread in which an optimum is looked for."""

NEXT_EDGE = 0.03
SETTLED = 0.001
"""A simplex smaller than this, of the range, is below the sharpest optimum's width: noise has shrunk it."""

ENDLESS = 10**9


class NelderMead:
    """The simplex, begun anew around the best belief whenever noise has shrunk it to nothing.

    A point farther away than one step is approached in several shots, and the simplex hears only of the last.
    """

    name = "nelder-mead"

    def __init__(self, travel: Travel, first_edge: float = FIRST_EDGE) -> None:
        self._travel = travel
        self._here = travel.start
        self._seen = Seen()
        self._search = Inverted(_restarted(travel.start, first_edge, self._seen.best))
        self._wish = self._search.ask()  # the start, which the first shot answers

    def ask(self) -> Floats:
        """The simplex's next point, shape (k,), though it may be farther away than a step."""
        return self._wish

    def tell(self, shot: Shot) -> None:
        """A reading at the point, or on the way to it."""
        arrived = np.array_equal(self._travel.clipped(self._wish, self._here), self._wish)
        self._here = shot.fraction
        signal = self._seen.add(shot)
        if arrived:
            self._search.tell(-signal)
            self._wish = self._search.ask()

    def recommend(self) -> Floats:
        """The setting believed best among those tried, shape (k,)."""
        return self._seen.best()

    def finished(self) -> str | None:
        """Never by itself: with noise there is always another simplex."""
        return None

    def close(self) -> None:
        """End the search's thread; it ends as well when the agent is let go."""
        self._search.close()


def _restarted(start: Floats, edge: float, best: Callable[[], Floats]) -> Callable[[Objective], None]:
    def search(objective: Objective) -> None:
        _descend(objective, _simplex(start, edge))
        while True:
            _descend(objective, _simplex(best(), NEXT_EDGE))

    return search


def _simplex(corner: Floats, edge: float) -> Floats:
    """Corners (k + 1, k): one setting, and one more along each knob, towards the middle of its range."""
    inward = np.where(corner > 0, -edge, edge)
    return np.vstack([corner, corner + np.diag(inward)])


def _descend(objective: Objective, simplex: Floats) -> None:
    from scipy.optimize import minimize

    limits = [(-0.5, 0.5)] * simplex.shape[1]
    options: Any = {
        "initial_simplex": simplex,
        "xatol": SETTLED,
        "fatol": np.inf,  # readings are noisy: their spread says nothing about having arrived
        "maxiter": ENDLESS,
        "maxfev": ENDLESS,
    }
    minimize(objective, simplex[0], method="Nelder-Mead", bounds=limits, options=options)
