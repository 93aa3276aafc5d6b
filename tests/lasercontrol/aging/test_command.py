"""`lasercontrol monitor`: planned, refused, and run for a few seconds on the simulated rack."""

import threading
from pathlib import Path

import pytest
import yaml

from lasercontrol.aging.command import MonitorCall, monitor
from lasercontrol.config_file import find_config
from lasercontrol.errors import CallerError, ConfigError, SafetyError
from lasercontrol.lab.latch import Latch
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event
from tests.lasercontrol.aging.wire import wire

EXAMPLE = find_config("aging-example").read_text(encoding="utf-8")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rack.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_dry_run_shows_stages_and_space_and_opens_nothing(tmp_path: Path) -> None:
    outcome = monitor(MonitorCall(config=written(tmp_path, EXAMPLE), out=tmp_path / "runs", dry_run=True))
    assert outcome.exit_code == 0
    assert any("stress" in sentence for sentence in outcome.sentences)
    assert any("GB" in sentence for sentence in outcome.sentences)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{ id: A02,", "{ id: A01,", "A01"),
        ("settle_s: 900", "setle_s: 900", "settle_s"),
        ("voltage_v: { low: 1.0, high: 2.5 }", "voltage_v: { low: 3.0, high: 2.5 }", "voltage_v"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    wrong = EXAMPLE.replace(old, new)
    with pytest.raises(ConfigError, match=words) as refused:
        monitor(MonitorCall(config=written(tmp_path, wrong), out=tmp_path / "runs"))
    assert refused.value.line is not None
    assert new in wrong.splitlines()[refused.value.line - 1] or words in str(refused.value)
    assert not (tmp_path / "runs").exists()


def test_real_lasers_are_not_switched_on_unasked(tmp_path: Path) -> None:
    with pytest.raises(
        CallerError, match="nobody is at a keyboard to confirm: --yes confirms it; nothing was switched"
    ):
        monitor(MonitorCall(config="aging-night", out=tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


def test_seconds_of_a_test_leave_a_log_that_can_be_read(tmp_path: Path) -> None:
    text = EXAMPLE.replace("period_s: 1.0", "period_s: 0.2")
    outcome = monitor(MonitorCall(config=written(tmp_path, text), out=tmp_path / "runs", hours=4 / 3600))
    (folder,) = (tmp_path / "runs").iterdir()
    schema, parts = read_log(folder)
    items = list(parts)
    assert outcome.exit_code == 0
    assert [laser.laser_id for laser in schema.lasers][:2] == ["A01", "A02"]
    assert sum(len(item.seq) for item in items if isinstance(item, Block)) > 5
    assert next(item.kind for item in items if isinstance(item, Event)) == "start"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Owners and latches of this test alone."""
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path / "state"))
    return tmp_path


def test_a_rack_that_has_tripped_waits_for_a_person(state: Path) -> None:
    Latch("night").trip("the door is open")
    with pytest.raises(SafetyError, match=r"the door is open .*nothing was switched on; .* lasercontrol rearm CONFIG"):
        monitor(MonitorCall(config="aging-night", out=state / "runs", yes=True))


def test_an_interlock_over_the_wire_latches_laser_and_rack_and_the_log_goes_on(state: Path) -> None:
    with wire() as rig:
        told = rig.rack.config.model_dump(mode="json", exclude_unset=True) | {"log": {"hdf5": False}}
        path = written(state, yaml.safe_dump(told))
        threading.Timer(1.0, lambda: rig.inject("ld1", "interlock")).start()
        first = monitor(MonitorCall(config=path, out=state / "runs", yes=True, hours=0.04))
        (folder,) = (state / "runs").iterdir()
        assert list(first.summary["tripped"]) == ["A"]
        with pytest.raises(SafetyError, match="A: ld1: its interlock"):
            monitor(MonitorCall(config=path, out=state / "runs", yes=True))
        rig.do(lambda: rig.box("ld1").close_interlock())
        again = monitor(MonitorCall(config=path, resume=folder, yes=True, hours=0.02))
        assert list(again.summary["tripped"]) == ["A"]
        assert rig.box("ld1").emission_current_a == 0.0
    _, parts = read_log(folder)
    kinds = [part.kind for part in parts if isinstance(part, Event)]
    assert (kinds.count("restart"), kinds.count("interlock"), kinds.count("stop")) == (1, 1, 2)


def test_a_log_of_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    text = EXAMPLE.replace("period_s: 1.0", "period_s: 0.2")
    monitor(MonitorCall(config=written(tmp_path, text), out=tmp_path / "runs", hours=1 / 3600))
    (folder,) = (tmp_path / "runs").iterdir()
    with pytest.raises(CallerError, match="was begun with other recipe than the config has now"):
        monitor(MonitorCall(config=written(tmp_path, text.replace("settle_s: 900", "settle_s: 800")), resume=folder))
