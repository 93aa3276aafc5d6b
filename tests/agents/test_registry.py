"""Laws of every agent that needs no model."""

import numpy as np
import pytest

from agents.protocol import Agent, Shot, Travel
from agents.registry import CLASSICAL, NAMES, make
from tests.agents.hill import Hill, climbed, travel

MODEL_FREE = ("oracle", *CLASSICAL)
SUMMIT = np.array([0.1, -0.15, 0.05])


def agent_of(name: str, limits: Travel) -> Agent:
    return make(name, travel=limits, seed=3, optimum=SUMMIT.copy())


def test_an_unknown_name_is_met_by_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no agent 'simplex'; there are estimator, oracle, nelder-mead, cma, random"):
        make("simplex", travel=travel(), seed=0)


@pytest.mark.parametrize("name", ["oracle", "estimator"])
def test_an_agent_says_what_it_lacks(name: str) -> None:
    pytest.importorskip("agents.estimator" if name == "estimator" else "agents.oracle")
    with pytest.raises(ValueError, match=f"the {name} cannot be made without"):
        make(name, travel=travel(), seed=0)


@pytest.mark.parametrize("name", MODEL_FREE)
def test_an_agent_carries_its_name(name: str) -> None:
    assert name in NAMES
    assert agent_of(name, travel()).name == name


@pytest.mark.parametrize("name", MODEL_FREE)
def test_the_same_seeds_give_the_same_settings(name: str) -> None:
    runs = [
        climbed(agent_of(name, travel()), Hill(SUMMIT), travel(), shots=40, rng=np.random.default_rng(1))
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])


@pytest.mark.parametrize("name", MODEL_FREE)
def test_wishes_lie_within_the_bounds(name: str, rng: np.random.Generator) -> None:
    limits = Travel(start=np.full(3, 0.45), max_step=np.full(3, 0.3))
    agent = make(name, travel=limits, seed=3, optimum=np.full(3, 0.49))
    here = limits.start
    for _ in range(60):
        agent.tell(Shot(here, float(rng.uniform()), np.zeros(1)))
        wish = agent.ask()
        assert np.abs(wish).max() <= 0.5
        here = limits.clipped(wish, here)


@pytest.mark.parametrize("name", MODEL_FREE)
def test_dark_and_unusable_readings_do_not_stop_an_agent(name: str) -> None:
    agent = agent_of(name, travel())
    here = travel().start
    for shot in range(30):
        signal = float("nan") if shot % 3 == 0 else 0.0
        agent.tell(Shot(here, signal, np.zeros(1), usable=shot % 3 != 0))
        here = travel().clipped(agent.ask(), here)
    assert agent.recommend().shape == (3,)


@pytest.mark.parametrize(("name", "shots"), [("nelder-mead", 80), ("cma", 200), ("oracle", 3)])
def test_a_search_climbs_the_hill(name: str, shots: int, rng: np.random.Generator) -> None:
    hill, agent = Hill(SUMMIT), agent_of(name, travel())
    climbed(agent, hill, travel(), shots=shots, rng=rng)
    assert hill.height(agent.recommend()) > 0.97


@pytest.mark.parametrize("name", MODEL_FREE)
def test_one_knob_is_enough(name: str, rng: np.random.Generator) -> None:
    if name == "cma":
        pytest.skip("CMA-ES is defined from two knobs on")
    limits = travel(k=1)
    agent = make(name, travel=limits, seed=0, optimum=np.array([0.1]))
    for _ in range(20):
        agent.tell(Shot(limits.start, float(rng.uniform()), np.zeros(1)))
        assert agent.ask().shape == (1,)


def test_the_random_walk_never_asks_for_more_than_a_step(rng: np.random.Generator) -> None:
    limits, agent = travel(0.05), agent_of("random", travel(0.05))
    here = limits.start
    for _ in range(50):
        agent.tell(Shot(here, 1.0, np.zeros(1)))
        wish = agent.ask()
        np.testing.assert_array_equal(wish, limits.clipped(wish, here))
        here = wish


def test_the_oracle_follows_an_optimum_that_walks() -> None:
    optimum = np.array([0.1, 0.0, 0.0])
    agent = make("oracle", travel=travel(), seed=0, optimum=optimum)
    agent.tell(Shot(np.zeros(3), 1.0, np.zeros(1)))
    agent.tell(Shot(agent.ask(), 1.0, np.zeros(1)))
    assert agent.finished() == "at the optimum"
    optimum[:] = [0.12, 0.0, 0.0]
    assert agent.finished() is None
    np.testing.assert_array_equal(agent.ask(), optimum)


def test_cma_leaves_the_global_generator_alone() -> None:
    before = np.random.get_state(legacy=False)["state"]["key"]  # noqa: NPY002 — the legacy state is what is guarded
    climbed(agent_of("cma", travel()), Hill(SUMMIT), travel(), shots=20, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(before, np.random.get_state(legacy=False)["state"]["key"])  # noqa: NPY002
