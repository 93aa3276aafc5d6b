"""What a model-based agent needs to know of its laser: a model that it can question, and nothing else.

A hypothesis is one guess of what is hidden, shape (h,): the offset of each knob as a fraction of its range, then
whatever else the model has (for a pulsed laser: B). The agent never learns what the numbers mean, only their prior.
Every method also takes hypotheses with `nuisance_sigma.size` further columns: errors of what the model holds for
known (the measured spectrum), zero in the mean and of those standard deviations.
"""

from typing import Protocol

import numpy as np

from agents.protocol import Floats

__all__ = ["ForwardModel"]


class ForwardModel(Protocol):
    """Settings × hypotheses → observation. Settings (n, k) are fractions; hypotheses (n, h); batch in, batch out."""

    n_knob: int
    n_hypothesis: int
    nuisance_sigma: Floats

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Hypotheses (count, h) from the prior."""

    def prior(self) -> tuple[Floats, Floats]:
        """Lowest and highest hypothesis of the prior, (h,) each."""

    def log_noise(self, signals: Floats) -> Floats:
        """Standard deviation of the logarithm of measured signals, same shape."""

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest hypothesis worth considering, (h,) each: wider than the prior."""

    def features(self, settings: Floats, hypotheses: Floats) -> Floats:
        """Observation expected at each setting under its hypothesis, (n, p), up to one common unknown factor."""

    def log_signal(self, settings: Floats, hypotheses: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the signal, (n,), up to a common constant, and its slope over the hypothesis, (n, h)."""

    def best_setting(self, hypotheses: Floats) -> Floats:
        """Where each hypothesis would have its most intense pulse, within bounds, (n, k)."""
