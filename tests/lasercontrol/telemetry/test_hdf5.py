"""HDF5 of a log: the same bits, readable by anybody while it is written, and made again after a crash."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lasercontrol.errors import LogError
from lasercontrol.telemetry.hdf5_builder import Builder, build
from lasercontrol.telemetry.hdf5_file import LogFile, write_log
from lasercontrol.telemetry.hdf5_reading import opened, parts_of, schema_in
from lasercontrol.telemetry.journal import Journal, journal_path
from lasercontrol.telemetry.log_lock import LogLock
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event, Row, Schema
from lasercontrol.telemetry.seal import read_seal, seal_path, segment_path
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, flat, frames_of, held, item, items, same, schema


def parts(count: int, of: Schema = SCHEMA) -> list[Any]:
    """Items as parts, every row a block of its own."""
    return [Block.of([each]) if isinstance(each, Row) else each for each in items(count, of)]


def inside(path: Path) -> list[Any]:
    """What a file holds, read in this process."""
    with opened(path) as file:
        return list(flat(parts_of(file, schema_in(file))))


@pytest.mark.parametrize("count", [0, 1, 59, 200])
def test_a_file_gives_back_the_bits(tmp_path: Path, count: int) -> None:
    path = tmp_path / "log.h5"
    write_log(path, SCHEMA, parts(count))
    assert same(inside(path), items(count))
    with h5py.File(path, "r") as file:  # closed: anything can open it
        assert file["log/closed"][0] == 1


def test_more_lasers_than_a_chunk_holds(tmp_path: Path) -> None:
    of, path = schema(130), tmp_path / "log.h5"
    write_log(path, of, parts(70, of))
    assert same(inside(path), items(70, of), of)


def test_blocks_of_any_size_make_the_same_file(tmp_path: Path) -> None:
    rows = [each for each in items(300) if isinstance(each, Row)]
    write_log(tmp_path / "a.h5", SCHEMA, [Block.of(rows)])
    write_log(tmp_path / "b.h5", SCHEMA, [Block.of(rows[:7]), Block.of(rows[7:140]), Block.of(rows[140:])])
    assert same(inside(tmp_path / "a.h5"), rows)
    assert same(inside(tmp_path / "b.h5"), rows)


def test_names_units_and_metadata_stand_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.h5"
    write_log(path, SCHEMA, parts(30))
    with h5py.File(path, "r") as file:
        current = file["channels/current_a"]
        assert current["value"].attrs["units"] == "A"
        assert current["time"].attrs["units"] == "s"
        assert current["time"].attrs["start"] == "1970-01-01T00:00:00+00:00"
        assert current["time"].shape == current["value"].shape[:1]
        assert "drive current" in current.attrs["sensor"]
        assert file["rig/chamber_c/value"].attrs["units"] == "degC"
        assert file.attrs["run_id"] == "night"
        assert file["lasers/laser_id"][:].tolist() == [b"L0", b"L1", b"L2"]
        assert json.loads(file["log/schema"][:].tobytes())["schema"]["recipe"]["hours"] == 12
        assert file["channels/power_w/value"].compression is None
        assert file["state/quality"].compression == "gzip"
        event = file["events/text"][: file["events/bytes"][0]].tobytes()
        assert json.loads(event)["kind"] == "note"
        assert file["events/kind"][0] == b"note"


def test_a_file_is_followed_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log.h5"
    with LogFile(path, SCHEMA) as file:
        for seq, part in enumerate(parts(200)):
            file.add(part)
            if seq == 150:
                found = inside(path)
                assert 60 < len(found) <= 151
                assert same(found, items(len(found)))
                assert sum(isinstance(each, Row) for each in found) % 60 == 0  # whole chunks alone


def test_a_long_kind_of_event_is_whole_in_its_text(tmp_path: Path) -> None:
    event = Event(0, 0.0, 0.0, "k" * 50, None, {})
    write_log(tmp_path / "log.h5", SCHEMA, [event])
    assert inside(tmp_path / "log.h5") == [event]


# ------------------------------------------------------------------------------------------------------ the builder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A folder with three journals of 100 each."""
    for number in range(3):
        Journal(tmp_path, SCHEMA, number=number).append(frames_of(100, begin=100 * number), 100 * number)
    return tmp_path


def test_every_journal_becomes_a_sealed_segment(log: Path) -> None:
    build(log)
    for number in range(3):
        seal = read_seal(segment_path(log, number))
        assert seal
        assert (seal.first_seq, seal.next_seq) == (100 * number, 100 * number + 100)
        assert same(inside(segment_path(log, number)), items(100, begin=100 * number))


def test_what_is_sealed_is_not_made_again(log: Path) -> None:
    build(log)
    before = segment_path(log, 1).stat().st_mtime_ns
    build(log)
    assert segment_path(log, 1).stat().st_mtime_ns == before
    assert not list(log.glob("*.crashed"))


def test_a_segment_without_a_seal_is_put_aside_and_made_again(log: Path) -> None:
    build(log)
    seal_path(segment_path(log, 1)).unlink()
    segment_path(log, 1).write_bytes(b"left by a crash")
    build(log)
    assert segment_path(log, 1).with_suffix(".crashed").read_bytes() == b"left by a crash"
    assert same(inside(segment_path(log, 1)), items(100, begin=100))


def test_a_log_is_read_from_its_segments_where_journals_are_gone(log: Path) -> None:
    build(log)
    journal_path(log, 0).unlink()
    journal_path(log, 1).unlink()
    assert same(held(log), items(300))
    journal_path(log, 2).unlink()
    assert read_log(log)[0] == SCHEMA
    assert same(held(log, from_seq=250), items(50, begin=250))


def test_a_lost_segment_is_told(log: Path) -> None:
    build(log)
    for path in (journal_path(log, 1), segment_path(log, 1), seal_path(segment_path(log, 1))):
        path.unlink()
    with pytest.raises(LogError, match="seq 100 to 199 are missing"):
        held(log)


def test_frames_that_were_written_twice_are_in_one_segment(tmp_path: Path) -> None:
    Journal(tmp_path, SCHEMA).append(frames_of(100), 0)
    Journal(tmp_path, SCHEMA, number=1).append(frames_of(60, begin=90), 90)
    build(tmp_path)
    assert same(inside(segment_path(tmp_path, 0)), items(100))
    assert same(inside(segment_path(tmp_path, 1)), items(50, begin=100))


def test_who_writes_is_not_built_beside(log: Path) -> None:
    lock = LogLock(log)
    with pytest.raises(LogError, match="being written by another program"):
        build(log)
    lock.release()


def test_a_segment_that_differs_from_its_journal_gets_no_seal(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lasercontrol.telemetry.hdf5_builder.holds", lambda *_: False)
    with pytest.raises(LogError, match="does not hold what its journal holds"):
        build(log)
    assert not list(log.glob("*.seal"))


def test_a_builder_leaves_what_another_writer_began(log: Path) -> None:
    Builder(log, lambda: True, lambda: True).run()
    assert not list(log.glob("segment-*"))


def test_with_little_room_the_journal_goes_first(log: Path) -> None:
    asked: list[Path] = []

    def free(path: Path) -> int:
        asked.append(path)
        return 0

    Builder(log, lambda: len(asked) > 3, poll_s=0.0, free=free).run()
    assert len(asked) == 4  # it waited, until the writer ended
    assert same(inside(segment_path(log, 2)), items(100, begin=200))


# ----------------------------------------------------------------------------------------------- beside a store


def test_a_store_leaves_journals_and_hdf5(tmp_path: Path) -> None:
    settings = StoreSettings(rotate_bytes=8000)
    with Store(tmp_path, SCHEMA, settings=settings) as store:
        for each in items(100):
            store.submit(each)
            store.wait(each.seq, 10.0)
    assert store.hdf5_failure == ""
    segments = sorted(tmp_path.glob("*.h5"))
    assert len(segments) > 1
    assert [each.seq for path in segments for each in inside(path)] == list(range(100))
    with Store.resume(tmp_path) as store:
        store.submit(item(101))
    assert sum(len(inside(path)) for path in sorted(tmp_path.glob("*.h5"))) == 102
    assert not list(tmp_path.glob("*.crashed"))
    assert len(list(tmp_path.glob("*.seal"))) == len(list(tmp_path.glob("*.h5")))
    values = h5py.File(segments[0], "r")["channels/power_w/value"][:]
    assert np.isfinite(values).any()
