"""The network of yields: its slope is its own, it learns, and what is exported computes the same."""

import numpy as np
import pytest
import torch

from agents.learning.frame_fit import Progress, Schedule
from agents.learning.onnx_export import GATE, exported, rounded
from agents.learning.yield_net import YieldNet, Yields, fit_yields, misfit_by_distance


def points(n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    way = 8 * torch.rand((n, 1), generator=generator) * torch.randn((n, 3), generator=generator)
    return torch.cat([way, 1 + 3 * torch.rand((n, 1), generator=generator)], 1)


def lorentzian(n: int, seed: int = 0) -> Yields:
    """A yield that falls with the distance, less sharply at high B."""
    at = points(n, seed)
    way, b_rad = at[:, :3], at[:, 3:]
    square = (way**2).sum(1, keepdim=True)
    return Yields(at, -0.5 * torch.log(1 + square / b_rad)[:, 0], -way / (b_rad + square))


def test_the_slope_is_that_of_the_value() -> None:
    torch.manual_seed(0)
    at = points(64).requires_grad_(True)
    value, slope = YieldNet((8, 6, 5)).double()(at.double())
    (expected,) = torch.autograd.grad(value.sum(), at)
    assert slope.detach().numpy() == pytest.approx(expected.numpy(), rel=1e-4, abs=1e-6)


def test_it_learns_value_and_slope() -> None:
    torch.manual_seed(0)
    net, data = YieldNet((24, 24)), lorentzian(2048)
    seen: list[Progress] = []
    before = misfit_by_distance(net, lorentzian(1024, 1), (0, 8))[0]
    schedule = Schedule(steps=400, batch=256, rate=1e-2, every=200)
    fit_yields(net, data, schedule, torch.Generator().manual_seed(0), seen.append)
    assert [progress.step for progress in seen] == [200, 400]
    assert misfit_by_distance(net, lorentzian(1024, 1), (0, 8))[0] < 0.1 * before
    held = lorentzian(256, 2)
    slope = net(held.points)[1][:, :3].detach()
    assert float((slope - held.slope).abs().median()) < 0.02


def test_no_point_at_a_distance_gives_no_number() -> None:
    assert np.isnan(misfit_by_distance(YieldNet((4,)), lorentzian(8), (1e6, 2e6)))[0]


def test_what_is_exported_computes_the_same() -> None:
    torch.manual_seed(0)
    content, difference = exported(rounded(YieldNet((40, 40))), {"points": points(33)}, ("log_yield", "slope"))
    assert difference < GATE
    assert len(content) < 40_000
