"""The ladder with agents that follow a script: who decides when, and that every change of hands is said once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from agents.ladder import KEPT, PATIENCE, Ladder
from agents.nelder_mead import NelderMead
from agents.policy_file import PolicyFileError
from agents.protocol import Agent, Floats, Shot
from tests.agents.hill import travel

LIMITS = travel(0.25, 2)
POLICY, ESTIMATOR = np.array([0.1, 0.0]), np.array([0.0, 0.1])


@dataclass
class Scripted:
    """Asks for one place; after so many shots it distrusts itself, hands over, breaks or is done."""

    place: Floats
    distrust_after: int = 1000
    hand_over_after: int = 1000
    break_after: int = 1000
    done_after: int = 1000
    name: str = "scripted"
    told: list[Shot] = field(default_factory=list)

    @property
    def distrust(self) -> str | None:
        return "expected 1, measured 0.5." if len(self.told) >= self.distrust_after else None

    @property
    def handed_over(self) -> str | None:
        return "the model is wrong: a local simplex takes over" if len(self.told) >= self.hand_over_after else None

    def ask(self) -> Floats:
        return self.place

    def tell(self, shot: Shot) -> None:
        if shot.usable:
            self.told.append(shot)
        if len(self.told) >= self.break_after:
            raise PolicyFileError("not finite")

    def recommend(self) -> Floats:
        return self.place

    def finished(self) -> str | None:
        return "done" if len(self.told) >= self.done_after else None

    def expected_gain(self) -> float | None:
        return 0.25


def shot(signal: float, at: Floats = LIMITS.start, *, usable: bool = True) -> Shot:
    return Shot(at, signal, np.array([signal]), usable)


def told(ladder: Ladder, *signals: float) -> list[str]:
    """Tell some signals, each where the ladder asked for; give what was said of it, each sentence once."""
    said: list[str] = []
    for signal in signals:
        ladder.tell(shot(signal, ladder.ask()))
        if ladder.handed_over is not None and ladder.handed_over not in said:
            said.append(ladder.handed_over)
    return said


def ladder_of(policy: Agent | None, estimator: Agent | None, why: str = "") -> Ladder:
    made: Callable[[], Agent] | None = None if estimator is None else lambda: estimator
    return Ladder(policy, made, LIMITS, why=why)


def test_a_policy_that_is_trusted_decides_alone() -> None:
    policy = Scripted(POLICY, done_after=4)
    ladder = ladder_of(policy, Scripted(ESTIMATOR))
    assert told(ladder, 1.0, 1.0, 1.0) == []
    assert ladder.finished() is None
    assert ladder.expected_gain() == 0.25
    assert told(ladder, 1.0) == []
    assert ladder.finished() == "done"
    assert np.array_equal(ladder.recommend(), POLICY)
    assert ladder.name == "policy"


def test_distrust_calls_the_estimator_which_is_told_all_that_was_seen() -> None:
    estimator = Scripted(ESTIMATOR)
    ladder = ladder_of(Scripted(POLICY, distrust_after=3), estimator)
    assert told(ladder, 1.0, 2.0) == []
    assert told(ladder, 3.0, 4.0) == ["expected 1, measured 0.5: the estimator takes over"]
    assert [seen.signal for seen in estimator.told] == [1.0, 2.0, 3.0, 4.0]
    assert np.array_equal(ladder.ask(), ESTIMATOR)


def test_an_unusable_shot_is_no_evidence() -> None:
    policy = Scripted(POLICY, distrust_after=2)
    estimator = Scripted(ESTIMATOR)
    ladder = ladder_of(policy, estimator)
    ladder.tell(shot(1.0))
    policy.distrust_after = 1  # it would say so now, of the shot before
    ladder.tell(shot(np.nan, usable=False))
    assert ladder.handed_over is None
    told(ladder, 2.0)
    assert [seen.signal for seen in estimator.told] == [1.0, 2.0]


def test_of_a_long_run_the_estimator_hears_the_first_shot_and_the_last() -> None:
    estimator = Scripted(ESTIMATOR)
    ladder = ladder_of(Scripted(POLICY, distrust_after=50), estimator)
    told(ladder, *range(1, 51))
    assert [seen.signal for seen in estimator.told] == [1, *range(51 - KEPT, 51)]


def test_the_estimators_own_simplex_is_said_too() -> None:
    ladder = ladder_of(Scripted(POLICY, distrust_after=2), Scripted(ESTIMATOR, hand_over_after=4))
    assert told(ladder, 1.0, 1.0, 1.0, 1.0, 1.0) == [
        "expected 1, measured 0.5: the estimator takes over",
        "the model is wrong: a local simplex takes over",
    ]


def test_an_estimator_that_leaves_at_once_is_said_in_the_same_breath() -> None:
    ladder = ladder_of(Scripted(POLICY, distrust_after=2), Scripted(ESTIMATOR, hand_over_after=2))
    assert told(ladder, 1.0, 1.0) == [
        "expected 1, measured 0.5: the estimator takes over; the model is wrong: a local simplex takes over"
    ]


@pytest.mark.parametrize("how", ["tell", "ask"])
def test_a_policy_that_fails_is_left(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, estimator = Scripted(POLICY, break_after=2 if how == "tell" else 1000), Scripted(ESTIMATOR)
    ladder = ladder_of(policy, estimator)
    told(ladder, 1.0)
    if how == "ask":

        def broken() -> Floats:
            raise PolicyFileError("not finite")

        monkeypatch.setattr(policy, "ask", broken)
    assert told(ladder, 2.0) == ["the policy failed (not finite): the estimator takes over"]
    assert [seen.signal for seen in estimator.told] == [1.0, 2.0]


def test_without_a_policy_the_estimator_begins_and_the_reason_is_said() -> None:
    ladder = ladder_of(None, Scripted(ESTIMATOR, done_after=2), why="the shipped policies do not fit (no FROG)")
    assert ladder.handed_over == "the shipped policies do not fit (no FROG): the estimator takes over"
    told(ladder, 1.0, 1.0)
    assert ladder.finished() == "done"


def refused() -> Agent:
    raise ValueError("no such trace")


@pytest.mark.parametrize("estimator", [None, refused])
def test_where_there_is_no_estimator_a_simplex_follows(estimator: Callable[[], Agent] | None) -> None:
    ladder = Ladder(Scripted(POLICY, distrust_after=2), estimator, LIMITS)
    said = told(ladder, 2.0, 1.0)
    assert len(said) == 1
    assert said[0].endswith("a simplex takes over around the brightest setting")
    assert ("no such trace" in said[0]) == (estimator is refused)
    assert isinstance(ladder._agent, NelderMead)
    assert ladder.expected_gain() is None


def test_without_anything_a_simplex_begins_at_the_start() -> None:
    ladder = Ladder(None, None, LIMITS)
    assert ladder.handed_over == "there is no policy: a simplex takes over"
    assert np.array_equal(ladder.ask(), LIMITS.start)
    told(ladder, *[1.0] * 60)
    assert ladder.finished() is None
    assert ladder.recommend().shape == (2,)


def test_a_simplex_that_finds_nothing_better_goes_back_to_the_best_seen() -> None:
    ladder = ladder_of(Scripted(POLICY, distrust_after=2), Scripted(ESTIMATOR, hand_over_after=3))
    told(ladder, 1.0, 2.0, 1.0)
    assert ladder.finished() is None
    told(ladder, *[1.9] * (PATIENCE - 1), 2.05)  # within the noise of 2
    assert ladder.finished() == f"the simplex found nothing better in {PATIENCE} shots: back to the best setting seen"
    assert np.array_equal(ladder.recommend(), POLICY)
    assert ladder.handed_over == ladder.finished()
    assert np.array_equal(ladder.ask(), POLICY)  # of one who goes on all the same
    assert ladder.expected_gain() is None


def test_a_simplex_that_finds_something_better_is_believed() -> None:
    ladder = ladder_of(Scripted(POLICY, distrust_after=2), Scripted(ESTIMATOR, hand_over_after=3))
    told(ladder, 1.0, 2.0, 1.0, 2.2, *[1.0] * (2 * PATIENCE))
    assert ladder.finished() is None
    assert np.array_equal(ladder.recommend(), ESTIMATOR)


# ------------------------------------------------------------------------------------------------------ with a target


def test_with_a_target_the_estimator_follows_and_after_it_nobody() -> None:
    policy = Scripted(POLICY, distrust_after=2)
    ladder = Ladder(policy, lambda: Scripted(ESTIMATOR, done_after=4), LIMITS, aimed=True)
    assert told(ladder, 1.0, 1.0) == ["expected 1, measured 0.5: the estimator takes over"]
    told(ladder, 1.0, 1.0)
    assert ladder.finished() == "done"
    assert np.array_equal(ladder.recommend(), ESTIMATOR)


def broken() -> Agent:
    raise PolicyFileError("no model")


def test_with_a_target_and_without_an_estimator_the_last_belief_stays() -> None:
    ladder = Ladder(Scripted(POLICY, distrust_after=2), broken, LIMITS, aimed=True)
    why = "expected 1, measured 0.5, and the estimator cannot go on (no model), and nobody else knows the target"
    assert told(ladder, 1.0, 1.0, 9.0) == [f"{why}: to the setting that was believed last"]
    assert ladder.finished() == why
    assert ladder.expected_gain() is None
    assert np.array_equal(ladder.recommend(), POLICY), "and not the brightest"


def test_with_a_target_and_nobody_who_knows_it_nothing_begins() -> None:
    with pytest.raises(ValueError, match="no policy is shipped, and nobody else knows the target"):
        Ladder(None, None, LIMITS, why="no policy is shipped", aimed=True)
