"""The frame policy with a target: a scripted belief, displaced by what is wanted of each B."""

from pathlib import Path

import numpy as np

from agents.belief import Mixture
from agents.frame_policy import FramePolicy
from agents.policy_file import save
from agents.protocol import Floats
from tests.agents.hill import travel
from tests.agents.policy_specimen import manifest, network
from tests.closeness import assert_close

SCALE = 100.0  # natural units in a range
OPTIMUM = np.array([0.1, -0.05, 0.02])


def departure(b_rad: Floats) -> Floats:
    """Along the first knob, farther at a stronger B."""
    return np.asarray(0.02 * b_rad[..., None] * np.array([1.0, 0.0, 0.0]))


def policy(folder: Path, *, aimed: bool = True) -> FramePolicy:
    """Of whose optimum and B everything is known."""
    file = save(folder / "mine", manifest(numbers={"root_native": tuple((SCALE * np.eye(3)).ravel())}), network())
    made = FramePolicy(file, travel(0.25), np.ones(3), departure if aimed else None)
    mean = np.append(OPTIMUM * SCALE, 2.0)
    made.belief = Mixture(np.zeros(1), mean[None], (1e8 * np.eye(4))[None])
    return made


def test_it_goes_to_the_displaced_point(tmp_path: Path) -> None:
    wanted = OPTIMUM + np.array([0.04, 0.0, 0.0])
    assert_close(policy(tmp_path).ask(), wanted, rel=1e-6)
    assert_close(policy(tmp_path).recommend(), wanted, rel=1e-6)
    assert_close(policy(tmp_path, aimed=False).ask(), OPTIMUM, rel=1e-6)


def test_of_two_beliefs_each_is_displaced_by_its_own_b(tmp_path: Path) -> None:
    agent = policy(tmp_path)
    mean = np.array([[10.0, 0.0, 0.0, 1.0], [10.0, 0.0, 0.0, 3.0]])
    for weight, wanted in ((0.9, 0.12), (0.1, 0.16)):
        log_weight = np.log([weight, 1 - weight])
        agent.belief = Mixture(log_weight, mean, np.stack([1e8 * np.eye(4)] * 2))
        assert_close(agent.recommend()[0], wanted, rel=1e-3)


def test_it_is_done_at_the_displaced_point_and_not_at_the_brightest(tmp_path: Path) -> None:
    agent = policy(tmp_path)
    agent._shots = 2
    agent._here = OPTIMUM
    assert agent.finished() is None
    agent._here = OPTIMUM + departure(np.array(2.0))
    assert agent.finished() == "the wanted pulse is expected here, to within 0.0% of a peak"
    assert agent.expected_gain() is None, "the brightest is not wanted"
