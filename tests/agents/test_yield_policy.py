"""The agent that sees yields alone, on a hill that its file knows exactly."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.policy_file import PolicyFileError
from agents.protocol import Shot, Travel
from agents.yield_policy import YieldPolicy

SPAN = np.array([64.0, 196.0, 720.0])
ROOT = np.array([[60.0, 0.0, 0.0], [-5.0, 86.0, 0.0], [264.0, -24.0, 110.0]])  # in fractions of the range
TRAVEL = Travel(np.zeros(3), np.full(3, 0.25))
NUMBERS = {
    "root_native": tuple((np.diag(1 / SPAN) @ ROOT).ravel()),
    "reach_native": tuple(0.2 * SPAN),
    "b_table_rad": (0.0, 4.0),
    "shift_native": (0.0, 0.0, 0.0, 4.0, 0.0, -10.0),
    "noise": (0.015, 0.002, 0.01),
}


class Known:
    """A file of kind "yields" whose network is a formula."""

    path = "policy-specimen.onnx"

    def __init__(self, **changes: Any) -> None:
        told: dict[str, Any] = {
            "kind": "yields",
            "numbers": NUMBERS,
            "b_range_rad": (0.8, 3.8),
            "inputs": {"points": (None, 4)},
            "outputs": {"log_yield": (None,), "slope": (None, 4)},
        }
        self.manifest: Any = SimpleNamespace(**(told | changes))

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        points = np.asarray(inputs["points"], dtype=np.float64)
        way, b_rad = points[:, :3], points[:, 3]
        value, over_way = hill(way, b_rad)
        return {"log_yield": value, "slope": np.column_stack([over_way, np.full(len(points), -0.1)])}


STIFF = np.array([1.0, 0.5, 1.6])
TILT = np.array([0.3, -0.2, 0.1])


def hill(way: np.ndarray, b_rad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log yield and slope: stiffer in one direction than in another, and not the same on both sides far away."""
    square = 1 + (STIFF * way**2).sum(axis=1)
    root = np.sqrt(square)
    value = -0.45 * np.log(square) + (way @ TILT) * (1 - 1 / root) / root - 0.1 * b_rad
    over_square = -0.45 / square + (way @ TILT) * (-0.5 / square / root + 1 / square**2)
    return value, 2 * STIFF * way * over_square[:, None] + TILT * ((1 - 1 / root) / root)[:, None]


def file(**changes: Any) -> Any:
    return Known(**changes)


class Bench:
    """A laser of that hill with an optimum, in fractions, and meter noise."""

    def __init__(self, optimum: np.ndarray, seed: int, noise: float = 0.015) -> None:
        self.optimum, self.noise, self.rng = optimum, noise, np.random.default_rng(seed)
        self.scale = float(np.exp(0.2 * self.rng.standard_normal()))

    def shot(self, setting: np.ndarray) -> Shot:
        value, _ = hill(((setting - self.optimum) @ ROOT)[None], np.array([2.0]))
        signal = float(self.scale * np.exp(value[0]) * (1 + self.noise * self.rng.standard_normal()))
        return Shot(setting, signal, np.array([signal]))

    def share(self, setting: np.ndarray) -> float:
        return float(np.exp(-0.5 * (((setting - self.optimum) @ ROOT) ** 2).sum()))


def tuned(policy: YieldPolicy, bench: Bench, shots: int) -> int:
    """Shots taken until the policy was done, or all of them."""
    for shot in range(shots):
        policy.tell(bench.shot(policy.ask()))
        if policy.finished():
            return shot + 1
    return shots


def test_the_hills_slope_is_its_own() -> None:
    rng = np.random.default_rng(0)
    way, step = 3 * rng.standard_normal((32, 3)), 1e-5
    _, slope = hill(way, np.full(32, 2.0))
    for axis in range(3):
        side = step * np.eye(3)[axis]
        ahead, behind = (hill(way + s, np.full(32, 2.0))[0] for s in (side, -side))
        assert slope[:, axis] == pytest.approx((ahead - behind) / (2 * step), rel=1e-4, abs=1e-7)


def test_it_finds_most_optima_in_a_dozen_shots() -> None:
    known, rng, shares = file(), np.random.default_rng(1), []
    for seed in range(12):
        bench, policy = Bench(rng.uniform(-0.15, 0.15, 3), seed), YieldPolicy(known, TRAVEL, SPAN, seed)
        tuned(policy, bench, 14)
        shares.append(bench.share(policy.recommend()))
    assert np.median(shares) > 0.97
    assert np.mean(np.array(shares) > 0.9) >= 0.75


def test_a_signal_may_come_in_any_unit() -> None:
    shares = []
    for seed in range(8):
        bench, policy = Bench(np.array([0.06, -0.04, 0.05]), seed), YieldPolicy(file(), TRAVEL, SPAN, seed)
        bench.scale *= 3e7
        tuned(policy, bench, 16)
        shares.append(bench.share(policy.recommend()))
    assert np.median(shares) > 0.95


def test_the_same_seed_decides_the_same() -> None:
    ends = []
    for _ in range(2):
        policy = YieldPolicy(file(), TRAVEL, SPAN, 3)
        tuned(policy, Bench(np.array([0.1, 0.05, -0.02]), 0), 6)
        ends.append(policy.ask())
    assert np.array_equal(ends[0], ends[1])


def test_a_knob_never_goes_farther_than_one_step() -> None:
    policy, bench = YieldPolicy(file(), Travel(np.full(3, 0.4), np.full(3, 0.05)), SPAN), Bench(np.full(3, 0.45), 1)
    here = policy.ask()
    assert np.array_equal(here, np.full(3, 0.4))
    for _ in range(10):
        policy.tell(bench.shot(here))
        wish = policy.ask()
        assert np.abs(wish - here).max() <= 0.05 + 1e-12
        assert np.abs(wish).max() <= 0.5
        here = wish
    assert np.abs(policy.recommend()).max() <= 0.5


def test_other_ranges_of_the_same_knobs_are_only_another_unit() -> None:
    """Fractions of knobs that reach twice as far are half as large; the native settings are the same."""
    usual, wide = (YieldPolicy(file(), TRAVEL, SPAN * factor) for factor in (1.0, 2.0))
    for policy, factor in ((usual, 1.0), (wide, 2.0)):
        bench = Bench(np.array([0.03, 0.0, 0.01]), 2)
        for _ in range(4):
            wish = policy.ask()
            seen = bench.shot(wish * factor)
            policy.tell(Shot(wish, seen.signal, seen.features))
    assert 2 * wide.recommend() == pytest.approx(usual.recommend(), rel=1e-6, abs=0)


def test_what_cannot_be_read_teaches_nothing() -> None:
    policy = YieldPolicy(file(), TRAVEL, SPAN)
    for signal, usable in ((0.4, False), (0.0, True), (float("nan"), True)):
        policy.tell(Shot(np.zeros(3), signal, np.array([signal]), usable))
    assert policy.expected_gain() is None
    assert policy.finished() is None
    assert np.array_equal(policy.recommend(), np.zeros(3))
    assert np.array_equal(policy.ask(), np.zeros(3))


def test_it_is_done_where_nothing_is_left_to_gain() -> None:
    policy, bench = YieldPolicy(file(), TRAVEL, SPAN), Bench(np.array([0.02, -0.03, 0.01]), 4, noise=0.003)
    assert tuned(policy, bench, 40) < 40
    assert "expected at" in str(policy.finished())
    assert bench.share(policy.recommend()) > 0.97
    gain = policy.expected_gain()
    assert gain is not None
    assert gain < 0.01


def test_two_surprises_running_are_said_with_both_signals() -> None:
    policy, bench = YieldPolicy(file(), TRAVEL, SPAN), Bench(np.array([0.02, -0.03, 0.01]), 5)
    for _ in range(9):
        policy.tell(bench.shot(policy.ask()))
    assert not policy.distrust
    for factor in (0.2, 5.0, 0.2):
        seen = bench.shot(policy.ask())
        policy.tell(Shot(seen.fraction, factor * seen.signal, seen.features))
    assert "shots running are not what was expected: signal " in str(policy.distrust)
    assert policy.finished() is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "frames"}, "kind frames"),
        ({"numbers": NUMBERS | {"noise": (0.1,)}}, "noise"),
        ({"numbers": {}}, "root_native"),
        ({"outputs": {"mean": (None,)}}, "log_yield and slope"),
    ],
)
def test_a_file_that_is_not_for_it_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyFileError, match=said):
        YieldPolicy(file(**changes), TRAVEL, SPAN)


def test_two_knobs_are_refused() -> None:
    with pytest.raises(PolicyFileError, match="the bench has 2"):
        YieldPolicy(file(), Travel(np.zeros(2), np.ones(2)), SPAN[:2])
