"""Schema, rows, sweeps and events to bytes and back."""

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lasercontrol.telemetry.frame import Frame, FrameKind, FrameReader
from lasercontrol.telemetry.frame_codec import (
    BadPayload,
    Item,
    block_bytes,
    block_of,
    block_of_rows,
    item_bytes,
    item_of,
    schema_bytes,
    schema_of,
    shape_of,
)
from lasercontrol.telemetry.row import Block, Event, Row, Sweep
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, flat, items, same, schema

SHAPE = 2, 5, 1
BITS = arrays(np.uint32, SHAPE[:2])  # every float32 there is, signalling NaN among them


def frame_of(words: bytes) -> Frame:
    pieces = [words, b""]
    frame = FrameReader(lambda _: pieces.pop(0)).next(final=True)
    assert frame is not None
    return frame


def back(item: Item, shape: tuple[int, int, int] = SHAPE) -> Item:
    return item_of(frame_of(item_bytes(item, shape)), shape)


@given(
    BITS,
    arrays(np.uint8, SHAPE[:2]),
    arrays(np.uint8, SHAPE[:1]),
    st.floats(allow_nan=False),
    st.integers(0, 2**63 - 1),
)
def test_a_row_comes_back_bit_by_bit(
    bits: np.ndarray, quality: np.ndarray, phase: np.ndarray, utc_s: float, seq: int
) -> None:
    row = Row(seq, 1.5, utc_s, bits.view(np.float32), quality, phase, np.array([np.nan], np.float32))
    found = back(row)
    assert isinstance(found, Row)
    assert (found.seq, found.monotonic_s, found.utc_s) == (seq, 1.5, utc_s)
    for name in ("values", "quality", "phase", "rig"):
        assert getattr(found, name).tobytes() == getattr(row, name).tobytes()
        assert getattr(found, name).dtype == getattr(row, name).dtype


@given(st.integers(0, 50), st.floats(allow_nan=False), st.integers(-(2**31), 2**31 - 1))
def test_a_sweep_comes_back(points: int, mount_c: float, laser: int) -> None:
    curves = np.random.default_rng(points).normal(size=(4, points)).astype(np.float32)
    found = back(Sweep(7, 1.0, 2.0, laser, mount_c, *curves))
    assert isinstance(found, Sweep)
    assert (found.seq, found.laser, found.mount_c) == (7, laser, mount_c)
    assert np.array_equal([found.current_a, found.power_w, found.photodiode_a, found.voltage_v], curves)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.text(max_size=20), st.none() | st.integers(0, 99), st.dictionaries(st.text(), PLAIN, max_size=3))
def test_an_event_comes_back(kind: str, laser: int | None, detail: dict[str, object]) -> None:
    event = Event(3, 0.1, 1.7e9 + 0.1, kind, laser, detail)
    assert back(event) == event


def test_numbers_of_numpy_and_not_a_number_become_plain_json() -> None:
    event = Event(0, 0.0, 0.0, "note", None, {"a": np.float32(0.5), "b": np.arange(2), "c": float("nan"), "d": (1,)})
    found = back(event)
    assert isinstance(found, Event)
    assert found.detail == {"a": 0.5, "b": [0, 1], "c": None, "d": [1]}


def test_a_schema_comes_back() -> None:
    frame = frame_of(schema_bytes(SCHEMA, 17))
    assert (frame.kind, frame.seq, schema_of(frame.payload)) == (FrameKind.SCHEMA, 17, SCHEMA)


def test_rows_on_end_are_a_block_and_the_block_passes_a_pipe() -> None:
    rows = [item for item in items(30) if isinstance(item, Row)]
    shape = shape_of(SCHEMA)
    block = block_of_rows([frame_of(item_bytes(row, shape)) for row in rows], shape)
    assert same(flat([block]), rows)
    assert same(flat([block_of(frame_of(block_bytes(block)), shape)]), rows)
    assert same(flat([Block.of(rows)]), rows)


def test_arrays_that_do_not_fit_the_schema_are_refused() -> None:
    row = next(item for item in items(3) if isinstance(item, Row))
    with pytest.raises(ValueError, match=r"values of shape \(2, 5\).*\(3, 5\)"):
        item_bytes(replace(row, values=row.values[:2]), shape_of(SCHEMA))
    with pytest.raises(ValueError, match=r"power_w of shape \(3,\)"):
        item_bytes(Sweep(0, 0.0, 0.0, 0, 25.0, *(np.zeros(size, np.float32) for size in (2, 3, 2, 2))), (3, 5, 1))


@pytest.mark.parametrize("kind", [FrameKind.ROW, FrameKind.SWEEP, FrameKind.EVENT, FrameKind.END])
@pytest.mark.parametrize("payload", [b"", b"{}", bytes(200)])
def test_a_payload_of_another_program_is_told(kind: FrameKind, payload: bytes) -> None:
    with pytest.raises(BadPayload):
        item_of(Frame(kind, 0, payload), shape_of(SCHEMA))


def test_rows_of_another_rack_are_told() -> None:
    frame = frame_of(item_bytes(items(1)[0], shape_of(SCHEMA)))
    with pytest.raises(BadPayload, match="the schema asks for"):
        item_of(frame, shape_of(schema(300)))


@pytest.mark.parametrize("payload", [b"no zlib", zlib.compress(b"[1]"), zlib.compress(b'{"format": "other"}')])
def test_a_schema_of_another_program_is_told(payload: bytes) -> None:
    with pytest.raises(BadPayload):
        schema_of(payload)


def test_a_schema_of_a_later_version_is_told() -> None:
    words = json.loads(zlib.decompress(frame_of(schema_bytes(SCHEMA, 0)).payload)) | {"format_version": 2}
    with pytest.raises(BadPayload, match="version 2"):
        schema_of(zlib.compress(json.dumps(words).encode()))


def test_a_few_bytes_cannot_become_gigabytes() -> None:
    row = items(1)[0]
    words = item_bytes(row, shape_of(SCHEMA))
    bomb = zlib.compress(bytes(10_000_000))
    end = 20 + 4 * (3 * 5 + 1)
    payload = bytearray(words[24 : 24 + end] + bomb)
    payload[16:20] = len(bomb).to_bytes(4, "little")
    with pytest.raises(BadPayload, match="more than 18 bytes"):
        item_of(Frame(FrameKind.ROW, 0, bytes(payload)), shape_of(SCHEMA))
