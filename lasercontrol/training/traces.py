"""Traces made small before a learner sees them, by maps that do not learn: a replay of numbers, not of pictures.

The maps lie in the learner's policy as buffers, so a checkpoint and an exported policy carry them. Traces arrive as
0 … 1 of the camera's range; a stack of them (n, n_frames, n_delay, n_frequency) leaves as (n, n_numbers).
"""

import torch
from torch import Tensor, nn

__all__ = ["GREATEST", "TRACES", "Pooled", "Projected", "Reduction", "reduction_of"]

TRACES = "traces"
"""Key of the small traces, in place of `frog`."""
GREATEST = 10.0
"""Standard deviations; a number beyond is cut."""
LEAST_DEVIATION = 1e-3
POOL = 4  # pixels of an averaged tile, either way


class Projected(nn.Module):
    """Principal components of the root of the folded trace, whitened: a trace is even in the delay but for noise."""

    mean: Tensor
    basis: Tensor

    def __init__(self, shape: tuple[int, ...], projections: int) -> None:
        super().__init__()
        n_frames, n_delay, n_frequency = shape
        self.n_numbers = n_frames * projections
        self.register_buffer("mean", torch.zeros(n_delay // 2 * n_frequency))
        self.register_buffer("basis", torch.zeros(n_delay // 2 * n_frequency, projections))

    def forward(self, traces: Tensor) -> Tensor:
        """Small traces of traces."""
        return ((_folded(traces) - self.mean) @ self.basis).clamp(-GREATEST, GREATEST).flatten(1)

    def measure(self, traces: Tensor) -> None:
        """Take mean and components from traces (n, n_delay, n_frequency)."""
        folded = _folded(traces)
        self.mean.copy_(folded.mean(dim=0))
        _, size, rows = torch.linalg.svd(folded - self.mean, full_matrices=False)
        n = min(self.basis.shape[1], len(size))
        deviation = torch.clamp(size[:n] / len(traces) ** 0.5, min=LEAST_DEVIATION)
        self.basis.zero_()
        self.basis[:, :n] = (rows[:n] / deviation[:, None]).T


class Pooled(nn.Module):
    """Means over tiles of the root of the trace."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.n_numbers = shape[0] * (shape[1] // POOL) * (shape[2] // POOL)
        self.pool = nn.AvgPool2d(POOL)

    def forward(self, traces: Tensor) -> Tensor:
        """Small traces of traces."""
        pooled: Tensor = self.pool(traces.clamp(min=0).sqrt())
        return pooled.flatten(1)

    def measure(self, traces: Tensor) -> None:
        """Nothing is measured."""


Reduction = Projected | Pooled


def reduction_of(images: str, shape: tuple[int, ...], projections: int) -> Reduction | None:
    """The map of a setting for stacks of traces of this shape; None where the network reads them itself."""
    if images == "cnn":
        return None
    return Projected(shape, projections) if images == "projected" else Pooled(shape)


def _folded(traces: Tensor) -> Tensor:
    middle = traces.shape[-2] // 2
    halves = traces[..., middle:, :] + traces[..., 1 : middle + 1, :].flip(-2)
    return (halves / 2).clamp(min=0).sqrt().flatten(-2)
