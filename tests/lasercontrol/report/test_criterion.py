"""What a laser is held to, and when the rest of its test says nothing new."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lasercontrol.aging_settings import EndOfLifeSettings
from lasercontrol.report.criterion import criteria_of, planned_h, stop_early
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.row import Channel, LoggedLaser, Schema
from tests.closeness import assert_close


def schema(recipe: dict[str, Any]) -> Schema:
    """One laser at constant current, one at constant power."""
    lasers = (
        LoggedLaser(laser_id="i", family="gaas", drive="current", drive_target=0.1),
        LoggedLaser(laser_id="p", family="gaas", drive="power", drive_target=0.03),
    )
    return Schema(run_id="x", started_utc_s=0.0, period_s=1.0, lasers=lasers, recipe=recipe)


def test_each_drive_has_its_own_of_the_recipe() -> None:
    told = EndOfLifeSettings(current_rise_percent=15.0, power_drop_db=1.0).model_dump(mode="json")
    current, power = criteria_of(schema({"end_of_life": told}))
    assert_close(np.array([current.percent, power.percent]), np.array([20.57, 15.0]), rel=1e-3)
    assert "1 dB" in current.said
    assert "as the recipe says" in power.said


def test_one_that_is_not_heeded_is_out_of_reach() -> None:
    told = EndOfLifeSettings(current_rise_percent=None).model_dump(mode="json")
    _, power = criteria_of(schema({"end_of_life": told}))
    assert power.percent == float("inf")
    assert power.words == "none"


def test_without_a_recipe_a_customary_one_is_taken_and_said() -> None:
    current, power = criteria_of(schema({}))
    assert_close(np.array([current.percent, power.percent]), np.array([36.9, 20.0]), rel=1e-3)
    assert "no recipe" in current.said
    assert "no recipe" in power.said


def test_per_cent_change_without_a_recipe_is_judged_at_ten() -> None:
    change = replace(schema({}), channels=(Channel(CHANGE, "%"),))
    assert {criterion.percent for criterion in criteria_of(change)} == {10.0}
    assert "judged at 10 %" in criteria_of(change)[0].said


def test_the_plan_is_burn_in_and_stress() -> None:
    stages = {"burn_in": {"hours": 2.0, "mount_c": 70}, "stress": {"hours": 11.0}}
    assert planned_h(schema({"recipe": stages})) == 13
    assert planned_h(schema({"recipe": {"burn_in": None, "stress": {"hours": 11.0}}})) == 11
    assert planned_h(schema({})) is None


@pytest.mark.parametrize(
    ("rest_h", "low_h", "high_h", "words"),
    [
        (100.0, 150.0, None, "passes"),
        (100.0, 20.0, 60.0, "will not pass"),
        (100.0, 20.0, 160.0, None),
        (-1.0, 20.0, 60.0, None),
        (None, 20.0, 60.0, None),
        (100.0, None, None, None),
    ],
)
def test_a_test_may_end_when_its_outcome_is_sure(
    rest_h: float | None, low_h: float | None, high_h: float | None, words: str | None
) -> None:
    told = stop_early(rest_h, low_h, high_h)
    assert told is None if words is None else told is not None and told.startswith(words)
