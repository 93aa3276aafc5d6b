"""A search that calls its objective, turned into one that is asked and told.

Libraries want to call; a laser wants to be asked, since moving and measuring take as long as they take. The search
runs in a thread of its own and waits there for each answer: one of the two sides always waits for the other, so that
nothing runs at the same time and the outcome does not depend on timing.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from weakref import finalize

import numpy as np

from agents.protocol import Floats

__all__ = ["Inverted", "Objective", "Search", "SearchEnded"]

Objective = Callable[[Floats], float]
Search = Callable[[Objective], None]
Points = SimpleQueue[Floats | Exception]
Values = SimpleQueue[float | None]


class SearchEnded(RuntimeError):  # noqa: N818 — named by what happened
    """The search returned: it has no further point to ask for."""


class _Closed(BaseException):
    """Ends the search's thread from inside its objective; no library's `except Exception` swallows it."""


class Inverted:
    """`search(objective)` as `ask()` and `tell(value)` in turns.

    The search must not hold this object. `close` ends its thread; so does letting go of this object.
    """

    def __init__(self, search: Search) -> None:
        self._points: Points = SimpleQueue()
        self._values: Values = SimpleQueue()
        self.thread = Thread(target=_run, args=(search, self._points, self._values), name="search", daemon=True)
        self.thread.start()
        self.close = finalize(self, self._values.put, None)

    def ask(self) -> Floats:
        """The next point. Raises `SearchEnded` where there is none, and whatever the search itself raised."""
        point = self._points.get()
        if isinstance(point, Exception):
            raise point
        return point

    def tell(self, value: float) -> None:
        """The objective's value at the point that was asked for."""
        self._values.put(value)


def _run(search: Search, points: Points, values: Values) -> None:
    def objective(point: Floats) -> float:
        points.put(np.array(point, dtype=np.float64))
        value = values.get()
        if value is None:
            raise _Closed
        return value

    try:
        search(objective)
        points.put(SearchEnded("the search has ended by itself"))
    except _Closed:
        pass
    except Exception as error:  # noqa: BLE001 — handed to whoever asks
        points.put(error)
