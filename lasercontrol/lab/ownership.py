"""One owner per bench: two programs that move the same stage would each be right, and burn it together.

What counts is a lock of the operating system, which goes with its process, however that ends. A second file says who
the owner is; its own lock only says that the words are true, so that whoever asks never touches the first.
"""

import getpass
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from lasercontrol.errors import CallerError
from lasercontrol.lab.state_folder import open_state, state_folder

__all__ = ["BenchOwned", "owned", "owner_of"]

LOCK, WORDS = "owner.lock", "owner.txt"
LOOKED_AT_S = 1.0  # somebody who looks at the words holds them for much less


class BenchOwned(CallerError):  # noqa: N818 — named by what is
    """Somebody else has the bench; the message says who, and since when."""


@contextmanager
def owned(name: str) -> Iterator[None]:
    """Own the bench of this name while the block runs. BenchOwned where somebody does already: it says who."""
    with ExitStack() as opened:
        try:
            _own(name, opened)
        except OSError as error:
            raise CallerError(f"the bench {name} cannot be owned: {error}; nothing was moved.") from error
        yield


def owner_of(name: str) -> str | None:
    """Who owns the bench, since when; None where nobody does. Neither takes the bench nor keeps anybody from it."""
    path = state_folder(name) / WORDS
    try:
        number = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CallerError(f"{path} does not say who owns the bench {name}: {error.strerror}.") from error
    try:
        return None if _locks(number, shared=True) else os.read(number, 1000).decode(errors="replace")
    finally:
        os.close(number)


def _own(name: str, opened: ExitStack) -> None:
    folder = state_folder(name)
    opened.callback(_let_go, lock := open_state(folder / LOCK, os.O_RDWR))
    opened.callback(_let_go, words := open_state(folder / WORDS, os.O_RDWR))
    if not _locks(lock):
        who = owner_of(name) or "somebody who has only just begun"
        raise BenchOwned(f"the bench {name} is owned by {who}; nothing was moved.")
    _say_who(words)


def _let_go(number: int) -> None:
    """Unlocked as well as closed: a child that was forked meanwhile may hold it open."""
    _unlock(number)
    os.close(number)


def _say_who(words: int) -> None:
    """Write who, then lock it: words that are not locked are those of somebody who has gone."""
    os.ftruncate(words, 0)
    os.lseek(words, 0, os.SEEK_SET)
    os.write(words, _who().encode())
    until_s = time.monotonic() + LOOKED_AT_S
    while not _locks(words) and time.monotonic() < until_s:
        time.sleep(0.01)


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have a number and no name
        user = "a user without a name"
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{user} on {socket.gethostname()}, process {os.getpid()} ({_program()}), since {since}"


def _program() -> str:
    path = Path(sys.argv[0] if sys.argv and sys.argv[0] else "python")
    return path.parent.name if path.stem == "__main__" else path.stem


if sys.platform == "win32":  # pragma: no cover — the other half of the file is what this machine runs
    import msvcrt

    FAR = 1 << 30  # a byte that is locked cannot be read, so it is one beyond the words

    def _locks(number: int, *, shared: bool = False) -> bool:  # noqa: ARG001 — there is none that is shared
        os.lseek(number, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(number, 0, os.SEEK_SET)
        return True

    def _unlock(number: int) -> None:
        os.lseek(number, FAR, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(number, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _locks(number: int, *, shared: bool = False) -> bool:
        try:
            fcntl.flock(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(number: int) -> None:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_UN)
