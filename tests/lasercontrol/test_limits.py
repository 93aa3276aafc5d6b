"""Every guard by itself: what it lets through, what it refuses, what it then did to the hardware."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.bench import Floats, Quality
from lasercontrol.errors import LinkError, MoveRefused, SafetyError
from lasercontrol.limits import (
    AmplifierLimit,
    CoatingLimit,
    GuardedBench,
    Limits,
    ReachLimit,
    transform_limited_gw_per_cm2,
)
from lasercontrol.ramp import crossing, profile
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, RANGE, HillBench

Fractions = st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=2, max_size=2)


def peaked(setting: Floats) -> Floats:
    """Amplifier peak with a narrow maximum of 2 half way from the origin to GDD 5."""
    return np.asarray(1 + np.exp(-(((setting[..., 0] - 2.5) / 0.3) ** 2)))


def amplified(max_ratio: float = 1.5, max_b_rad: float = 50.0, ratio: Callable[[Floats], Floats] = peaked) -> Limits:
    """Limits with an amplifier of B 3 rad at the nominal stretch."""
    return Limits(amplifier=AmplifierLimit(ratio, max_ratio, b95_rad=3.0, max_b_rad=max_b_rad))


@pytest.fixture
def bench() -> HillBench:
    return HillBench()


def test_a_setting_within_every_limit_is_reached(bench: HillBench) -> None:
    assert_close(GuardedBench(bench, Limits()).move(np.array([6.0, -20.0])), [6.0, -20.0], rel=1e-15)


def test_a_setting_out_of_bounds_is_refused(bench: HillBench) -> None:
    bench.setting = np.array([29.0, 0.0])
    with pytest.raises(MoveRefused, match="GDD: asked 31 ps², allowed -30 to 30 ps²; nothing was moved") as caught:
        GuardedBench(bench, Limits()).move(np.array([31.0, 0.0]))
    assert caught.value.exit_code == 2
    assert bench.log == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("act", [GuardedBench.move, GuardedBench.clip, GuardedBench.check])
def test_no_number_is_refused(bench: HillBench, bad: float, act: Callable[[GuardedBench, Floats], object]) -> None:
    with pytest.raises(MoveRefused, match="TOD: asked no number, allowed -100 to 100 ps³"):
        act(GuardedBench(bench, Limits()), np.array([0.0, bad]))
    assert bench.log == []


def test_a_setting_of_another_shape_is_refused(bench: HillBench) -> None:
    with pytest.raises(MoveRefused, match="setting: asked an array of shape"):
        GuardedBench(bench, Limits()).move(np.zeros(3))


def test_a_step_beyond_the_greatest_is_refused(bench: HillBench) -> None:
    with pytest.raises(MoveRefused, match=r"GDD step: asked 6\.01 ps², allowed up to 6 ps² in one shot; nothing"):
        GuardedBench(bench, Limits()).move(np.array([-6.01, 0.0]))
    assert bench.log == []


def test_from_an_unknown_position_every_step_is_refused(bench: HillBench) -> None:
    guarded = GuardedBench(bench, Limits())
    bench.setting = np.array([np.nan, 0.0])
    with pytest.raises(MoveRefused, match="GDD step: asked nan ps²"):
        guarded.move(np.zeros(2))


def test_the_peak_counts_on_every_point_of_the_ramp(bench: HillBench) -> None:
    assert float(peaked(np.array([5.0, 0.0]))) < 1.5  # the end alone would be harmless
    with pytest.raises(
        MoveRefused, match=r"amplifier peak: asked 2 times nominal at 50% of the ramp, allowed up to 1\.5"
    ):
        GuardedBench(bench, amplified()).move(np.array([5.0, 0.0]))
    assert bench.log == []


def test_b_counts_on_every_point_of_the_ramp_at_its_95th_percentile(bench: HillBench) -> None:
    limits = amplified(max_ratio=5.0, max_b_rad=4.0)
    with pytest.raises(MoveRefused, match="B-integral: asked 6 rad at 50% of the ramp, allowed up to 4 rad; nothing"):
        GuardedBench(bench, limits).move(np.array([5.0, 0.0]))
    assert bench.log == []


def test_a_ramp_away_from_the_peak_is_let_through(bench: HillBench) -> None:
    GuardedBench(bench, amplified()).move(np.array([-5.0, 0.0]))
    assert bench.log == ["move"]


def test_an_amplifier_ratio_that_is_no_number_is_refused(bench: HillBench) -> None:
    limits = amplified(ratio=lambda setting: np.where(setting[..., 0] > 3, np.nan, 1.0))
    with pytest.raises(MoveRefused, match="amplifier peak: asked nan"):
        GuardedBench(bench, limits).move(np.array([5.0, 0.0]))


def test_a_start_above_the_amplifier_limit_is_refused(bench: HillBench) -> None:
    with pytest.raises(MoveRefused, match="B-integral"):
        GuardedBench(bench, amplified(max_b_rad=2.0))
    assert bench.log == []


def test_nominal_energy_above_what_the_coating_stands_is_refused(bench: HillBench) -> None:
    with pytest.raises(MoveRefused, match="at nominal energy: asked 120 GW/cm², allowed up to 100 GW/cm²"):
        GuardedBench(bench, Limits(coating=CoatingLimit(120.0, 100.0)))
    assert bench.log == []


def test_a_measured_energy_above_what_the_coating_stands_switches_emission_off() -> None:
    bench = HillBench(energy_of=lambda count: 1.0 + count)
    guarded = GuardedBench(bench, Limits(coating=CoatingLimit(60.0, 100.0)))
    guarded.measure()
    with pytest.raises(
        SafetyError, match="would be 120 GW/cm², the coating stands 100 GW/cm²; emission is off"
    ) as caught:
        guarded.measure()
    assert caught.value.exit_code == 3
    assert bench.log == ["measure", "measure", "safe"]


def test_a_measured_energy_that_is_no_number_makes_the_reading_invalid() -> None:
    bench = HillBench(energy_of=lambda _: float("nan"))
    reading = GuardedBench(bench, Limits(coating=CoatingLimit(60.0, 100.0))).measure()
    assert reading.worst is Quality.INVALID
    assert reading.reasons == ("the measured energy is no number",)


@pytest.mark.parametrize("energy", [np.inf, np.array([np.nan, 9.0])])
def test_no_missing_number_hides_an_energy_above_the_coating(energy: Any) -> None:
    bench = HillBench(energy_of=lambda _: energy)
    with pytest.raises(SafetyError, match="measured energy is"):
        GuardedBench(bench, Limits(coating=CoatingLimit(50.0, 100.0))).measure()
    assert bench.log == ["measure", "safe"]


@pytest.mark.parametrize("energy", [0.0, -0.1])
def test_an_energy_that_cannot_be_makes_the_reading_invalid(energy: float) -> None:
    reading = GuardedBench(HillBench(energy_of=lambda _: energy), Limits()).measure()
    assert reading.worst is Quality.INVALID
    assert "it must be over 0" in reading.reasons[0]


def test_values_that_are_no_numbers_make_the_reading_invalid() -> None:
    reading = GuardedBench(HillBench(top=np.array([np.nan, 0.0])), Limits()).measure()
    assert reading.worst is Quality.INVALID
    assert reading.reasons == ("the shg holds values that are no numbers",)


def test_to_write_into_the_setting_moves_nothing(bench: HillBench) -> None:
    GuardedBench(bench, Limits()).setting[:] = 999.0
    assert bench.setting.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("act", [lambda guarded: guarded.move(np.zeros(2)), GuardedBench.measure])
def test_an_open_interlock_switches_emission_off(bench: HillBench, act: Callable[[GuardedBench], object]) -> None:
    guarded = GuardedBench(bench, Limits(interlock=lambda: "door 2 is open"))
    with pytest.raises(SafetyError, match="interlock: door 2 is open; emission is off, and nothing was moved"):
        act(guarded)
    assert bench.log == ["safe"]


def test_a_read_back_that_is_no_number_is_a_failure_of_the_bench(bench: HillBench) -> None:
    bench.move = lambda setting: np.full(2, np.nan)  # type: ignore[method-assign]
    with pytest.raises(LinkError, match="sent to GDD 1 ps², TOD 0 ps³, and read back as"):
        GuardedBench(bench, Limits()).move(np.array([1.0, 0.0]))


@given(here=Fractions, wish=Fractions)
def test_whatever_is_clipped_can_be_moved_to(here: list[float], wish: list[float]) -> None:
    bench = HillBench(setting=np.clip(np.array(here) / 10, -0.5, 0.5) * RANGE)
    guarded = GuardedBench(bench, Limits())
    wanted = np.array(wish) * RANGE
    allowed, clipped = guarded.clip(wanted)
    guarded.check(allowed)
    assert clipped == bool(np.abs(allowed - wanted).max() > 1e-6)


@given(x=st.floats(-6, 6), wish=st.floats(-6, 6))
def test_whatever_is_clipped_along_a_ramp_can_be_moved_to(x: float, wish: float) -> None:
    bench = HillBench(setting=np.array([x, 0.0]))
    if not peaked(bench.setting) <= 1.5:
        return
    guarded = GuardedBench(bench, amplified())
    allowed, _ = guarded.clip(np.array([wish, 0.0]))
    guarded.move(allowed)
    assert (allowed[0] - x) * (wish - x) >= 0


def test_a_batch_is_refused_for_one_of_its_lanes() -> None:
    bench = HillBench(setting=np.zeros((4, 2)))
    wish = np.zeros((4, 2))
    wish[2] = [5.0, 0.0]
    with pytest.raises(MoveRefused, match="amplifier peak"):
        GuardedBench(bench, amplified()).move(wish)


def test_the_transform_limited_peak_is_that_of_a_gaussian_beam() -> None:
    peak = transform_limited_gw_per_cm2(energy_j=np.pi / 2, peak_per_ps=0.5, beam_radius_mm=10.0)
    assert_close(peak, 500.0, rel=1e-12)  # 1 J/cm² at the centre, times 0.5/ps


@pytest.mark.parametrize("n", range(16))
def test_a_peak_midway_between_equal_heights_is_found(n: int) -> None:
    _, heights = profile(lambda t: np.exp(-(((t - n / 16) / 0.05) ** 2)))
    assert heights.max() > 1 - 1e-3


def test_a_symmetric_ramp_over_the_peak_is_refused() -> None:
    bench = HillBench(setting=np.array([-0.125, 0.0]))  # the peak at 2.5 lies midway between two of the first points
    with pytest.raises(MoveRefused, match="amplifier peak"):
        GuardedBench(bench, amplified()).move(np.array([5.875, 0.0]))
    assert bench.log == []


@given(centre=st.floats(0.0, 1.0), width=st.floats(0.02, 2.0))
def test_the_greatest_point_of_a_ramp_is_found(centre: float, width: float) -> None:
    _, heights = profile(lambda t: np.exp(-(((t - centre) / width) ** 2)))
    assert heights.max() > 1 - 1e-3


def test_a_ramp_is_followed_up_to_its_bound() -> None:
    assert crossing(lambda t: t**2, 0.25) == pytest.approx(0.5, rel=1e-4, abs=0)
    assert crossing(lambda t: t**2, 2.0) == 1.0  # never above the bound
    assert crossing(lambda t: 1 + t, 0.5) == 0.0  # above it from the start
    assert KNOBS[0].range == RANGE[0]


# -------------------------------------------------------------------------- what the actuators can make at all


def reached(setting: Floats) -> float:
    """An ellipse about the origin, as a share of it: convex, and not centred in the knobs' bounds."""
    return float(np.hypot((setting[0] - 1) / 8, setting[1] / 30))


REACH = Limits(reach=ReachLimit(reached, lambda ratio: MoveRefused("the actuators", f"{ratio:.4g}", "up to 1")))


def test_beyond_what_the_actuators_make_nothing_is_moved(bench: HillBench) -> None:
    with pytest.raises(MoveRefused, match=r"the actuators: asked 1\.09, allowed up to 1; nothing was moved"):
        GuardedBench(bench, REACH).move(np.array([-5.9, 20.0]))
    assert bench.log == []


def test_within_it_is_let_through(bench: HillBench) -> None:
    GuardedBench(bench, REACH).move(np.array([-5.9, 10.0]))
    assert bench.log == ["move"]


def test_a_wish_beyond_it_is_cut_back_along_the_ramp_to_just_before_its_edge(bench: HillBench) -> None:
    allowed, clipped = GuardedBench(bench, REACH).clip(np.array([-5.9, 20.0]))
    assert clipped
    assert_close(allowed[1] / allowed[0], 20.0 / -5.9, rel=1e-12)  # on the ramp
    assert 0.998 < reached(allowed) < 0.9991  # a thousandth before it


def test_a_wish_within_it_is_not_touched(bench: HillBench) -> None:
    allowed, clipped = GuardedBench(bench, REACH).clip(np.array([-5.9, 10.0]))
    assert not clipped
    assert allowed.tolist() == [-5.9, 10.0]


def test_a_ratio_that_is_no_number_is_refused(bench: HillBench) -> None:
    limits = Limits(reach=ReachLimit(lambda _: float("nan"), lambda ratio: MoveRefused("it", f"{ratio}", "up to 1")))
    with pytest.raises(MoveRefused, match="it: asked nan"):
        GuardedBench(bench, limits).move(np.zeros(2))


@given(here=Fractions, wish=Fractions)
def test_whatever_is_clipped_for_the_actuators_can_be_moved_to(here: list[float], wish: list[float]) -> None:
    bench = HillBench(setting=np.clip(np.array(here) / 10, -0.5, 0.5) * RANGE)
    if reached(bench.setting) > 1:
        return
    guarded, start = GuardedBench(bench, REACH), bench.setting
    allowed, _ = guarded.clip(np.array(wish) * RANGE)
    guarded.check(allowed)
    assert all(reached(start + share * (allowed - start)) <= 1 + 1e-9 for share in np.linspace(0, 1, 11))


def test_what_the_actuators_make_and_what_the_amplifier_stands_are_both_kept(bench: HillBench) -> None:
    both = Limits(reach=REACH.reach, amplifier=amplified().amplifier)
    allowed, clipped = GuardedBench(bench, both).clip(np.array([5.9, 20.0]))
    assert clipped
    assert reached(allowed) < 1.0
    assert float(peaked(allowed)) <= 1.5
    GuardedBench(bench, both).move(allowed)
