"""Who can be compared, and what each is made with."""

from pathlib import Path

import numpy as np
import pytest

from agents.estimator import Estimator
from agents.ladder import Ladder
from agents.policy_file import save
from lasercontrol import evaluate_agents, policies
from lasercontrol.course import Lane, follow, travel_of
from lasercontrol.errors import CallerError
from lasercontrol.evaluate_agents import NAMES, budget_of, maker_of, require_known
from lasercontrol.scenario import scenario_for
from lasercontrol.trial import Trial, trial_of
from tests.agents.policy_specimen import network
from tests.lasercontrol.policy_stand_in import Doubter, doubting, fitting, shipped

YIELDS = fitting(observe="shg", axes=None)
"""Of a policy that reads yields: what has to stand behind it is made in no time."""


@pytest.fixture(scope="module")
def wide() -> Trial:
    return trial_of(scenario_for("wide"), observe="shg", lasers=1, seed=5)


@pytest.fixture(scope="module")
def other() -> Trial:
    return trial_of(scenario_for("other-spectrum"), observe="shg", lasers=6, seed=5)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    doubting(monkeypatch)
    save(tmp_path / "mine", YIELDS, network())
    return tmp_path / "mine.onnx"


def lane(trial: Trial, number: int) -> Lane:
    return Lane(
        number=number,
        seed=trial.agent_seed(number),
        travel=travel_of(trial, trial.drawn.start[number]),
        optimum=trial.optimum[number],
        amplitude=trial.amplitude(number),
    )


def test_every_name_is_known_and_has_a_budget() -> None:
    require_known(NAMES)
    assert {name: budget_of(name) for name in ("policy", "policy:x", "bayesian", "cma", "oracle")} == {
        "policy": 25,
        "policy:x": 25,
        "bayesian": 60,
        "cma": 200,
        "oracle": 25,
    }


def test_unknown_names_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="there is no agent gauss; there are policy, estimator"):
        require_known(("oracle", "gauss"))
    with pytest.raises(CallerError, match=r"none\.json: does not exist; nothing was evaluated\.$"):
        require_known((f"policy:{tmp_path / 'none'}",))
    with pytest.raises(CallerError, match="name at least one agent"):
        require_known(())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_agents, "find_spec", lambda _: None)
    require_known(("oracle",))
    with pytest.raises(CallerError, match=r"needs the extra bayes: pip install 'lasercontrol\[bayes\]'"):
        require_known(("oracle", "bayesian"))


def test_lasers_of_one_spectrum_share_a_model_and_others_have_their_own(other: Trial) -> None:
    make = maker_of("estimator", other)
    made = [make(lane(other, number)) for number in range(6)]
    models = [agent.model for agent in made if isinstance(agent, Estimator)]
    kinds = other.drawn.spectrum
    assert kinds is not None
    assert len(models) == 6
    assert len({id(model) for model in models}) == len(set(kinds.tolist()))
    for number, model in enumerate(models):
        assert model is models[kinds.tolist().index(kinds[number])]


def test_a_policy_from_a_file_has_its_fallback_behind_it_and_alone_it_has_none(wide: Trial, mine: Path) -> None:
    backed, bare = (maker_of(f"{kind}:{mine}", wide)(lane(wide, 0)) for kind in ("policy", "alone"))
    assert isinstance(backed, Ladder)
    assert isinstance(backed._agent, Doubter)
    assert isinstance(bare, Doubter)


def test_a_shipped_policy_is_found_by_itself_and_by_name(
    wide: Trial, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(monkeypatch, tmp_path, one=YIELDS)
    assert "one" in policies.packaged()
    for name in ("policy", "policy:one"):
        require_known((name,))
        agent = maker_of(name, wide)(lane(wide, 0))
        assert isinstance(agent, Ladder)
        assert isinstance(agent._agent, Doubter)


def test_where_a_policy_does_not_fit_the_estimator_begins_and_alone_it_goes_on(other: Trial, mine: Path) -> None:
    agent = maker_of(f"policy:{mine}", other)(lane(other, 0))
    assert isinstance(agent, Ladder)
    assert isinstance(agent._agent, Estimator)
    assert "it does not fit (the spectrum is another one" in str(agent.handed_over)
    assert isinstance(maker_of(f"alone:{mine}", other)(lane(other, 0)), Doubter)


def test_changes_of_hands_are_counted(other: Trial, mine: Path) -> None:
    name = f"policy:{mine}"
    some = other.first(2)
    assert follow(some, name, maker_of(name, some), 1, lambda _: None).handed_over == 2
    assert follow(some, "oracle", maker_of("oracle", some), 1, lambda _: None).handed_over == 0


def test_a_file_that_makes_no_agent_is_refused_in_words(wide: Trial, tmp_path: Path) -> None:
    save(tmp_path / "mine", fitting(observe="shg", axes=None, numbers={}), network())
    for kind in ("policy", "alone"):
        with pytest.raises(CallerError, match="root_native"):
            maker_of(f"{kind}:{tmp_path / 'mine'}", wide)(lane(wide, 0))


def test_bayesian_optimisation_takes_part(other: Trial) -> None:
    pytest.importorskip("bayes_opt")
    some = other.first(1)
    course = follow(some, "bayesian", maker_of("bayesian", some), 4, lambda _: None)
    assert course.fraction.shape == (1, 4)
    assert course.violations == 0
    assert np.isfinite(course.final).all()
