"""Being asked to stop while a laser runs: Ctrl-C, a second Ctrl-C, the system's terminate, a key for a pause.

A handler only notes the wish; the session looks between two actions, so that no instrument is cut off in the middle of
a word, and every wait of a session ends when there is a wish.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

__all__ = ["Attention", "Wish", "listening"]

SLICE_S = 0.05  # a wait looks up this often


class Wish(IntEnum):
    """What was asked for, the more urgent the greater."""

    GO_ON = 0
    RETURN = 1
    """First Ctrl-C: stop tuning, go back to best or start, step by step."""
    STAY = 2
    """Second Ctrl-C: leave the knobs where they are."""
    MAKE_SAFE = 3
    """Terminate: emission off at once, no knob moved."""


class Attention:
    """Wishes from outside, as plain attributes: a signal handler must not wait for a lock that it interrupted."""

    def __init__(self) -> None:
        self.wish = Wish.GO_ON
        self.paused = False

    def interrupt(self) -> None:
        """Ctrl-C: the first asks to return, any further one to stay."""
        self._raise_to(Wish.RETURN if self.wish is Wish.GO_ON else Wish.STAY)

    def terminate(self) -> None:
        """The system, or the closing of the terminal, ends the program."""
        self._raise_to(Wish.MAKE_SAFE)

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        self.paused = not self.paused

    def wait(self, seconds: float, known: Wish = Wish.GO_ON) -> None:
        """Sleep; a wish beyond the `known` one ends it."""
        end_s = time.monotonic() + seconds
        while self.wish <= known and (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(SLICE_S, left_s))

    def wait_while_paused(self, known: Wish = Wish.GO_ON) -> None:
        """Sleep until somebody goes on; a wish beyond the `known` one ends it."""
        while self.wish <= known and self.paused:
            time.sleep(SLICE_S)

    def _raise_to(self, wish: Wish) -> None:
        self.wish = max(self.wish, wish)


@contextmanager
def listening(attention: Attention) -> Iterator[None]:
    """Turn signals into wishes while the block runs; in any thread but the main one there is nothing to listen to."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = _handlers(attention)
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _handlers(attention: Attention) -> dict[signal.Signals, Callable[[int, FrameType | None], None]]:
    """SIGBREAK is Windows' Ctrl-Break and the closing of its console, SIGHUP that of a terminal elsewhere."""
    names = {"SIGINT": attention.interrupt, "SIGTERM": attention.terminate}
    names |= {"SIGBREAK": attention.terminate, "SIGHUP": attention.terminate}
    return {
        getattr(signal, name): lambda _number, _frame, act=act: act()  # type: ignore[misc]
        for name, act in names.items()
        if hasattr(signal, name)
    }
