"""The estimator on a toy: a frame of three bells that knows its twin, and a single yield; no laser anywhere."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from agents.ensemble import Ensemble
from agents.estimator import Estimator
from agents.protocol import Floats, Shot
from agents.shape_fit import ShapeFit
from tests.agents.hill import travel

AXIS = np.linspace(-1.0, 1.0, 60)


@dataclass(eq=False)
class Toy:
    """Two knobs and a brightness b. The residual is r = setting + offset; the signal falls with its length.

    A frame shows two bells whose widths grow with |r|, and faintly the sign of each: a mirror image, almost.
    """

    framed: bool
    n_knob: int = 2
    n_hypothesis: int = 3
    nuisance_sigma: Floats = field(default_factory=lambda: np.full(2, 0.02))

    def prior(self) -> tuple[Floats, Floats]:
        return np.array([-0.2, -0.2, 1.0]), np.array([0.2, 0.2, 2.0])

    def bounds(self) -> tuple[Floats, Floats]:
        return np.array([-0.4, -0.4, 0.5]), np.array([0.4, 0.4, 3.0])

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        return rng.uniform(*self.prior(), (count, 3))

    def log_noise(self, signals: Floats) -> Floats:
        return np.hypot(0.015, 0.002 / np.maximum(signals, 1e-4))

    def features(self, settings: Floats, hypotheses: Floats) -> Floats:
        if not self.framed:
            return np.exp(self.log_signal(settings, hypotheses)[0])[:, None]
        r = settings + hypotheses[:, :2]
        errors = hypotheses[:, 3:] if hypotheses.shape[1] > 3 else np.zeros((len(r), 2))
        bells = [
            np.exp(-(((AXIS - 0.5 * side - 0.05 * r[:, [j]]) / (0.1 + np.abs(r[:, [j]]))) ** 2)) * (1 + errors[:, [j]])
            for j, side in enumerate((-1, 1))
        ]
        return np.asarray(bells[0] * hypotheses[:, [2]] + bells[1])

    def log_signal(self, settings: Floats, hypotheses: Floats) -> tuple[Floats, Floats]:
        r, b = settings + hypotheses[:, :2], hypotheses[:, 2]
        square = (r**2).sum(axis=1) / 0.03**2
        slope = np.column_stack([-2 * b[:, None] * r / 0.03**2 / (1 + b * square)[:, None], -square / (1 + b * square)])
        return -np.log1p(b * square), slope

    def best_setting(self, hypotheses: Floats) -> Floats:
        return np.clip(-hypotheses[:, :2], -0.5, 0.5)


def shot_at(toy: Toy, truth: Floats, here: Floats, rng: np.random.Generator, scale: float = 1.0) -> Shot:
    frame = toy.features(here[None], truth[None])[0]
    noisy = frame + 0.01 * frame.max() * rng.standard_normal(frame.shape)
    signal = scale * np.exp(toy.log_signal(here[None], truth[None])[0][0]) * (1 + 0.015 * rng.standard_normal())
    return Shot(here, float(signal), noisy if toy.framed else np.array([signal]))


def away_after(toy: Toy, truth: Floats, shots: int, seed: int, scale: float = 1.0) -> float:
    rng, limits = np.random.default_rng(seed), travel(0.25, 2)
    agent, here = Estimator(toy, limits, seed), limits.start
    for shot in range(shots):
        if shot:
            here = agent.ask()
            assert np.all(np.abs(here - limits.clipped(here, here)) < 1e-12), "it asks for nothing out of reach"
        agent.tell(shot_at(toy, truth, here, rng, scale))
    return float(np.abs(agent.recommend() + truth[:2]).max())


@pytest.mark.parametrize("seed", range(5))
def test_frames_are_read_in_three_shots(seed: int) -> None:
    truth = np.random.default_rng(seed).uniform([-0.2, -0.2, 1.0], [0.2, 0.2, 2.0])
    assert away_after(Toy(framed=True), truth, 3, seed) < 0.01


@pytest.mark.parametrize("seed", range(5))
def test_yields_of_unknown_scale_are_read_in_seven(seed: int) -> None:
    truth = np.random.default_rng(seed).uniform([-0.2, -0.2, 1.0], [0.2, 0.2, 2.0])
    assert away_after(Toy(framed=False), truth, 7, seed, scale=1.2) < 0.01


def test_it_says_when_no_shot_is_worth_taking_and_not_before() -> None:
    toy, truth, rng, limits = Toy(framed=True), np.array([0.1, -0.1, 1.5]), np.random.default_rng(1), travel(0.25, 2)
    agent = Estimator(toy, limits, 1)
    agent.tell(shot_at(toy, truth, limits.start, rng))
    assert agent.finished() is None
    for _ in range(4):
        agent.tell(shot_at(toy, truth, agent.ask(), rng))
    assert "further move" in str(agent.finished())


def test_an_unusable_shot_teaches_nothing() -> None:
    toy, limits = Toy(framed=True), travel(0.25, 2)
    agent = Estimator(toy, limits, 1)
    agent.tell(Shot(limits.start, float("nan"), np.full(60, np.nan), usable=False))
    assert np.array_equal(agent.ask(), limits.start)


def test_a_signal_below_the_models_promise_calls_the_simplex() -> None:
    """A laser whose signal falls although the model sees the best setting: the model is wrong, the simplex is not."""
    toy, truth, rng, limits = Toy(framed=True), np.array([0.1, -0.1, 1.5]), np.random.default_rng(2), travel(0.25, 2)
    agent, here = Estimator(toy, limits, 2), limits.start
    for index in range(8):
        seen = shot_at(toy, truth, here, rng)
        agent.tell(Shot(seen.fraction, seen.signal * (1.0 if index == 1 else 0.5), seen.features))
        here = agent.ask()
    assert agent.simplex is not None
    assert "simplex takes over" in str(agent.handed_over)


def test_the_mirror_image_is_among_the_look_alikes() -> None:
    toy = Toy(framed=True)
    fit = ShapeFit(toy, ShapeFit.bank_of(toy, np.zeros(2), np.random.default_rng(0)))
    here, hypothesis = np.array([-0.05, 0.02]), np.array([0.1, -0.1, 1.5])
    others = toy.best_setting(fit.look_alikes(hypothesis, here))
    mirror = 2 * here - toy.best_setting(hypothesis[None])[0]
    assert np.abs(others - mirror).max(axis=1).min() < 1e-9


def test_misfit_is_in_variances_of_the_noise(rng: np.random.Generator) -> None:
    toy, truth = Toy(framed=True), np.array([0.1, -0.1, 1.5])
    fit = ShapeFit(toy, ShapeFit.bank_of(toy, np.zeros(2), np.random.default_rng(0)))
    frames = np.stack([shot_at(toy, truth, np.zeros(2), rng).features for _ in range(4)])
    _, misfit = fit.polished(truth, np.zeros((4, 2)), frames)
    assert 0.4 < misfit < 1.6  # the noise is a median of few pixels
    _, wrong = fit.polished(np.array([-0.2, 0.2, 1.0]), np.zeros((4, 2)), frames)
    assert wrong > misfit


def test_the_cloud_explains_its_readings_and_learns_the_scale(rng: np.random.Generator) -> None:
    toy, truth = Toy(framed=False), np.array([0.05, -0.03, 1.4])
    settings = rng.uniform(-0.15, 0.15, (9, 2))
    signals = np.array([shot_at(toy, truth, here, rng, scale=1.25).signal for here in settings])
    cloud = Ensemble(toy, np.random.default_rng(5))
    for count in range(1, 10):
        cloud.update(settings[:count], signals[:count])
    mean = cloud.weights @ cloud.members
    assert np.abs(mean[:2] - truth[:2]).max() < 0.01
    assert abs(mean[-1] - np.log(1.25)) < 0.15


@pytest.mark.parametrize("framed", [True, False])
def test_the_gain_of_another_shot_is_expected_without_changing_the_run(framed: bool) -> None:
    truth, limits, gains, runs = np.array([0.1, -0.1, 1.5]), travel(0.25, 2), [], []
    for asks in (False, True):
        toy, rng = Toy(framed), np.random.default_rng(4)
        agent, here = Estimator(toy, limits, 4), limits.start
        visited = []
        for _ in range(8):
            agent.tell(shot_at(toy, truth, here, rng))
            gains.append(agent.expected_gain() if asks else None)
            here = agent.ask()
            visited.append(here)
        runs.append(visited)
    assert np.array_equal(runs[0], runs[1])
    expected = [gain for gain in gains if gain is not None]
    assert min(expected) >= 0
    assert expected[0] > 0.5  # the start is far from the best
    assert not framed or expected[-1] < 0.01
    assert agent.simplex is None or agent.expected_gain() is None, "a simplex promises nothing"


def test_no_gain_is_expected_before_the_first_shot() -> None:
    assert Estimator(Toy(framed=True), travel(0.25, 2), 1).expected_gain() is None


# ------------------------------------------------------------------------------------------------------ with a target


def aside(b: Floats) -> Floats:
    """What is wanted lies aside of the best, the farther the brighter."""
    return np.asarray(0.05 * b[:, None] * np.array([1.0, 0.0]))


@pytest.mark.parametrize(("framed", "shots"), [(True, 4), (False, 12)])
def test_what_is_wanted_aside_of_the_best_is_found(framed: bool, shots: int) -> None:
    toy, truth, rng, limits = Toy(framed=framed), np.array([0.1, -0.1, 1.5]), np.random.default_rng(1), travel(0.25, 2)
    agent, here = Estimator(toy, limits, 1, aside), limits.start
    for _ in range(shots):
        agent.tell(shot_at(toy, truth, here, rng))
        here = agent.ask()
    assert np.abs(agent.recommend() - (np.array([0.075, 0.0]) - truth[:2])).max() < 0.01
    assert agent.expected_gain() is None


def test_with_a_target_it_is_done_where_that_lies() -> None:
    toy, truth, rng, limits = Toy(framed=True), np.array([0.1, -0.1, 1.5]), np.random.default_rng(1), travel(0.25, 2)
    agent, here = Estimator(toy, limits, 1, aside), -truth[:2]
    for _ in range(3):
        agent.tell(shot_at(toy, truth, here, rng))  # at the best, where it would be done without a target
    assert agent.finished() is None
    for _ in range(3):
        agent.tell(shot_at(toy, truth, agent.ask(), rng))
    assert agent.finished() == "the model expects the wanted pulse here, to within 0.4% of a peak"


def test_with_a_target_no_simplex_takes_over() -> None:
    toy, truth, rng, limits = Toy(framed=True), np.array([0.1, -0.1, 1.5]), np.random.default_rng(2), travel(0.25, 2)
    agent, here = Estimator(toy, limits, 2, aside), limits.start
    for index in range(8):
        seen = shot_at(toy, truth, here, rng)
        agent.tell(Shot(seen.fraction, seen.signal * (1.0 if index == 1 else 0.5), seen.features))
        here = agent.ask()
    assert agent.simplex is None
    assert agent.handed_over is None
    assert agent.finished() == "the signal falls short of the model, and nobody else knows the target"
