"""From an observation to the numbers that a network works on: traces made small, everything scaled.

Scales and projections are measured once, on random shots before training (`measured`), and stay: they lie in buffers of
the network, so a checkpoint and an exported policy carry them, and no statistics drift under the learner's feet.
Vector keys become (value - mean) / deviation. A trace arrives as 0 … 1 of the camera's range.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN
from torch import Tensor, nn

__all__ = ["Features", "View", "measured"]

LEAST_DEVIATION = 1e-3
GREATEST = 10.0  # deviations; a number beyond is cut
POOL = 4  # pixels of an averaged tile, either way
CNN_FEATURES = 256
FROG = "frog"


@dataclass(frozen=True, slots=True)
class View:
    """Which keys a network reads, and how traces are made small.

    blank: keys whose numbers are replaced by zeros. layout: shapes of all keys, in order, of an observation that comes
    as one vector.
    """

    keys: tuple[str, ...]
    images: str
    projections: int
    layout: Mapping[str, tuple[int, ...]]
    blank: tuple[str, ...] = ()


class Features(BaseFeaturesExtractor):
    """Every key of the view, flat and scaled, side by side; traces first."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, observation_space: spaces.Space[Any], view: View) -> None:
        vectors = {name: prod(view.layout[name]) for name in view.keys if name != FROG}
        super().__init__(observation_space, 1)
        self.view, self._vectors = view, tuple(vectors)
        self.register_buffer("mean", torch.zeros(sum(vectors.values())))
        self.register_buffer("deviation", torch.ones(sum(vectors.values())))
        self.traces = None if FROG not in view.keys else _traces(view.layout[FROG], view)
        self._features_dim = sum(vectors.values()) + (0 if self.traces is None else self.traces.n_features)

    def forward(self, observations: Mapping[str, Tensor] | Tensor) -> Tensor:
        """Features (n, `features_dim`) of a batch as stable-baselines3 has preprocessed it."""
        if isinstance(observations, Tensor):
            observations = _by_key(observations, self.view.layout)
        flat = torch.cat([self._flat(name, observations[name]) for name in self._vectors], dim=1)
        scaled = ((flat - self.mean) / self.deviation).clamp(-GREATEST, GREATEST)
        if self.traces is None:
            return scaled
        return torch.cat([self.traces(observations[FROG]), scaled], dim=1)

    def measure(self, shots: Mapping[str, NDArray[np.float32]]) -> None:
        """Take scales and projections from shots, arrays (n, ...) by key, traces as 0 … 1."""
        flat = np.concatenate([shots[name].reshape(len(shots[name]), -1) for name in self._vectors], axis=1)
        with torch.no_grad():
            self.mean.copy_(torch.from_numpy(flat.mean(axis=0)))
            self.deviation.copy_(torch.from_numpy(np.maximum(flat.std(axis=0), LEAST_DEVIATION)))
            for name in self.view.blank:
                start = sum(int(np.prod(shots[key].shape[1:])) for key in self._vectors[: self._vectors.index(name)])
                self.mean[start : start + int(np.prod(shots[name].shape[1:]))] = 0
        if isinstance(self.traces, _Projected):
            self.traces.measure(torch.from_numpy(shots[FROG][:, -1]))

    def _flat(self, name: str, values: Tensor) -> Tensor:
        return torch.zeros_like(values).flatten(1) if name in self.view.blank else values.flatten(1)


def _by_key(flat: Tensor, layout: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    parts = torch.split(flat, [prod(shape) for shape in layout.values()], dim=1)
    return {name: part.reshape(-1, *shape) for part, (name, shape) in zip(parts, layout.items(), strict=True)}


def measured(features: nn.Module, shots: Mapping[str, NDArray[np.float32]]) -> None:
    """Let every `Features` within a network measure its scales."""
    for part in features.modules():
        if isinstance(part, Features):
            part.measure(shots)


class _Projected(nn.Module):
    """Principal components of the root of the folded trace, whitened: a trace is even in the delay but for noise."""

    mean: Tensor
    basis: Tensor

    def __init__(self, shape: tuple[int, ...], projections: int) -> None:
        super().__init__()
        frames, n_delay, n_frequency = shape
        self.n_features = frames * projections
        self.register_buffer("mean", torch.zeros(n_delay // 2 * n_frequency))
        self.register_buffer("basis", torch.zeros(n_delay // 2 * n_frequency, projections))

    def forward(self, traces: Tensor) -> Tensor:
        return ((self._folded(traces) - self.mean) @ self.basis).clamp(-GREATEST, GREATEST).flatten(1)

    def measure(self, traces: Tensor) -> None:
        """Take mean and components from traces (n, n_delay, n_frequency)."""
        folded = self._folded(traces)
        self.mean.copy_(folded.mean(dim=0))
        _, size, rows = torch.linalg.svd(folded - self.mean, full_matrices=False)
        n = min(self.basis.shape[1], len(size))
        deviation = torch.clamp(size[:n] / len(traces) ** 0.5, min=LEAST_DEVIATION)
        self.basis.zero_()
        self.basis[:, :n] = (rows[:n] / deviation[:, None]).T

    @staticmethod
    def _folded(traces: Tensor) -> Tensor:
        middle = traces.shape[-2] // 2
        halves = traces[..., middle:, :] + traces[..., 1 : middle + 1, :].flip(-2)
        return (halves / 2).clamp(min=0).sqrt().flatten(-2)


class _Pooled(nn.Module):
    """Means over tiles of the root of the trace."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.n_features = shape[0] * (shape[1] // POOL) * (shape[2] // POOL)
        self.pool = nn.AvgPool2d(POOL)

    def forward(self, traces: Tensor) -> Tensor:
        pooled: Tensor = self.pool(traces.clamp(min=0).sqrt())
        return pooled.flatten(1)


class _Convolved(nn.Module):
    """The convolutions of the published work: stable-baselines3's NatureCNN."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.n_features = CNN_FEATURES
        self.cnn = NatureCNN(spaces.Box(0, 255, shape, np.uint8), CNN_FEATURES)

    def forward(self, traces: Tensor) -> Tensor:
        convolved: Tensor = self.cnn(traces)
        return convolved


def _traces(shape: tuple[int, ...], view: View) -> "_Projected | _Pooled | _Convolved":
    if view.images == "projected":
        return _Projected(shape, view.projections)
    return _Pooled(shape) if view.images == "pooled" else _Convolved(shape)
