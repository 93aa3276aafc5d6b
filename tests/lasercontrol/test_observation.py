"""Laws of what an agent in training is shown: it fits its space, shows the light, and hides the plant."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lasercontrol.bench import Floats, Quality, Reading
from lasercontrol.env import Reach
from lasercontrol.errors import CallerError
from lasercontrol.observation import ObservationSpec, Seen, blank_past, look, reset_past, space_of
from lasercontrol.scenario import SCENARIOS, build_bench, draw_lasers
from lasercontrol.simbench import Instruments, SimBench
from sim.detector import Camera
from sim.plant import Fidelity
from tests.closeness import assert_close

WIDE = SCENARIOS["wide"]
REACH = Reach.of(WIDE.knobs)
EVERYTHING = ("frog", "marginals", "autocorrelation", "shg", "spectrum")
QUIET = Camera(pixel_noise=0.0, read_noise_counts=0.0, background_counts=0.0)


@pytest.fixture
def bench_of(rng: np.random.Generator) -> Callable[..., SimBench]:
    def bench(spec: ObservationSpec, n: int = 1, **instruments: object) -> SimBench:
        seen_by = replace(Instruments(channels=spec.channels), **instruments)  # type: ignore[arg-type]
        return build_bench(draw_lasers(WIDE, n, rng), WIDE, seen_by, rng, Fidelity.FAST)

    return bench


def first_shot(spec: ObservationSpec, reading: Reading, action: Floats | None = None) -> Seen:
    shape = reading.energy.shape
    action = np.zeros((*shape, 3)) if action is None else action
    return look(spec, reading, np.zeros((*shape, 3)), action, blank_past(spec, 3, shape))


@pytest.mark.parametrize("shown", [(name,) for name in EVERYTHING] + [EVERYTHING])
def test_every_diagnostic_fits_its_space(shown: tuple[str, ...], bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=shown)
    bench = bench_of(spec, 3)
    observation = first_shot(spec, bench.measure()).observation
    space = space_of(spec, 3)
    for lane in range(3):
        assert space.contains({name: values[lane] for name, values in observation.items()})
    assert set(shown) - {"shg"} <= set(observation)


@pytest.mark.parametrize("image_dtype", ["uint8", "float32"])
def test_the_image_has_content(image_dtype: str, bench_of: Callable[..., SimBench]) -> None:
    """Scaled before the cast: an image cast first would hold one pixel."""
    spec = ObservationSpec(image_dtype=image_dtype)  # type: ignore[arg-type]
    bench = bench_of(spec, 8, camera=QUIET)
    image = first_shot(spec, bench.measure()).observation["frog"]
    brightest = 255 if image_dtype == "uint8" else 1
    assert image.shape == (8, 1, 64, 64)
    assert image.dtype == image_dtype
    assert np.all((image > 0).mean(axis=(1, 2, 3)) > 0.05)
    assert_close(image.max(axis=(1, 2, 3)) / brightest, 0.8, rel=0.01)


def test_both_image_types_show_the_same(bench_of: Callable[..., SimBench]) -> None:
    reading = bench_of(ObservationSpec()).measure()
    small, fine = (
        first_shot(ObservationSpec(image_dtype=kind), reading).observation["frog"] for kind in ("uint8", "float32")
    )
    assert np.abs(small / 255 - fine).max() <= 1 / 255 + 1e-6


def test_marginals_are_the_sums_of_the_trace(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=("frog", "marginals"), image_dtype="float32")
    observation = first_shot(spec, bench_of(spec, camera=QUIET).measure()).observation
    trace = observation["frog"][0, 0]
    over_frequency, over_delay = trace.sum(axis=1), trace.sum(axis=0)
    expected = np.concatenate([over_frequency / over_frequency.max(), over_delay / over_delay.max()])
    lit = expected > 1e-3
    assert_close(observation["marginals"][0][lit], expected[lit], rel=1e-3)


def test_history_is_oldest_first_and_the_current_shot_stands_outside(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=("shg",), n_history=2)
    bench, past = bench_of(spec), blank_past(spec, 3, (1,))
    log_signals = []
    for shot in range(4):
        fraction, action = np.full((1, 3), 0.1 * shot), np.full((1, 3), 0.2 * shot)
        seen = look(spec, bench.measure(), fraction, action, past)
        past = seen.past
        log_signals.append(seen.log_signal[0])
    history = seen.observation["history"][0]
    assert_close(history[:, 0], [0.1, 0.2], rel=1e-6)
    assert_close(history[:, 3], [0.2, 0.4], rel=1e-6)
    assert_close(history[:, -1], log_signals[1:3], rel=1e-6)
    assert_close(seen.observation["knobs"][0], 0.3, rel=1e-6)


def test_frames_are_stacked_newest_last(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(n_frames=3)
    bench, past = bench_of(spec), blank_past(spec, 3, (1,))
    images = []
    for _ in range(2):
        seen = look(spec, bench.measure(), np.zeros((1, 3)), np.zeros((1, 3)), past)
        past = seen.past
        images.append(seen.observation["frog"][0, -1])
    stack = seen.observation["frog"][0]
    assert not stack[0].any()
    assert np.array_equal(stack[1:], images)


def test_lanes_begin_anew_alone(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(n_frames=2)
    blank = blank_past(spec, 3, (2,))
    past = look(spec, bench_of(spec, 2).measure(), np.full((2, 3), 0.1), np.zeros((2, 3)), blank).past
    mixed = reset_past(past, np.array([True, False]), blank)
    for old, new, empty in zip(past, mixed, blank, strict=True):
        assert np.array_equal(new[0], empty[0])
        assert np.array_equal(new[1], old[1])


def test_an_invalid_reading_is_neither_gain_nor_light(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=("frog", "shg"))
    bench = bench_of(spec, 2)
    first = first_shot(spec, bench.measure())
    reading = bench.measure()
    channels = {name: replace(c, values=np.full_like(c.values, np.nan)) for name, c in reading.channels.items()}
    broken = replace(reading, channels=channels, quality=np.full(2, Quality.INVALID, dtype=np.int8))
    seen = look(spec, broken, np.zeros((2, 3)), np.zeros((2, 3)), first.past)
    assert np.array_equal(seen.log_signal, first.log_signal)
    assert seen.observation["frog"].max() <= 1  # the background
    space = space_of(spec, 3)
    assert all(space.contains({name: v[lane] for name, v in seen.observation.items()}) for lane in range(2))


def test_the_signal_ends_at_the_floor(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=("shg",), floor=2e-3)
    reading = bench_of(spec).measure()
    dark = replace(reading.channels["shg"], values=np.array([-0.004]))
    seen = first_shot(spec, replace(reading, channels={"shg": dark}))
    assert_close(seen.log_signal, np.log(2e-3), rel=1e-12)


def test_the_spectrum_alone_brings_the_yield_along(bench_of: Callable[..., SimBench]) -> None:
    assert ObservationSpec(shown=("spectrum",)).channels == ("spectrum", "shg")
    assert ObservationSpec(shown=("marginals", "frog")).channels == ("frog",)


def test_a_wrong_specification_is_refused() -> None:
    with pytest.raises(CallerError, match="no instrument shows frogs"):
        ObservationSpec(shown=("frogs",))
    with pytest.raises(CallerError, match="n_history"):
        ObservationSpec(n_history=-1)


def test_there_is_a_key_for_what_instruments_and_knobs_say_and_no_other(bench_of: Callable[..., SimBench]) -> None:
    spec = ObservationSpec(shown=EVERYTHING)
    observation = first_shot(spec, bench_of(spec).measure()).observation
    instruments = {"frog", "marginals", "autocorrelation", "spectrum", "log_gain", "log_signal", "energy"}
    assert set(observation) == instruments | {"knobs", "action", "history"}
