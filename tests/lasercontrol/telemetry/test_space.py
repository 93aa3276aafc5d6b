"""The disk that a night takes is known before."""

from pathlib import Path

import pytest

from lasercontrol.errors import LogError
from lasercontrol.telemetry.frame_codec import item_bytes, shape_of
from lasercontrol.telemetry.hdf5_builder import build
from lasercontrol.telemetry.journal import Journal
from lasercontrol.telemetry.row import Row
from lasercontrol.telemetry.seal import segment_path
from lasercontrol.telemetry.space import check_space, space_of
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, item, schema


def test_a_night_of_ten_thousand_lasers_takes_seventeen_gigabytes() -> None:
    need = space_of(schema(10_000), 12.0)
    assert need.journal == pytest.approx(8.7e9, rel=0.02, abs=0)
    assert need.hdf5 == pytest.approx(8.7e9, rel=0.02, abs=0)


def test_the_estimate_is_that_of_the_files(tmp_path: Path) -> None:
    of, rows = schema(100), 600
    shape = shape_of(of)
    sample = item(0, of)
    assert isinstance(sample, Row)
    journal = Journal(tmp_path, of)
    for seq in range(rows):
        row = Row(seq, 0.0, 0.0, sample.values, sample.quality, sample.phase, sample.rig)
        journal.append([item_bytes(row, shape)], seq)
    build(tmp_path)
    need = space_of(of, rows / 3600.0)
    assert journal.path.stat().st_size == pytest.approx(need.journal, rel=0.05, abs=0)
    assert segment_path(tmp_path, 0).stat().st_size == pytest.approx(need.hdf5, rel=0.15, abs=0)


def test_too_little_room_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"10000 lasers × 5 channels every 1 s for 12 h take 19\.\d\d GB .*5\.00 GB are free"
    ):
        check_space(tmp_path / "not" / "there", schema(10_000), 12.0, free_bytes=5 * 10**9)


def test_enough_room_is_fine(tmp_path: Path) -> None:
    need = check_space(tmp_path, SCHEMA, 0.01, sweeps_per_laser=2)
    assert need.total > need.journal + need.hdf5
    assert need.journal > space_of(SCHEMA, 0.01).journal
