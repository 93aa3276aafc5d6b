"""`lasercontrol alarms`: what is listed and what is done, with its exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.cli import app
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.finding import Kind
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with Annunciator.opened(tmp_path, schema(), AlarmSettings(clear_after_s=0.0)) as made:
        made.rows(row(0), [found(0), found(0, Kind.COUPLING, 1)])
        made.rows(row(1), [found(1, Kind.COUPLING, 1, active=False)])
    return tmp_path


def ran(log: Path, *more: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["alarms", str(log), *more])
    return answer.exit_code, answer.output


def told(log: Path, *more: str) -> dict[str, Any]:
    status, text = ran(log, "--json", *more)
    assert status == 0, text
    summary: dict[str, Any] = json.loads(text)
    return summary


def test_it_lists_what_waits_and_with_all_what_is_over(log: Path) -> None:
    assert [alarm["alarm"] for alarm in told(log)["alarms"]] == ["A1"]
    assert [alarm["state"] for alarm in told(log, "--all")["alarms"]] == ["firing", "cleared"]


def test_it_reads_as_people_speak(log: Path) -> None:
    _, text = ran(log)
    assert text == (
        "Run night-1: 1 firing. Times are Europe/Berlin.\n"
        "A1     firing       ALARM    L0: sudden loss of light, first seen 2026-11-25 10:46:39, alarm 2026-11-25 "
        "10:46:40\n"
        "       power fell and stayed (sudden)\n"
    )


def test_acknowledging_keeps_who_and_why(log: Path) -> None:
    (alarm,) = told(log, "--acknowledge", "A1", "--who", "Ada", "--note", "facet burnt")["alarms"]
    assert alarm["state"] == "acknowledged"
    assert {key: alarm["acknowledged"][0][key] for key in ("who", "note")} == {"who": "Ada", "note": "facet burnt"}
    assert alarm["acknowledged"][0]["utc"].endswith("Z")
    assert told(log, "--acknowledge", "all")["done"][0].endswith("nothing was waiting for it.")


def test_a_silence_and_its_end(log: Path) -> None:
    (silence,) = told(log, "--silence", "coupling", "--minutes", "5", "--note", "new fibre", "--who", "Ada")["silences"]
    assert (silence["kind"], silence["why"]) == ("coupling", "new fibre")
    assert told(log, "--end-silence", str(silence["id"]))["silences"] == []


def test_a_note_is_kept(log: Path) -> None:
    assert told(log, "--note", "chamber door opened", "--who", "Ada")["notes"][0]["text"] == "chamber door opened"


@pytest.mark.parametrize(
    "more",
    [
        ("--acknowledge", "A7"),
        ("--silence", "L9", "--note", "x"),
        ("--silence", "all"),
        ("--silence", "all", "--note", "x", "--minutes", "-1"),
        ("--end-silence", "3"),
    ],
)
def test_a_wrong_call_changes_nothing(log: Path, more: tuple[str, ...]) -> None:
    before = told(log, "--all")
    status, text = ran(log, *more)
    assert status == 2, text
    assert told(log, "--all") == before


def test_a_folder_without_alarms_is_said(tmp_path: Path) -> None:
    status, text = ran(tmp_path)
    assert status == 2
    assert "a log that was monitored has one" in text
