"""The model-based estimator: believe, move to the best setting under the belief, look, believe better.

Frames are read by `ShapeFit`, single numbers by `Ensemble`. Where the model has nothing left to improve but the
signal falls short of what it promised, a local simplex takes over.

Something else than the best may be wanted: a setting that departs from the best in a known way. How good a setting is
for that, is how good it would be without the departure. A simplex knows no such thing, and none takes over.
"""

from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np

from agents.ensemble import Ensemble
from agents.forward import ForwardModel
from agents.nelder_mead import NelderMead
from agents.protocol import Floats, Shot, Travel
from agents.shape_fit import N_AHEAD, STEPS_FIRST, STEPS_LATER, STEPS_SCREEN, Guesses, ShapeFit

__all__ = ["Belief", "Estimator", "FrameBelief", "YieldBelief"]

GAIN_WORTH_A_SHOT = 0.004  # predicted gain in signal below which another move is not worth its shot
SHORTFALL = 0.06  # signal missing from the model's promise before the simplex takes over
POOR = 1.6  # misfit, in variances of the noise, above which the guesses are looked for anew
RECENT = 8  # shots over which promise and signal are compared
PATIENCE = 5  # shots before the model may be doubted
N_JURY, N_CANDIDATE = 64, 40  # hypotheses that judge, and settings that are judged, before a move
N_READING = 30  # readings that the cloud explains: the last ones
AGREED = 0.9  # expected share of the best signal above which learning more is not worth a detour
EAGERNESS = 1.0  # nats of information that an expected full signal is worth
SIMPLEX_STEP = 0.008  # of the range: about the half-width of the peak at 90 %


Departure = Callable[[Floats], Floats]
"""Of what is wanted from the best setting, fractions (m, k), from the last coordinate of m hypotheses, (m,)."""

_BANKS: WeakKeyDictionary[ForwardModel, dict[bytes, tuple[Floats, Floats]]] = WeakKeyDictionary()


class Belief(Protocol):
    """What is known of the hidden, and what it says to do."""

    def update(self, shots: list[Shot]) -> None:
        """Take in the shots so far, the newest last."""

    def wanted(self) -> Floats:
        """The setting (k,) to look at next."""

    def best(self) -> Floats:
        """The setting (k,) believed best."""

    def gain(self, here: Floats, there: Floats | None = None) -> float:
        """Expected relative gain in signal from `here` to another setting, without one to the best."""

    def believed(self) -> Floats:
        """The likeliest hypothesis, (h,) or with the model's own errors."""


class _Aim:
    """Where hypotheses (m, h), with or without the model's own errors, would have what is wanted."""

    def __init__(self, model: ForwardModel, departure: Departure | None) -> None:
        self.model, self._departure = model, departure

    def departure(self, hypotheses: Floats) -> Floats | float:
        """(m, k), or 0 where the best is wanted."""
        return 0.0 if self._departure is None else self._departure(hypotheses[:, self.model.n_hypothesis - 1])

    def setting(self, hypotheses: Floats) -> Floats:
        """Within the bounds, (m, k)."""
        best = self.model.best_setting(hypotheses)
        return best if self._departure is None else np.clip(best + self.departure(hypotheses), -0.5, 0.5)

    def log_merit(self, settings: Floats, hypotheses: Floats) -> Floats:
        """Logarithm of the signal (m,) that settings (m, k) would have without the departure."""
        return self.model.log_signal(settings - self.departure(hypotheses), hypotheses)[0]


class FrameBelief:
    """Several guesses at once, the best polished together with the model's own errors; from the last frames only."""

    def __init__(
        self, model: ForwardModel, travel: Travel, n_shot: int = 4, departure: Departure | None = None
    ) -> None:
        self.model, self.start, self.n_shot = model, travel.start, n_shot
        self.aim = _Aim(model, departure)
        self.fit = ShapeFit(model, _bank(model, travel.start))
        self.guesses: Guesses | None = None
        self.polished: Floats = np.zeros(model.n_hypothesis)

    def update(self, shots: list[Shot]) -> None:
        """First the bank, then refinement of what it gave."""
        last = shots[-self.n_shot :]
        settings = np.stack([shot.fraction for shot in last])
        frames = np.stack([shot.features for shot in last])
        here = settings[-1]
        if self.guesses is None:
            candidates = self.fit.matches(here - self.start, frames[-1])
            self.guesses = self.fit.screened(candidates, settings, frames, STEPS_FIRST)
        else:
            known = np.concatenate([self.polished[None, : self.model.n_hypothesis], self.guesses.hypotheses])
            others = self.fit.look_alikes(known[0], here)
            others = self.fit.refined(others, settings[-1:], frames[-1:], STEPS_SCREEN).hypotheses[:N_AHEAD]
            self.guesses = self.fit.screened(np.concatenate([known, others]), settings, frames, STEPS_LATER)
        self.polished, misfit = self.fit.polished(self.guesses.hypotheses[0], settings, frames)
        if misfit > POOR and len(shots) > 1:
            anew = self.fit.matches(here - self.start, frames[-1])
            anew = self.fit.refined(anew, settings[-1:], frames[-1:], STEPS_SCREEN).hypotheses[:N_AHEAD]
            found = self.fit.refined(anew, settings, frames, STEPS_FIRST)
            other, other_misfit = self.fit.polished(found.hypotheses[0], settings, frames)
            if other_misfit < misfit:
                self.guesses, self.polished = found, other

    def wanted(self) -> Floats:
        """The best setting itself: a frame at the wrong twin's optimum tells the twins apart as well as any."""
        return self.best()

    def best(self) -> Floats:
        """The setting (k,) believed best."""
        return np.asarray(self.aim.setting(self.polished[None])[0])

    def gain(self, here: Floats, there: Floats | None = None) -> float:
        """Expected relative gain in signal from `here` to another setting, without one to the best."""
        there = self.best() if there is None else there
        values = self.aim.log_merit(np.stack([here, there]), np.stack([self.polished] * 2))
        return float(np.exp(values[1] - values[0]) - 1)

    def believed(self) -> Floats:
        """The likeliest hypothesis with the model's own errors."""
        return self.polished


class YieldBelief:
    """A cloud of hypotheses; looks where the signal is expected to be high and the cloud still disagrees about it."""

    def __init__(self, model: ForwardModel, rng: np.random.Generator, departure: Departure | None = None) -> None:
        self.model, self.rng = model, rng
        self.aim, self.aimed = _Aim(model, departure), departure is not None
        self.cloud = Ensemble(model, rng)
        self._best: Floats | None = None

    def update(self, shots: list[Shot]) -> None:
        """Pull the cloud onto the last readings."""
        last = shots[-N_READING:]
        self.cloud.update(np.stack([shot.fraction for shot in last]), np.array([shot.signal for shot in last]))
        self._best = None

    def wanted(self) -> Floats:
        """Once the cloud agrees on a setting, that; before, the candidate with most to gain and to learn."""
        jury = self._drawn(N_JURY)
        candidates = self._optima(N_CANDIDATE)
        log_signal, merit = self._judged(candidates, jury)
        expected = merit.mean(axis=1)
        self._best = candidates[expected.argmax()]
        if expected.max() > AGREED:
            return self._best
        total = log_signal + jury[:, -1]
        noise = self.model.log_noise(np.exp(total)).mean(axis=1)
        news = 0.5 * np.log1p(total.var(axis=1) / noise**2)
        return np.asarray(candidates[(news + EAGERNESS * expected).argmax()])

    def best(self) -> Floats:
        """The setting (k,) of the highest expected signal."""
        if self._best is None:
            candidates = self._optima(N_CANDIDATE)
            self._best = np.asarray(candidates[self._judged(candidates, self._drawn(N_JURY))[1].mean(axis=1).argmax()])
        return self._best

    def gain(self, here: Floats, there: Floats | None = None) -> float:
        """Expected relative gain in signal from `here` to another setting, without one to the best."""
        there = self.best() if there is None else there
        _, merit = self._judged(np.stack([here, there]), self._drawn(N_JURY))
        return float(merit[1].mean() / merit[0].mean() - 1)

    def believed(self) -> Floats:
        """The heaviest member."""
        return np.asarray(self.cloud.members[self.cloud.weights.argmax(), :-1])

    def _drawn(self, count: int) -> Floats:
        return self.cloud.members[self.rng.choice(len(self.cloud.members), count, p=self.cloud.weights)]

    def _optima(self, count: int) -> Floats:
        return self.aim.setting(self._drawn(count)[:, :-1])

    def _judged(self, candidates: Floats, jury: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the signal and merit as a share of each juror's own best, both (candidates, jury)."""
        c, m = len(candidates), len(jury)
        hypotheses = jury[:, :-1]
        settings, jurors = np.repeat(candidates, m, axis=0), np.tile(hypotheses, (c, 1))
        values, _ = self.model.log_signal(settings, jurors)
        merits = self.aim.log_merit(settings, jurors) if self.aimed else values
        own_best, _ = self.model.log_signal(self.model.best_setting(hypotheses), hypotheses)
        return values.reshape(c, m), np.exp(merits.reshape(c, m) - own_best)


class Estimator:
    """The agent: a belief, and a simplex in reserve; `handed_over` says why the simplex took over, None before.

    departure: of what is wanted from the best; without it the best is wanted. With it there is no simplex.
    """

    name = "estimator"

    def __init__(self, model: ForwardModel, travel: Travel, seed: int, departure: Departure | None = None) -> None:
        self.model, self.travel = model, travel
        self.rng = np.random.default_rng(seed)
        self.shots: list[Shot] = []
        self.framed = model.features(travel.start[None], model.sample(1, self.rng)).size > 1
        self.aimed = departure is not None
        self.belief: Belief = (
            FrameBelief(model, travel, departure=departure) if self.framed else YieldBelief(model, self.rng, departure)
        )
        self._no_further: str | None = None
        self.simplex: NelderMead | None = None
        self.handed_over: str | None = None

    def ask(self) -> Floats:
        """The setting wanted next, shape (k,); before the first shot, the start."""
        if self.simplex is not None:
            return self.simplex.ask()
        if not self.shots:
            return self.travel.start
        here = self.shots[-1].fraction
        wanted = self.belief.wanted()
        if self.framed and abs(self.belief.gain(here)) < GAIN_WORTH_A_SHOT:
            return here  # to hold is to move only for a reason: readings are noisy, optics wear
        return self.travel.clipped(wanted, here)

    def tell(self, shot: Shot) -> None:
        """Take in a shot; an unusable one teaches nothing and is left out."""
        if not shot.usable:
            return
        self.shots.append(shot)
        if self.simplex is not None:
            self.simplex.tell(shot)
            return
        self.belief.update(self.shots)
        if self._falls_short():
            self._hand_over("the signal falls short of the model")
        elif not self.framed and self._settled():
            self._hand_over("yields can tell the model no more")

    def recommend(self) -> Floats:
        """The setting believed best, shape (k,)."""
        if self.simplex is not None:
            return self.simplex.recommend()
        return self.belief.best() if self.shots else self.travel.start

    def finished(self) -> str | None:
        """Once a shot at the best setting kept its promise and no move is worth another."""
        if self._no_further is not None:
            return self._no_further
        if self.simplex is not None or not self._settled():
            return None
        if self.aimed:
            return f"the model expects the wanted pulse here, to within {GAIN_WORTH_A_SHOT:.1%} of a peak"
        return f"the model expects no more than {GAIN_WORTH_A_SHOT:.1%} from any further move"

    def expected_gain(self) -> float | None:
        """Relative gain in signal from here to the best setting that one move reaches; None before the first shot.

        None as well once the simplex has taken over, which promises nothing, and where the brightest is not wanted.
        Random numbers that it takes to say so are put back: the run is the same whether anybody asks or not.
        """
        if self.simplex is not None or self.aimed or not self.shots:
            return None
        state = self.rng.bit_generator.state
        here = self.shots[-1].fraction
        gain = self.belief.gain(here, self.travel.clipped(self.belief.best(), here))
        self.rng.bit_generator.state = state
        return max(gain, 0.0)

    def _settled(self) -> bool:
        if len(self.shots) < 2:
            return False
        here = self.shots[-1].fraction
        away = np.abs(here - self.belief.best()).max()
        return bool(away <= SIMPLEX_STEP and abs(self.belief.gain(here)) <= GAIN_WORTH_A_SHOT)

    def _falls_short(self) -> bool:
        """Whether two shots near the believed best stay below what the model promised from the best shot of late.

        Only the last shots count: a laser that drifts is not the laser that it was.
        """
        last = self.shots[-RECENT:]
        if len(last) < PATIENCE:
            return False
        settings = np.stack([shot.fraction for shot in last])
        if np.abs(settings[-2:] - self.belief.best()).max() > SIMPLEX_STEP:
            return False
        promised, _ = self.model.log_signal(settings, np.stack([self.belief.believed()] * len(settings)))
        seen = np.log(np.maximum([shot.signal for shot in last], 1e-6))
        brightest = int(np.argmax(seen))
        missing = (promised[-2:] - promised[brightest]) - (seen[-2:] - seen[brightest])
        return bool(np.all(missing > SHORTFALL))

    def _hand_over(self, reason: str) -> None:
        if self.aimed:
            self._no_further = f"{reason}, and nobody else knows the target"
            return
        best = max(self.shots, key=lambda shot: shot.signal)
        self.simplex = NelderMead(Travel(best.fraction, self.travel.max_step), first_edge=SIMPLEX_STEP)
        self.simplex.tell(best)
        self.handed_over = f"{reason}: a local simplex takes over"


def _bank(model: ForwardModel, start: Floats) -> tuple[Floats, Floats]:
    """The bank of frames at a start, built once per model: every laser of one kind shares it."""
    banks = _BANKS.setdefault(model, {})
    key = start.tobytes()
    if key not in banks:
        banks[key] = ShapeFit.bank_of(model, start, np.random.default_rng(0))
    return banks[key]
