"""What is measured is measured on logs that are whole."""

from pathlib import Path

import pytest

from lasercontrol.telemetry.measure import append_rates, night, store_rate


def test_rates_are_of_the_same_bytes(tmp_path: Path) -> None:
    rates = append_rates(tmp_path, 2, 5)
    assert rates["journal_of_raw"] == pytest.approx(rates["journal_rows_per_s"] / rates["raw_rows_per_s"], abs=0)
    assert (tmp_path / "2-0" / "raw").stat().st_size < (tmp_path / "2-0" / "journal-0000.lcj").stat().st_size


def test_a_store_acknowledges_all_that_it_is_given(tmp_path: Path) -> None:
    assert store_rate(tmp_path, 2, 30)["store_rows_per_s"] > 0


def test_a_night_is_built_and_read(tmp_path: Path) -> None:
    found = night(tmp_path, 2, 70)
    assert found["journal_bytes"] > 70 * 2 * 5 * 4
    assert found["hdf5_bytes"] > 0
