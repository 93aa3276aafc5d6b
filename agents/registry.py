"""Agents by name."""

from collections.abc import Callable
from typing import TypeVar

from agents.cma_search import CmaSearch
from agents.forward import ForwardModel
from agents.nelder_mead import NelderMead
from agents.oracle import Oracle
from agents.protocol import Agent, Floats, Travel
from agents.random_search import RandomSearch

T = TypeVar("T")

__all__ = ["CLASSICAL", "NAMES", "make"]

CLASSICAL = ("nelder-mead", "cma", "random")
"""Searches that know no model: they take a hundred shots where the others take a handful."""

NAMES = ("estimator", "oracle", *CLASSICAL)


def make(
    name: str,
    *,
    travel: Travel,
    seed: int,
    optimum: Floats | None = None,
    forward: ForwardModel | None = None,
    departure: Callable[[Floats], Floats] | None = None,
) -> Agent:
    """A new agent. The oracle needs the optimum, shape (k,); the estimator needs a forward model.

    departure: of what is wanted from the best, as `agents.estimator.Estimator` takes it; others know none.

    Raises ValueError where there is no agent of that name, or where it is not given what it needs.
    """
    makers: dict[str, Callable[[], Agent]] = {
        "estimator": lambda: _estimator(travel, seed, forward, departure),
        "oracle": lambda: Oracle(travel, _needed(optimum, "the oracle", "the optimum")),
        "nelder-mead": lambda: NelderMead(travel),
        "cma": lambda: CmaSearch(travel, seed),
        "random": lambda: RandomSearch(travel, seed),
    }
    if name not in makers:
        raise ValueError(f"there is no agent {name!r}; there are {', '.join(NAMES)}")
    return makers[name]()


def _estimator(
    travel: Travel, seed: int, forward: ForwardModel | None, departure: Callable[[Floats], Floats] | None
) -> Agent:
    from agents.estimator import Estimator

    return Estimator(_needed(forward, "the estimator", "a forward model"), travel, seed, departure)


def _needed(value: T | None, who: str, what: str) -> T:
    if value is None:
        raise ValueError(f"{who} cannot be made without {what}")
    return value
