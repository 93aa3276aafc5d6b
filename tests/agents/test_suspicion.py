"""Signals against a belief: doubt begins where none of what is believed explains them, twice running."""

import numpy as np

from agents.belief import Mixture
from agents.suspicion import Suspicion


def belief_at(*means: tuple[float, float, float], weights: tuple[float, ...] = (1.0,), sharp: float = 20.0) -> Mixture:
    mean = np.column_stack([np.array(means), np.full(len(means), 2.0)])
    return Mixture(np.log(weights), mean, np.repeat(sharp**2 * np.eye(4)[None], len(means), axis=0))


def hill(points: np.ndarray) -> np.ndarray:
    """A laser whose log signal is -½|u|²."""
    return np.asarray(-0.5 * (points[:, :3] ** 2).sum(axis=1))


def compared(suspicion: Suspicion, belief: Mixture, at: float, signal: float, doubted_share: float = 0.0) -> None:
    here = np.array([at, 0.0, 0.0])
    suspicion.compare(belief, hill(suspicion.points(belief, here)), signal, doubted_share)
    suspicion.remember(here, signal)


def begun(scale: float = 3.0) -> Suspicion:
    suspicion = Suspicion()
    suspicion.remember(np.array([2.0, 0.0, 0.0]), scale * float(np.exp(-2.0)))
    return suspicion


def test_a_signal_as_expected_through_any_scale_is_no_strike() -> None:
    for scale in (1e-12, 1.0, 1e6):
        suspicion = begun(scale)
        compared(suspicion, belief_at((0.0, 0.0, 0.0)), 0.5, scale * float(np.exp(-0.125)))
        assert suspicion.strikes == 0


def test_one_surprise_is_forgiven_and_two_running_are_not() -> None:
    suspicion, belief = begun(), belief_at((0.0, 0.0, 0.0))
    compared(suspicion, belief, 0.0, 0.2)
    assert (suspicion.strikes, suspicion.sentence) == (1, None)
    suspicion = begun()
    for _ in range(2):
        suspicion.remember(np.array([2.0, 0.0, 0.0]), 3 * float(np.exp(-2.0)))
        compared(suspicion, belief, 0.0, 0.2)
    assert suspicion.sentence is not None
    assert "signal 0.2, expected" in suspicion.sentence


def test_a_shot_as_expected_wipes_the_strike_out() -> None:
    suspicion, belief = begun(), belief_at((0.0, 0.0, 0.0))
    suspicion.compare(belief, hill(suspicion.points(belief, np.zeros(3))), 0.2, 0.0)
    compared(suspicion, belief, 0.0, 3.0)
    assert suspicion.strikes == 0


def test_a_twin_that_counts_may_explain_what_the_heavier_one_does_not() -> None:
    twins = belief_at((0.0, 0.0, 0.0), (4.0, 0.0, 0.0), weights=(0.7, 0.3))
    suspicion = begun()  # at 2: both twins are as far
    compared(suspicion, twins, 0.0, 3 * float(np.exp(-8.0)))
    assert suspicion.strikes == 0


def test_what_the_belief_itself_leaves_open_is_no_surprise() -> None:
    suspicion = begun()
    compared(suspicion, belief_at((0.0, 0.0, 0.0), sharp=0.5), 0.0, 0.9)
    assert suspicion.strikes == 0


def test_a_frame_that_overturns_the_belief_is_a_strike() -> None:
    suspicion = begun()
    compared(suspicion, belief_at((0.0, 0.0, 0.0)), 0.0, 3.0, doubted_share=0.99)
    assert suspicion.strikes == 1
