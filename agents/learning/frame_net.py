"""From one FROG frame to a belief: a mixture of Gaussians over the way to the optimum and B.

The way is counted in natural coordinates, in which one unit costs the same in every direction. Two experts share fixed
projections of the frame: one reads frames far from the optimum, one near it, and a small router tells them apart.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Belief", "Expert", "FrameNet", "Optics", "Shape", "log_likelihood"]

N_DIM = 4
"""Three natural coordinates and B."""
N_LOWER = N_DIM * (N_DIM - 1) // 2
SOFT = 0.02  # of the peak: where square-root compression begins
FARTHEST = 6.5  # of an expert's outputs: sinh(6.5) is 330 scales away
SHARPNESS = (-6.0, 5.0)  # logarithms of the precision's factor, per natural unit
REST = 1e-5  # of the frame's energy: below it, what the projections leave out is rounding
REST_SCALE = 10.0  # brings its root to the size of the other features


class Shape(NamedTuple):
    """Sizes: of the frame, of each projection, of further inputs (knobs), and of the experts."""

    n_delay: int = 32
    n_frequency: int = 64
    n_feature: int = 160
    n_knob: int = 0
    far_width: int = 512
    near_width: int = 384
    depth: int = 2
    n_component: int = 4

    @property
    def n_input(self) -> int:
        """Numbers that an expert sees."""
        return 2 * self.n_feature + 2 + self.n_knob


class Belief(NamedTuple):
    """Log weights (n, k), means (n, k, 4), and factors (n, k, 4, 4) lower triangular: the precision is AᵀA.

    The diagonal of a factor is kept as its logarithm, `log_sharpness` (n, k, 4); `skew` (n, k, 6) holds what stands
    left of it, row by row, in units of the row's diagonal.
    """

    log_weight: Tensor
    mean: Tensor
    log_sharpness: Tensor
    skew: Tensor


class Optics(nn.Module):
    """The fixed first layer: frames (n, p), each through any factor, to whitened principal components.

    Of the frame over its smoothed peak, of its signed square root, and the size of what both leave out: noise, and
    whatever no laser of the training set could have made.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        n_pixel = shape.n_delay * shape.n_frequency
        self.shape = shape
        self.register_buffer("linear", torch.zeros(n_pixel, shape.n_feature))
        self.register_buffer("square", torch.zeros(n_pixel, shape.n_feature))
        self.register_buffer("middle", torch.zeros(2, n_pixel))
        self.register_buffer("variance", torch.ones(2 * shape.n_feature))
        self.linear: Tensor
        self.square: Tensor
        self.middle: Tensor
        self.variance: Tensor

    def normalised(self, frames: Tensor) -> Tensor:
        """Frames over the greatest mean of three pixels by three, which one noisy pixel does not move; float64."""
        rows, columns = self.shape.n_delay, self.shape.n_frequency
        image = frames.double().reshape(-1, rows, columns)
        nine = [image[:, i : i + rows - 2, j : j + columns - 2] for i in range(3) for j in range(3)]
        smooth = torch.stack(nine).sum(0) / len(nine)
        return frames.double() / torch.clamp(smooth.amax(dim=(1, 2)), min=1e-12)[:, None]

    @staticmethod
    def compressed(frames: Tensor) -> Tensor:
        """Signed square root, smooth at zero, so that noise around zero stays noise."""
        return frames / torch.sqrt(torch.abs(frames) + SOFT)

    def forward(self, frames: Tensor) -> Tensor:
        """Features (n, 2 m + 2)."""
        unit = self.normalised(frames)
        # In float64: whitening amplifies the rounding of faint components to the size of what they tell.
        linear, square = unit - self.middle[0].double(), self.compressed(unit) - self.middle[1].double()
        seen = torch.cat([linear @ self.linear.double(), square @ self.square.double()], dim=1)
        energy = torch.stack([(linear**2).sum(1), (square**2).sum(1)], dim=1)
        kept = (seen**2 * self.variance.double()).reshape(-1, 2, self.shape.n_feature).sum(2)
        rest = torch.sqrt(torch.clamp(1 - kept / torch.clamp(energy, min=1e-12), min=REST))
        return torch.cat([seen, REST_SCALE * rest], dim=1).float()


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.first, self.second = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, width)."""
        y: Tensor = x + self.second(nn.functional.gelu(self.first(self.norm(x))))
        return y


class Expert(nn.Module):
    """Features (n, m) to a belief; ways are scale·sinh(output), linear below the scale and logarithmic above."""

    def __init__(self, shape: Shape, width: int, scale: float) -> None:
        super().__init__()
        self.n_component, self.scale = shape.n_component, scale
        self.enter = nn.Linear(shape.n_input, width)
        self.blocks = nn.Sequential(*(_Residual(width) for _ in range(shape.depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, shape.n_component * (1 + 2 * N_DIM + N_LOWER))
        self.register_buffer("b_middle", torch.tensor(2.25))
        self.b_middle: Tensor
        with torch.no_grad():
            self.head.weight *= 0.3
            self.head.bias[shape.n_component : 3 * shape.n_component] += 1.5 * torch.randn(2 * shape.n_component)

    def forward(self, features: Tensor) -> Belief:
        """The belief of each frame."""
        k = self.n_component
        raw = self.head(self.norm(self.blocks(self.enter(features))))
        rest = raw[:, k:].reshape(-1, k, 2 * N_DIM + N_LOWER)
        bend = torch.clamp(rest[..., :3], -FARTHEST, FARTHEST)
        way = self.scale * (torch.exp(bend) - torch.exp(-bend)) / 2
        return Belief(
            torch.log_softmax(raw[:, :k], dim=1),
            torch.cat([way, rest[..., 3:4] + self.b_middle], dim=-1),
            torch.clamp(rest[..., 4:8], *SHARPNESS),
            rest[..., 8:],
        )


class FrameNet(nn.Module):
    """Frames (n, p) and knobs (n, k) to one belief of both experts, the far one's components first."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.optics = Optics(shape)
        self.far = Expert(shape, shape.far_width, scale=12.0)
        self.near = Expert(shape, shape.near_width, scale=1.0)
        self.router = nn.Sequential(nn.Linear(shape.n_input, 32), nn.ReLU(), nn.Linear(32, 1))

    def nearness(self, features: Tensor) -> Tensor:
        """Logit of the near expert, (n, 1)."""
        logit: Tensor = self.router(torch.clamp(features, -10.0, 10.0))
        return logit

    def forward(self, frames: Tensor, knobs: Tensor | None = None) -> Belief:
        """What is believed after each frame alone."""
        seen = self.optics(frames)
        features = seen if knobs is None else torch.cat([seen, knobs], dim=1)
        share, far, near = self.nearness(features), self.far(features), self.near(features)
        weights = torch.cat(
            [far.log_weight - nn.functional.softplus(share), near.log_weight - nn.functional.softplus(-share)], dim=1
        )
        return Belief(weights, *(torch.cat(pair, dim=1) for pair in zip(far[1:], near[1:], strict=True)))


def log_likelihood(belief: Belief, truth: Tensor) -> Tensor:
    """Of the truth (n, 4) under each belief, (n,), up to a constant."""
    away = truth[:, None] - belief.mean
    rows, at = [], 0
    for row in range(N_DIM):
        left = (belief.skew[..., at : at + row] * away[..., :row]).sum(-1)
        rows.append((left + away[..., row]) * torch.exp(belief.log_sharpness[..., row]))
        at += row
    each = belief.log_sharpness.sum(-1) - 0.5 * torch.stack(rows, dim=-1).square().sum(-1)
    return torch.logsumexp(belief.log_weight + each, dim=1)
