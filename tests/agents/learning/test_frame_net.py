"""Beliefs as a network gives them: their likelihood, their scale, and what the fixed projections see."""

import math

import numpy as np
import pytest
import torch

from agents.belief import mixture_of
from agents.learning.frame_fit import NEARER, Samples, Schedule, fit_expert, set_optics, shares_read
from agents.learning.frame_net import Belief, Expert, FrameNet, Shape, log_likelihood

SHAPE = Shape(n_delay=8, n_frequency=8, n_feature=4, far_width=16, near_width=16, n_component=2)


def frames(n: int = 256, seed: int = 0) -> torch.Tensor:
    """Blobs at random places, with noise."""
    generator = torch.Generator().manual_seed(seed)
    at = 2 + 4 * torch.rand((n, 2), generator=generator)
    axis = torch.arange(8.0)
    blob = torch.exp(-((axis - at[:, :1]) ** 2))[:, :, None] * torch.exp(-((axis - at[:, 1:]) ** 2))[:, None]
    return (blob + 0.01 * torch.randn((n, 8, 8), generator=generator)).reshape(n, 64)


def test_the_likelihood_of_one_gaussian_is_the_closed_form() -> None:
    skew = torch.tensor([[[0.5, -0.2, 0.3, 0.1, 0.0, 0.7]]])
    belief = Belief(torch.zeros(1, 1), torch.ones(1, 1, 4), torch.tensor([[[0.1, 0.2, -0.3, 0.4]]]), skew)
    precision = mixture_of(*(part[0].numpy() for part in belief)).precision[0]
    away = np.array([0.3, -0.1, 0.2, 0.5])
    expected = 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * away @ precision @ away
    found = log_likelihood(belief, torch.tensor(1 + away[None], dtype=torch.float32))
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=0)


def test_a_mixture_is_likelier_where_more_of_it_is() -> None:
    belief = Belief(
        torch.log(torch.tensor([[0.8, 0.2]])),
        torch.tensor([[[0.0] * 4, [5.0] * 4]]),
        torch.zeros(1, 2, 4),
        torch.zeros(1, 2, 6),
    )
    at = [float(log_likelihood(belief, torch.full((1, 4), value))) for value in (0.0, 5.0)]
    assert at[0] - at[1] == pytest.approx(math.log(4), rel=1e-3, abs=0)


def test_the_projections_do_not_see_the_scale_of_a_frame() -> None:
    net = FrameNet(SHAPE)
    set_optics(net.optics, frames())
    seen = net.optics(frames(16, seed=1))
    assert torch.max(torch.abs(net.optics(1e-3 * frames(16, seed=1)) - seen)) < 1e-4


def test_the_projections_are_white() -> None:
    net = FrameNet(SHAPE)
    set_optics(net.optics, frames(512))
    seen = net.optics(frames(512))[:, :8]
    assert torch.max(torch.abs(seen.mean(0))) < 0.05
    assert seen.std(0).numpy() == pytest.approx([1.0] * 8, rel=0.1, abs=0)


def test_what_no_laser_could_have_made_stands_out() -> None:
    net = FrameNet(SHAPE)
    set_optics(net.optics, frames(512))
    usual, strange = net.optics(frames(64, seed=2))[:, 8:], net.optics(torch.rand(64, 64))[:, 8:]
    assert strange.min() > usual.max()


def test_an_expert_learns_where_the_optimum_is() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn((4096, SHAPE.n_input), generator=generator)
    samples = Samples(features, torch.cat([2 * features[:, :3], 2 + 0.1 * features[:, 3:4]], dim=1))
    expert, losses = Expert(SHAPE, 32, scale=1.0), []
    fit_expert(expert, samples, Schedule(steps=400, rate=5e-3, every=100), generator, lambda p: losses.append(p.loss))
    assert losses[-1] < losses[0] - 2
    shares = [share for share in shares_read(expert, samples.between(*NEARER["near"])) if share is not None]
    assert min(shares[:3]) > 0.5


def test_the_rate_rises_and_falls() -> None:
    schedule = Schedule(steps=1000, rate=1.0)
    assert schedule.rate_at(0) < schedule.rate_at(199) > schedule.rate_at(900) >= 0.003
