"""Two programs and one bench; the second is another process, because that is what it is about."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lasercontrol.errors import CallerError
from lasercontrol.lab import ownership
from lasercontrol.lab.ownership import owned, owner_of

ROOT = Path(__file__).parents[3]
OWNER = """
import sys
from lasercontrol.lab.ownership import owned
with owned("bench"):
    print("owned", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path))


@contextmanager
def another_owner() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that owns the bench until its input closes."""
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline().strip() == b"owned"
        yield process
        process.stdin.close()


def test_nobody_owns_a_bench_before_and_after() -> None:
    assert owner_of("bench") is None
    with owned("bench"):
        assert owner_of("bench") is not None
    assert owner_of("bench") is None


def test_the_second_is_told_who_the_first_is_and_since_when() -> None:
    told = rf"the bench bench is owned by .+ on .+, process {os.getpid()} \(.+\), since 20.+ UTC; nothing was moved"
    with owned("bench"), pytest.raises(CallerError, match=told), owned("bench"):
        pytest.fail("two owners")


def test_another_bench_is_free_meanwhile() -> None:
    with owned("bench"), owned("other"):
        assert owner_of("bench")
        assert owner_of("other")


def test_another_process_keeps_it_until_it_ends() -> None:
    with another_owner() as process:
        assert f"process {process.pid} " in (owner_of("bench") or "")
        with pytest.raises(CallerError, match=f"process {process.pid} "), owned("bench"):
            pytest.fail("two owners")
    with owned("bench"):
        assert f"process {os.getpid()} " in (owner_of("bench") or "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_9_lets_it_go() -> None:
    with another_owner() as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert owner_of("bench") is None
        with owned("bench"):
            pass


def test_a_child_of_the_owner_does_not_keep_it() -> None:
    with owned("bench"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child, owned("bench"):
        assert child.poll() is None
        child.kill()


def test_who_asks_neither_takes_it_nor_keeps_anybody_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    locks = ownership._locks

    def looked(number: int, *, shared: bool = False) -> bool:
        taken = locks(number, shared=shared)
        if shared:  # in the middle of the question somebody begins
            with pytest.MonkeyPatch.context() as patch, owned("bench"):
                patch.setattr(ownership, "LOOKED_AT_S", 0.0)
                looks.append(taken)
        return taken

    monkeypatch.setattr(ownership, "LOOKED_AT_S", 0.0)
    with owned("bench"):
        pass
    monkeypatch.setattr(ownership, "_locks", looked)
    assert owner_of("bench") is None
    assert looks == [True]


def test_what_keeps_the_lock_from_being_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "bench" / ownership.LOCK).mkdir(parents=True)
    with pytest.raises(CallerError, match="cannot be owned"), owned("bench"):
        pytest.fail("owned")


def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(OSError, match="of the block"), owned("bench"):
        raise OSError("of the block")
    assert owner_of("bench") is None
