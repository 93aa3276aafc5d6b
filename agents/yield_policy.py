"""The learned agent that sees one number a shot: the second-harmonic yield through an unknown scale.

A cloud of hypotheses explains the readings through a network that knows what a yield is at every way from the optimum
(`agents.yield_cloud`). While the hypotheses disagree, it looks where the signal may be high and they differ most; once
they agree it goes where they point, and looks about there until nothing is left to gain.
"""

import numpy as np

from agents.policy_file import PolicyFile, PolicyFileError
from agents.protocol import Floats, Shot, Travel
from agents.yield_cloud import YieldCloud
from agents.yield_model import DARKEST, N_KNOB, model_of

__all__ = ["YieldPolicy"]

N_CANDIDATE = 16
N_AHEAD = 32  # likeliest hypotheses whose optima are compared
AGREED = 0.85
"""Expected share of the best peak above which learning more is not worth a detour."""
EAGERNESS, FASTIDIOUSNESS = 1.0, 8.0
"""Nats of information that the whole of the best peak is worth: before the hypotheses agree, and after."""
THERE, DITHER = 0.15, 0.5
"""Natural units: from the believed optimum, and of a look to its side."""
SURE = 0.992
"""Expected share of the best peak at which no further shot is worth taking."""
LEAST_LOOKS, ABOUT = 4, 1.0
"""Readings at most so many natural units from the believed optimum, before it is believed: far ones may mislead."""
SURPRISE, SLACK = 3.0, 0.1  # standard deviations, and besides, of the logarithm
ENOUGH, LOST_FOR_GOOD = 3, 4
"""Surprises running: the first only renews the belief, two more are too many; and readings running that no hypothesis
explains, although others were looked for."""
SAME = 1.5  # power of 1 + the distance squared, with which hypotheses fade from the mean about the best of them


class YieldPolicy:
    """Implements `agents.protocol.Agent` around a file of kind "yields".

    span: range of each knob in native units, shape (3,). Raises PolicyFileError where the file is of another kind, or
    lacks what its agent needs. `distrust` is why the policy should not be followed any more, None while it may be.
    """

    name = "policy"

    def __init__(self, file: PolicyFile, travel: Travel, span: Floats, seed: int = 0) -> None:
        self.model, self.travel = model_of(file), travel
        if len(span) != N_KNOB:
            raise PolicyFileError(f"{file.path}: turns {N_KNOB} knobs, and the bench has {len(span)}.")
        self.root = np.diag(span) @ self.model.root
        self.way = np.linalg.inv(self.root)
        self.rng = np.random.default_rng(seed)
        self.cloud = YieldCloud(self.model, self.rng)
        self.distrust: str | None = None
        self._here = np.asarray(travel.start, dtype=np.float64)
        self._shots = self._surprises = 0
        self._best: Floats = np.zeros(N_KNOB)
        self._expected = self._log_unit = 0.0
        self._wish: Floats | None = None

    def ask(self) -> Floats:
        """The setting wanted next, shape (k,), within bounds and step."""
        if self._wish is None:
            self._wish = self._decided()
        return self._wish

    def tell(self, shot: Shot) -> None:
        """Take in a reading; an unusable one says nothing."""
        if not shot.usable or not shot.signal > 0:
            return
        self._here = np.asarray(shot.fraction, dtype=np.float64)
        log_signal = float(np.log(shot.signal))
        if not self._shots:
            self._log_unit, scale_sigma = self.model.unit_of(log_signal)
            self.cloud = YieldCloud(self.model, self.rng, scale_sigma)
        log_signal = max(log_signal - self._log_unit, float(np.log(DARKEST)))
        self.cloud.tell(self._point(self._here), log_signal)
        self._shots, self._wish = self._shots + 1, None
        self._judge(log_signal)
        self._best, self._expected = self._found()

    def recommend(self) -> Floats:
        """The setting believed best, shape (k,)."""
        return np.clip(self._best @ self.way + self.travel.start, -0.5, 0.5)

    def finished(self) -> str | None:
        """Once the peak here is expected to be as good as the best."""
        if self.cloud.lost or self._surprises or self._expected < SURE or self._looks() < LEAST_LOOKS:
            return None
        expected = self._expected_at(self._here)
        if expected < SURE:
            return None
        return f"the peak is expected at {expected:.1%} of the best, and no further shot is worth taking"

    def expected_gain(self) -> float | None:
        """Relative gain in signal that is expected of the next shot; None before the first."""
        if not self._shots:
            return None
        here, there = self.cloud.signal(self._point(np.stack([self._here, self.ask()])))
        return float(max(0.0, there / here - 1))

    def _decided(self) -> Floats:
        if not self._shots:
            return self._here
        if self._expected <= AGREED:
            return self._chosen(self._candidates(), EAGERNESS)
        there = ((self._best - self._point(self._here)) ** 2).sum() <= THERE**2
        if not there or (self._expected > SURE and self._looks() >= LEAST_LOOKS):
            return self._setting(self._best)
        return self._chosen(self._about(), FASTIDIOUSNESS)

    def _looks(self) -> int:
        return int((((self.cloud.points - self._best) ** 2).sum(axis=1) < ABOUT**2).sum())

    def _found(self) -> tuple[Floats, float]:
        """The point of the highest expected peak, and that peak: of hypotheses, or the mean about the best of them."""
        points, weights = self.cloud.members[:, :N_KNOB], self.cloud.weights
        ahead = points if len(points) <= N_AHEAD else points[weights.argsort()[-N_AHEAD:]]
        top = ahead[self.cloud.expected(ahead).argmax()]
        away = points - top
        same = weights * (1 + (away**2).sum(axis=1)) ** -SAME
        both = np.stack([top, top + same @ away / same.sum()])
        expected = self.cloud.expected(both)
        return both[expected.argmax()], float(expected.max())

    def _chosen(self, candidates: Floats, eagerness: float) -> Floats:
        mean, variance = self.cloud.predicted(candidates)
        news = 0.5 * np.log1p(variance / self.model.log_noise(mean) ** 2)
        return self._setting(candidates[(news + eagerness * self.cloud.expected(candidates)).argmax()])

    def _candidates(self) -> Floats:
        """Optima of some hypotheses, as far as one step goes: natural, (c, 3)."""
        return self._point(self._setting(self.cloud.some(N_CANDIDATE)[:, :N_KNOB]))

    def _about(self) -> Floats:
        """The believed optimum, and to both sides of it along the axes in which hypotheses differ."""
        away = self.cloud.members[:, :N_KNOB] - self._best
        _, axes = np.linalg.eigh((away.T * self.cloud.weights) @ away)
        return np.concatenate([self._best[None], self._best + DITHER * axes.T, self._best - DITHER * axes.T])

    def _point(self, setting: Floats) -> Floats:
        return np.asarray((setting - self.travel.start) @ self.root)

    def _setting(self, point: Floats) -> Floats:
        return self.travel.clipped(point @ self.way + self.travel.start, self._here)

    def _expected_at(self, setting: Floats) -> float:
        return float(self.cloud.expected(self._point(setting)[None])[0])

    def _judge(self, log_signal: float) -> None:
        """Whether the newest reading speaks against a belief that had agreed on an optimum, or nothing explains it."""
        mean, sigma = self.cloud.foreseen or (log_signal, np.inf)
        surprising = self._expected > AGREED and abs(log_signal - mean) > SURPRISE * sigma + SLACK
        self._surprises = self._surprises + 1 if surprising else 0
        if self.distrust is None and (self._surprises >= ENOUGH or self.cloud.lost >= LOST_FOR_GOOD):
            running = max(self._surprises, self.cloud.lost)
            self.distrust = (
                f"{running} shots running are not what was expected: signal "
                f"{np.exp(log_signal + self._log_unit):.3g}, expected {np.exp(mean + self._log_unit):.3g}"
            )
