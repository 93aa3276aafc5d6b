"""Nothing of glass and steel moves before somebody has seen where it would go, and said yes."""

import numpy as np
import pytest

from lasercontrol.consent import Consent, NotConfirmed
from lasercontrol.signals import Attention, StopAsked
from tests.lasercontrol.bench_stand_in import KNOBS

OLD, NEW = np.array([0.0, 12.5]), np.array([-3.25, 20.0])


class Operator:
    """Hears the question and answers at once, or presses Ctrl-C."""

    def __init__(self, attention: Attention, answer: bool | None) -> None:
        self.attention, self.answer = attention, answer
        self.heard: list[str] = []
        attention.on_tick = self._answered

    def hear(self, text: str) -> None:
        self.heard.append(text)

    def _answered(self) -> None:
        if self.answer is None:
            self.attention.interrupt()
        else:
            self.attention.reply(self.answer)


def asked(answer: bool | None, *, needed: bool = True) -> tuple[Consent, Operator]:
    consent = Consent(Attention(), needed=needed)
    operator = Operator(consent.attention, answer)
    consent.say, consent.knobs = operator.hear, KNOBS
    return consent, operator


def test_the_question_shows_every_knob_as_it_is_and_as_it_would_be() -> None:
    consent, operator = asked(answer=True)
    consent(OLD, NEW)
    assert operator.heard == ["first move: GDD 0 → -3.25 ps²; TOD 12.5 → 20 ps³. Move? (y/n)"]


def test_a_no_moves_nothing_and_is_no_failure_of_the_bench() -> None:
    consent, _ = asked(answer=False)
    with pytest.raises(NotConfirmed, match="the first move was not confirmed; no knob was moved") as caught:
        consent(OLD, NEW)
    assert caught.value.exit_code == 2


def test_ctrl_c_instead_of_an_answer_is_heard() -> None:
    consent, _ = asked(answer=None)
    with pytest.raises(StopAsked):
        consent(OLD, NEW)


def test_an_answer_from_before_the_question_counts_for_nothing() -> None:
    consent, operator = asked(answer=False)
    consent.attention.reply(True)
    with pytest.raises(NotConfirmed):
        consent(OLD, NEW)
    assert len(operator.heard) == 1


def test_where_it_was_given_beforehand_nobody_is_asked() -> None:
    consent, operator = asked(answer=False, needed=False)
    consent(OLD, NEW)
    assert operator.heard == []


def test_what_is_not_known_is_said_so() -> None:
    consent, operator = asked(answer=True)
    consent(np.full(2, np.nan), NEW)
    assert "GDD unknown → -3.25 ps²" in operator.heard[0]
