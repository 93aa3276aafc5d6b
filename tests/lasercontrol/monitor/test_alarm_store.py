"""The file of alarms: whole after kill -9, refused when it is another's, arrays as they were."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import RecordError
from lasercontrol.monitor.alarm_store import AlarmStore
from lasercontrol.monitor.annunciator import Annunciator
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema

WRITER = """
import sys
from pathlib import Path
from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.monitor.annunciator import Annunciator
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema

made = Annunciator.opened(Path(sys.argv[1]), schema(), AlarmSettings(clear_after_s=0.0))
seq = made.seq
while True:
    seq += 1
    for step in made.rows(row(seq), [found(seq, active=seq % 2 == 0)]):
        print(step.line(), flush=True)
"""


def test_what_was_said_is_in_the_file_after_kill_9(tmp_path: Path) -> None:
    said: list[str] = []
    for lines in (1, 7, 20):  # each goes on where the one before was killed
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said += [writer.stdout.readline().rstrip("\n") for _ in range(lines)]
            writer.kill()
            said += writer.stdout.read().splitlines()
        store = AlarmStore(tmp_path / "alarms.sqlite")
        assert store.link.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        kept = store.lines()
        store.close()
        assert kept[: len(said)] == said
        assert len(kept) - len(said) <= 1  # kept, and killed before it was said
        said = kept
    assert ['"step":"firing"' in line for line in said] == [at % 2 == 0 for at in range(len(said))]


def test_arrays_of_a_detector_come_back_with_the_row_they_are_of(tmp_path: Path) -> None:
    state = {"mean_w": np.linspace(0.0, 1.0, 5, dtype=np.float32), "count": np.array(7)}
    with Annunciator.opened(tmp_path, schema(), AlarmSettings()) as made:
        assert made.checkpointed("watch") is None
        made.rows(row(0), [])
        made.rows(row(1), [])
        assert made.checkpoint("watch", state)
    with Annunciator.opened(tmp_path, schema(), AlarmSettings()) as again:
        assert again.seq == 1
        kept = again.checkpointed("watch")
    assert kept is not None
    assert kept[0] == 1
    assert {name: (part.dtype, part.tolist()) for name, part in kept[1].items()} == {
        name: (part.dtype, part.tolist()) for name, part in state.items()
    }


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with (
        Annunciator.opened(tmp_path, schema(), AlarmSettings()) as made,
        pytest.raises(ValueError, match="holds objects in"),
    ):
        made.checkpoint("watch", {"bad": np.array([{}], dtype=object)})


def test_alarms_of_another_run_are_not_mixed(tmp_path: Path) -> None:
    Annunciator.opened(tmp_path, schema(), AlarmSettings()).close()
    with pytest.raises(RecordError, match="holds alarms of the run night-1, not of night-2"):
        Annunciator.opened(tmp_path, schema(run_id="night-2"), AlarmSettings())


def test_a_missing_file_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        AlarmStore(tmp_path / "alarms.sqlite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"not a database, but long enough to look like one" * 100, b""])
def test_what_is_no_file_of_alarms_is_refused_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "alarms.sqlite"
    path.write_bytes(content)
    with pytest.raises(RecordError, match="no file of alarms"):
        AlarmStore(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "alarms.sqlite"
    link = sqlite3.connect(path)
    link.execute("CREATE TABLE theirs (x)")
    link.close()
    with pytest.raises(RecordError, match="is no file of alarms of this program; nothing was changed"):
        AlarmStore(path, create=True)


def test_a_finding_that_is_no_news_changes_nothing(tmp_path: Path) -> None:
    with Annunciator.opened(tmp_path, schema(), AlarmSettings()) as made:
        made.rows(row(0), [found(0)])
        assert not made.rows(row(1), [found(1)])
        assert len(made._store.lines()) == 1
