"""The twin of a rack: failures on demand and the truth over its control port, and the config with its addresses."""

import json
from pathlib import Path
from typing import Any

import pytest

from lasercontrol.aging.sim_rack import diode_rack
from lasercontrol.aging.twin_rack import TwinRack
from lasercontrol.config_file import load_aging
from lasercontrol.errors import CallerError, ConfigError
from tests.lasercontrol.aging.recipes import config
from tests.lasercontrol.aging.wire import Wire, wire, wired


def asked(rig: Wire, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = rig.do(lambda: rig.twin.control.answer(json.dumps(request).encode()))
    return answer


def test_a_failure_on_demand_takes_the_light_at_both_channels() -> None:
    with wire() as rig:
        rig.rack.drive({0: 0.1, 1: 0.1})
        before = rig.rack.poll().values
        assert asked(rig, fail="A", mode="sudden", size=0.6) == {"ok": True}
        after = before
        for _ in range(100):
            after = rig.rack.poll().values
            if after[0, 1] < 0.7 * before[0, 1]:
                break
        assert after[0, 1] < 0.7 * before[0, 1]
        assert after[0, 2] < 0.7 * before[0, 2]
        assert after[1, 1] == pytest.approx(before[1, 1], rel=0.02, abs=0)
        truth = asked(rig, truth=True)["lasers"]
        assert truth["A"]["mode"] == "sudden"
        assert truth["A"]["loss"] > 0.3
        assert truth["B"]["loss"] < 0.01


def test_the_rig_disturbs_the_meter_alone() -> None:
    with wire() as rig:
        rig.rack.drive({0: 0.1})
        before = rig.rack.poll().values
        assert asked(rig, disturb="fibre-step", laser="A", size=0.8) == {"ok": True}
        for _ in range(100):
            after = rig.rack.poll().values
            if after[0, 1] < 0.9 * before[0, 1]:
                break
        assert after[0, 1] / before[0, 1] == pytest.approx(0.8, rel=0.02, abs=0)
        assert after[0, 2] == pytest.approx(before[0, 2], rel=0.02, abs=0)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"fail": "Z", "mode": "sudden"}, "there is no laser 'Z'"),
        ({"fail": "A", "mode": "bored"}, "'bored' is not a valid Mode"),
        ({"inject": "nothing", "kind": "drop"}, "there is no instrument 'nothing'"),
        ({"dance": 1}, "there is no such request; got dance"),
    ],
)
def test_a_request_that_is_none_is_answered_with_why(request_: dict[str, Any], said: str) -> None:
    with wire() as rig:
        assert said in asked(rig, **request_)["error"]


def test_the_config_with_the_twins_addresses_is_a_config(tmp_path: Path) -> None:
    with wire() as rig:
        rig.do(lambda: rig.twin.rewritten(tmp_path / "twin.yaml"))
        told = load_aging(tmp_path / "twin.yaml")
        assert told.name == "wired-twin"
        assert told.instruments["ld1"].resource == rig.twin.services["ld1"].resource


def test_there_is_no_twin_without_instruments() -> None:
    with pytest.raises(CallerError, match="there is nothing to be stood in for"):
        TwinRack(config())


def test_a_driver_without_a_box_is_refused_with_its_key() -> None:
    told = wired().model_dump(mode="json")
    told["instruments"]["pm1"]["driver"] = "aq6370"
    with pytest.raises(
        ConfigError, match=r"instruments\.pm1\.driver: is 'aq6370', for which the twin of a rack has no box"
    ):
        TwinRack(type(wired()).model_validate(told))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"lasers": [{"id": "A", "current_a": 0.1, "family": "unknown"}]},
            "family: is 'unknown'; the simulator",
        ),
        ({"simulated": {"failures": [{"laser": "L0", "mode": "bored", "onset_s": 1}]}}, "failures.0..mode: is 'bored'"),
    ],
)
def test_what_the_simulator_does_not_know_is_refused(changes: dict[str, Any], said: str) -> None:
    told = config().model_dump(mode="json") | changes
    with pytest.raises(ConfigError, match=said):
        diode_rack(type(config()).model_validate(told))
