"""The verdict on a rehearsed night: what happened must be found, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasercontrol.aging.night import rehearse
from lasercontrol.aging.night_log import log_checks
from lasercontrol.aging.night_plan import Happening, checks_of, happenings
from lasercontrol.aging.plan import schema_of
from lasercontrol.config_file import find_config, load_aging
from lasercontrol.errors import CallerError
from lasercontrol.telemetry.row import Event, Phase, Row
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.aging.recipes import config

PLAN = (
    Happening("damage", 1.0, {"fail": "L0"}, "L0", frozenset({"sudden"}), within_h=0.1),
    Happening("a fibre", 2.0, {"disturb": "fibre-step"}, "L1", frozenset({"coupling"}), within_h=0.5),
)
DONE = {"damage": 1000.0, "a fibre": 2000.0}


def alarm(laser: str, kind: str, fired_utc_s: float) -> dict[str, Any]:
    return {"laser_id": laser, "kind": kind, "fired_utc_s": fired_utc_s, "evidence": "e"}


def test_the_plan_names_lasers_that_there_are_and_never_two_things_of_one() -> None:
    night = load_aging(find_config("aging-night"))
    hit = [each.laser for each in happenings(night) if each.laser]
    assert set(hit) <= {laser.id for laser in night.lasers}
    assert len(set(hit)) == len(hit)
    assert [each.at_h for each in happenings(night)] == sorted(each.at_h for each in happenings(night))
    assert sum(each.does == "kill" for each in happenings(night)) == 1


def test_all_found_and_nothing_else_is_well() -> None:
    alarms = [alarm("L0", "sudden", 1010.0), alarm("L1", "coupling", 2100.0)]
    assert all(check.well for check in checks_of(PLAN, DONE, alarms))


@pytest.mark.parametrize(
    "alarms",
    [
        [alarm("L1", "coupling", 2100.0)],  # the damage was missed
        [alarm("L0", "sudden", 2000.0), alarm("L1", "coupling", 2100.0)],  # found too late
        [alarm("L0", "sudden", 500.0), alarm("L1", "coupling", 2100.0)],  # found before it was
        [alarm("L0", "sudden", 1010.0), alarm("L1", "wear", 2100.0)],  # the fibre taken for wear
        [alarm("L0", "sudden", 1010.0), alarm("L1", "coupling", 2100.0), alarm("L7", "wear", 1.0)],  # a false alarm
    ],
)
def test_what_is_missed_late_or_false_is_not_well(alarms: list[dict[str, Any]]) -> None:
    assert not all(check.well for check in checks_of(PLAN, DONE, alarms))


def logged(folder: Path, *, step: float = 0.0, held: int | None = None) -> Path:
    """Twenty rows, a kill after the tenth, a restart; step: relative, of a current across the gap."""
    settings = config()
    schema = schema_of(settings, "run", 0.0)
    store = Store(folder, schema, settings=StoreSettings(hdf5=False))
    store.submit(Event(0, 0.0, 0.0, "link-lost", None, {"instrument": "x"}))
    store.submit(Event(0, 0.0, 0.0, "link-back", None, {"instrument": "x"}))
    for number in range(20):
        values = np.full((2, 5), 0.1, dtype=np.float32)
        values[:, 0] *= 1 + step * (number >= 10)
        phase = np.full(2, Phase.STRESS, dtype=np.uint8)
        if number == 10:
            store.submit(Event(0, 10.0, 10.0, "restart", None, {}))
            store.submit(Event(0, 10.0, 10.0, "gap", None, {"gap_s": 1.0, "why": "restart"}))
        if number == 15 and held is not None:
            store.submit(Event(0, 15.0, 15.0, "held", held, {}))
        row = Row(
            0, float(number), float(number), values, np.zeros((2, 5), dtype=np.uint8), phase, np.zeros(1, np.float32)
        )
        store.submit(row)
    store.close()
    return folder


def wrong(folder: Path, last_seq: int = 5) -> list[str]:
    checks = log_checks(folder, last_seq, {"kill -9 of the monitor": 9.5}, {"L0"})
    return [check.what for check in checks if not check.well]


def test_a_log_without_a_fault_is_well(tmp_path: Path) -> None:
    assert wrong(logged(tmp_path / "log", held=0)) == []


def test_a_step_over_the_gap_is_seen(tmp_path: Path) -> None:
    assert wrong(logged(tmp_path / "log", step=0.05)) == ["the recipe goes on without a step"]


def test_a_healthy_laser_that_was_stopped_is_seen(tmp_path: Path) -> None:
    assert wrong(logged(tmp_path / "log", held=1)) == ["nobody is stopped without a cause"]


def test_an_acknowledged_row_that_is_missing_is_seen(tmp_path: Path) -> None:
    assert wrong(logged(tmp_path / "log"), last_seq=1000) == ["nothing acknowledged is lost"]


def test_a_rehearsal_needs_the_instruments_of_a_twin(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(find_config("aging-example").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(CallerError, match="a rehearsal needs instruments of the twin, and a speed"):
        rehearse(str(path), out=tmp_path, quiet=True)
