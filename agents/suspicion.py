"""Whether what was measured is what was expected: signals against a belief, shot by shot.

The scale of the signal is unknown, so a new one is compared with the last few through the belief that was held before
it came. Each component of the belief expects something else; only where none of those that count comes near, the shot
speaks against the belief. Two running, and nobody should follow it any more.
"""

import numpy as np

from agents.belief import Mixture
from agents.protocol import Floats

__all__ = ["Suspicion"]

RECENT = 3  # earlier shots that fix the scale
COUNTS = 0.02  # weight of a component that counts
SLACK = 0.25  # of the logarithm: noise of two signals, and errors of the expectation
SURE = 2.0  # standard deviations of a component's own uncertainty that are allowed
OVERTURNED = 0.9  # share of the new belief that throws the old one away
ENOUGH = 2  # shots running
FLOOR = 1e-30  # no unit makes a signal that small


class Suspicion:
    """`sentence` is None until `ENOUGH` shots running spoke against the belief; `strikes` is how many do so far."""

    def __init__(self) -> None:
        self.strikes = 0
        self.sentence: str | None = None
        self._past: list[tuple[Floats, float]] = []  # natural coordinates, log signal

    def points(self, belief: Mixture, here: Floats) -> Floats:
        """Points (m, 4), a way and B, for which signals are needed: of each component here, before, and about here."""
        means, spread = belief.mean, self._spread(belief)
        blocks = [self._seen_from(means, here), *(self._seen_from(means, at) for at, _ in self._past)]
        for axis in range(spread.shape[1]):
            displaced = means + spread[:, axis]
            blocks.append(self._seen_from(displaced, here))
        return np.concatenate(blocks)

    def compare(self, belief: Mixture, log_signals: Floats, signal: float, doubted_share: float) -> None:
        """Judge a signal; log_signals as the network gave them for `points`; doubted_share of the belief after it."""
        k = len(belief.mean)
        expected = log_signals.astype(np.float64).reshape(-1, k)
        here, before, displaced = expected[0], expected[1 : 1 + len(self._past)], expected[1 + len(self._past) :]
        scale = np.mean([measured - row for row, (_, measured) in zip(before, self._past, strict=True)], axis=0)
        deviation = np.sqrt(((displaced - here) ** 2).sum(axis=0))
        measured = float(np.log(max(signal, FLOOR)))
        excess = np.abs(measured - here - scale) - SLACK - SURE * deviation
        counting = np.exp(belief.log_weight) >= COUNTS
        against = bool(np.all(excess[counting] > 0)) or doubted_share > OVERTURNED
        self.strikes = self.strikes + 1 if against else 0
        if self.strikes >= ENOUGH and self.sentence is None:
            promised = float(np.exp((here + scale)[0]))
            self.sentence = (
                f"{self.strikes} shots running are not what was expected: signal {signal:.3g}, expected {promised:.3g}"
            )

    def remember(self, at: Floats, signal: float) -> None:
        """Keep a shot at natural coordinates (3,)."""
        self._past = [*self._past, (at, float(np.log(max(signal, FLOOR))))][-RECENT:]

    @staticmethod
    def _seen_from(means: Floats, at: Floats) -> Floats:
        points = means.copy()
        points[:, :3] -= at
        return points

    @staticmethod
    def _spread(belief: Mixture) -> Floats:
        """One standard deviation along each axis of each component, (k, 4, 4)."""
        value, vector = np.linalg.eigh(belief.covariance)
        return np.asarray(np.swapaxes(vector * np.sqrt(np.maximum(value, 0.0))[:, None, :], 1, 2))
