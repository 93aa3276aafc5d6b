"""Fitting a `FrameNet`: projections from principal components, experts by maximum likelihood, then the router."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from agents.learning.frame_net import Expert, FrameNet, Optics, log_likelihood

__all__ = [
    "NEARER",
    "Progress",
    "Samples",
    "Schedule",
    "batches",
    "fit_expert",
    "fit_router",
    "set_optics",
    "shares_read",
]

BETWEEN = 5.0
"""Natural units at which the router's logit is 0; each expert is trained well beyond."""
BEYOND, WITHIN = 3.0, 10.0
NEARER = {"far": (BEYOND, math.inf), "near": (0.0, WITHIN)}
"""Ways on which each expert is trained, in natural units."""
WARM_UP = 200
EDGES = (0, 1, 2, 4, 8, 16, 32, 64)
READ = 0.32
"""Natural units: 5 % of the peak."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Features (n, m), as `Optics` and the knobs give them, in any float type; truth (n, 4)."""

    features: Tensor
    truth: Tensor

    def between(self, low: float, high: float) -> "Samples":
        """Those whose way to the optimum has a length in between, in natural units."""
        size = self.truth[:, :3].norm(dim=1)
        rows = torch.nonzero((size >= low) & (size < high))[:, 0]
        return Samples(self.features[rows], self.truth[rows])


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast: steps of `batch` frames; the rate rises, then falls as a cosine."""

    steps: int
    batch: int = 256
    rate: float = 1e-3
    weight_decay: float = 1e-4
    every: int = 1000

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        pace = min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.rate * max(pace, 0.003)


@dataclass(frozen=True, slots=True)
class Progress:
    """After so many steps: the mean loss since the last word."""

    step: int
    loss: float


def set_optics(optics: Optics, frames: Tensor) -> None:
    """Put the principal directions of frames (n, p), raw, into the projections."""
    unit = optics.normalised(frames)
    m = optics.shape.n_feature
    for index, (seen, target) in enumerate(((unit, optics.linear), (optics.compressed(unit), optics.square))):
        value, vector = torch.linalg.eigh(torch.cov(seen.T))
        value = value[-m:].flip(0).clamp(min=1e-12)
        target.copy_(vector[:, -m:].flip(1) / torch.sqrt(value))
        optics.middle[index] = seen.mean(0)
        optics.variance[index * m : (index + 1) * m] = value


def fit_expert(
    expert: Expert, samples: Samples, schedule: Schedule, generator: torch.Generator, told: Callable[[Progress], None]
) -> None:
    """Maximum likelihood by AdamW over shuffled batches; `told` hears every so many steps."""
    optimiser = torch.optim.AdamW(expert.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay)
    total = 0.0
    for step, rows in enumerate(batches(len(samples.truth), schedule, generator)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = -log_likelihood(expert(samples.features[rows].float()), samples.truth[rows]).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(expert.parameters(), 5.0)
        optimiser.step()
        total += float(loss.detach())
        if (step + 1) % schedule.every == 0 or step + 1 == schedule.steps:
            told(Progress(step + 1, total / ((step % schedule.every) + 1)))
            total = 0.0


def fit_router(net: FrameNet, samples: Samples, schedule: Schedule, generator: torch.Generator) -> None:
    """Teach the router which frames lie nearer than `BETWEEN`."""
    optimiser = torch.optim.Adam(net.router.parameters(), lr=schedule.rate)
    near = (samples.truth[:, :3].norm(dim=1) < BETWEEN).float()[:, None]
    for rows in batches(len(near), schedule, generator):
        loss = nn.functional.binary_cross_entropy_with_logits(net.nearness(samples.features[rows].float()), near[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()


@torch.no_grad()
def shares_read(expert: Expert, samples: Samples) -> list[float | None]:
    """Share of frames whose likeliest component lies within `READ` of the truth, by the length of the way (`EDGES`)."""
    means, weights = [], []
    for part in torch.split(samples.features, 4096):
        belief = expert(part.float())
        means.append(belief.mean)
        weights.append(belief.log_weight)
    mean, likeliest = torch.cat(means), torch.cat(weights).argmax(1)
    error = (mean[torch.arange(len(mean)), likeliest, :3] - samples.truth[:, :3]).norm(dim=1)
    size = samples.truth[:, :3].norm(dim=1)
    shares: list[float | None] = []
    for low, high in pairwise(EDGES):
        chosen = (size >= low) & (size < high)
        shares.append(round(float((error[chosen] < READ).float().mean()), 4) if chosen.any() else None)
    return shares


def batches(n: int, schedule: Schedule, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows of each step, in passes over everything, shuffled anew each time."""
    done = 0
    while done < schedule.steps:
        for rows in torch.split(torch.randperm(n, generator=generator), schedule.batch):
            if done == schedule.steps:
                return
            done += 1
            yield rows
