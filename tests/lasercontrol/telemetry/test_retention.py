"""Journals go only after their HDF5 was checked, twice."""

from pathlib import Path

import pytest

from lasercontrol.telemetry.hdf5_builder import build
from lasercontrol.telemetry.journal import Journal, journal_number, journals
from lasercontrol.telemetry.retention import drop_old_journals
from lasercontrol.telemetry.seal import read_seal, seal_path, segment_path
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, frames_of, held, items, same

HOUR_S = 3600.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Four journals of 20, with their segments."""
    for number in range(4):
        Journal(tmp_path, SCHEMA, number=number).append(frames_of(20, begin=20 * number), 20 * number)
    build(tmp_path)
    return tmp_path


def checked_utc_s(log: Path) -> float:
    seal = read_seal(segment_path(log, 3))
    assert seal
    return seal.checked_utc_s


def test_old_journals_go_and_the_log_stays_whole(log: Path) -> None:
    assert not drop_old_journals(log, HOUR_S, checked_utc_s(log) + 0.5 * HOUR_S)
    gone = drop_old_journals(log, HOUR_S, checked_utc_s(log) + HOUR_S)
    assert [journal_number(path) for path in gone] == [0, 1]  # the newest two stay
    assert same(held(log), items(80))
    with Store.resume(log, settings=StoreSettings(hdf5=False)) as store:
        assert store.next_seq == 81


def test_a_journal_stays_where_its_segment_has_changed(log: Path) -> None:
    segment = segment_path(log, 0)
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(content)
    gone = drop_old_journals(log, 0.0, checked_utc_s(log))
    assert [journal_number(path) for path in gone] == [1]


@pytest.mark.parametrize("seal", [None, "", "{}", "[1]"])
def test_a_journal_stays_where_there_is_no_seal(log: Path, seal: str | None) -> None:
    path = seal_path(segment_path(log, 0))
    path.unlink() if seal is None else path.write_text(seal)
    drop_old_journals(log, 0.0, checked_utc_s(log))
    assert [journal_number(path) for path in journals(log)] == [0, 2, 3]


def test_a_journal_stays_where_the_segment_is_gone(log: Path) -> None:
    segment_path(log, 0).unlink()
    drop_old_journals(log, 0.0, checked_utc_s(log))
    assert [journal_number(path) for path in journals(log)] == [0, 2, 3]


def test_the_builder_drops_by_its_settings(log: Path) -> None:
    build(log, keep_s=0.0)
    assert [journal_number(path) for path in journals(log)] == [2, 3]
