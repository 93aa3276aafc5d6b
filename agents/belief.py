"""What is believed of the optimum: a mixture of Gaussians, multiplied by what each frame says.

Points are (three natural coordinates of the optimum, B); at a distance |u| from the optimum the peak is exp(-½|u|²) of
the best. Frames count as independent given the laser, so their likelihoods multiply. Every frame, and all that was
believed before it, is doubted a little: whoever is wrong once can be put right.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Floats

__all__ = ["Mixture", "doubted", "fused", "mixture_of"]

MOST = 12  # components kept
LIGHTEST = 1e-3  # weight, over the heaviest's, of a component of a frame that still counts
NEVER = 1e6  # log weight taken from "nobody knows anything"
LEAST = 1e-4  # precision of the vaguest belief
ANYWHERE = np.diag([1 / 60.0**2] * 3 + [1 / 0.9**2])
"""Precision where nothing is known: the knobs' range is about 60 natural units to either side."""
B_MIDDLE_RAD = 2.3
CLIMBS = 2  # mean shifts towards the best point


@dataclass(frozen=True)
class Mixture:
    """Log weights (k,), heaviest first and summing to one, means (k, 4), precisions (k, 4, 4).

    doubted_share: weight of what came from the doubt about the first factor, where this is a product: 0 to 1.
    """

    log_weight: Floats
    mean: Floats
    precision: Floats
    doubted_share: float = 0.0

    @cached_property
    def covariance(self) -> Floats:
        """(k, 4, 4); nothing is wider than the knobs' range, about 1 / √`LEAST`."""
        return np.linalg.inv(self.precision + LEAST * np.eye(4))

    def expected_peak(self, points: Floats) -> Floats:
        """Expected share of the best peak at points (m, 3), shape (m,)."""
        return self._landscape(points)

    def best(self) -> tuple[Floats, float]:
        """The point (3,) of the highest expected peak, and that peak: the best of the means, climbed from."""
        return self._best

    @cached_property
    def _best(self) -> tuple[Floats, float]:
        landscape = self._landscape
        candidates = np.concatenate([self.mean[:, :3], (np.exp(self.log_weight) @ self.mean[:, :3])[None]])
        for _ in range(CLIMBS):
            top = candidates[landscape(candidates).argmax()]
            candidates = np.stack([top, landscape.uphill(top)])
        height = landscape(candidates)
        return candidates[height.argmax()], float(height.max())

    def scattered(self) -> tuple[Floats, Floats]:
        """Points (m, 4) and weights (m,) that stand for the mixture: two deviations from each mean along every axis."""
        value, vector = np.linalg.eigh(self.covariance)
        arms = 2.0 * np.swapaxes(vector * np.sqrt(np.maximum(value, 0.0))[:, None, :], 1, 2)  # (k, axis, 4)
        points = np.concatenate([self.mean[:, None] + arms, self.mean[:, None] - arms], axis=1)
        return points.reshape(-1, 4), np.repeat(np.exp(self.log_weight) / 8, 8)

    @cached_property
    def _landscape(self) -> "_Landscape":
        widened = self.covariance[:, :3, :3] + np.eye(3)
        height = np.exp(self.log_weight) / np.sqrt(np.linalg.det(widened))
        return _Landscape(height, self.mean[:, :3], np.linalg.inv(widened))


@dataclass(frozen=True, slots=True)
class _Landscape:
    """Expected peak over the knobs: a sum of Gaussian hills."""

    height: Floats
    mean: Floats
    inverse: Floats

    def __call__(self, points: Floats) -> Floats:
        away = points[:, None] - self.mean
        quadratic = np.einsum("mki,kij,mkj->mk", away, self.inverse, away)
        return np.asarray(np.exp(-0.5 * quadratic) @ self.height)

    def uphill(self, point: Floats) -> Floats:
        """One mean shift."""
        away = self.mean - point
        pull = self.height * np.exp(-0.5 * np.einsum("ki,kij,kj->k", away, self.inverse, away))
        total = np.einsum("k,kij->ij", pull, self.inverse) + 1e-9 * np.eye(3)
        return np.asarray(point + np.linalg.solve(total, np.einsum("k,kij,kj->i", pull, self.inverse, away)))


def mixture_of(log_weight: Floats, mean: Floats, log_sharpness: Floats, skew: Floats) -> Mixture:
    """From a network's outputs: (k,), (k, 4), (k, 4), and (k, 6), what stands left of a factor's unit diagonal."""
    kept = log_weight > log_weight.max() + np.log(LIGHTEST)
    factor = np.zeros((int(kept.sum()), 4, 4))
    factor[:, range(4), range(4)] = 1.0
    rows, columns = np.tril_indices(4, -1)
    factor[:, rows, columns] = skew[kept]
    factor *= np.exp(log_sharpness[kept].astype(np.float64))[:, :, None]
    precision = np.einsum("kji,kjl->kil", factor, factor)
    return _normalised(log_weight[kept].astype(np.float64), mean[kept].astype(np.float64), precision)


def doubted(mixture: Mixture, doubt: float, spread: float, gone_astray: float = 0.0) -> Mixture:
    """The same with a share `doubt`, last, of knowing nothing, and every error `spread` natural units wider.

    Frames share what is wrong with the spectrum as measured, and lasers drift. gone_astray: natural units by which the
    knobs may have missed since; it widens what is believed of the optimum, not of B.
    """
    inverse = mixture.covariance + spread**2 * np.eye(4) + gone_astray**2 * np.diag([1.0, 1.0, 1.0, 0.0])
    nowhere = np.array([0.0, 0.0, 0.0, B_MIDDLE_RAD])
    return Mixture(
        np.append(mixture.log_weight + np.log1p(-doubt), np.log(doubt)),
        np.append(mixture.mean, nowhere[None], axis=0),
        np.append(np.linalg.inv(inverse), ANYWHERE[None], axis=0),
    )


def fused(a: Mixture, b: Mixture) -> Mixture:
    """Both, each `doubted`, as independent evidence."""
    precision = a.precision[:, None] + b.precision[None] + LEAST * np.eye(4)
    pull = np.einsum("aij,aj->ai", a.precision, a.mean)[:, None] + np.einsum("bij,bj->bi", b.precision, b.mean)[None]
    mean = np.linalg.solve(precision, pull[..., None])[..., 0]
    away_a, away_b = mean - a.mean[:, None], mean - b.mean[None]
    cost = np.einsum("abi,aij,abj->ab", away_a, a.precision, away_a)
    cost = cost + np.einsum("abi,bij,abj->ab", away_b, b.precision, away_b)
    log_det = np.linalg.slogdet(a.precision)[1][:, None] + np.linalg.slogdet(b.precision)[1][None]
    log_det = log_det - np.linalg.slogdet(precision)[1]
    weight = a.log_weight[:, None] + b.log_weight[None] + 0.5 * (log_det - cost)
    weight[-1, -1] -= NEVER  # one of them may know nothing, not both
    share = np.exp(weight - weight.max())
    doubt = float(share[-1].sum() / share.sum())
    return _normalised(weight.ravel(), mean.reshape(-1, 4), precision.reshape(-1, 4, 4), doubt)


def _normalised(log_weight: Floats, mean: Floats, precision: Floats, doubted_share: float = 0.0) -> Mixture:
    order: NDArray[np.intp] = np.argsort(-log_weight)[:MOST]
    weight = log_weight[order] - log_weight[order[0]]
    return Mixture(weight - np.log(np.exp(weight).sum()), mean[order], precision[order], doubted_share)
