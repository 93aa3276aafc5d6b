"""Wishes from outside: signals become them, waits end for them."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from lasercontrol.signals import Attention, Wish, listening

posix = pytest.mark.skipif(os.name != "posix", reason="Windows delivers signals to whole consoles")


def test_the_first_ctrl_c_asks_to_return_and_the_second_to_stay() -> None:
    attention = Attention()
    wishes = []
    for _ in range(3):
        attention.interrupt()
        wishes.append(attention.wish)
    assert wishes == [Wish.RETURN, Wish.STAY, Wish.STAY]


def test_terminate_is_the_most_urgent_wish() -> None:
    attention = Attention()
    attention.terminate()
    attention.interrupt()
    assert attention.wish is Wish.MAKE_SAFE


def test_a_wait_ends_with_a_wish() -> None:
    attention = Attention()
    attention.interrupt()
    before_s = time.monotonic()
    attention.wait(3600.0)
    attention.paused = True
    attention.wait_while_paused()
    assert time.monotonic() - before_s < 60


def test_a_known_wish_ends_no_wait() -> None:
    attention = Attention()
    attention.interrupt()
    before_s = time.monotonic()
    attention.known = Wish.RETURN
    attention.wait(0.12)
    assert time.monotonic() - before_s >= 0.12


@posix
@pytest.mark.parametrize(
    ("number", "wish"), [("SIGINT", Wish.RETURN), ("SIGTERM", Wish.MAKE_SAFE), ("SIGHUP", Wish.MAKE_SAFE)]
)
def test_a_signal_becomes_a_wish(number: str, wish: Wish) -> None:
    attention = Attention()
    with listening(attention):
        os.kill(os.getpid(), getattr(signal, number))
        attention.wait(10.0)
    assert attention.wish is wish


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with listening(Attention()):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_windows_break_is_heard_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name alone differs on Windows, so it is lent another signal here."""
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGTERM, raising=False)
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    attention = Attention()
    with listening(attention):
        signal.raise_signal(signal.SIGTERM)
    assert attention.wish is Wish.MAKE_SAFE


def test_another_thread_listens_to_nothing_and_harms_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with listening(Attention()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@posix
def test_a_terminal_gives_its_keys_and_is_put_back() -> None:
    """In a child with a terminal of its own: p pauses, q stops, and the line discipline is as before."""
    program = textwrap.dedent("""
        import os, pty, sys, time
        child, terminal = pty.fork()
        if child == 0:
            import termios
            from lasercontrol.keyboard import keys
            from lasercontrol.signals import Attention, Wish
            before = termios.tcgetattr(0)
            attention = Attention()
            with keys(attention) as there:
                print("ready" if there else "no keyboard", flush=True)
                end = time.monotonic() + 20
                while not (attention.paused and attention.wish is Wish.RETURN) and time.monotonic() < end:
                    time.sleep(0.02)
            heard = attention.paused and attention.wish is Wish.RETURN
            os._exit(0 if heard and termios.tcgetattr(0) == before else 1)
        seen = b""
        while b"ready" not in seen:
            seen += os.read(terminal, 100)
        os.write(terminal, b"xpq")
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
