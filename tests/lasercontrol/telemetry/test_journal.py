"""The journal: what append has returned from can be read, wherever the program or the disk stops."""

from pathlib import Path

import pytest

from lasercontrol.errors import InputFileError, LogError
from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame import HEAD_BYTES
from lasercontrol.telemetry.journal import Journal, journal_number, journal_path, journals
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.recovery import stopped
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, flat, frames_of, held, items, same


class Killed(BaseException):
    """Nothing of the program runs after it."""


class Mortal(Disk):
    """Dies before its k-th call; a write that is not the last puts half of its bytes there, as a torn write does."""

    def __init__(self, calls: int, *, torn: bool) -> None:
        self.left, self.torn = calls, torn

    def count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def create(self, path: Path) -> int:
        self.count()
        return super().create(path)

    def write(self, fd: int, content: bytes | memoryview) -> int:
        if self.torn and not self.left:
            super().write(fd, content[: len(content) // 2])
        self.count()
        return super().write(fd, content)

    def sync(self, fd: int) -> None:
        self.count()
        super().sync(fd)

    def rename(self, path: Path, final: Path) -> None:
        self.count()
        super().rename(path, final)
        self.count()


def lives(folder: Path, disk: Disk, batches: int = 6) -> int:
    """Write batches of five until death; how many frames were acknowledged."""
    journal = Journal(folder, SCHEMA, disk=disk, rotate_bytes=1500)
    acknowledged = 0
    try:
        for batch in range(batches):
            journal.append(frames_of(5, begin=5 * batch), 5 * batch)
            acknowledged += 5
        journal.end(5 * batches)
    except Killed:
        return acknowledged
    return -1


@pytest.mark.parametrize("torn", [False, True])
def test_killed_before_every_call_nothing_acknowledged_is_lost(tmp_path: Path, torn: bool) -> None:
    for calls in range(1000):
        folder = tmp_path / f"{calls}"
        folder.mkdir()
        acknowledged = lives(folder, Mortal(calls, torn=torn))
        if acknowledged < 0:
            break
        if journals(folder):
            found = held(folder)
            assert len(found) >= acknowledged
            assert same(found, items(len(found)))
            assert stopped(folder).next_seq == len(found)
        else:
            assert not acknowledged
    assert calls >= 20
    assert len(journals(folder)) > 2
    assert same(held(folder), items(30))
    assert stopped(folder).closed


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A journal of twelve frames, closed."""
    journal = Journal(tmp_path, SCHEMA)
    journal.append(frames_of(12), 0)
    journal.end(12)
    return journal.path


def test_names_are_numbered(whole: Path) -> None:
    assert whole == journal_path(whole.parent, 0)
    assert journal_number(whole) == 0
    with pytest.raises(ValueError, match="no name of a journal"):
        journal_number(Path("x.lcj"))


def test_a_folder_and_its_journal_read_the_same(whole: Path) -> None:
    assert same(held(whole), items(12))
    assert same(held(whole.parent), items(12))
    assert same(held(whole, from_seq=7), items(5, begin=7))
    assert read_log(whole)[0] == SCHEMA


def test_a_journal_cut_at_every_byte_gives_its_whole_frames(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    sizes = list(map(len, frames_of(12)))
    begin = len(content) - HEAD_BYTES - sum(sizes)
    cut = tmp_path / "cut.lcj"
    for end in range(begin, len(content), 7):
        cut.write_bytes(content[:end])
        whole_frames = sum(begin + sum(sizes[: count + 1]) <= end for count in range(12))
        assert same(held(cut), items(whole_frames))


def test_a_flipped_bit_costs_one_frame_and_is_told(whole: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[len(content) - HEAD_BYTES - sum(map(len, frames_of(7, begin=5))) - 3] ^= 16
    whole.write_bytes(content)
    told: list[str] = []
    parts = list(read_log(whole.parent, on_problem=told.append)[1])
    assert parts
    assert len(told) == 1
    assert "seq 4 to 4 are missing" in told[0]
    assert "are no frame" in told[0]
    with pytest.raises(LogError, match="seq 4 to 4 are missing"):
        held(whole.parent)


def test_what_is_missing_at_the_end_of_a_closed_journal_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path, SCHEMA)
    journal.append(frames_of(3), 0)
    journal.end(5)
    with pytest.raises(LogError, match="seq 3 to 4 are missing: 2"):
        held(tmp_path)


@pytest.mark.parametrize("second", [2, 0])
def test_twice_or_out_of_order_is_told_and_given_once(tmp_path: Path, second: int) -> None:
    journal = Journal(tmp_path, SCHEMA)
    journal.append(frames_of(3), 0)
    journal.append(frames_of(1, begin=second) + frames_of(2, begin=3), second)
    told: list[str] = []
    parts = list(read_log(tmp_path, on_problem=told.append)[1])
    assert len(parts) == 1
    assert any(f"seq {second} comes after 2, twice or out of order" in words for words in told)


def test_frames_written_again_after_a_failure_count_once(tmp_path: Path) -> None:
    Journal(tmp_path, SCHEMA).append(frames_of(8), 0)
    Journal(tmp_path, SCHEMA, number=1).append(frames_of(6, begin=5), 5)
    assert same(held(tmp_path), items(11))


def test_a_damaged_first_frame_costs_the_schema_of_one_journal_alone(tmp_path: Path) -> None:
    Journal(tmp_path, SCHEMA).append(frames_of(3), 0)
    Journal(tmp_path, SCHEMA, number=1).append(frames_of(3, begin=3), 3)
    first = journal_path(tmp_path, 0)
    first.write_bytes(b"\0" + first.read_bytes()[1:])
    assert same(held(tmp_path), items(6))
    with pytest.raises(InputFileError, match="first frame is damaged"):
        held(first)


def test_a_journal_is_left_by_age(tmp_path: Path) -> None:
    now_s = 0.0
    journal = Journal(tmp_path, SCHEMA, rotate_s=10.0, clock=lambda: now_s)
    for seq, now_s in enumerate([0.0, 9.0, 10.0, 15.0, 20.0]):  # noqa: B007 — the clock reads it
        journal.append(frames_of(1, begin=seq), seq)
    assert len(journals(tmp_path)) == 3
    assert same(held(tmp_path), items(5))


def test_a_log_is_followed_while_it_grows(tmp_path: Path) -> None:
    journal = Journal(tmp_path, SCHEMA, rotate_bytes=2500)
    journal.append([], 0)
    written = 0

    def wait() -> bool:
        nonlocal written
        if written < 20:
            journal.append(frames_of(1, begin=written), written)
            written += 1
            return True
        return False

    _, parts = read_log(tmp_path, wait=wait)
    given = list(parts)
    assert len(given) > 15  # each comes as it is written, and not at the end
    assert same(flat(given), items(20))
    assert len(journals(tmp_path)) > 1


@pytest.mark.parametrize("content", [b"", b"not a journal", bytes(1000)])
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.lcj"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match="no journal of this program"):
        held(path)


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no log"):
        held(tmp_path)
    with pytest.raises(InputFileError, match="there is no such log"):
        held(tmp_path / "nowhere")
    with pytest.raises(LogError, match="no log to go on with"):
        stopped(tmp_path)
