"""The packaged policy that sees yields alone, on lasers at full fidelity that it has never met."""

import numpy as np
import pytest

from agents.policy_file import PolicyFile, load
from agents.yield_policy import YieldPolicy
from lasercontrol.course import Course, Lane, follow
from lasercontrol.policies import packaged
from lasercontrol.scenario import scenario_for
from lasercontrol.trial import trial_of


@pytest.fixture(scope="module")
def shipped() -> PolicyFile:
    return load(packaged()["behind-shg"])


@pytest.fixture(scope="module", params=["near", "wide"])
def course(request: pytest.FixtureRequest, shipped: PolicyFile) -> Course:
    scenario = scenario_for(request.param)
    span = np.array([knob.range for knob in scenario.knobs])

    def made(lane: Lane) -> YieldPolicy:
        return YieldPolicy(shipped, lane.travel, span, lane.seed)

    return follow(trial_of(scenario, observe="shg", lasers=8, seed=5), "policy", made, 18, lambda _: None)


def test_it_tunes_most_lasers_in_a_dozen_shots(course: Course) -> None:
    assert np.median(course.shots_to(0.95)) <= 11
    assert np.median(course.final) > 0.97


def test_it_asks_for_no_more_than_bounds_and_step_allow(course: Course) -> None:
    assert course.violations == 0


def test_its_network_is_small_and_passed_the_gate(shipped: PolicyFile) -> None:
    assert shipped.path.stat().st_size < 2e6
    assert shipped.manifest.training["parity"] < 1e-5
