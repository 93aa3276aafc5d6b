"""A frame: one thing of a log as bytes that know where they end and whether they are whole.

`magic 4, version 1, kind 1, zero 2, length 4, seq 8, CRC32 4`, little-endian, then `length` bytes of payload. The CRC
is over everything else, so that a cut or a flipped bit anywhere is found.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["HEAD_BYTES", "MAGIC", "MAX_PAYLOAD_BYTES", "Damage", "Frame", "FrameKind", "FrameReader", "framed"]

MAGIC = b"\xa5LCJ"  # its first byte begins no UTF-8 character, so that no text in a payload can look like a frame
VERSION = 1
HEAD = struct.Struct("<4sBBHIQ")
CHECK = struct.Struct("<I")
HEAD_BYTES = HEAD.size + CHECK.size
MAX_PAYLOAD_BYTES = 1 << 26  # 250 times a row of 10,000 lasers; a greater length is a flipped bit
READ_BYTES = 1 << 20


class FrameKind(IntEnum):
    """What a frame holds. BLOCK and ERROR only pass between processes; a journal never has them."""

    SCHEMA = 1
    """The first of every journal; its seq is that of the next frame."""
    ROW = 2
    SWEEP = 3
    EVENT = 4
    END = 5
    """The log was closed in order; its seq is the one that never came."""
    BLOCK = 6
    ERROR = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame."""

    kind: FrameKind
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no whole frame; `tail` when nothing whole follows, as after a cut."""

    offset: int
    size: int
    tail: bool


def framed(kind: FrameKind, seq: int, payload: bytes) -> bytes:
    """The bytes of a frame. ValueError where the payload is too long to be one."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a frame of {len(payload)} bytes; the most is {MAX_PAYLOAD_BYTES}.")
    head = HEAD.pack(MAGIC, VERSION, kind, 0, len(payload), seq)
    return b"".join((head, CHECK.pack(zlib.crc32(payload, zlib.crc32(head))), payload))


class _NotWhole(Exception):  # noqa: N818 — never seen outside
    """No whole frame begins here; `short` where more bytes could make one."""

    def __init__(self, *, short: bool) -> None:
        self.short = short


def _frame_at(held: bytes, at: int) -> Frame:
    """The frame that begins at `at`. Raises _NotWhole."""
    if len(held) < at + HEAD_BYTES:
        raise _NotWhole(short=held.startswith(MAGIC[: len(held) - at], at))
    magic, version, kind, zero, size, seq = HEAD.unpack_from(held, at)
    known = FrameKind.SCHEMA <= kind <= FrameKind.ERROR
    if magic != MAGIC or version != VERSION or zero or not known or size > MAX_PAYLOAD_BYTES:
        raise _NotWhole(short=False)
    begin = at + HEAD_BYTES
    if len(held) < begin + size:
        raise _NotWhole(short=True)
    payload = held[begin : begin + size]
    if zlib.crc32(payload, zlib.crc32(held[at : at + HEAD.size])) != CHECK.unpack_from(held, at + HEAD.size)[0]:
        raise _NotWhole(short=False)
    return Frame(FrameKind(kind), seq, payload)


class FrameReader:
    """The whole frames of a stream, from where it stands; what is not whole yet is looked at again on the next call.

    read: gives up to so many bytes, none at the end for now. on_damage: told of bytes that are no frame, once that is
    certain: a whole frame follows, or the stream has ended for good. One bad frame costs one frame.
    """

    def __init__(self, read: Callable[[int], bytes], on_damage: Callable[[Damage], None] | None = None) -> None:
        self._read, self._on_damage = read, on_damage
        self._held, self._at, self._dropped = b"", 0, 0

    @property
    def offset(self) -> int:
        """Bytes of the stream up to the end of the last whole frame."""
        return self._dropped + self._at

    def next(self, *, final: bool = False) -> Frame | None:
        """The next whole frame, None where there is none for now. final: nothing more will ever be written."""
        if self._at > READ_BYTES:
            self._forget()
        frame = self._whole(self._at)
        if frame is None:
            behind = self._behind()
            if behind is None:
                if final and len(self._held) > self._at:
                    self._lose(len(self._held), tail=True)
                return None
            self._lose(behind, tail=False)
            frame = self._whole(self._at)
        if frame is not None:
            self._at += HEAD_BYTES + len(frame.payload)
        return frame

    def _forget(self) -> None:
        self._dropped, self._held, self._at = self.offset, self._held[self._at :], 0

    def _fill(self) -> bool:
        more = self._read(READ_BYTES)
        self._held += more
        return bool(more)

    def _whole(self, at: int) -> Frame | None:
        while True:
            try:
                return _frame_at(self._held, at)
            except _NotWhole as reason:
                if not (reason.short and self._fill()):
                    return None

    def _behind(self) -> int | None:
        """Where the next whole frame begins behind bytes that are none."""
        search = self._at + 1
        while True:
            search = self._held.find(MAGIC, search)
            if search >= 0 and self._whole(search):
                return search
            if search >= 0:
                search += 1
                continue
            search = max(len(self._held) - len(MAGIC) + 1, self._at + 1)
            if search - self._at > 2 * MAX_PAYLOAD_BYTES:  # no frame is so long: lost, whatever follows
                self._lose(search, tail=False)
                self._forget()
                search = 0
            if not self._fill():
                return None

    def _lose(self, until: int, *, tail: bool) -> None:
        if self._on_damage:
            self._on_damage(Damage(self.offset, until - self._at, tail))
        self._at = until
