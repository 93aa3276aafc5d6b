"""Laws of the environment: both libraries' contracts, limits, seeds, and nothing shared or leaked."""

import itertools
import warnings
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from lasercontrol.bench import Quality
from lasercontrol.env import ENV_ID, PulseCompressionEnv, Reach, moved, register
from lasercontrol.errors import CallerError
from lasercontrol.observation import ObservationSpec
from lasercontrol.scenario import HIDDEN, SCENARIOS, hidden_of
from lasercontrol.simbench import SimBench
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, HillBench

CHANNELS = ("frog", "marginals", "autocorrelation", "shg", "spectrum")
SMALL = ObservationSpec(shown=("shg",), n_history=1)
UNCHECKED = {"disable_env_checker": True}
TWO_KNOBS = replace(SCENARIOS["wide"], knobs=KNOBS, offset_low=(0.0, 0.0), offset_high=(0.0, 0.0))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[name], other[name]) for name in one)
    return bool(np.array_equal(one, other))


@pytest.mark.parametrize("observe", CHANNELS)
def test_gymnasium_finds_nothing_wrong(observe: str) -> None:
    check_env(gymnasium.make(ENV_ID, observe=observe, **UNCHECKED).unwrapped, skip_render_check=True)


def test_stable_baselines3_finds_nothing_wrong() -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="extra train is not installed")
    for observe in CHANNELS:
        with warnings.catch_warnings():  # it advises against Dict spaces whose parts have two dimensions
            warnings.simplefilter("ignore", UserWarning)
            checker.check_env(PulseCompressionEnv(observe=observe))


@pytest.mark.parametrize(("scenario", "observe"), list(itertools.product(SCENARIOS, CHANNELS)))
def test_200_random_steps_stay_in_the_space(scenario: str, observe: str) -> None:
    task = replace(SCENARIOS[scenario], start="nominal") if scenario == "hold" else SCENARIOS[scenario]
    env = PulseCompressionEnv(task, observe=observe)
    env.action_space.seed(3)
    observation, _ = env.reset(seed=3)
    truncated = False
    for _ in range(200):
        if truncated:
            observation, _ = env.reset()
        assert env.observation_space.contains(observation)
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        assert np.isfinite(reward)
        assert not terminated


def test_a_seed_repeats_bit_for_bit() -> None:
    def episode(seed: int) -> list[Any]:
        env = PulseCompressionEnv("tempo", observe=("frog", "shg"))
        env.action_space.seed(seed)
        shots: list[Any] = [env.reset(seed=seed)[0]]
        for _ in range(5):
            observation, reward, *_ = env.step(env.action_space.sample())
            shots.append({**observation, "reward": np.array(reward)})
        return shots

    first, again, other = episode(11), episode(11), episode(12)
    assert all(same(one, two) for one, two in zip(first, again, strict=True))
    assert not same(first[0], other[0])


def test_two_environments_share_no_state() -> None:
    alone, disturbed, neighbour = (PulseCompressionEnv(observe="shg") for _ in range(3))
    expected, found = alone.reset(seed=1)[0], disturbed.reset(seed=1)[0]
    neighbour.reset(seed=2)
    assert same(expected, found)
    for _ in range(4):
        action = np.array([0.1, -0.2, 0.3], dtype=np.float32)
        neighbour.step(-action)
        assert same(alone.step(action)[0], disturbed.step(action)[0])


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state(legacy=False)["state"]["pos"]  # noqa: NPY002 — what is tested
    env = PulseCompressionEnv(observe="frog")
    env.reset(seed=1)
    env.step(env.action_space.sample())
    assert np.random.get_state(legacy=False)["state"]["pos"] == before  # noqa: NPY002


def test_an_action_is_a_bounded_share_of_the_greatest_step() -> None:
    reach = Reach.of(SCENARIOS["wide"].knobs)
    assert_close(moved(np.zeros(3), np.array([0.5, 1.0, -1.0]), reach), [8.0, 49.0, -180.0], rel=1e-12)
    assert_close(moved(reach.high, np.ones(3), reach), reach.high, rel=1e-12)
    assert_close(moved(reach.low, -np.ones(3), reach), reach.low, rel=1e-12)


def test_a_wilder_action_than_allowed_is_clipped() -> None:
    env = PulseCompressionEnv(observe="shg")
    env.reset(seed=1)
    observation = env.step(np.array([9.0, -9.0, 0.0], dtype=np.float32))[0]
    assert_close(observation["knobs"][:2], [0.25, -0.25], rel=1e-6)
    assert_close(observation["action"][:2], [1.0, -1.0], rel=1e-6)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_first_reading_counts_and_the_budget_truncates(name: str) -> None:
    task = replace(SCENARIOS[name], start="nominal")
    env = PulseCompressionEnv(task, observe=SMALL)
    _, info = env.reset(seed=1)
    assert info["shot"] == 1
    steps = 0
    truncated = False
    while not truncated:
        _, _, terminated, truncated, info = env.step(np.zeros(3, dtype=np.float32))
        steps += 1
        assert not terminated
    assert steps == task.shots - 1
    assert info["shot"] == task.shots


def test_rewards_add_up_to_the_log_of_what_was_gained() -> None:
    env = PulseCompressionEnv(observe="shg")
    first = env.reset(seed=1)[0]["log_signal"].item()
    env.action_space.seed(1)
    rewards: list[float] = []
    observation: dict[str, Any] = {}
    for _ in range(6):
        observation, reward, *_ = env.step(env.action_space.sample())
        rewards.append(reward)
    assert abs(sum(rewards) - (observation["log_signal"].item() - first)) < 1e-5


def test_nothing_hidden_is_shown() -> None:
    """No number of the plant stands among the numbers shown, in the observation or in the info."""
    env = PulseCompressionEnv(observe=ObservationSpec(shown=CHANNELS, image_dtype="float32"))
    for seed in range(5):
        observation, info = env.reset(seed=seed)
        assert set(info) == {"shot", "quality"}
        assert isinstance(env.bench, SimBench)
        hidden = np.concatenate([hidden_of(env.bench), env.bench.plant.laser.offset])
        shown = np.concatenate([np.ravel(values) for values in observation.values()]).astype(np.float64)
        assert not (np.abs(shown[:, None] / hidden - 1) < 1e-5).any()


def test_a_critic_may_be_told() -> None:
    env = PulseCompressionEnv(observe="shg", privileged=True)
    _, info = env.reset(seed=1)
    assert 0 < info["strehl"] <= 1
    assert info["hidden"].shape == (len(HIDDEN),)
    assert 1.0 <= info["hidden"][0] <= 3.5


def test_a_real_bench_has_no_privileged_information() -> None:
    env = PulseCompressionEnv(TWO_KNOBS, observe="shg", bench_factory=lambda _: HillBench(), privileged=True)
    with pytest.raises(CallerError, match="only of a simulated bench"):
        env.reset(seed=1)


def test_any_bench_will_do() -> None:
    bench = HillBench()
    env = PulseCompressionEnv(TWO_KNOBS, observe="shg", bench_factory=lambda _: bench, shots=4)
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    *_, reward, _, _, info = env.step(np.array([1.0, -1.0], dtype=np.float32))
    assert reward > 0  # uphill
    assert info["quality"] == Quality.OK
    assert bench.log == ["measure", "move", "measure"]


def test_a_bench_that_does_not_fit_is_refused() -> None:
    env = PulseCompressionEnv("wide", observe="shg", bench_factory=lambda _: HillBench())
    with pytest.raises(CallerError, match="the bench has 2 knobs"):
        env.reset(seed=1)
    blind = PulseCompressionEnv(TWO_KNOBS, observe="frog", bench_factory=lambda _: HillBench())
    with pytest.raises(CallerError, match="made for 2 knobs and frog"):
        blind.reset(seed=1)


def test_a_step_before_the_first_reset_is_refused() -> None:
    with pytest.raises(CallerError, match="before reset"):
        PulseCompressionEnv(observe="shg").step(np.zeros(3))


def test_registering_twice_is_once() -> None:
    register()
    assert ENV_ID in gymnasium.registry


@pytest.mark.parametrize("observe", ["frog", "shg", "marginals"])
def test_a_picture_is_drawn(observe: str) -> None:
    env = PulseCompressionEnv(observe=observe, render_mode="rgb_array")
    assert env.render() is None
    env.reset(seed=1)
    picture = env.render()
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert picture.std() > 0


def test_the_observation_decides_what_the_instruments_read() -> None:
    env = PulseCompressionEnv(observe=ObservationSpec(shown=("frog", "shg"), n_delay=32, n_frequency=48))
    observation, _ = env.reset(seed=1)
    assert observation["frog"].shape == (1, 32, 48)
    assert isinstance(env.bench, SimBench)
