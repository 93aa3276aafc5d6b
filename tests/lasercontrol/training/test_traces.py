"""Traces made small: by components of those that were measured, or by tiles."""

import pytest

pytest.importorskip("torch", reason="torch is not installed (extra: train)")

import torch

from lasercontrol.training.traces import Pooled, Projected, reduction_of
from tests.closeness import assert_close


def test_components_of_measured_traces_are_white() -> None:
    traces = torch.rand(300, 16, 8, generator=torch.Generator().manual_seed(1))
    projected = Projected((2, 16, 8), 5)
    projected.measure(traces)
    small = projected(torch.stack([traces, traces], dim=1))
    assert small.shape == (300, projected.n_numbers)
    assert_close(small.T @ small / 300 - torch.kron(torch.ones(2, 2), torch.eye(5)) + 1, 1.0, rel=1e-4)


def test_what_is_odd_in_the_delay_is_noise() -> None:
    traces = torch.rand(50, 16, 8, generator=torch.Generator().manual_seed(1))
    projected = Projected((1, 16, 8), 5)
    projected.measure(traces)
    mirrored = traces.clone()
    mirrored[:, 1:] = traces[:, 1:].flip(1)
    assert_close(projected(mirrored[:, None]), projected(traces[:, None]), rel=1e-3)


def test_tiles_are_means_of_the_root() -> None:
    pooled = Pooled((1, 16, 8))
    assert pooled.n_numbers == 8
    assert_close(pooled(torch.full((3, 1, 16, 8), 0.25)), 0.5, rel=1e-6)


def test_convolutions_want_the_traces_whole() -> None:
    assert reduction_of("cnn", (1, 64, 64), 4) is None
    assert isinstance(reduction_of("pooled", (1, 64, 64), 4), Pooled)
