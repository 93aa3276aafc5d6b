"""Which setting an agent believes best."""

import numpy as np
import pytest

from agents.protocol import Shot
from agents.seen import Seen
from tests.agents.hill import Hill
from tests.closeness import assert_close


def told(*shots: tuple[float, float]) -> Seen:
    seen = Seen()
    for fraction, signal in shots:
        seen.add(Shot(np.array([fraction]), signal, np.zeros(1)))
    return seen


def test_repeats_are_averaged() -> None:
    assert told((0.0, 1.0), (0.1, 1.2), (0.1, 0.7), (0.0, 1.0)).best().tolist() == [0.0]


def test_an_unusable_reading_counts_as_dark() -> None:
    seen = told((0.0, 1.0))
    assert seen.add(Shot(np.array([0.1]), 9.0, np.zeros(1), usable=False)) == 0.0
    assert seen.best().tolist() == [0.0]


def test_neighbours_outvote_a_lucky_reading(rng: np.random.Generator) -> None:
    hill, seen = Hill(np.zeros(3)), Seen()
    for fraction in rng.normal(scale=0.005, size=(60, 3)):
        seen.add(Shot(fraction, hill.height(fraction), np.zeros(1)))
    lucky = np.array([0.008, 0.01, 0.0])
    seen.add(Shot(lucky, 1.02, np.zeros(1)))
    assert_close(hill.height(seen.best()), 1.0, rel=0.01)
    assert hill.height(lucky) < 0.93


def test_nothing_seen_has_no_best() -> None:
    with pytest.raises(ValueError, match="no shot was told yet"):
        Seen().best()
