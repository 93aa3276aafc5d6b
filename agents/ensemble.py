"""Reading what is hidden off single numbers: a cloud of hypotheses, each pulled onto the readings.

One yield fixes one combination of offsets, B and calibration; the posterior is a thin curved sheet that importance
weights would never find. So every member draws a prior guess and its own noisy copy of the readings, and slides
downhill to explain them (randomised maximum likelihood: Kitanidis 1995, Oliver 1996). Members that cannot are dropped.
"""

import numpy as np

from agents.forward import ForwardModel
from agents.protocol import Floats

__all__ = ["Ensemble"]

N_MEMBER = 256
STEPS = 6
LONGEST = 0.25  # of the prior's span: how far one step may slide
FRESH = 0.3  # share of members drawn anew at each shot: survivors alone would forget other sheets


class Ensemble:
    """Members (m, h + 1): a hypothesis and the logarithm of the unknown scale."""

    def __init__(self, model: ForwardModel, rng: np.random.Generator, scale_sigma: float = 0.2) -> None:
        self.model, self.rng, self.scale_sigma = model, rng, scale_sigma
        low, high = model.prior()
        self.low, self.high = np.append(low, -4 * scale_sigma), np.append(high, 4 * scale_sigma)
        self.members = self._prior(N_MEMBER)
        self.weights = np.full(N_MEMBER, 1 / N_MEMBER)

    def _prior(self, count: int) -> Floats:
        scale = self.scale_sigma * self.rng.standard_normal((count, 1))
        return np.concatenate([self.model.sample(count, self.rng), scale], axis=1)

    def update(self, settings: Floats, signals: Floats) -> None:
        """Explain readings (s,) at settings (s, k)."""
        sigma = self.model.log_noise(signals)
        data = np.log(np.maximum(signals, 1e-4))
        n_fresh = int(FRESH * N_MEMBER)
        kept = self.rng.choice(N_MEMBER, N_MEMBER - n_fresh, p=self.weights)
        start = np.concatenate([self.members[kept], self._prior(n_fresh)])
        anchor = start[:, -1].copy()
        wanted = data + sigma * self.rng.standard_normal((N_MEMBER, len(data)))
        at, chi2 = self._slid(start, settings, wanted, sigma, anchor)
        self.members = at
        misfit = chi2 - chi2.min()
        weight = np.exp(-0.5 * np.minimum(misfit, 60.0))
        self.weights = weight / weight.sum()

    def _slid(
        self, at: Floats, settings: Floats, wanted: Floats, sigma: Floats, anchor: Floats
    ) -> tuple[Floats, Floats]:
        residual, slope = self._linearised(at, settings, wanted, sigma)
        span = self.high - self.low
        damping = np.full(len(at), 1e-2)
        cost = self._cost(at, residual, anchor)
        for _ in range(STEPS):
            scaled = slope * span
            normal = np.einsum("msj,msk->mjk", scaled, scaled)
            downhill = np.einsum("msj,ms->mj", scaled, residual)
            normal[:, -1, -1] += (span[-1] / self.scale_sigma) ** 2
            downhill[:, -1] += (at[:, -1] - anchor) * span[-1] / self.scale_sigma**2
            trace = np.einsum("mjj->m", normal)[:, None, None] / at.shape[1]
            step = np.linalg.solve(
                normal + np.eye(at.shape[1]) * (damping[:, None, None] * trace + 1e-9), downhill[..., None]
            )[..., 0]
            step = step * np.minimum(1, LONGEST / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
            trial = np.clip(at - step * span, self.low, self.high)
            trial_residual, trial_slope = self._linearised(trial, settings, wanted, sigma)
            trial_cost = self._cost(trial, trial_residual, anchor)
            better = trial_cost < cost
            at = np.where(better[:, None], trial, at)
            cost = np.where(better, trial_cost, cost)
            residual = np.where(better[:, None], trial_residual, residual)
            slope = np.where(better[:, None, None], trial_slope, slope)
            damping = np.where(better, damping / 6, damping * 6)
        return at, cost

    def _cost(self, at: Floats, residual: Floats, anchor: Floats) -> Floats:
        return np.asarray((residual**2).sum(axis=1) + ((at[:, -1] - anchor) / self.scale_sigma) ** 2)

    def _linearised(self, at: Floats, settings: Floats, wanted: Floats, sigma: Floats) -> tuple[Floats, Floats]:
        m, s = wanted.shape
        value, slope = self.model.log_signal(np.tile(settings, (m, 1)), np.repeat(at[:, :-1], s, axis=0))
        slope = np.concatenate([slope.reshape(m, s, -1), np.ones((m, s, 1))], axis=2)
        return (value.reshape(m, s) + at[:, -1:] - wanted) / sigma, slope / sigma[:, None]
