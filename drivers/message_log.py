"""Every message of every link, with its time: to look at what happened, and to play it again.

A line of the file is one JSON object: {"utc_s", "link", "sent"} or {"utc_s", "link", "got"}; bytes as Latin-1 text.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Message", "MessageLog", "exchanges", "read_log"]

KEPT = 20_000  # messages in memory: some megabytes
KEPT_BYTES = 1 << 26  # the profile of a shaper or the block of an oscilloscope is as long as ten thousand others


@dataclass(frozen=True, slots=True)
class Message:
    """One message. sent: from this program to the instrument, else the other way."""

    utc_s: float
    link: str
    sent: bool
    data: bytes


class MessageLog:
    """The last messages in memory, and all of them in a file where one is named. Any thread may write."""

    def __init__(self, path: Path | None = None) -> None:
        self.messages: deque[Message] = deque(maxlen=KEPT)
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None
        self._lock = threading.Lock()
        self._bytes = 0

    def note(self, link: str, data: bytes, *, sent: bool) -> None:
        """Keep a message. A disk that fails ends the file, never the exchange."""
        message = Message(time.time(), link, sent, data)
        with self._lock:
            self._keep(message)
        if self._file:
            line = {"utc_s": message.utc_s, "link": link, "sent" if sent else "got": data.decode("latin-1")}
            with self._lock:
                try:
                    self._file.write(json.dumps(line) + "\n")
                except (OSError, ValueError):
                    self._file = None

    def _keep(self, message: Message) -> None:
        if len(self.messages) == KEPT:
            self._bytes -= len(self.messages.popleft().data)
        self.messages.append(message)
        self._bytes += len(message.data)
        while self._bytes > KEPT_BYTES and len(self.messages) > 1:
            self._bytes -= len(self.messages.popleft().data)

    def close(self) -> None:
        """Close the file; what is in memory stays."""
        if self._file:
            self._file.close()


def read_log(path: Path) -> Iterator[Message]:
    """The messages of a log file; ValueError with the line where it is none."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            told = json.loads(line)
            sent = "sent" in told
            data = str(told["sent" if sent else "got"]).encode("latin-1")
            yield Message(float(told["utc_s"]), str(told["link"]), sent, data)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: no message of a log ({error}).") from error


def exchanges(messages: Iterable[Message], link: str) -> list[tuple[bytes, bytes]]:
    """(sent, answered) pairs of one link, for `drivers.script.Script`; b"" where nothing was answered."""
    pairs: list[tuple[bytes, bytes]] = []
    for message in messages:
        if message.link != link:
            continue
        if message.sent:
            pairs.append((message.data, b""))
        elif pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + message.data)
    return pairs
