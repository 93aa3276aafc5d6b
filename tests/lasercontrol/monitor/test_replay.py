"""A replay gives what the live run gave, byte for byte, however the log is read."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import CallerError, InputFileError
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.replay import Scoring, alarm_settings_of, replayed
from lasercontrol.monitor.replay_command import replay
from lasercontrol.report.command import ReportCall, report
from lasercontrol.telemetry.frame_codec import item_bytes, schema_bytes, shape_of
from lasercontrol.telemetry.row import Block, Row, Schema
from tests.lasercontrol.monitor.watch_stand_in import StandIn
from tests.lasercontrol.report.night_specimen import BEGIN_S, COD, RAPID, parts_of_night, schema_of_night, write_night


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_night(tmp_path_factory.mktemp("replay") / "night.h5")


def rows_of(block: Block, size: int) -> Iterator[Block]:
    """The block in smaller ones, as a live run sees rows."""
    for at in range(0, len(block.seq), size):
        yield Block(*(getattr(block, name)[at : at + size] for name in Block.__slots__))


def live(size: int) -> list[str]:
    """The lines of a run that sees so many rows at once."""
    scoring = Scoring(schema_of_night(), StandIn(schema_of_night()), AlarmSettings())
    lines = []
    for part in parts_of_night():
        for piece in rows_of(part, size) if isinstance(part, Block) else (part,):
            lines += [step.line() for step in scoring.take(piece)]
    return lines


def test_a_replay_gives_the_lines_of_the_live_run(log: Path) -> None:
    _, steps = replayed(log, StandIn)
    lines = [step.line() for step in steps]
    assert lines == live(1) == live(700)
    assert [step.line() for step in replayed(log, StandIn)[1]] == lines


def test_the_lines_say_what_happened_and_when(log: Path) -> None:
    scoring, steps = replayed(log, StandIn)
    fired = [step for step in steps if step.step == "firing"]
    assert [(step.laser, step.kind.value) for step in fired] == [(COD, "rapid"), (COD, "sudden"), (RAPID, "rapid")]
    assert abs(fired[1].utc_s - BEGIN_S - 4.2 * 3600) <= 20, "within a row"
    assert scoring.rows == sum(len(part.seq) for part in parts_of_night() if isinstance(part, Block))


def with_alarms(told: object) -> Schema:
    """A schema whose recipe has settings of alarms."""
    schema = schema_of_night()
    return Schema(
        run_id="x", started_utc_s=0.0, period_s=1.0, lasers=schema.lasers, recipe={"alarms": told} if told else {}
    )


def test_alarms_are_judged_by_the_settings_that_the_log_carries() -> None:
    assert alarm_settings_of(with_alarms({"clear_after_s": 5.0}), Path("x")).clear_after_s == 5
    assert alarm_settings_of(with_alarms(None), Path("x")) == AlarmSettings()
    with pytest.raises(InputFileError, match="clear_after_s"):
        alarm_settings_of(with_alarms({"clear_after_s": -5.0}), Path("x"))


def test_the_command_says_lines_of_json_and_sums_up(log: Path, tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "alarms.jsonl"
    replay(log, out=out, as_json=True, say=said.append, watches=StandIn)
    assert said[:-1] == live(1)
    assert out.read_text("utf-8").splitlines() == said[:-1]
    summary = json.loads(said[-1])
    assert summary["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert summary["missing"] == []
    with pytest.raises(CallerError, match="exists already"):
        replay(log, out=out, as_json=True, say=said.append, watches=StandIn)


def test_people_get_a_table_in_the_zone_of_the_log(log: Path) -> None:
    said: list[str] = []
    replay(log, out=None, as_json=False, say=said.append, watches=StandIn)
    assert said[0].startswith("25 Nov 22:12:20  A")
    assert "12 lasers, 13.2 h" in said[-2]
    assert said[-1] == "3 alarms. Times in Europe/Berlin."


def write_folder(folder: Path) -> None:
    """The night as a monitor leaves it: a journal, and the alarms of the live run."""
    schema = schema_of_night()
    shape = shape_of(schema)
    watch, frames = StandIn(schema), [schema_bytes(schema, 0)]
    folder.mkdir()
    with Annunciator.opened(folder, schema, AlarmSettings()) as live:
        for part in parts_of_night():
            if not isinstance(part, Block):
                frames.append(item_bytes(part, shape))
                live.moment(part, ())
                continue
            for piece in rows_of(part, 1):
                arrays = (piece.values[0], piece.quality[0], piece.phase[0], piece.rig[0])
                row = Row(int(piece.seq[0]), float(piece.monotonic_s[0]), float(piece.utc_s[0]), *arrays)
                frames.append(item_bytes(row, shape))
                live.rows(row, watch.block(piece))
    (folder / "journal-0000.lcj").write_bytes(b"".join(frames))


def test_a_log_that_was_monitored_is_compared_with_the_live_run(tmp_path: Path) -> None:
    write_folder(tmp_path / "log")
    said: list[str] = []
    replay(tmp_path / "log", out=None, as_json=False, say=said.append, watches=StandIn)
    assert said[-1] == "The live run's 3 steps are the same, byte for byte."
    replay(tmp_path / "log", out=None, as_json=True, say=said.append, watches=StandIn)
    assert json.loads(said[-1])["same_as_live"] is True


def test_what_people_did_stands_in_the_report(tmp_path: Path) -> None:
    write_folder(tmp_path / "log")
    desk = AlarmDesk(tmp_path / "log")
    desk.acknowledge(["A1"], "mara", "seen, <leave it>")
    desk.close()
    report(ReportCall(path=tmp_path / "log", out=tmp_path / "log.html"), StandIn)
    page = (tmp_path / "log.html").read_text("utf-8")
    assert "seen, &lt;leave it&gt;" in page
    assert "mara" in page
