"""From an observation to the numbers that a network works on: everything flat and scaled, convolutions if wanted.

Scales are measured once, on random shots before training (`measured`), and stay: they lie in buffers of the network, so
a checkpoint and an exported policy carry them, and no statistics drift under the learner's feet. Every number becomes
(value - mean) / deviation.
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

from lasercontrol.training.traces import GREATEST, LEAST_DEVIATION

__all__ = ["Features", "View", "measured"]

CNN_FEATURES = 256  # as stable-baselines3 has it for dictionaries
FROG = "frog"


@dataclass(frozen=True, slots=True)
class View:
    """Which keys a network reads.

    layout: shapes of all keys, in order, of an observation that comes as one vector. blank: keys whose numbers are
    replaced by zeros.
    """

    keys: tuple[str, ...]
    layout: Mapping[str, tuple[int, ...]]
    blank: tuple[str, ...] = ()


class Features(BaseFeaturesExtractor):
    """Every key of the view, flat and scaled, side by side; whole traces by the convolutions of the published work."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, observation_space: spaces.Space[Any], view: View) -> None:
        vectors = {name: prod(view.layout[name]) for name in view.keys if name != FROG}
        n_vector, n_cnn = sum(vectors.values()), CNN_FEATURES if FROG in view.keys else 0
        super().__init__(observation_space, n_vector + n_cnn)
        self.view, self._vectors = view, tuple(vectors)
        self.register_buffer("mean", torch.zeros(n_vector))
        self.register_buffer("deviation", torch.ones(n_vector))
        self.cnn = NatureCNN(spaces.Box(0, 255, view.layout[FROG], np.uint8), CNN_FEATURES) if n_cnn else None

    def forward(self, observations: Mapping[str, Tensor] | Tensor) -> Tensor:
        """Features (n, `features_dim`) of a batch as stable-baselines3 has preprocessed it."""
        if isinstance(observations, Tensor):
            observations = _by_key(observations, self.view.layout)
        flat = torch.cat([self._flat(name, observations[name]) for name in self._vectors], dim=1)
        scaled = ((flat - self.mean) / self.deviation).clamp(-GREATEST, GREATEST)
        return scaled if self.cnn is None else torch.cat([self.cnn(observations[FROG]), scaled], dim=1)

    def measure(self, shots: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the scales from shots, arrays (n, ...) by key."""
        parts = [shots[name].reshape(len(shots[name]), -1) for name in self._vectors]
        parts = [part * (name not in self.view.blank) for name, part in zip(self._vectors, parts, strict=True)]
        flat = np.concatenate(parts, axis=1)
        with torch.no_grad():
            self.mean.copy_(torch.from_numpy(flat.mean(axis=0)))
            self.deviation.copy_(torch.from_numpy(np.maximum(flat.std(axis=0), LEAST_DEVIATION)))

    def _flat(self, name: str, values: Tensor) -> Tensor:
        return torch.zeros_like(values).flatten(1) if name in self.view.blank else values.flatten(1)


def _by_key(flat: Tensor, layout: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    parts = torch.split(flat, [prod(shape) for shape in layout.values()], dim=1)
    return {name: part.reshape(-1, *shape) for part, (name, shape) in zip(parts, layout.items(), strict=True)}


def measured(network: nn.Module, shots: Mapping[str, NDArray[np.float32]]) -> None:
    """Let every `Features` within a network measure its scales."""
    for part in network.modules():
        if isinstance(part, Features):
            part.measure(shots)
