"""Who decides when the learned policy cannot be trusted: the estimator, then a simplex, then the best that was seen.

A policy notices by itself when what it measures is not what it expected (`distrust`); the estimator notices the same of
its model. The simplex believes nothing, and where even that finds nothing better the knobs go back.

With a target there is no simplex, which only knows the brightest: where the estimator cannot go on, the knobs go to
what was believed last.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from agents.nelder_mead import NelderMead
from agents.protocol import Agent, Floats, Shot, Travel
from agents.seen import Seen

__all__ = ["Ladder"]

KEPT = 30
"""Last usable shots that are kept: what the next agent is told, and what counts as seen of a laser that drifts."""

PATIENCE = 20
"""Shots of a simplex that finds nothing better before it is given up."""

BEYOND = 2.0
"""Standard deviations of one signal by which another must exceed it to be better."""

FAILURES = (ValueError, ArithmeticError)  # numbers that no agent can go on with; mistakes of the program are not meant


class Ladder:
    """The agent "policy": a policy with what stands behind it.

    policy: None where none fits, for a reason that `why` states; the next one then begins. estimator: makes the next
    one; without it, or where it raises ValueError, a simplex follows at once. noise: relative standard deviation of one
    signal. aimed: whether something else than the brightest is wanted; ValueError where then nobody can begin.
    `handed_over` is the sentence of the last change of hands, None before the first.
    """

    name = "policy"

    def __init__(
        self,
        policy: Agent | None,
        estimator: Callable[[], Agent] | None,
        travel: Travel,
        *,
        noise: float = 0.025,
        why: str = "there is no policy",
        aimed: bool = False,
    ) -> None:
        self._aimed, self._no_further = aimed, ""
        self._make_estimator, self._travel, self._noise = estimator, travel, noise
        self._first: Shot | None = None
        self._last: deque[Shot] = deque(maxlen=KEPT)
        self._before: tuple[Shot, ...] | None = None  # the last shots before the simplex began
        self._n_simplex, self._is_better, self._given_up = 0, False, False
        self._is_policy = policy is not None
        self.handed_over: str | None = None
        if policy is not None:
            self._agent = policy
        else:
            self._agent, self.handed_over = self._next(why, None)

    def ask(self) -> Floats:
        """The setting wanted next, shape (k,)."""
        if self._no_further or self._given_up:
            return self._travel.clipped(self.recommend(), self._here())
        if self._is_policy:
            try:
                return self._agent.ask()
            except FAILURES as error:
                self._leave_policy(f"the policy failed ({error})")
                return self.ask()
        return self._agent.ask()

    def tell(self, shot: Shot) -> None:
        """Pass a shot on, and see whether whoever decides still should. An unusable one is no evidence of anything."""
        self._keep(shot)
        if self._no_further:
            return
        if not self._is_policy:
            self._agent.tell(shot)
            self.handed_over = self._noticed_simplex() or self.handed_over
            return
        try:
            self._agent.tell(shot)
        except FAILURES as error:
            self._leave_policy(f"the policy failed ({error})")
            return
        if shot.usable and (doubt := getattr(self._agent, "distrust", None)) is not None:
            self._leave_policy(str(doubt).rstrip("."))

    def recommend(self) -> Floats:
        """The setting to end at, shape (k,): of a simplex that found nothing better, the best one seen before it."""
        if self._no_further:
            return self._believed_last()
        if not self._before or self._is_better:
            return self._agent.recommend()
        if self._n_simplex:
            self.handed_over = self._returning()
        return _best_of(self._before)

    def finished(self) -> str | None:
        """Why no further shot is worth taking."""
        if self._no_further:
            return self._no_further
        if self._before is None:
            return self._agent.finished()
        if not self._before or self._is_better or self._n_simplex < PATIENCE:
            return None
        self._given_up = True
        return self._returning()

    def expected_gain(self) -> float | None:
        """What whoever decides expects of one more shot; None where that one cannot say."""
        expects: Callable[[], float | None] = getattr(self._agent, "expected_gain", lambda: None)
        return None if self._given_up or self._no_further else expects()

    # ------------------------------------------------------------------------------------------- changing hands

    def _leave_policy(self, why: str) -> None:
        self._is_policy = False
        self._agent, taker = self._next(why, self._agent)
        if self._no_further:
            self.handed_over = taker
            return
        left_again = self._noticed_simplex()  # what was told may have been enough for it
        self.handed_over = f"{taker}; {left_again}" if left_again else taker

    def _next(self, why: str, leaving: Agent | None) -> tuple[Agent, str]:
        """The agent after the policy, told what was seen; and who takes over for which reason."""
        shots = self._remembered()
        if self._make_estimator is not None:
            try:
                agent = self._make_estimator()
                for shot in shots:
                    agent.tell(shot)
            except FAILURES as error:
                why = f"{why}, and the estimator cannot go on ({error})"
            else:
                return agent, f"{why}: the estimator takes over"
        if self._aimed:
            self._no_further = f"{why}, and nobody else knows the target"
            if leaving is None:
                raise ValueError(self._no_further)
            return leaving, f"{self._no_further}: to the setting that was believed last"
        self._before = tuple(shots)
        if not shots:
            return NelderMead(self._travel), f"{why}: a simplex takes over"
        brightest = max(shots, key=lambda shot: shot.signal)
        simplex = NelderMead(Travel(brightest.fraction, self._travel.max_step))
        simplex.tell(brightest)
        return simplex, f"{why}: a simplex takes over around the brightest setting"

    def _noticed_simplex(self) -> str | None:
        """What the estimator says when it has left the work to its own simplex, which is measured from then on; once.

        None where it has not.
        """
        said: str | None = getattr(self._agent, "handed_over", None)
        if self._before is not None or said is None:
            return None
        self._before = tuple(self._last)
        return said

    # ------------------------------------------------------------------------------------------ what was seen

    def _keep(self, shot: Shot) -> None:
        if not shot.usable or not np.isfinite(shot.signal):
            return
        self._first = self._first or shot
        self._last.append(shot)
        if self._before:
            self._n_simplex += 1
            to_beat = max(earlier.signal for earlier in self._before) * (1 + BEYOND * self._noise)
            self._is_better = self._is_better or shot.signal > to_beat

    def _remembered(self) -> list[Shot]:
        """The first shot and the last ones, in order, each once."""
        last = list(self._last)
        return last if self._first is None or self._first is last[0] else [self._first, *last]

    def _here(self) -> Floats:
        return self._last[-1].fraction if self._last else self._travel.start

    def _believed_last(self) -> Floats:
        try:
            return self._agent.recommend()
        except FAILURES:  # what failed to ask may fail to say as well
            return self._here()

    def _returning(self) -> str:
        return f"the simplex found nothing better in {self._n_simplex} shots: back to the best setting seen"


def _best_of(shots: tuple[Shot, ...]) -> Floats:
    """The setting (k,) that repeated readings make the best."""
    seen = Seen()
    for shot in shots:
        seen.add(shot)
    return seen.best()
