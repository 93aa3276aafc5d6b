"""Files from anywhere: a clear error and never a crash of this process, a wrong number or code of theirs."""

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from lasercontrol.errors import InputFileError
from lasercontrol.telemetry.foreign_file import read_hdf5
from lasercontrol.telemetry.hdf5_file import LogFile, write_log
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, flat, held, items, same
from tests.lasercontrol.telemetry.test_hdf5 import parts

Spoil = Callable[[Path], None]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file of this program."""
    path = tmp_path / "log.h5"
    write_log(path, SCHEMA, parts(90))
    return path


def test_a_file_of_this_program_comes_back(good: Path) -> None:
    assert read_hdf5(good)[0] == SCHEMA
    assert same(held(good), items(90))
    assert same(held(good, from_seq=71), items(19, begin=71))


def test_a_file_that_is_still_written_comes_back_as_far_as_its_mark(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log.h5", SCHEMA)
    for part in parts(120):
        file.add(part)
    found = held(tmp_path / "log.h5")
    assert len(found) >= 60
    assert same(found, items(len(found)))
    file.close()


def edited(work: Callable[[h5py.File], None]) -> Spoil:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            work(file)

    return spoil


def replaced(name: str, **made: object) -> Spoil:
    def work(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, **made)

    return edited(work)


def external_link(file: h5py.File) -> None:
    del file["channels/power_w"]
    file["channels/power_w"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: h5py.File) -> None:
    del file["rows/time"]
    file["rows/time"] = h5py.SoftLink("/rows/monotonic")


def external_storage(file: h5py.File) -> None:
    del file["events/text"]
    file.create_dataset("events/text", (1000,), "u1", external=[("/etc/passwd", 0, 1000)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((10_000,), "u1")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (10_000,))
    del file["events/text"]
    file.create_virtual_dataset("events/text", layout)


def out_of_order(file: h5py.File) -> None:
    file["rows/seq"][0] = 5


def pieces_elsewhere(file: h5py.File) -> None:
    file["events/first_byte"][1] = 2**60


def shorter(file: h5py.File) -> None:
    file["channels/power_w/value"].resize(3, axis=0)


def written(content: bytes) -> Spoil:
    def spoil(path: Path) -> None:
        path.write_bytes(content)

    return spoil


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4000])


def superblock_alone(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:48] + bytes(5000))


CORPUS: dict[str, tuple[Spoil, str]] = {
    "empty": (written(b""), "cannot be read as HDF5"),
    "text": (written(b"t,power\n1,2\n"), "cannot be read as HDF5"),
    "a pickle": (written(b"\x80\x04cos\nsystem\n(S'x'\ntR."), "cannot be read as HDF5"),
    "truncated": (truncated, "cannot be read"),
    "superblock alone": (superblock_alone, "cannot be read"),
    "no log": (edited(lambda file: file.clear()), "there is no log/schema"),
    "other schema": (replaced("log/schema", data=np.frombuffer(b'{"format": 1}', np.uint8)), "format"),
    "schema of objects": (replaced("log/schema", data=["a", "b"]), "log/schema is object"),
    "no mark": (replaced("log/high_water_seq", data=np.zeros(0, "i8")), "has 0 rows, not 1"),
    "no channel": (edited(lambda file: file.__delitem__("channels/power_w")), "no channels/power_w/value"),
    "external link": (edited(external_link), "there is no channels/power_w"),
    "soft link": (edited(soft_link), "there is no rows/time"),
    "external storage": (edited(external_storage), "events/text is no dataset of this file"),
    "virtual": (edited(virtual), "events/text is no dataset of this file"),
    "wrong shape": (replaced("state/phase", data=np.zeros((99, 4), "u1")), "state/phase is uint8 of shape"),
    "wrong type": (replaced("rows/time", data=np.zeros(99, "i4")), "rows/time is int32"),
    "shorter": (edited(shorter), "has 3 rows"),
    "out of order": (edited(out_of_order), "does not increase"),
    "pieces elsewhere": (edited(pieces_elsewhere), "do not lie on end"),
    "a tera of rows": (
        replaced("rows/seq", shape=(10**12,), dtype="i8", chunks=(1000,)),
        "too much memory|Unable to alloc",
    ),
}


@pytest.mark.parametrize("kind", CORPUS)
def test_a_malformed_file_is_a_clear_error(good: Path, kind: str) -> None:
    spoil, words = CORPUS[kind]
    spoil(good)
    with pytest.raises(InputFileError, match=words) as caught:
        held(good)
    assert str(caught.value).startswith(str(good))
    assert caught.value.exit_code == 2


def test_flipped_bytes_anywhere_never_reach_this_process(good: Path) -> None:
    """What is not told by an error must be a log, if of other numbers: HDF5 guards its own words, not the values."""
    content = good.read_bytes()
    rng = np.random.default_rng(3)
    for at in rng.integers(0, len(content), 6):
        spoilt = bytearray(content)
        spoilt[at : at + 64] = rng.bytes(len(spoilt[at : at + 64]))
        good.write_bytes(spoilt)
        with suppress(InputFileError):
            list(flat(read_hdf5(good)[1]))


def test_a_child_that_dies_is_said(good: Path) -> None:
    with pytest.raises(InputFileError, match="took too long or too much"):
        read_hdf5(good, silence_s=0.0)


def test_a_folder_for_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be read as HDF5"):
        read_hdf5(tmp_path)


def test_a_reader_that_stops_early_leaves_no_child(good: Path) -> None:
    _, found = read_hdf5(good)
    next(found)
    found.close()  # type: ignore[attr-defined]


def test_the_superblock_of_the_corpus_is_hdf5s(good: Path) -> None:
    assert struct.unpack("8s", good.read_bytes()[:8])[0] == b"\x89HDF\r\n\x1a\n"
