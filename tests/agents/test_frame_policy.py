"""The learned agent on frames around a network that is a stand-in: it reads the way to the optimum off the frame."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.frame_policy import FramePolicy
from agents.policy_file import PolicyFileError
from agents.protocol import Floats, Shot, Travel

SPAN = np.array([64.0, 196.0, 720.0])
ROOT = np.array([[60.0, 0, 0], [-5, 86, 0], [264, -24, 110]])  # of fractions
OPTIMUM = np.array([0.1, -0.15, 0.05])
OFFSET, SCALE = 100.0, 400.0  # ways as shares of the brightest pixel


def hill(ways: Floats) -> Floats:
    """Log signal over ways (m, 3): round at the top, a slope farther off."""
    return np.asarray(1 - np.sqrt(1 + (ways**2).sum(axis=1)))


class StandIn:
    """A file of kind "frames". twins: the way back counts as much as the way; sharp: how sure it is."""

    path = "stand-in.onnx"

    def __init__(self, *, twins: bool = False, sharp: float = 10.0, kind: str = "frames") -> None:
        self.twins, self.sharp = twins, sharp
        native = np.diag(1 / SPAN) @ ROOT
        inputs = {"points": (None, 4), "frames": (None, 4)}
        self.manifest = SimpleNamespace(kind=kind, numbers={"root_native": tuple(native.ravel())}, inputs=inputs)

    def run(self, inputs: dict[str, Floats]) -> dict[str, Any]:
        """Two components: the way that the frame shows and, as likely or hardly, the way back."""
        way = inputs["frames"][0, 1:] * SCALE - OFFSET
        mean = np.array([[*way, 2.0], [*-way, 2.0]])
        points = np.asarray(inputs["points"])
        return {
            "log_weight": np.log([[0.5, 0.5] if self.twins else [0.999, 0.001]]),
            "mean": mean[None],
            "log_sharpness": np.full((1, 2, 4), np.log(self.sharp)),
            "skew": np.zeros((1, 2, 6)),
            "log_signal": hill(points[:, :3]),
        }


def shot_at(fraction: Floats, *, signal: float | None = None, sign: float = 1.0) -> Shot:
    """What a laser with its optimum at OPTIMUM would show."""
    way = (OPTIMUM - fraction) @ ROOT
    features = np.array([1.0, *(sign * way + OFFSET) / SCALE])
    return Shot(fraction, 3.0 * float(np.exp(hill(way[None])[0])) if signal is None else signal, 7.0 * features)


def policy(file: Any = None, max_step: float = 0.25) -> FramePolicy:
    stand_in: Any = file or StandIn()
    return FramePolicy(stand_in, Travel(np.zeros(3), np.full(3, max_step)), SPAN)


def test_it_goes_where_the_frame_says_and_is_done_after_a_second_look() -> None:
    agent = policy(StandIn(sharp=60.0))
    assert np.array_equal(agent.ask(), np.zeros(3))
    agent.tell(shot_at(np.zeros(3)))
    assert agent.finished() is None
    wish = agent.ask()
    assert np.abs((wish - OPTIMUM) @ ROOT).max() < 0.05
    agent.tell(shot_at(wish))
    assert "of the best" in str(agent.finished())
    assert np.array_equal(agent.ask(), wish)  # to hold is to move only for a reason
    assert np.abs((agent.recommend() - OPTIMUM) @ ROOT).max() < 0.05


def test_it_never_asks_for_more_than_bounds_and_step() -> None:
    agent = policy(max_step=0.04)
    here: Floats = np.zeros(3)
    for _ in range(6):
        agent.tell(shot_at(here))
        wish = agent.ask()
        assert np.abs(wish - here).max() <= 0.04 + 1e-12
        here = wish
    assert np.abs((here - OPTIMUM) @ ROOT).max() < 0.1


def test_history_breaks_the_twins() -> None:
    agent = policy(StandIn(twins=True))
    agent.tell(shot_at(np.zeros(3)))
    for _ in range(2):
        agent.tell(shot_at(agent.ask()))
    assert np.abs((agent.ask() - OPTIMUM) @ ROOT).max() < 0.1


def test_signals_that_were_not_expected_twice_running_end_its_trust() -> None:
    agent = policy()
    agent.tell(shot_at(np.full(3, 0.0), signal=1.0))
    agent.tell(shot_at(agent.ask(), signal=1.0))  # the way was 20 units long: it should have been far brighter
    assert agent.distrust is None
    assert agent.finished() is None  # no end on a surprise
    agent.tell(shot_at(agent.ask() + 0.02, signal=1.0))
    assert "expected" in str(agent.distrust)


def test_an_unusable_or_dark_shot_teaches_nothing() -> None:
    agent = policy()
    agent.tell(Shot(np.zeros(3), 1.0, np.ones(4), usable=False))
    agent.tell(Shot(np.zeros(3), 0.0, np.zeros(4)))
    assert agent.belief is None
    assert agent.expected_gain() is None
    assert np.array_equal(agent.recommend(), np.zeros(3))


def test_the_expected_gain_is_that_of_the_signal() -> None:
    agent = policy(StandIn(sharp=100.0))
    start = OPTIMUM + np.linalg.solve(ROOT.T, [0.5, 0.0, 0.0])
    agent.tell(shot_at(start))
    gain = agent.expected_gain()
    assert gain is not None
    assert gain == pytest.approx(np.exp(np.sqrt(1.25) - 1) - 1, rel=0.02, abs=0)
    agent.tell(shot_at(OPTIMUM))
    assert agent.expected_gain() == 0.0


@pytest.mark.parametrize("file", [StandIn(kind="yields"), SimpleNamespace(path="x", manifest=SimpleNamespace())])
def test_a_file_for_others_is_refused(file: Any) -> None:
    if not hasattr(file.manifest, "numbers"):
        file.manifest = SimpleNamespace(kind="frames", numbers={}, inputs={})
    with pytest.raises(PolicyFileError, match="root_native"):
        policy(file)
