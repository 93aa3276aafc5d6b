"""The store: acknowledged is on the disk, a failing disk is said and outlived, who submits never waits."""

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from lasercontrol.errors import LogError, LogWriteError
from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame_codec import Item
from lasercontrol.telemetry.journal import journals
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Event
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, held, item, items, restamped, same

QUICK = StoreSettings(hdf5=False, retry_s=0.01)
LONG_S = 20.0  # longer than any test waits


class Ill(Disk):
    """A disk that can be made to fail: `fault` is what it answers to the named calls."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        self.calls: set[str] = set()
        self.short = False

    def fail(self, number: int, *calls: str, short: bool = False) -> None:
        self.calls, self.short = set(calls), short
        self.fault = OSError(number, os.strerror(number))

    def heal(self) -> None:
        self.fault = None

    def ask(self, call: str) -> None:
        if self.fault and call in self.calls:
            raise self.fault

    def create(self, path: Path) -> int:
        self.ask("create")
        return super().create(path)

    def write(self, fd: int, content: bytes | memoryview) -> int:
        if self.fault and self.short:
            super().write(fd, content[: len(content) // 2])  # a full disk takes what still fits
        self.ask("write")
        return super().write(fd, content)

    def sync(self, fd: int) -> None:
        self.ask("sync")
        super().sync(fd)

    def rename(self, path: Path, final: Path) -> None:
        super().rename(path, final)
        self.ask("rename")


@pytest.fixture
def disk() -> Ill:
    """A disk to be made ill."""
    return Ill()


@pytest.fixture
def store(tmp_path: Path, disk: Ill) -> Iterator[Store]:
    """A new log on that disk."""
    made = Store(tmp_path / "log", SCHEMA, disk=disk, settings=QUICK)
    yield made
    disk.heal()
    with suppress(LogWriteError):
        made.close()


def until(condition: object, store: Store) -> None:
    """Wait for something that the journal's thread does."""
    assert callable(condition)
    with store._changed:
        assert store._changed.wait_for(condition, LONG_S)


def test_what_is_acknowledged_can_be_read_by_others(store: Store) -> None:
    for each in items(25):
        assert store.submit(restamped(each, 99)) == each.seq  # the store numbers
    assert store.wait(24, LONG_S)
    assert (store.acknowledged_seq, store.next_seq, store.failure) == (24, 25, "")
    assert same(held(store.folder), items(25))


def test_the_listener_gets_what_is_acknowledged_in_order(tmp_path: Path) -> None:
    heard: list[Item] = []
    with Store(tmp_path, SCHEMA, settings=QUICK, on_acknowledged=heard.extend) as store:
        for each in items(40):
            store.submit(each)
    assert same(heard, items(40))


def test_a_listener_that_fails_does_not_end_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def listen(_: Sequence[Item]) -> None:
        raise ZeroDivisionError

    with Store(tmp_path, SCHEMA, settings=QUICK, on_acknowledged=listen) as store:
        for each in items(5):
            store.submit(each)
            assert store.wait(each.seq, LONG_S)
    assert "what listens to the log failed" in caplog.text


@pytest.mark.parametrize(
    ("number", "calls", "short"),
    [
        (errno.ENOSPC, ("write", "create"), False),
        (errno.ENOSPC, ("write", "create"), True),
        (errno.EROFS, ("write", "create"), False),
        (errno.EIO, ("write",), True),
        (errno.EIO, ("sync",), False),
        (errno.EIO, ("sync", "rename"), False),
    ],
)
def test_a_failing_disk_is_said_and_outlived(
    store: Store, disk: Ill, number: int, calls: tuple[str, ...], short: bool
) -> None:
    for each in items(10):
        store.submit(each)
    assert store.wait(9, LONG_S)
    disk.fail(number, *calls, short=short)
    for each in items(10, begin=10):
        assert store.submit(each) == each.seq  # who submits goes on
    until(lambda: store._failed, store)
    assert os.strerror(number) in store.failure
    assert "nothing after seq 9 is acknowledged" in store.failure
    assert not store.wait(10, 0.1)
    assert same(held(store.folder)[:10], items(10))
    disk.heal()
    assert store.wait(19, LONG_S)
    assert store.failure == ""
    assert same(held(store.folder), items(20))


def test_after_a_failed_sync_the_frames_are_written_again_elsewhere(store: Store, disk: Ill) -> None:
    """The file that failed is never written again: what of it is on the disk, nobody can know."""
    store.submit(item(0))
    assert store.wait(0, LONG_S)
    disk.fail(errno.EIO, "sync")
    store.submit(item(1))
    until(lambda: store._failed, store)
    size = journals(store.folder)[0].stat().st_size
    disk.heal()
    assert store.wait(1, LONG_S)
    first, second = journals(store.folder)
    assert first.stat().st_size == size
    assert same(held(second), items(1, begin=1))


def test_a_disk_that_does_not_answer_is_said(tmp_path: Path) -> None:
    held_back = threading.Event()

    class Slow(Disk):
        def sync(self, fd: int) -> None:
            if threading.current_thread().name == "journal":
                held_back.wait(LONG_S)
            super().sync(fd)

    store = Store(tmp_path, SCHEMA, disk=Slow(), settings=StoreSettings(hdf5=False, stall_s=0.0))
    store.submit(item(0))
    assert "has not answered for" in store.failure
    held_back.set()
    assert store.wait(0, LONG_S)
    assert store.failure == ""
    store.close()


def test_a_full_queue_refuses_and_a_gap_says_how_much(tmp_path: Path, disk: Ill) -> None:
    size = 3000
    with Store(
        tmp_path, SCHEMA, disk=disk, settings=StoreSettings(hdf5=False, retry_s=0.01, queue_bytes=size)
    ) as store:
        disk.fail(errno.ENOSPC, "write")
        answers = [store.submit(item(seq)) for seq in range(30)]
        taken = answers.index(None)
        assert answers == [*range(taken), *[None] * (30 - taken)]
        disk.heal()
        assert store.wait(taken - 1, LONG_S)
        assert store.submit(item(0)) == taken + 1
    found = held(tmp_path)
    gap = found[taken]
    assert isinstance(gap, Event)
    assert gap.kind == "gap"
    assert gap.detail["refused"] == 30 - taken
    assert gap.detail["from_utc_s"] == item(taken).utc_s
    assert gap.detail["to_utc_s"] == item(29).utc_s
    assert [each.seq for each in found] == list(range(taken + 2))


def test_a_gap_at_the_very_end_is_logged_too(tmp_path: Path, disk: Ill) -> None:
    store = Store(tmp_path, SCHEMA, disk=disk, settings=StoreSettings(hdf5=False, retry_s=0.01, queue_bytes=10))
    assert store.submit(item(0)) is None
    store.close()
    assert [getattr(each, "kind", "") for each in held(tmp_path)] == ["gap"]


def test_closing_on_a_failing_disk_says_what_is_lost(store: Store, disk: Ill) -> None:
    store.submit(item(0))
    assert store.wait(0, LONG_S)
    disk.fail(errno.ENOSPC, "write")
    store.submit(item(1))
    with pytest.raises(LogWriteError, match=r"1 of what was submitted could not be logged: .*No space left"):
        store.close(timeout_s=0.1)
    assert same(held(store.folder), items(1))


def test_a_log_cannot_be_begun_on_a_failing_disk(tmp_path: Path, disk: Ill) -> None:
    disk.fail(errno.EROFS, "create")
    with pytest.raises(LogWriteError, match="no journal can be begun: Read-only file system"):
        Store(tmp_path, SCHEMA, disk=disk, settings=QUICK)
    disk.heal()
    Store(tmp_path, SCHEMA, disk=disk, settings=QUICK).close()  # the lock was let go


def test_a_log_cannot_be_begun_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogWriteError, match="no log can be begun"):
        Store(tmp_path / "file" / "log", SCHEMA, settings=QUICK)


def test_one_process_writes_a_log(store: Store) -> None:
    with pytest.raises(LogError, match=f"written by another program .process {os.getpid()},"):
        Store.resume(store.folder, settings=QUICK)
    with pytest.raises(LogError, match="written by another program"):
        Store(store.folder, SCHEMA, settings=QUICK)


def test_a_log_is_not_begun_over_another(store: Store) -> None:
    store.close()
    with pytest.raises(LogError, match="there is a log already"):
        Store(store.folder, SCHEMA, settings=QUICK)
    with pytest.raises(LogError, match="the log is closed"):
        store.submit(item(0))


def test_a_log_goes_on_after_its_end(store: Store) -> None:
    for each in items(8):
        store.submit(each)
    store.close()
    with Store.resume(store.folder, settings=QUICK) as resumed:
        assert resumed.schema == SCHEMA
        assert resumed.submit(item(9)) == 9
    found = held(store.folder)
    assert same(found[:8] + found[9:], [*items(8), item(9)])
    restart = found[8]
    assert isinstance(restart, Event)
    assert (restart.seq, restart.kind) == (8, "restart")
    assert restart.detail["closed_in_order"] is True
    assert restart.detail["last_utc_s"] == item(7).utc_s


def test_a_log_goes_on_behind_a_torn_tail(store: Store) -> None:
    for each in items(8):
        store.submit(each)
    store.wait(7, LONG_S)
    store._thread.join(0)
    (path,) = journals(store.folder)
    store.close()
    path.write_bytes(path.read_bytes()[:-30])  # the end, and half of the last frame
    with Store.resume(store.folder, settings=QUICK) as resumed:
        assert resumed.acknowledged_seq in {6, 7}
    assert [each.seq for each in held(store.folder)] == list(range(8))
    assert same(held(store.folder)[:7], items(7))


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX's")
def test_a_real_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """A disk that is really full, as far as a process can make one."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store(tmp_path, SCHEMA, settings=QUICK)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
        for each in items(40):
            store.submit(each)
        until(lambda: store._failed, store)
        assert "File too large" in store.failure
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert store.wait(39, LONG_S)
    store.close()
    assert same(held(tmp_path), items(40))


def test_a_log_is_read_while_it_is_written(store: Store) -> None:
    store.submit(item(0))
    store.wait(0, LONG_S)
    left = list(range(1, 12))

    def wait() -> bool:
        if not left:
            return False
        store.submit(item(left.pop(0)))
        return store.wait(store.next_seq - 1, LONG_S)

    _, parts = read_log(store.folder, wait=wait)
    assert len(list(parts)) > 8


def test_many_threads_submit_and_none_is_lost(store: Store) -> None:
    def work(number: int) -> None:
        for at in range(50):
            store.submit(Event(0, 0.0, 0.0, "note", None, {"who": number, "at": at}))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    found = held(store.folder)
    assert [each.seq for each in found] == list(range(200))
    for number in range(4):
        own = [each.detail["at"] for each in found if isinstance(each, Event) and each.detail["who"] == number]
        assert own == list(range(50))
