"""Single keys of a terminal while a session runs: `p` pauses and goes on, `q` stops as Ctrl-C does, `y` and `n` answer.

The terminal is put back as it was, whatever happens. Without a terminal there are no keys, and nothing happens.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lasercontrol.signals import Attention

__all__ = ["HINT", "has_keyboard", "keys"]

HINT = "p pauses and goes on, q or Ctrl-C stops and goes back"
LOOK_S = 0.1


def has_keyboard() -> bool:
    """Whether somebody can press a key: a terminal that is ours."""
    return bool(sys.stdin) and sys.stdin.isatty() and _in_foreground()


@contextmanager
def keys(attention: Attention) -> Iterator[bool]:
    """Listen while the block runs; gives whether there is a keyboard to listen to."""
    if not has_keyboard():
        yield False
        return
    actions = {
        "p": attention.toggle_pause,
        "q": attention.interrupt,
        "y": lambda: attention.reply(True),
        "n": lambda: attention.reply(False),
    }
    over = threading.Event()
    with _unbuffered() as read_key:
        listener = threading.Thread(target=_listen, args=(read_key, actions, over), daemon=True)
        listener.start()
        try:
            yield True
        finally:
            over.set()
            listener.join()


def _listen(read_key: Callable[[], str], actions: dict[str, Callable[[], None]], over: threading.Event) -> None:
    while not over.is_set():
        actions.get(read_key().lower(), lambda: None)()


if sys.platform == "win32":  # pragma: no cover — the other half of the file is what this machine runs
    import msvcrt
    import time

    def _in_foreground() -> bool:
        return True

    @contextmanager
    def _unbuffered() -> Iterator[Callable[[], str]]:
        def read_key() -> str:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            time.sleep(LOOK_S)
            return ""

        yield read_key

else:
    import os
    import select
    import termios
    import tty

    def _in_foreground() -> bool:
        """Whether the terminal is ours: a background job that touches it would be stopped, with the laser on."""
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()

    @contextmanager
    def _unbuffered() -> Iterator[Callable[[], str]]:
        """Keys as they are pressed, without echo; Ctrl-C still makes its signal."""
        number = sys.stdin.fileno()
        before = termios.tcgetattr(number)

        def read_key() -> str:
            ready, _, _ = select.select([number], [], [], LOOK_S)
            return os.read(number, 1).decode("ascii", "replace") if ready else ""

        tty.setcbreak(number)
        try:
            yield read_key
        finally:
            termios.tcsetattr(number, termios.TCSADRAIN, before)
