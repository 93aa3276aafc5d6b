"""Frames: whatever is cut or flipped, exactly the whole ones come back."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.telemetry.frame import (
    HEAD_BYTES,
    MAGIC,
    MAX_PAYLOAD_BYTES,
    Damage,
    Frame,
    FrameKind,
    FrameReader,
    framed,
)

PAYLOADS = [b"first", b"", MAGIC + b"looks like one", bytes(range(40))]
FRAMES = [Frame(FrameKind.ROW, seq, payload) for seq, payload in enumerate(PAYLOADS)]
WORDS = [framed(frame.kind, frame.seq, frame.payload) for frame in FRAMES]
ENDS = [sum(map(len, WORDS[: count + 1])) for count in range(len(WORDS))]


def read(content: bytes, damage: list[Damage] | None = None) -> list[Frame]:
    reader = FrameReader(io.BytesIO(content).read, damage.append if damage is not None else None)
    found = []
    while (frame := reader.next(final=True)) is not None:
        found.append(frame)
    return found


def test_frames_come_back() -> None:
    damage: list[Damage] = []
    assert read(b"".join(WORDS), damage) == FRAMES
    assert not damage


def test_cut_at_every_byte_the_whole_ones_come_back() -> None:
    content = b"".join(WORDS)
    for cut in range(len(content)):
        damage: list[Damage] = []
        whole = sum(end <= cut for end in ENDS)
        assert read(content[:cut], damage) == FRAMES[:whole]
        left = cut - (ENDS[whole - 1] if whole else 0)
        assert damage == ([Damage(cut - left, left, tail=True)] if left else [])


def test_every_flipped_bit_costs_its_frame_alone() -> None:
    content = b"".join(WORDS)
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        hit = next(at for at, end in enumerate(ENDS) if bit // 8 < end)
        damage: list[Damage] = []
        assert read(bytes(flipped), damage) == FRAMES[:hit] + FRAMES[hit + 1 :]
        assert damage == [Damage(ENDS[hit] - len(WORDS[hit]), len(WORDS[hit]), tail=hit == len(FRAMES) - 1)]


def test_a_frame_that_grows_is_given_once_it_is_whole() -> None:
    stream = io.BytesIO()
    reader = FrameReader(stream.read)
    content = b"".join(WORDS)
    found = []
    for at in range(len(content)):
        stream.write(content[at : at + 1])
        stream.seek(at)
        if (frame := reader.next()) is not None:
            found.append((at + 1, frame))
        stream.seek(at + 1)
    assert found == list(zip(ENDS, FRAMES, strict=True))


def test_damage_is_told_while_the_stream_still_grows() -> None:
    stream = io.BytesIO(b"rubbish" + WORDS[0])
    damage: list[Damage] = []
    assert FrameReader(stream.read, damage.append).next() == FRAMES[0]
    assert damage == [Damage(0, 7, tail=False)]


@given(st.lists(st.binary(max_size=60), max_size=6), st.binary(max_size=30))
def test_rubbish_between_frames_is_passed_by(payloads: list[bytes], rubbish: bytes) -> None:
    frames = [Frame(FrameKind.EVENT, seq, payload) for seq, payload in enumerate(payloads)]
    content = rubbish.join(framed(frame.kind, frame.seq, frame.payload) for frame in frames)
    assert read(content) == frames


def test_random_bytes_hold_no_frame() -> None:
    assert not read(np.random.default_rng(1).bytes(3_000_000))


def test_a_length_that_no_frame_has_is_not_waited_for() -> None:
    size_at = HEAD_BYTES - 16
    spoilt = WORDS[0][:size_at] + (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "little") + WORDS[0][size_at + 4 :]
    assert FrameReader(io.BytesIO(spoilt + WORDS[1]).read).next() == FRAMES[1]


def test_a_frame_has_a_greatest_size() -> None:
    with pytest.raises(ValueError, match="the most is"):
        framed(FrameKind.ROW, 0, bytes(MAX_PAYLOAD_BYTES + 1))
