"""What an agent remembers of its shots, and which setting they make the best."""

import numpy as np

from agents.protocol import Floats, Shot

__all__ = ["Seen"]

NEAR_THE_TOP = 0.9
"""A setting joins the fit when its signal exceeds this share of the highest: there log signal is a parabola."""

ROUGH_FIT = 0.03
"""Above this rms misfit of log signal the top is no parabola, and plain averages decide."""


class Seen:
    """Shots in order; `signals` holds zero where a reading was unusable: what cannot be read counts as dark."""

    def __init__(self) -> None:
        self.fractions: list[Floats] = []
        self.signals: list[float] = []

    def add(self, shot: Shot) -> float:
        """Remember a shot; return the signal that it counts with."""
        signal = float(shot.signal) if shot.usable and np.isfinite(shot.signal) else 0.0
        self.fractions.append(np.array(shot.fraction, dtype=np.float64))
        self.signals.append(signal)
        return signal

    def best(self) -> Floats:
        """The setting, shape (k,), of greatest believed signal among those tried.

        The luckiest of many noisy readings is rarely the best setting: repeats are averaged, and a parabola fitted to
        log signal around the top lets every neighbour vote. ValueError where nothing was seen yet.
        """
        settings, means, counts = self._averaged()
        highest = means.max()
        top = means >= (NEAR_THE_TOP * highest if highest > 0 else highest)
        believed = _smoothed(settings[top], means[top], counts[top])
        return np.array(settings[top][np.argmax(believed)])

    def _averaged(self) -> tuple[Floats, Floats, Floats]:
        """Distinct settings (m, k), the mean signal at each (m,), and how many readings it rests on (m,)."""
        if not self.signals:
            raise ValueError("no shot was told yet: there is no best setting")
        settings, which = np.unique(np.array(self.fractions), axis=0, return_inverse=True)
        counts = np.bincount(which)
        return settings, np.bincount(which, weights=self.signals) / counts, counts.astype(np.float64)


def _smoothed(settings: Floats, means: Floats, counts: Floats) -> Floats:
    """Signals (m,) as a least-squares parabola has them; as measured where points are too few or no parabola fits."""
    m, k = settings.shape
    n_terms = (k + 1) * (k + 2) // 2
    if m < 2 * n_terms or means.min() <= 0:
        return means
    away = (settings - settings.mean(axis=0)) / (settings.std(axis=0) + 1e-12)
    row, column = np.triu_indices(k)
    terms = np.column_stack([np.ones(m), away, away[:, row] * away[:, column]])
    weight = np.sqrt(counts)
    fit, *_ = np.linalg.lstsq(terms * weight[:, None], np.log(means) * weight, rcond=None)
    fitted = terms @ fit
    misfit = np.sqrt(np.average((fitted - np.log(means)) ** 2, weights=counts))
    return np.asarray(np.exp(fitted) if misfit < ROUGH_FIT else means)
