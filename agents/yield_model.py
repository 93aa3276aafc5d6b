"""What a policy file says of yields: a network from a way to the optimum, and the prior of everything hidden.

Points are natural coordinates: a departure of the knobs in native units times the root, so that one unit in any
direction costs the same share of the peak. Hypotheses are (optimum counted from the start (3), B, log of the scale).
"""

from collections.abc import Mapping
from functools import cached_property, lru_cache

import numpy as np

from agents.policy_file import PolicyFile, PolicyFileError
from agents.protocol import Floats

__all__ = ["DARKEST", "N_HYPOTHESIS", "N_KNOB", "SCALE_SIGMA", "YieldModel", "model_of"]

N_KNOB = 3
N_HYPOTHESIS = N_KNOB + 2
N_BANK = 4096
SCALE_SIGMA = 0.2
DARKEST = 1e-4
"""Yields below this share of the transform limit's count as this one."""
MODEL_REACH = 4.0  # natural units squared: nearer than that the model's error fades
B_BEYOND = (0.5, 1.4)
"""B may be found so many times lower than the lowest and higher than the highest in training."""

FARTHEST_SHARE, MIDDLE_SHARE, NEAREST = 0.5, 0.3, 0.1
"""Prior of the way: half of all lasers anywhere within reach, some at least as near, by the logarithm of the reach."""


class YieldModel:
    """Log yields and their slopes, priors, noise. PolicyFileError where the file is of another kind or lacks numbers.

    bank: hypotheses (n, 5) from the prior, the same for everybody; reach: (n,) share of the whole reach that each was
    drawn within; at_start: log yield of each at the start, (n,).
    """

    def __init__(self, file: PolicyFile) -> None:
        if file.manifest.kind != "yields":
            raise PolicyFileError(f"{file.path}: holds a policy of kind {file.manifest.kind}; kind yields is wanted.")
        numbers = {name: np.asarray(values, dtype=np.float64) for name, values in file.manifest.numbers.items()}
        _require(file, numbers)
        self.file = file
        self.root = numbers["root_native"].reshape(N_KNOB, N_KNOB)
        self.reach_native = numbers["reach_native"]
        self._b_table = numbers["b_table_rad"]
        self._shift = numbers["shift_native"].reshape(len(self._b_table), N_KNOB) @ self.root
        self.relative_noise, self.additive_noise, self.model_error = numbers["noise"]
        low, high = file.manifest.b_range_rad
        self.b_range, self.b_bounds = (low, high), (B_BEYOND[0] * low, B_BEYOND[1] * high)
        to_offset = np.linalg.inv(self.root) / self.reach_native * np.sqrt(3)
        self.curvature = to_offset @ to_offset.T
        """Of the prior, (3, 3), for a way within the whole reach: its inverse is the covariance."""

    def signal(self, points: Floats) -> tuple[Floats, Floats]:
        """Log yield (n,) and its slope (n, 4) at points (n, 4): a way from the optimum, and B."""
        out = self.file.run({"points": points})
        return out["log_yield"], out["slope"]

    def log_noise(self, log_signal: Floats, distance_squared: float = np.inf) -> Floats:
        """Standard deviation of the logarithm of a measured signal, same shape, at a natural distance: far, or there.

        What the network cannot know is included.
        """
        dark = self.additive_noise * np.exp(-np.maximum(log_signal, np.log(DARKEST)))
        unknown = self.model_error**2 if np.isinf(distance_squared) else self.unknown(np.asarray(distance_squared))
        return np.asarray(np.sqrt(self.relative_noise**2 + dark**2 + unknown))

    def unknown(self, distance_squared: Floats) -> Floats:
        """Variance of a log yield that the network cannot know: the laser's own spectrum; little about the optimum."""
        return np.asarray(self.model_error**2 * (distance_squared / (distance_squared + MODEL_REACH)))

    def best_at(self, b_rad: Floats) -> Floats:
        """The optimum of a laser without offset, (n, 3), natural."""
        return np.stack([np.interp(b_rad, self._b_table, column) for column in self._shift.T], axis=1)

    def unit_of(self, log_signal: float) -> tuple[float, float]:
        """Logarithm of the unit of a first signal, and how sure that is: its standard deviation.

        A signal is a share of the transform limit's yield through a scale of about 1; one that no laser could make
        that way comes in a unit of its own, and says nothing but that.
        """
        *_, at_start = self.bank
        if at_start.min() - 4 * SCALE_SIGMA < log_signal < at_start.max() + 4 * SCALE_SIGMA:
            return 0.0, SCALE_SIGMA
        return float(log_signal - np.median(at_start)), float(np.std(at_start))

    @cached_property
    def bank(self) -> tuple[Floats, Floats, Floats]:
        """Hypotheses (n, 5), of scale 1; reach (n,), log yield at the start (n,)."""
        rng = np.random.default_rng(0)
        kind = rng.random(N_BANK)
        reach = np.where(kind < FARTHEST_SHARE, 1.0, np.exp(rng.uniform(np.log(NEAREST), 0.0, N_BANK)))
        reach[kind > 1 - MIDDLE_SHARE] = 0.3
        b_rad = rng.uniform(*self.b_range, N_BANK)
        offset = rng.uniform(-1, 1, (N_BANK, N_KNOB)) * self.reach_native * reach[:, None]
        optimum = self.best_at(b_rad) - offset @ self.root
        at_start, _ = self.signal(np.column_stack([-optimum, b_rad]))
        return np.column_stack([optimum, b_rad, np.zeros(N_BANK)]), reach, at_start


@lru_cache(maxsize=4)
def model_of(file: PolicyFile) -> YieldModel:
    """The model of a file, made once: every laser shares its bank. PolicyFileError as `YieldModel`."""
    return YieldModel(file)


def _require(file: PolicyFile, numbers: Mapping[str, Floats]) -> None:
    """PolicyFileError where numbers are missing or of the wrong count."""
    table = numbers.get("b_table_rad", np.zeros(0))
    wanted = {
        "root_native": N_KNOB**2,
        "reach_native": N_KNOB,
        "b_table_rad": max(len(table), 2),
        "shift_native": N_KNOB * max(len(table), 2),
        "noise": 3,
    }
    if wrong := [name for name, size in wanted.items() if numbers.get(name, np.zeros(0)).size != size]:
        raise PolicyFileError(f"{file.path}: lacks numbers that a policy of yields needs, or has others: {wrong[0]}.")
    names = (set(file.manifest.inputs), set(file.manifest.outputs))
    if names != ({"points"}, {"log_yield", "slope"}):
        raise PolicyFileError(f"{file.path}: a network of yields takes points and gives log_yield and slope.")
