"""Reading what is hidden off whole frames: several guesses refined side by side by damped least squares.

One frame fixes the offsets to a thousandth of their range, but it has look-alikes, above all the pulse run backwards
in time. So the start is a bank of frames from the prior, whose best matches are all refined; later frames, taken at
known other settings, tell them apart. Each frame counts up to a factor of its own: a gain is no evidence.
"""

import numpy as np

from agents.forward import ForwardModel
from agents.protocol import Floats

__all__ = ["Guesses", "ShapeFit"]

N_BANK = 1500
N_GUESS = 8
SEPARATE = 0.02  # guesses nearer than this, in fractions of the range, are one
N_AHEAD = 3
LOOK_ALIKE_SHARES = (0.15, 0.5, 0.85)
STEPS_SCREEN, STEPS_FIRST, STEPS_LATER, STEPS_POLISH = 3, 10, 5, 5
SETTLED = 1e-4  # of the range
DIFFERENCE = 3e-4  # step of the finite differences: a fifth of the peak's half-width


class Guesses:
    """Hypotheses (m, h), best first, with their misfit (m,): mean squared residual in units of the noise's variance."""

    def __init__(self, hypotheses: Floats, misfit: Floats) -> None:
        order = np.argsort(misfit)
        self.hypotheses, self.misfit = hypotheses[order], misfit[order]


class ShapeFit:
    """Least squares over the last shots. `bank` holds (hypotheses, unit features) at the start; build it once."""

    def __init__(self, model: ForwardModel, bank: tuple[Floats, Floats]) -> None:
        self.model, self.bank = model, bank
        self.low, self.high = model.bounds()

    @staticmethod
    def bank_of(model: ForwardModel, start: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Hypotheses from the prior and their frames at the start, each frame of length 1."""
        hypotheses = model.sample(N_BANK, rng)
        return hypotheses, _unit(model.features(start[None], hypotheses))

    def matches(self, moved: Floats, frame: Floats) -> Floats:
        """The bank's best matches of one frame (p,), taken `moved` (k,) away from where the bank was; (N_GUESS, h).

        A knob and its offset add up, so that the bank serves any setting by shifting its offsets the other way.
        """
        hypotheses, bank = self.bank
        match = bank @ _unit(frame).astype(bank.dtype)
        chosen: list[int] = []
        for index in np.argsort(-match):
            near = np.abs(hypotheses[chosen, :-1] - hypotheses[index, :-1]).max(axis=1) < SEPARATE if chosen else []
            if not np.any(near):
                chosen.append(int(index))
            if len(chosen) == N_GUESS:
                break
        found = hypotheses[chosen]
        found[:, : len(moved)] -= moved
        return found

    def look_alikes(self, hypothesis: Floats, setting: Floats) -> Floats:
        """What else could show nearly the same frame at a setting (k,): other hypotheses (m, h) to start from.

        A second-harmonic frame looks the same for a pulse and its time reverse, whose residual phase has the opposite
        sign: the twin's best setting lies as far on the other side. And what is hidden besides the offsets may trade
        against them. So: the hypothesis and its twin, each over the whole prior of the last coordinate.
        """
        k = len(setting)
        low, high = self.model.prior()
        best = self.model.best_setting(hypothesis[None])[0]
        found = []
        for share in LOOK_ALIKE_SHARES:
            other = hypothesis.copy()
            other[-1] = low[-1] + share * (high[-1] - low[-1])
            drift = self.model.best_setting(other[None])[0]
            for wanted in (best, 2 * setting - best):
                moved = other.copy()
                moved[:k] += drift - wanted
                found.append(moved)
        return np.array(found)

    def screened(self, hypotheses: Floats, settings: Floats, frames: Floats, steps: int) -> Guesses:
        """`refined`, with most of the steps given only to those that look best after the first two."""
        ahead = self.refined(hypotheses, settings, frames, STEPS_SCREEN)
        return self.refined(ahead.hypotheses[:N_AHEAD], settings, frames, steps)

    def refined(self, hypotheses: Floats, settings: Floats, frames: Floats, steps: int = STEPS_LATER) -> Guesses:
        """Every hypothesis (m, h) moved downhill on the misfit by Levenberg-Marquardt steps, duplicates dropped."""
        at = np.clip(hypotheses, self.low, self.high)
        seen = _whitened(frames)
        damping = np.full(len(at), 1e-2)
        residual, slope = self._linearised(at, settings, seen)
        cost = (residual**2).sum(axis=1)
        for _ in range(steps):
            normal = np.einsum("mnj,mnk->mjk", slope, slope)
            downhill = np.einsum("mnj,mn->mj", slope, residual)
            diagonal = np.einsum("mjj->mj", normal)
            damped = normal + damping[:, None, None] * np.eye(at.shape[1]) * (diagonal[:, None, :] + 1e-12)
            trial = np.clip(at - np.linalg.solve(damped, downhill[..., None])[..., 0], self.low, self.high)
            trial_residual, trial_slope = self._linearised(trial, settings, seen)
            trial_cost = (trial_residual**2).sum(axis=1)
            better = trial_cost < cost
            if not better.any():
                break
            settled = np.all(np.abs(cost - trial_cost) < 1e-4 * cost)
            at[better], cost[better] = trial[better], trial_cost[better]
            residual[better], slope[better] = trial_residual[better], trial_slope[better]
            damping = np.where(better, damping / 8, damping * 8)
            if settled:
                break
        return _distinct(at, cost / seen.size)

    def polished(self, hypothesis: Floats, settings: Floats, frames: Floats) -> tuple[Floats, float]:
        """One hypothesis refined together with the model's own errors, each held to its prior; (h + e,), and misfit.

        The misfit counts the prior as well: errors far beyond it are as bad as a frame that does not fit.
        """
        h, errors = len(self.low), self.model.nuisance_sigma
        at = np.concatenate([hypothesis[:h], np.zeros(len(errors))])
        seen = _whitened(frames)
        for _ in range(STEPS_POLISH):
            residual, slope = (part[0] for part in self._linearised(at[None], settings, seen))
            noise = max(1.0, residual @ residual / residual.size)  # a poor model trusts its prior less
            normal, downhill = slope.T @ slope / noise, slope.T @ residual / noise
            normal[range(h, len(at)), range(h, len(at))] += 1 / errors**2
            downhill[h:] += at[h:] / errors**2
            step = np.linalg.solve(normal + 1e-3 * np.diag(np.diag(normal)), downhill)
            at = at - step
            at[:h] = np.clip(at[:h], self.low, self.high)
            if np.abs(step[: h - 1]).max() < SETTLED:
                break
        residual, _ = self._linearised(at[None], settings, seen, slopes=False)
        return at, float(((residual**2).sum() + ((at[h:] / errors) ** 2).sum()) / seen.size)

    def _linearised(self, at: Floats, settings: Floats, seen: Floats, slopes: bool = True) -> tuple[Floats, Floats]:
        """Residuals (m, s·p) of whitened frames and their slopes (m, s·p, h), by one batch of model evaluations."""
        m, h = at.shape
        s, v = len(settings), 1 + h * slopes
        steps = np.concatenate([np.zeros((1, h)), DIFFERENCE * np.eye(h)])[:v]
        hypotheses = np.repeat((at[:, None, :] + steps).reshape(-1, h), s, axis=0)
        shown = _unit(self.model.features(np.tile(settings, (m * v, 1)), hypotheses)).reshape(m, v, s, -1)
        scaled = shown * np.einsum("mvsp,sp->mvs", shown, seen)[..., None]  # each frame's best factor
        residual = (scaled[:, 0] - seen).reshape(m, -1)
        slope = ((scaled[:, 1:] - scaled[:, :1]) / DIFFERENCE).reshape(m, v - 1, residual.shape[1])
        return residual, np.moveaxis(slope, 1, 2)


def _unit(frames: Floats) -> Floats:
    return np.asarray(frames / np.maximum(np.linalg.norm(frames, axis=-1, keepdims=True), 1e-30))


def _whitened(frames: Floats) -> Floats:
    """Frames (s, p) in units of their noise, which second differences of neighbours show (median, for edges)."""
    bend = np.abs(np.diff(frames, n=2, axis=-1))
    noise = np.median(bend, axis=-1, keepdims=True) * (1.4826 / np.sqrt(6))
    floor = 1e-4 * np.abs(frames).max(axis=-1, keepdims=True) + 1e-30
    return np.asarray(frames / np.maximum(noise, floor), dtype=np.float32)


def _distinct(hypotheses: Floats, cost: Floats) -> Guesses:
    order = np.argsort(cost)
    kept: list[int] = []
    for index in order:
        if not kept or np.abs(hypotheses[kept] - hypotheses[index]).max(axis=1).min() > SEPARATE / 4:
            kept.append(int(index))
    return Guesses(hypotheses[kept], cost[kept])
