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

__all__ = ["Attention", "StopAsked", "Wish", "listening"]

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


class StopAsked(BaseException):
    """Somebody asked for an end that is not under way yet; whoever runs the job unwinds to where it can be met.

    As KeyboardInterrupt no Exception: what handles the world's faults on the way must not take it for one.
    """


class Attention:
    """Wishes from outside, as plain attributes: a signal handler must not wait for a lock that it interrupted.

    known: the wish that is being met; only a more urgent one ends a wait or raises StopAsked. on_tick: called again and
    again while something is waited for, as a sign of life.
    """

    def __init__(self) -> None:
        self.wish = Wish.GO_ON
        self.known = Wish.GO_ON
        self.paused = False
        self.on_tick: Callable[[], None] = lambda: None
        self._prompt = False
        self._asked = False
        self._answers: list[bool] = []

    def interrupt(self) -> None:
        """Ctrl-C: the first asks to return, any further one to stay."""
        self._raise_to(Wish.RETURN if self.wish is Wish.GO_ON else Wish.STAY)

    def terminate(self) -> None:
        """The system, or the closing of the terminal, ends the program; StopAsked within `prompt`."""
        first = self.wish is not Wish.MAKE_SAFE
        self._raise_to(Wish.MAKE_SAFE)
        if self._prompt and first:  # a second signal must not break off what the first has begun
            raise StopAsked

    @contextmanager
    def prompt(self) -> Iterator[None]:
        """While the block runs, `terminate` raises StopAsked on the spot: a sweep takes minutes, emission goes off now.

        For questions to instruments alone, which may be broken off in the middle of an answer.
        """
        self.heed()
        outer, self._prompt = self._prompt, True
        try:
            yield
        finally:
            self._prompt = outer  # a scan asks for the power in between, and stays prompt

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        self.paused = not self.paused

    def heed(self) -> None:
        """StopAsked where there is a wish beyond the known one; else a sign of life."""
        if self.wish > self.known:
            raise StopAsked
        self.on_tick()

    def wait(self, seconds: float) -> None:
        """Sleep; a wish beyond the known one ends it."""
        end_s = time.monotonic() + seconds
        while self.wish <= self.known and (left_s := end_s - time.monotonic()) > 0:
            self.on_tick()
            time.sleep(min(SLICE_S, left_s))

    def wait_while_paused(self) -> None:
        """Sleep until somebody goes on; a wish beyond the known one ends it."""
        while self.wish <= self.known and self.paused:
            self.on_tick()
            time.sleep(SLICE_S)

    def reply(self, answer: bool) -> None:
        """Answer the question that is asked; without one, nothing happens."""
        if self._asked:
            self._answers.append(answer)

    def confirmed(self, ask: Callable[[], None] = lambda: None) -> bool:
        """Ask, and wait for the operator's yes or no, which `reply` brings; StopAsked where a wish comes first.

        What was replied before the question is no answer to it; what is replied while it is being shown is one.
        """
        self._answers.clear()
        self._asked = True
        try:
            ask()
            while not self._answers:
                self.heed()
                time.sleep(SLICE_S)
        finally:
            self._asked = False
        return self._answers[0]

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
