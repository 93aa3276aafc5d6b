"""How ranges widen and narrow, and what they leave of a scenario."""

from dataclasses import astuple, replace
from math import exp

import pytest

from lasercontrol.scenario import scenario_for
from lasercontrol.training.curriculum import Widths, entropy_of, narrowed, start_widths, widened
from lasercontrol.training_settings import CurriculumSettings

SETTINGS = CurriculumSettings(start=0.25, success_rate=0.5, step_nats=0.2)


def test_success_widens_the_narrowest_range_by_the_step() -> None:
    before = replace(start_widths(SETTINGS), b_rad=0.2)
    after = widened(before, 0.6, SETTINGS)
    assert after.b_rad == pytest.approx(0.2 * exp(0.2), rel=1e-12, abs=0)
    assert entropy_of(after) - entropy_of(before) == pytest.approx(0.2, rel=1e-9, abs=0)


def test_success_ends_at_the_whole_ranges() -> None:
    widths = start_widths(SETTINGS)
    for _ in range(100):
        widths = widened(widths, 1.0, SETTINGS)
    assert astuple(widths) == (1.0,) * 4
    assert entropy_of(widths) == 0


def test_failure_narrows_but_never_below_the_start() -> None:
    widths = Widths()
    for _ in range(100):
        widths = widened(widths, 0.1, SETTINGS)
    assert astuple(widths) == (0.25,) * 4


def test_between_the_two_rates_nothing_changes() -> None:
    widths = Widths(offset=0.5)
    assert widened(widths, 0.4, SETTINGS) is widths


def test_whole_ranges_are_the_scenario_itself() -> None:
    scenario = scenario_for("tempo")
    whole = narrowed(scenario, Widths())
    assert whole.offset_low == pytest.approx(scenario.offset_low, rel=1e-12, abs=1e-15)
    assert whole.b_range_rad == pytest.approx(scenario.b_range_rad, rel=1e-12, abs=0)
    assert replace(whole, offset_low=scenario.offset_low, offset_high=scenario.offset_high) == scenario


def test_a_range_keeps_its_middle() -> None:
    scenario = scenario_for("wide")
    half = narrowed(scenario, Widths(offset=0.5, b_rad=0.5, start=0.5, spectrum=0.5))
    assert half.offset_low == pytest.approx((-0.1,) * 3, rel=1e-12, abs=0)
    assert half.offset_high == pytest.approx((0.1,) * 3, rel=1e-12, abs=0)
    assert half.b_range_rad == pytest.approx((1.625, 2.875), rel=1e-12, abs=0)
    assert half.start_rms == scenario.start_rms / 2
    assert half.spectrum_error == scenario.spectrum_error / 2
