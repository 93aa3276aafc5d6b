"""Bayesian optimisation as an agent: seeded, quiet, within its step, and up the hill."""

import numpy as np
import pytest

from agents.protocol import Shot
from tests.agents.hill import Hill, climbed, travel

pytest.importorskip("bayes_opt")

from agents.bayesian import BayesianSearch

SUMMIT = np.array([0.1, -0.15, 0.05])


def test_the_same_seeds_give_the_same_settings_and_others_do_not() -> None:
    once, again, other = (
        climbed(BayesianSearch(travel(), seed), Hill(SUMMIT), travel(), shots=4, rng=np.random.default_rng(1))
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_it_never_asks_for_more_than_bounds_and_step_allow(rng: np.random.Generator) -> None:
    limits = travel(0.1)
    agent, here = BayesianSearch(limits, 3), limits.start
    for _ in range(5):
        agent.tell(Shot(here, float(rng.uniform(0.5, 1)), np.zeros(1)))
        wish = agent.ask()
        assert np.abs(wish - limits.clipped(wish, here)).max() < 1e-12
        here = wish


def test_the_same_setting_twice_is_no_news_to_anybody(capsys: pytest.CaptureFixture[str]) -> None:
    agent = BayesianSearch(travel(), 3)
    for signal in (0.5, 0.52):
        agent.tell(Shot(travel().start, signal, np.zeros(1)))
    agent.ask()
    assert capsys.readouterr() == ("", "")


def test_dark_and_unusable_readings_do_not_stop_it() -> None:
    agent, here = BayesianSearch(travel(), 3), travel().start
    np.testing.assert_array_equal(agent.ask(), here)
    for shot in range(6):
        signal = (0.0, float("nan"), 0.5)[shot % 3]
        agent.tell(Shot(here, signal, np.zeros(1), usable=shot % 3 != 1))
        here = travel().clipped(agent.ask(), here)
    assert agent.recommend().shape == (3,)
    assert agent.finished() is None


def test_it_climbs_a_broad_hill(rng: np.random.Generator) -> None:
    """Wide enough for a dozen shots; the peak of a laser is a needle beside it."""
    summit, limits = np.array([0.1, -0.15, 0.05]), travel()
    agent, here, heights = BayesianSearch(limits, 3), limits.start, []
    for _ in range(12):
        heights.append(np.exp(-((here - summit) ** 2).sum() / (2 * 0.15**2)))
        agent.tell(Shot(here, heights[-1] * (1 + 0.015 * rng.standard_normal()), np.zeros(1)))
        here = limits.clipped(agent.ask(), here)
    assert max(heights) > 0.9
    assert heights[0] < 0.5


def test_numpys_global_generator_is_left_alone() -> None:
    before = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 — the legacy state is what is guarded
    climbed(BayesianSearch(travel(), 3), Hill(SUMMIT), travel(), shots=4, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(before, np.random.get_state(legacy=False)["state"]["key"])  # noqa: NPY002
