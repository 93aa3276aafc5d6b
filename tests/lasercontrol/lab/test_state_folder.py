"""Where the state of a bench lies, and for whom."""

import os
import sys
from pathlib import Path

import pytest

from lasercontrol.errors import CallerError
from lasercontrol.lab.state_folder import open_state, state_folder

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@POSIX
def test_it_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LASERCONTROL_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = state_folder("bench-1")
    assert folder == tmp_path / "state" / "lasercontrol" / "bench-1"
    assert _mode(folder) == _mode(folder.parent) == 0o700
    assert state_folder("bench-1") == folder


@POSIX
@pytest.mark.parametrize("given", [None, "", "not/absolute"])
def test_without_a_state_home_it_is_in_the_home(
    given: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LASERCONTROL_STATE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if given is not None:
        monkeypatch.setenv("XDG_STATE_HOME", given)
    assert state_folder("x") == tmp_path / ".local" / "state" / "lasercontrol" / "x"


def test_a_folder_that_is_named_overrides_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "not here"))
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path / "here"))
    assert state_folder("x") == tmp_path / "here" / "x"
    assert not (tmp_path / "not here").exists()


@POSIX
def test_in_a_folder_for_all_the_state_is_for_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o770)
    monkeypatch.setenv("LASERCONTROL_STATE", str(shared))
    folder = state_folder("x")
    os.close(open_state(folder / "file", os.O_RDWR))
    assert (_mode(folder), _mode(folder / "file")) == (0o770, 0o660)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path / "state"))
    with pytest.raises(CallerError, match="cannot be the name"):
        state_folder(name)
    assert not list(tmp_path.iterdir())


def test_where_no_folder_can_be_made_it_is_said_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path / "file"))
    with pytest.raises(CallerError, match=r"nothing was moved.*LASERCONTROL_STATE"):
        state_folder("x")
