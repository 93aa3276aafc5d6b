"""`lasercontrol doctor`: every instrument is visited, what is wrong is told, and nothing is changed."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.message_log import Message, read_log
from drivers.registry import driver_named
from lasercontrol.cli import main
from lasercontrol.config import Config
from lasercontrol.doctor import Visit, examine, sentences_of
from lasercontrol.errors import CallerError
from lasercontrol.lab.latch import Latch, rearm
from lasercontrol.lab.ownership import owned
from lasercontrol.twin.boxes import Boxes
from tests.lasercontrol.twin.runs import twin_settings
from tests.lasercontrol.twin.stands import SOMEWHERE, STOOD_IN, bench, laser, served

NAMES = ["shaper", "delay_stage", "osa", "meter", "pump", "shutter"]
ROLES = ["shaper", "stage", "spectrometer", "power_meter", "current_source", "shutter"]
NOBODY = "TCPIP::127.0.0.1::1::SOCKET"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def up() -> Iterator[tuple[Boxes, Config]]:
    """The packaged twin on its ports."""
    with served(twin_settings()) as (boxes, config):
        yield boxes, config


@pytest.fixture
def config(up: tuple[Boxes, Config]) -> Config:
    return up[1]


def with_lab(config: Config, **changes: Any) -> Config:
    """The config with other values in its `lab`."""
    assert config.lab
    return config.model_copy(update={"lab": config.lab.model_copy(update=changes)})


def with_address(config: Config, name: str, resource: str) -> Config:
    """The config with one instrument elsewhere."""
    assert config.lab
    moved = config.lab.instruments[name].model_copy(update={"resource": resource})
    return with_lab(config, instruments=config.lab.instruments | {name: moved})


def found(visit: Visit, name: str) -> dict[str, Any]:
    """What was found of one instrument, as programs read it."""
    return next(told for told in visit.as_json()["instruments"] if told["instrument"] == name)


# ------------------------------------------------------------------------------------------------------ all is well


def test_every_instrument_is_listed_with_what_it_is_and_does(config: Config) -> None:
    visit = examine(config)
    told = visit.as_json()
    assert (told["bench"], told["ok"], told["problems"]) == ("twin", True, [])
    assert [row["instrument"] for row in told["instruments"]] == NAMES
    assert [row["role"] for row in told["instruments"]] == ROLES
    assert config.lab
    for row, address in zip(told["instruments"], config.lab.instruments.values(), strict=True):
        assert (row["resource"], row["driver"]) == (address.resource, address.driver)
        assert (row["ok"], row["problem"]) == (True, None)
        assert row["idn"]
        assert row["confidence"] == driver_named(address.driver).confidence
        assert row["state"]
    assert found(visit, "shaper")["idn"].startswith("TWIN-1030 (idealised, no such product)")
    assert found(visit, "pump")["state"]["output"] is False
    low_nm, high_nm = found(visit, "meter")["limits"]["wavelength_nm"]
    assert low_nm < 1030 < high_nm
    assert any(fact.startswith("setting now: gdd_ps2 ") for fact in told["facts"])
    assert any(fact.startswith("frog: about ") for fact in told["facts"])
    json.dumps(told, allow_nan=False)


def test_for_people_it_is_a_paragraph_an_instrument(config: Config) -> None:
    lines = sentences_of(examine(config))
    assert lines[0] == "bench twin: all is well"
    assert "  ok  meter (power_meter; pm100)" in lines
    assert any(line.startswith("        is     THORLABS,PM100USB,") for line in lines)
    assert not any("WRONG" in line for line in lines)


def test_an_instrument_with_two_uses_tells_both(config: Config) -> None:
    assert config.lab
    safety = config.lab.safety.model_copy(update={"seed_shutter": "shutter"})
    assert found(examine(with_lab(config, safety=safety)), "shutter")["role"] == "shutter, shutter"


# -------------------------------------------------------------------------------------------------- nothing is changed


LOGINS = {'OPEN "anonymous"', "***", "", "ULOC 1"}
"""What an AQ6370 and an LDC500 want to hear before anything is asked."""


def is_question(message: Message) -> bool:
    """Whether what was sent cannot have changed anything."""
    text = message.data.decode("latin-1").strip()
    return "?" in text or text.startswith(("GET ", "READ ")) or text in LOGINS


@pytest.mark.parametrize("name", STOOD_IN)
def test_a_visit_only_asks(name: str, tmp_path: Path) -> None:
    at = f"dazzler://{tmp_path}" if name == "dazzler" else SOMEWHERE
    with served(bench(name, at)) as (_, config):
        truth = laser().sides(), laser().parts.delay_ps(), laser().pulse_energy
        visit = examine(with_lab(config, message_log=tmp_path / "log.jsonl"))
        assert (laser().sides(), laser().parts.delay_ps(), laser().pulse_energy) == truth
    assert found(visit, "it")["idn"]
    sent = [message for message in read_log(tmp_path / "log.jsonl") if message.sent]
    assert {message.link for message in sent} == {finding.name for finding in visit.findings}
    assert [message for message in sent if not is_question(message)] == []


# ------------------------------------------------------------------------------------------------- something is wrong


def test_an_instrument_that_is_unplugged_is_told_and_the_others_are_visited(config: Config) -> None:
    visit = examine(with_address(config, "meter", NOBODY))
    assert not visit.ok
    assert found(visit, "meter")["ok"] is False
    assert f"{NOBODY} does not answer" in found(visit, "meter")["problem"]
    assert found(visit, "meter")["idn"] == ""
    assert [found(visit, name)["ok"] for name in NAMES if name != "meter"] == [True] * 5
    lines = sentences_of(visit)
    assert lines[0] == "bench twin: something is wrong"
    assert "  ??  meter (power_meter; pm100)" in lines
    assert any(line.startswith("        WRONG  meter: ") for line in lines)


def test_another_instrument_at_the_address_is_told(config: Config) -> None:
    assert config.lab
    visit = examine(with_address(config, "meter", config.lab.instruments["pump"].resource))
    assert "says it is 'THORLABS,ITC4020," in found(visit, "meter")["problem"]


def test_a_tripped_interlock_is_told_also_once_it_is_closed() -> None:
    with served(twin_settings()) as (boxes, config):
        boxes.boxes["pump"].trip()
        visit = examine(config)
        assert not visit.ok
        assert found(visit, "pump")["ok"] is False
        assert "the interlock is open" in found(visit, "pump")["problem"]
        assert visit.problems == ("interlock: pump reports its interlock open",)
        boxes.boxes["pump"].close_interlock()  # type: ignore[attr-defined]
        visit = examine(config)
        assert found(visit, "pump")["problem"] == "tripped since the output was on: interlock"
        assert visit.problems == ()


def test_a_latched_interlock_is_told_and_stays(config: Config) -> None:
    Latch("twin").trip("the door was opened")
    visit = examine(config)
    assert not visit.ok
    assert visit.problems[0].startswith("interlock latched: the door was opened (")
    assert visit.problems[0].endswith("lasercontrol rearm takes the latch away")
    assert all(finding.ok for finding in visit.findings)
    assert Latch("twin").tripped
    rearm("twin", "Ada", "the door is shut")
    assert examine(config).ok


def test_a_bench_in_use_is_told_and_left_alone(config: Config, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with owned("twin"):
        visit = examine(with_lab(config, message_log=log))
    assert not visit.ok
    assert "the bench twin is owned by " in visit.problems[0]
    assert [finding.problem for finding in visit.findings] == ["not asked: a run owns the bench"] * len(NAMES)
    assert not log.exists() or list(read_log(log)) == []
    assert examine(config).ok


def test_a_visit_owns_the_bench_only_while_it_lasts(config: Config) -> None:
    examine(config)
    with owned("twin"):
        pass


# -------------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the program in this process; gives exit status, output, errors."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lasercontrol", *map(str, words)])
        status = main()
        seen = capsys.readouterr()
        return status, seen.out, seen.err

    return call


def a_file(folder: Path, config: Config) -> Path:
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False), "utf-8")
    return path


def test_the_command_exits_0_where_all_is_well(
    called: Callable[..., tuple[int, str, str]], config: Config, tmp_path: Path
) -> None:
    status, out, err = called("doctor", a_file(tmp_path, config), "--json")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    wanted = {"role", "resource", "idn", "ok", "problem"}
    assert all(row.keys() >= wanted for row in json.loads(out)["instruments"])


def test_the_command_exits_3_where_something_is_wrong(
    called: Callable[..., tuple[int, str, str]], config: Config, tmp_path: Path
) -> None:
    status, out, err = called("doctor", a_file(tmp_path, with_address(config, "osa", NOBODY)))
    assert (status, err) == (3, "")
    assert out.startswith("bench twin: something is wrong\n")
    assert "WRONG  osa: " in out
    assert "  ok  meter" in out


def test_the_command_exits_2_where_there_is_nothing_to_visit(called: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = called("doctor", "default")
    assert (status, out) == (2, "")
    assert (
        err == "lasercontrol: the config has no `lab` section: its bench is simulated, and there is nothing to visit.\n"
    )


def test_a_bench_without_lab_is_a_callers_mistake() -> None:
    with pytest.raises(CallerError, match="nothing to visit"):
        examine(Config())
