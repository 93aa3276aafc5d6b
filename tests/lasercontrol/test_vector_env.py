"""Laws of the batch: it is the loop over its lanes, it begins anew by itself, and a seed repeats it bit for bit."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from lasercontrol.env import ENV_ID, Lasers, PulseCompressionEnv
from lasercontrol.observation import ObservationSpec
from lasercontrol.scenario import SCENARIOS, Drawn
from lasercontrol.simbench import Instruments, SimBench
from lasercontrol.vector_env import PulseCompressionVectorEnv
from sim.detector import Camera, YieldMeter
from sim.plant import Fidelity
from tests.closeness import assert_close

CHANNELS = ("frog", "marginals", "autocorrelation", "shg", "spectrum")
QUIET = Instruments(
    camera=Camera(pixel_noise=0.0, read_noise_counts=0.0),
    meter=YieldMeter(0.0, 0.0),
    energy_rms=0.0,
    meter_rms=0.0,
    delay_rms_ps=0.0,
)


def quiet(env: PulseCompressionVectorEnv) -> None:
    """Take the noise out of the lasers that the next reset draws."""
    instruments = replace(QUIET, channels=env.observed.channels)
    env._lasers = replace(env._lasers, instruments=instruments)


def lane_of(env: PulseCompressionVectorEnv, lane: int, start: np.ndarray) -> PulseCompressionEnv:
    """The same laser in an environment of its own, noise-free as well."""
    drawn = Drawn(env.bench.plant.laser[lane], np.asarray(env.bench.scale[lane]), start[lane])
    lasers: Lasers = env._lasers

    def bench(rng: np.random.Generator) -> SimBench:
        return lasers.bench(drawn, rng)

    return PulseCompressionEnv(lasers.scenario, observe=env.observed, bench_factory=bench)


@pytest.mark.parametrize("scenario", ["wide", "tempo"])
@pytest.mark.parametrize("observe", CHANNELS)
def test_the_batch_is_the_loop_over_its_lanes(scenario: str, observe: str) -> None:
    n = 3
    spec = ObservationSpec(shown=(observe,), image_dtype="float32")
    env = PulseCompressionVectorEnv(n, scenario, observe=spec)
    quiet(env)
    observation, _ = env.reset(seed=2)
    lanes = [lane_of(env, lane, env.bench.setting) for lane in range(n)]
    for lane, single in enumerate(lanes):
        _close(single.reset(seed=lane)[0], observation, lane)
    env.action_space.seed(2)
    for _ in range(4):
        actions = env.action_space.sample()
        observation, rewards, _, truncated, _ = env.step(actions)
        for lane, single in enumerate(lanes):
            alone, reward, _, over, _ = single.step(actions[lane])
            _close(alone, observation, lane)
            assert abs(reward - rewards[lane]) < 1e-3
            assert over == truncated[lane]


def _close(alone: dict[str, Any], batch: dict[str, Any], lane: int) -> None:
    assert set(alone) == set(batch)
    for name, values in alone.items():
        step = 2 / 4095 if name in {"frog", "marginals", "autocorrelation", "spectrum"} else 1e-3  # of one count
        assert np.abs(values - batch[name][lane]).max() <= step, name


def test_gymnasium_makes_it() -> None:
    env = gymnasium.make_vec(ENV_ID, num_envs=4, vectorization_mode="vector_entry_point", observe="shg")
    assert isinstance(env, PulseCompressionVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    env.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("observe", CHANNELS)
def test_every_lane_stays_in_the_space(scenario: str, observe: str) -> None:
    task = replace(SCENARIOS[scenario], start="nominal") if scenario == "hold" else SCENARIOS[scenario]
    env = PulseCompressionVectorEnv(4, task, observe=observe)
    env.action_space.seed(1)
    observation, _ = env.reset(seed=1)
    for _ in range(50):
        assert env.observation_space.contains(observation)
        observation, rewards, terminated, _, _ = env.step(env.action_space.sample())
        assert np.all(np.isfinite(rewards))
        assert not terminated.any()


def test_the_step_after_the_last_begins_anew() -> None:
    env = PulseCompressionVectorEnv(3, observe="shg", shots=3)
    env.reset(seed=1)
    b_before = env.bench.plant.laser.b_rad.copy()
    ones = np.ones((3, 3), dtype=np.float32)
    assert not env.step(ones)[3].any()
    assert env.step(ones)[3].all()
    observation, rewards, _, truncated, infos = env.step(ones)
    assert not rewards.any()
    assert not truncated.any()
    assert np.array_equal(infos["shot"], [1, 1, 1])
    assert not observation["knobs"].any()
    assert not observation["action"].any()
    assert not observation["history"][..., :-1].any()
    assert not np.array_equal(env.bench.plant.laser.b_rad, b_before)


def test_lanes_may_end_apart() -> None:
    env = PulseCompressionVectorEnv(2, observe="shg", shots=3)
    env.reset(seed=1)
    env._shot = np.array([1, 2])
    ones = np.ones((2, 3), dtype=np.float32)
    assert np.array_equal(env.step(ones)[3], [False, True])
    laser_kept = env.bench.plant.laser.b_rad[0]
    observation, rewards, _, truncated, _ = env.step(ones)
    assert np.array_equal(truncated, [True, False])
    assert rewards[1] == 0
    assert rewards[0] != 0
    assert_close(observation["knobs"][0], 0.5, rel=1e-6)
    assert not observation["knobs"][1].any()
    assert env.bench.plant.laser.b_rad[0] == laser_kept


def test_lasers_put_in_later_are_whole() -> None:
    """After a renewal the bench shows what a bench built around the same lasers would."""
    env = PulseCompressionVectorEnv(3, "tempo", observe="shg", shots=2)
    quiet(env)
    env.reset(seed=1)
    zeros = np.zeros((3, 3), dtype=np.float32)
    env.step(zeros)
    observation = env.step(zeros)[0]
    laser = env.bench.plant.laser
    rebuilt = SimBench(
        laser[:],
        env.bench.knobs,
        env._lasers.instruments,
        scale=env.bench.scale,
        rng=np.random.default_rng(0),
        fidelity=Fidelity.FAST,
    )
    rebuilt.move(env.bench.setting)
    shown = rebuilt.measure().channels["shg"].values
    assert_close(np.exp(observation["log_signal"][:, 0]), shown + env.observed.floor, rel=1e-4)


@pytest.mark.parametrize("n", [1, 5])
def test_a_seed_repeats_bit_for_bit(n: int) -> None:
    def run(seed: int) -> list[np.ndarray]:
        env = PulseCompressionVectorEnv(n, "tempo", observe=("frog", "shg"), shots=3)
        env.action_space.seed(seed)
        shots = [env.reset(seed=seed)[0]] + [env.step(env.action_space.sample())[0] for _ in range(5)]
        return [values for shot in shots for values in shot.values()]

    first, again, other = run(4), run(4), run(5)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_two_batches_share_no_state() -> None:
    alone, disturbed, neighbour = (PulseCompressionVectorEnv(2, observe="shg", shots=3) for _ in range(3))
    for env, seed in ((alone, 1), (disturbed, 1), (neighbour, 2)):
        env.reset(seed=seed)
    actions = np.full((2, 3), 0.1, dtype=np.float32)
    for _ in range(5):
        neighbour.step(-actions)
        one, two = alone.step(actions)[0], disturbed.step(actions)[0]
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_critics_may_be_told_lane_by_lane() -> None:
    env = PulseCompressionVectorEnv(2, observe="shg", privileged=True)
    _, infos = env.reset(seed=1)
    assert infos["strehl"].shape == (2,)
    assert infos["hidden"].shape == (2, 5)
    assert infos["_hidden"].all()


def test_what_was_shown_stays_as_it_was() -> None:
    """Replay buffers keep what they are given: no later step writes into it."""
    env = PulseCompressionVectorEnv(2, observe=ObservationSpec(shown=("frog", "shg"), n_frames=2), shots=3)
    shown, _ = env.reset(seed=1)
    kept = {name: values.copy() for name, values in shown.items()}
    for _ in range(4):
        env.step(np.full((2, 3), 0.3, dtype=np.float32))
    assert all(np.array_equal(shown[name], kept[name]) for name in kept)
