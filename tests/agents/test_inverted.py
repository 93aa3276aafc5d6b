"""The hand-over between a search that calls and somebody who asks."""

import gc

import numpy as np
import pytest

from agents.inverted import Inverted, Objective, SearchEnded


def countdown(objective: Objective) -> None:
    for value in (3.0, 2.0, 1.0):
        assert objective(np.array([value])) == 10 * value


def endless(objective: Objective) -> None:
    while True:
        objective(np.zeros(1))


def test_points_come_in_turn_and_the_end_is_told() -> None:
    search = Inverted(countdown)
    for value in (3.0, 2.0, 1.0):
        point = search.ask()
        assert point.tolist() == [value]
        search.tell(10 * value)
    with pytest.raises(SearchEnded, match="ended by itself"):
        search.ask()


def test_what_the_search_raises_reaches_the_asker() -> None:
    def broken(objective: Objective) -> None:
        objective(np.zeros(1))
        raise ArithmeticError("no such corner")

    search = Inverted(broken)
    search.ask()
    search.tell(0.0)
    with pytest.raises(ArithmeticError, match="no such corner"):
        search.ask()


def test_close_ends_the_thread() -> None:
    search = Inverted(endless)
    search.ask()
    search.close()
    search.thread.join(timeout=10)
    assert not search.thread.is_alive()


def test_letting_go_ends_the_thread() -> None:
    search = Inverted(endless)
    search.ask()
    thread = search.thread
    del search
    gc.collect()
    thread.join(timeout=10)
    assert not thread.is_alive()
