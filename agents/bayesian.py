"""Bayesian optimisation as the `bayesian-optimization` package has it (extra `bayes`), one setting at a time.

A Gaussian process over log signal: a Matérn 5/2 kernel with a length for each knob and a noise of its own, all fitted
anew at every shot. The next setting is where the upper confidence bound is highest, or as near to it as one step comes.
"""

import warnings
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np

from agents.protocol import Floats, Shot, Travel
from agents.seen import Seen

__all__ = ["BayesianSearch"]

FLOOR = 0.02
"""Of the first usable signal: below it there is noise, whose logarithm must not pull the process down."""

FIRST_LENGTH, LENGTHS = 0.1, (0.01, 2.0)  # of a knob's range; the peak's half-width is 0.02
FIRST_NOISE, NOISES = 1e-3, (1e-6, 0.1)  # variance, of a log signal scaled to unit variance

DARING = 0.2
"""Standard deviations added to the mean.

Of 0.2, 0.5, 1, and expected improvement, this came nearest to the summit within 60 shots: with three knobs and a needle
for a peak there is no budget for looking around.
"""

N_RANDOM, N_CLIMB = 2000, 3
"""Settings at which the acquisition is looked up, and the best of them from which it is climbed.

The package's own are 10,000 and 10, at three times the time.
"""


class BayesianSearch:
    """Implements `agents.protocol.Agent`. Raises ImportError where the package is not installed."""

    name = "bayesian"

    def __init__(self, travel: Travel, seed: int) -> None:
        from bayes_opt import BayesianOptimization
        from sklearn.gaussian_process.kernels import Matern, WhiteKernel

        k = len(travel.start)
        self._travel, self._here = travel, travel.start
        self._names = [f"knob{j}" for j in range(k)]
        self._optimizer = BayesianOptimization(
            f=None,
            pbounds=dict.fromkeys(self._names, (-0.5, 0.5)),
            acquisition_function=_upper_bound(),
            random_state=np.random.RandomState(seed % 2**32),
            verbose=0,
            allow_duplicate_points=True,
        )
        kernel = Matern([FIRST_LENGTH] * k, LENGTHS, nu=2.5) + WhiteKernel(FIRST_NOISE, NOISES)
        self._optimizer.set_gp_params(kernel=kernel, alpha=1e-8, n_restarts_optimizer=2)
        self._seen = Seen()
        self._floor: float | None = None

    def ask(self) -> Floats:
        """One step towards the highest upper bound, shape (k,); before the first light, the start."""
        if self._floor is None:
            return self._here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that ends at a bound, or without progress, is its own answer
            wish = self._optimizer.suggest()
        return self._travel.clipped(np.array([float(wish[name]) for name in self._names]), self._here)

    def tell(self, shot: Shot) -> None:
        """Take in a shot where the knobs really were; one without light teaches nothing."""
        self._here = np.asarray(shot.fraction, dtype=np.float64)
        signal = self._seen.add(shot)
        if signal <= 0:
            return
        self._floor = FLOOR * signal if self._floor is None else self._floor
        told: Any = dict(zip(self._names, self._here.tolist(), strict=True))
        with redirect_stdout(StringIO()):  # a setting that was there before is worth a line in red to the package
            self._optimizer.register(told, float(np.log(max(signal, self._floor))))

    def recommend(self) -> Floats:
        """The setting believed best among those tried, shape (k,)."""
        return self._seen.best()

    def finished(self) -> str | None:
        """Never by itself: the shots run out first."""
        return None


def _upper_bound() -> Any:
    from bayes_opt.acquisition import UpperConfidenceBound

    class Quick(UpperConfidenceBound):
        """The package's own, at fewer settings."""

        def suggest(self, *args: Any, **options: Any) -> Any:
            return super().suggest(*args, **{"n_random": N_RANDOM, "n_smart": N_CLIMB, **options})

    return Quick(kappa=DARING)
