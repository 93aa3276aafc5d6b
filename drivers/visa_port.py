"""VISA resources as ports: the only file that imports pyvisa.

Serial lines, USBTMC, GPIB, HiSLIP, VXI-11 and sockets open here by their resource string, through pyvisa-py or a
vendor's VISA. A socket that pyvisa-py opened is then used directly (`drivers.socket_port` says why).
"""

import os
import re
import socket
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from drivers.errors import LinkLost, NotReachable, OutOfRange, ReplyTimeout, WrongReply
from drivers.port import PADDING, Port, patience_s
from drivers.socket_port import SocketPort

if TYPE_CHECKING:  # a quarter of a second, which only the one who opens a link shall pay
    import pyvisa

__all__ = ["VisaPort", "open_visa", "physical_link"]

CHUNK = 1 << 20
DRAIN_S = 0.05  # a serial line that stays silent for so long has nothing more to say
DRAIN_LIMIT_S = 2.0  # and one that does not end will not listen either

_PHYSICAL = re.compile(
    r"GPIB\d*|PRLGX[^:]*|ASRL.+(?=::INSTR)|TCPIP\d*::[^:]+::\d+(?=::SOCKET)|USB\d*(?:::\w+){3}",
    re.IGNORECASE,
)


def physical_link(resource: str) -> str:
    """The wire that a resource shares with others: one GPIB board, one serial line, one socket, one USB device."""
    found = _PHYSICAL.match(resource)
    wire = (found.group() if found else resource).upper()
    return re.sub(r"^(GPIB|TCPIP|USB)(?=::|$)", r"\g<1>0", wire)  # a board without a number is board 0


@cache
def _manager(backend: str) -> "pyvisa.ResourceManager":
    import pyvisa

    # "" alone would mean pyvisa-py wherever the vendor's library is missing, and nobody would be told
    return pyvisa.ResourceManager(backend or "@ivi")


def open_visa(
    resource: str, *, name: str, backend: str = "@py", open_timeout_s: float = 2.0, baud: int | None = None
) -> Port:
    """Open a VISA resource. NotReachable where nothing is there; OutOfRange for what cannot be opened on this machine.

    backend: "@py" for pyvisa-py, "" for the vendor's VISA, or the path of its library. baud: of a serial line.
    """
    opened = _opened(resource, name, _manager_for(backend, name), open_timeout_s)
    if baud is not None and hasattr(opened, "baud_rate"):
        opened.baud_rate = baud
    direct = _socket_of(opened)
    if direct is None:
        return VisaPort(opened, name)
    try:
        direct.getpeername()  # pyvisa-py 0.8.1 calls a connection open that was refused
    except OSError:
        refused = direct.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        opened.close()
        reason = os.strerror(refused) if refused else "no connection in time"
        raise NotReachable(name, f"{resource} does not answer ({reason}).") from None
    return SocketPort(direct, name, opened)


def _manager_for(backend: str, name: str) -> "pyvisa.ResourceManager":
    try:
        return _manager(backend)
    except (ValueError, OSError) as error:
        wanted = repr(backend) if backend else "the vendor's"
        raise OutOfRange(
            f"{name}: {wanted} VISA library cannot be loaded on this machine ({_plain(error)}); '@py' needs none."
        ) from error


def _opened(resource: str, name: str, manager: "pyvisa.ResourceManager", open_timeout_s: float) -> Any:
    import pyvisa

    try:
        return manager.open_resource(resource, open_timeout=round(open_timeout_s * 1e3))
    except ValueError as error:  # the library for this kind of wire is not installed
        raise OutOfRange(f"{name}: {resource!r} cannot be opened on this machine: {_plain(error)}") from error
    except pyvisa.errors.VisaIOError as error:
        if error.error_code == pyvisa.constants.StatusCode.error_invalid_resource_name:
            raise OutOfRange(f"{name}: {resource!r} is no VISA resource string.") from error
        raise NotReachable(name, f"{resource} does not answer ({_plain(error)}).") from error
    except Exception as error:  # pyvisa-py passes on whatever the library below it raises
        raise NotReachable(name, f"{resource} cannot be opened ({_plain(error)}).") from error


def _socket_of(opened: Any) -> socket.socket | None:
    """The TCP socket below a SOCKET resource of pyvisa-py; None for everything else."""
    sessions = getattr(opened.visalib, "sessions", None)
    found = getattr(sessions.get(opened.session), "interface", None) if isinstance(sessions, dict) else None
    return found if isinstance(found, socket.socket) and opened.resource_name.upper().endswith("SOCKET") else None


class VisaPort:
    """A port over an opened pyvisa resource whose messages have an end of their own (EOI), or a serial line."""

    clears = True

    def __init__(self, opened: Any, name: str) -> None:
        import pyvisa

        self._resource, self._name, self._errors = opened, name, pyvisa.errors
        self._codes = pyvisa.constants.StatusCode
        # pyvisa-py calls the end of a HiSLIP message a termination character, of which none is enabled here
        self._ends = {self._codes.success, self._codes.success_termination_character_read}
        self._serial = opened.resource_name.upper().startswith("ASRL")
        self._buffer = bytearray()
        self._ended = False
        opened.read_termination = opened.write_termination = None
        if self._serial:  # else a line feed in the middle of a block would end it
            opened.end_input = opened.end_output = pyvisa.constants.SerialTermination.none
        else:
            opened.set_visa_attribute(pyvisa.constants.ResourceAttribute.termchar_enabled, False)

    def send(self, message: bytes) -> None:
        """Send a whole message; WrongReply where bytes wait that nobody asked for."""
        waiting = bytes(self._buffer) or (self._waiting() if self._serial else b"")
        self._buffer.clear()
        self._ended = False
        if waiting.strip(PADDING):
            raise WrongReply(self._name, f"sent {waiting[:80]!r}, which nobody had asked for; nothing was sent.")
        with self._in_our_words():
            self._resource.write_raw(message)

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:
        """One message without its end, which is `end` or, where the link has one, the end of the transmission."""
        limit_s = time.monotonic() + timeout_s
        while (at := self._buffer.find(end)) < 0 and not self._ended:
            self._buffer += self._received(limit_s - time.monotonic())
        at = len(self._buffer) if at < 0 else at
        message = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return message

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """The next `count` bytes; WrongReply where the transmission ends before them."""
        limit_s = time.monotonic() + patience_s(timeout_s, count)
        while len(self._buffer) < count:
            if self._ended:
                raise WrongReply(self._name, f"a block of {count} bytes ended after {len(self._buffer)}.")
            self._buffer += self._received(limit_s - time.monotonic())
        block = bytes(self._buffer[:count])
        del self._buffer[:count]
        return block

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Take the end of the message, if there is more than the end of the transmission."""
        if self._ended and not self._buffer:
            return
        if rest := self.receive_until(end, timeout_s).strip(b"\r\n"):
            raise WrongReply(self._name, f"{rest[:40]!r} follows a block, where its end should.")

    def clear(self) -> None:
        """Device clear; a serial line is listened to until it is silent."""
        self._buffer.clear()
        if self._serial:
            self._drain()
            return
        with self._in_our_words():
            self._resource.clear()

    def close(self) -> None:
        """Close the resource, whatever state it is in."""
        with suppress(Exception):
            self._resource.close()

    def _received(self, timeout_s: float) -> bytes:
        if timeout_s <= 0:
            got = f"; got {bytes(self._buffer[:80])!r}" if self._buffer else ""
            raise ReplyTimeout(self._name, f"no whole answer in time{got}.")
        self._resource.timeout = max(1, round(timeout_s * 1e3))
        with self._in_our_words():
            if self._serial:
                some = self._resource.read_bytes(1, break_on_termchar=False)
                return bytes(some) + self._waiting()
            with self._resource.ignore_warning(self._codes.success_max_count_read):  # a block may be longer
                data, status = self._resource.visalib.read(self._resource.session, CHUNK)
            self._ended = status in self._ends
            return bytes(data)

    def _drain(self) -> None:
        limit_s = time.monotonic() + DRAIN_LIMIT_S
        time.sleep(DRAIN_S)
        while some := self._waiting():
            if time.monotonic() > limit_s:
                raise WrongReply(self._name, f"goes on talking: {some[:80]!r}; nothing was sent.")
            time.sleep(DRAIN_S)

    def _waiting(self) -> bytes:
        """What a serial line holds already."""
        with self._in_our_words():
            count = self._resource.bytes_in_buffer
            return bytes(self._resource.read_bytes(count, break_on_termchar=False)) if count else b""

    def _in_our_words(self) -> "_Translated":
        return _Translated(self)

    def translate(self, error: BaseException) -> Exception:
        """An error of the library below as one of ours."""
        if isinstance(error, self._errors.VisaIOError) and error.error_code == self._codes.error_timeout:
            got = f"; got {bytes(self._buffer[:80])!r}" if self._buffer else ""
            return ReplyTimeout(self._name, f"no whole answer in time{got}.")
        return LinkLost(self._name, f"the connection went away ({_plain(error)}).")


class _Translated:
    def __init__(self, port: VisaPort) -> None:
        self.port = port

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ReplyTimeout | LinkLost | WrongReply):
            raise self.port.translate(error) from error


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
