"""The signal expected at a way from the optimum: what a reading is compared with before a belief is trusted."""

from typing import cast

import torch
from torch import Tensor, nn

from agents.learning.frame_fit import Schedule, batches

__all__ = ["SignalNet", "fit_signal"]

WIDTH = 64
SLACK = 0.1  # of the logarithm: errors beyond it count linearly, since a few lasers are far off the usual


class SignalNet(nn.Module):
    """Points (n, 4), a way in natural coordinates and B, to the logarithm of the second-harmonic signal, (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(8, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1)
        )

    def forward(self, points: Tensor) -> Tensor:
        """Up to one constant, the scale that nobody knows."""
        way = points[:, :3]
        size = torch.sqrt((way**2).sum(1, keepdim=True) + 0.1)
        seen = torch.cat([_asinh(way), way / size, torch.log(size), points[:, 3:]], dim=1)
        return cast("Tensor", self.layers(seen)[:, 0])


def _asinh(values: Tensor) -> Tensor:
    """Written out: the exporter knows no asinh."""
    size = torch.abs(values)
    return torch.sign(values) * torch.log(size + torch.sqrt(size**2 + 1))


def fit_signal(
    net: SignalNet, truth: Tensor, log_signal: Tensor, schedule: Schedule, generator: torch.Generator
) -> float:
    """Least squares with a linear tail; returns the median size of the error on the last tenth, which is held out."""
    held = len(truth) // 10
    optimiser = torch.optim.Adam(net.parameters(), lr=schedule.rate)
    for step, rows in enumerate(batches(len(truth) - held, schedule, generator)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = nn.functional.huber_loss(net(truth[rows]), log_signal[rows], delta=SLACK)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
    with torch.no_grad():
        return float((net(truth[-held:]) - log_signal[-held:]).abs().median())
