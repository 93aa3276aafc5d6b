"""Tripped is tripped, until a person has looked."""

import json
import os
from pathlib import Path

import pytest

from lasercontrol.errors import BenchError, CallerError
from lasercontrol.lab import latch
from lasercontrol.lab.latch import FILE, HISTORY, Latch, rearm
from lasercontrol.lab.ownership import owned


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path))


def _history(folder: Path) -> list[dict[str, str]]:
    lines = (folder / "bench" / HISTORY).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def test_a_new_bench_has_not_tripped() -> None:
    assert Latch("bench").tripped is None


def test_a_trip_is_known_to_every_later_program_with_reason_and_time() -> None:
    Latch("bench").trip("the door is open")
    told = Latch("bench").tripped
    assert told is not None
    assert told.startswith("the door is open (20")
    assert told.endswith("UTC)")
    assert Latch("other").tripped is None


def test_the_first_reason_stays_and_the_history_has_all(tmp_path: Path) -> None:
    first = Latch("bench")
    first.trip("the door is open")
    first.trip("the key is off")
    assert "the door is open" in (first.tripped or "")
    assert [entry["reason"] for entry in _history(tmp_path)] == ["the door is open", "the key is off"]


def test_a_person_re_arms_and_says_why(tmp_path: Path) -> None:
    armed = Latch("bench")
    armed.trip("the door is open")
    told = rearm("bench", "Ada", "door closed and checked")
    assert told.startswith("The bench bench was re-armed by Ada on 20")
    assert "door closed and checked. It had tripped: the door is open (20" in told
    assert armed.tripped is None
    assert [entry["event"] for entry in _history(tmp_path)] == ["tripped", "re-armed"]
    assert _history(tmp_path)[1]["who"] == "Ada"


def test_what_has_not_tripped_is_not_re_armed() -> None:
    with pytest.raises(CallerError, match="has not tripped"):
        rearm("bench", "Ada", "to be sure")


@pytest.mark.parametrize(("who", "why"), [("Ada", " "), ("", "checked")])
def test_nobody_re_arms_without_a_word(who: str, why: str) -> None:
    Latch("bench").trip("the door is open")
    with pytest.raises(CallerError, match="says why"):
        rearm("bench", who, why)
    assert Latch("bench").tripped


def test_a_bench_in_use_is_not_re_armed() -> None:
    Latch("bench").trip("the door is open")
    with owned("bench"), pytest.raises(CallerError, match="is owned by"):
        rearm("bench", "Ada", "checked")
    assert Latch("bench").tripped


@pytest.mark.parametrize("content", [b"", b'{"reason": "the do', b"[]", b"7", b"\xff\xfe", b'{"reason": "x"}', b"null"])
def test_a_torn_file_counts_as_tripped_and_can_be_re_armed(content: bytes, tmp_path: Path) -> None:
    torn = Latch("bench")
    (tmp_path / "bench" / FILE).write_bytes(content)
    assert "counts as tripped" in (torn.tripped or "")
    assert "re-armed" in rearm("bench", "Ada", "the disk was full")
    assert torn.tripped is None


def test_an_unreadable_file_counts_as_tripped(tmp_path: Path) -> None:
    unreadable = Latch("bench")
    (tmp_path / "bench" / FILE).mkdir()
    assert "counts as tripped" in (unreadable.tripped or "")
    with pytest.raises(BenchError, match="was not re-armed"):
        unreadable.rearm("Ada", "checked")
    assert unreadable.tripped


def _full(number: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_does_not_unlatch(monkeypatch: pytest.MonkeyPatch) -> None:
    tripping = Latch("bench")
    monkeypatch.setattr(latch, "_sync_folder", lambda folder: None)
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(BenchError, match=r"has tripped \(the door is open\), but the disk does not obey"):
        tripping.trip("the door is open")
    assert "counts as tripped" in (Latch("bench").tripped or "")


def test_without_any_file_it_is_latched_in_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, flags: int) -> int:
        raise OSError(30, "Read-only file system")

    tripping = Latch("bench")
    monkeypatch.setattr(latch, "open_state", broken)
    with pytest.raises(BenchError, match="Read-only"):
        tripping.trip("the door is open")
    assert "the door is open" in (tripping.tripped or "")


def test_cut_off_while_re_arming_it_is_still_tripped(monkeypatch: pytest.MonkeyPatch) -> None:
    tripping = Latch("bench")
    tripping.trip("the door is open")
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(BenchError, match="was not re-armed"):
        tripping.rearm("Ada", "checked")
    assert "the door is open" in (Latch("bench").tripped or "")


def test_a_torn_line_of_the_history_spoils_no_later_one(tmp_path: Path) -> None:
    tripping = Latch("bench")
    (tmp_path / "bench" / HISTORY).write_bytes(b'{"utc": "20')
    tripping.trip("the door is open")
    lines = (tmp_path / "bench" / HISTORY).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1])["reason"] == "the door is open"
