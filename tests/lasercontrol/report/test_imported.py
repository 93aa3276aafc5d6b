"""From the CSV of another rack to its report, by the command line, with small logs of our own."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasercontrol.cli import main
from lasercontrol.report.judging import night_of
from tests.closeness import assert_close


def run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["lasercontrol", *map(str, words)])
    return main()


def sparse(path: Path) -> Path:
    """Two lasers of hours of life: one past 10 % between 300 and 400 h, one that hardly moves."""
    rng = np.random.default_rng(2)
    rows = ["unit,hours,pct_increase"]
    for hour in range(0, 501, 100):
        rows.append(f"a,{hour},{0.03 * hour + 0.02 * rng.normal():.4f}")
        rows.append(f"b,{hour},{0.02 * rng.normal():.4f}")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_sparse_log_is_judged_by_criterion_and_trend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    started = ("--started", "2026-01-01T00:00+00:00")
    assert run(monkeypatch, "import", sparse(tmp_path / "a.csv"), "--out", "a.h5", *started, "--json") == 0
    assert run(monkeypatch, "report", "a.h5", "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    lasers = {laser["id"]: laser for laser in told["lasers"]}
    assert (lasers["a"]["state"], lasers["b"]["state"]) == ("end-of-life", "healthy")
    assert lasers["a"]["first_past_criterion_h"] == 400
    assert_close(np.array(lasers["a"]["crossed_criterion_h"]), np.array(1000 / 3), rel=0.01)
    assert lasers["a"]["first_alarm_utc"] == "2026-01-17T16:00:00Z", "400 h after the start that was told"
    assert not (tmp_path / "a-report.html").exists(), "with --json a page is made where --out asks for one"
    assert run(monkeypatch, "report", "a.h5") == 0
    assert (tmp_path / "a-report.html").exists()


def test_a_log_without_the_channels_of_the_detectors_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [f"L{laser},{second},{20 - 0.002 * second * laser:.4f}" for second in range(0, 3600, 20) for laser in (0, 1)]
    (tmp_path / "b.csv").write_text("laser,time (s),power (mW)\n" + "\n".join(rows) + "\n")
    assert run(monkeypatch, "import", tmp_path / "b.csv", "--out", tmp_path / "b.h5", "--drive", "current") == 0
    night = night_of(tmp_path / "b.h5")
    assert any("lacks current_a, photodiode_a, voltage_v, mount_c" in line for line in night.judged_by)
    drift = {laser.laser_id: laser.drift_percent for laser in night.lasers}
    assert drift["L0"] == 0
    assert drift["L1"] is not None
    assert 33 < drift["L1"] < 36


def test_a_malformed_file_ends_with_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("unit,hours,pct_increase\nx,0,0\nx,1,many\n")
    assert run(monkeypatch, "import", path, "--out", tmp_path / "c.h5") == 2
    assert f"{path}:3: " in capsys.readouterr().err
    (tmp_path / "d.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    assert run(monkeypatch, "report", tmp_path / "d.h5") == 2
    assert run(monkeypatch, "replay", tmp_path / "d.h5") == 2
    assert "d.h5: it cannot be read as HDF5" in capsys.readouterr().err
