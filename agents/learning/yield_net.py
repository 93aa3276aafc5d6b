"""The yield at a way from the optimum: a small network that gives its own slope, so that beliefs can follow it.

Points are three natural coordinates, in which one unit costs the same share of the peak in every direction, and B.
The slope is written out instead of left to automatic differentiation: the exported graph must contain it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from agents.learning.frame_fit import Progress, Schedule, batches

__all__ = ["N_POINT", "YieldNet", "Yields", "fit_yields", "misfit_by_distance"]

N_KNOB = 3
N_POINT = N_KNOB + 1
SOFT = 0.3  # natural units squared: the features bend there
FAR = 30.0  # natural units
B_MIDDLE_RAD = 2.25
N_FEATURE = 3 * N_KNOB + 2
SLACK, STEEP = 0.1, 0.2  # of log yield and of its slope times the distance: beyond, errors count linearly
SLOPE_WEIGHT = 0.3
NEAR_WEIGHT = 3.0  # about the optimum small errors move the optimum itself


@dataclass(frozen=True, slots=True)
class Yields:
    """Points (n, 4), the log yield at each (n,), and its slope over the way (n, 3), per natural unit."""

    points: Tensor
    log_yield: Tensor
    slope: Tensor

    def rows(self, rows: Tensor | slice) -> "Yields":
        """Some of them."""
        return Yields(self.points[rows], self.log_yield[rows], self.slope[rows])


class YieldNet(nn.Module):
    """Points (n, 4) to log yields (n,) and their slopes (n, 4), over the way and over B."""

    def __init__(self, widths: Sequence[int] = (48, 48, 48)) -> None:
        super().__init__()
        sizes = (N_FEATURE, *widths)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last = nn.Linear(sizes[-1], 1)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope. Points run along the last axis inside: long rows are several times as fast as rows of 4."""
        layers = [layer for layer in self.hidden if isinstance(layer, nn.Linear)]
        x, y, z, b_rad = torch.split(points.T, 1)
        square = x * x + y * y + z * z + SOFT
        size = torch.sqrt(square)
        root = torch.sqrt(size)
        way = torch.cat([x, y, z])
        state = torch.cat([way / size, way / root, way / FAR, 0.5 * torch.log(square), b_rad - B_MIDDLE_RAD])
        states = []
        for layer in layers:
            state = torch.tanh(layer.weight @ state + layer.bias[:, None])
            states.append(state)
        value = self.last.weight @ state + self.last.bias
        back = self.last.weight.T * (1 - state * state)
        for layer, state in zip(reversed(layers[1:]), reversed(states[:-1]), strict=True):
            back = (layer.weight.T @ back) * (1 - state * state)
        unit, bent, straight, over_log, over_b = torch.split(layers[0].weight.T @ back, [N_KNOB] * 3 + [1, 1])
        inward = (_summed(unit * way) / size + 0.5 * _summed(bent * way) / root - over_log) / square
        over_way = unit / size + bent / root + straight / FAR - way * inward
        return value[0], torch.cat([over_way, over_b]).T


def _summed(rows: Tensor) -> Tensor:
    """Of three rows, (3, n), as one row (1, n)."""
    x, y, z = torch.split(rows, 1)
    return x + y + z


def fit_yields(
    net: YieldNet, data: Yields, schedule: Schedule, generator: torch.Generator, told: Callable[[Progress], None]
) -> None:
    """Least squares of values and slopes with linear tails; `told` hears every so many steps."""
    optimiser = torch.optim.Adam(net.parameters(), lr=schedule.rate)
    total = 0.0
    for step, rows in enumerate(batches(len(data.points), schedule, generator)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = _loss(net, data.rows(rows))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        total += float(loss.detach())
        if (step + 1) % schedule.every == 0 or step + 1 == schedule.steps:
            told(Progress(step + 1, total / ((step % schedule.every) + 1)))
            total = 0.0


def _loss(net: YieldNet, data: Yields) -> Tensor:
    value, slope = net(data.points)
    square = (data.points[:, :N_KNOB] ** 2).sum(1)
    weight = 1 + NEAR_WEIGHT / (1 + square / 4)
    size = torch.sqrt(square + SOFT)[:, None]
    off = nn.functional.huber_loss(value, data.log_yield, delta=SLACK, reduction="none")
    tilted = nn.functional.huber_loss(slope[:, :N_KNOB] * size, data.slope * size, delta=STEEP, reduction="none")
    return (weight * (off + SLOPE_WEIGHT * tilted.mean(1))).mean()


@torch.no_grad()
def misfit_by_distance(net: YieldNet, data: Yields, edges: Sequence[float] = (0, 0.5, 2, 8, 32, 80)) -> list[float]:
    """Median size of the error of log yield, by the length of the way."""
    error = (net(data.points)[0] - data.log_yield).abs()
    size = data.points[:, :N_KNOB].norm(dim=1)
    chosen = [error[(size >= low) & (size < high)] for low, high in pairwise(edges)]
    return [round(float(part.median()), 5) if len(part) else math.nan for part in chosen]
