"""Mixtures of Gaussians: products, doubts, and the point of the highest expected peak."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.belief import Mixture, doubted, fused, mixture_of
from tests.closeness import assert_close

EYE = np.eye(4)


def mixture(*means: tuple[float, float, float], sharp: float = 5.0, weights: tuple[float, ...] = ()) -> Mixture:
    k = len(means)
    log_weight = np.log(weights or [1 / k] * k)
    mean = np.column_stack([np.array(means), np.full(k, 2.0)])
    return Mixture(log_weight, mean, np.repeat(sharp**2 * EYE[None], k, axis=0))


def test_the_product_of_two_gaussians_is_the_known_one() -> None:
    a, b = mixture((1.0, 0.0, 0.0), sharp=2.0), mixture((2.0, 0.0, 0.0), sharp=4.0)
    belief = fused(doubted(a, 1e-9, 0.0), doubted(b, 1e-9, 0.0))
    assert belief.mean[0, 0] == pytest.approx((4 * 1 + 16 * 2) / 20, rel=1e-4, abs=0)
    assert np.diag(belief.precision[0]) == pytest.approx([20.0] * 4, rel=1e-3, abs=0)


def test_a_second_look_tells_twins_apart() -> None:
    twins = mixture((8.0, 0.0, 0.0), (-8.0, 0.0, 0.0))
    assert twins.best()[1] < 0.6
    belief = fused(doubted(twins, 0.02, 0.05), doubted(mixture((-8.1, 0.0, 0.0), (3.0, 3.0, 3.0)), 0.02, 0.05))
    assert belief.best()[0] == pytest.approx([-8.05, 0.0, 0.0], rel=0.01, abs=0.01)  # abs: two coordinates are zero
    assert np.exp(belief.log_weight[0]) > 0.95
    assert belief.doubted_share < 0.1


def test_who_was_wrong_is_put_right_and_it_shows() -> None:
    wrong, right = mixture((8.0, 0.0, 0.0), sharp=20.0), mixture((-5.0, 2.0, 0.0), sharp=20.0)
    belief = fused(doubted(wrong, 0.02, 0.05), doubted(right, 0.02, 0.05))
    assert belief.doubted_share > 0.3
    for _ in range(2):
        belief = fused(doubted(belief, 0.02, 0.05), doubted(right, 0.02, 0.05))
    assert belief.best()[0] == pytest.approx([-5.0, 2.0, 0.0], rel=0.01, abs=0.02)  # abs: one coordinate is zero


def test_spread_keeps_a_belief_from_growing_too_sure() -> None:
    look = mixture((1.0, 0.0, 0.0), sharp=30.0)
    belief = look
    for _ in range(50):
        belief = fused(doubted(belief, 0.02, 0.05), doubted(look, 0.02, 0.05))
    assert np.sqrt(belief.covariance[0, 0, 0]) > 0.01


@given(st.floats(0.1, 30.0), st.tuples(*[st.floats(-20, 20)] * 3))
def test_the_expected_peak_of_one_gaussian_is_the_closed_form(sharp: float, at: tuple[float, float, float]) -> None:
    belief = mixture(at, sharp=sharp)
    variance = belief.covariance[0, 0, 0]
    assert belief.expected_peak(np.array([at]))[0] == pytest.approx((1 + variance) ** -1.5, rel=1e-9, abs=0)
    point, height = belief.best()
    assert height == pytest.approx((1 + variance) ** -1.5, rel=1e-6, abs=0)
    assert np.abs(point - at).max() < 1e-6


def test_the_best_point_of_close_components_lies_between_them() -> None:
    point, height = mixture((-0.2, 0.0, 0.0), (0.2, 0.0, 0.0), sharp=50.0).best()
    assert np.abs(point).max() < 0.02
    assert height > 0.97


def test_a_networks_outputs_become_precisions() -> None:
    skew = np.array([[0.5, -0.2, 0.3, 0.1, 0.0, 0.7]])
    belief = mixture_of(np.zeros(1), np.ones((1, 4)), np.log([[1.0, 2.0, 3.0, 4.0]]), skew)
    factor = np.diag([1.0, 2, 3, 4]) @ np.array([[1, 0, 0, 0], [0.5, 1, 0, 0], [-0.2, 0.3, 1, 0], [0.1, 0, 0.7, 1]])
    assert belief.precision[0] == pytest.approx(factor.T @ factor, rel=1e-9, abs=1e-12)  # abs: zeros of the factor


def test_components_of_no_weight_are_left_out() -> None:
    belief = mixture_of(np.log([0.9999, 1e-5]), np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 6)))
    assert len(belief.mean) == 1
    assert np.exp(belief.log_weight).sum() == pytest.approx(1.0, rel=1e-12, abs=0)


def test_scattered_points_have_the_mean_and_the_spread_of_the_mixture() -> None:
    belief = mixture((8.0, 0.0, 0.0), (-8.0, 1.0, 0.0), weights=(0.7, 0.3))
    points, weight = belief.scattered()
    assert weight.sum() == pytest.approx(1.0, rel=1e-12, abs=0)
    mean = weight @ points
    assert mean == pytest.approx([0.7 * 8 - 0.3 * 8, 0.3, 0.0, 2.0], rel=1e-9, abs=1e-12)  # abs: one is zero
    spread = np.einsum("m,mi,mj->ij", weight, points - mean, points - mean)
    between = sum(w * np.outer(m - mean, m - mean) for w, m in zip((0.7, 0.3), belief.mean, strict=True))
    assert spread == pytest.approx(between + belief.covariance[0], rel=1e-6, abs=1e-9)  # abs: zeros off the diagonal


def test_a_way_gone_widens_what_is_believed_of_the_optimum_alone() -> None:
    here = Mixture(np.zeros(1), np.zeros((1, 4)), np.diag([100.0] * 4)[None])
    after = doubted(here, 0.02, 0.0, gone_astray=0.3)
    assert_close(after.covariance[0].diagonal(), [0.1, 0.1, 0.1, 0.01], rel=2e-3)
