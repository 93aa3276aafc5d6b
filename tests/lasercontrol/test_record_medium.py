"""The bytes on their way to the disk: HDF5's checksum, and a disk that fails without HDF5 learning of it."""

import io
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from lasercontrol.record_medium import CHECKSUM_AT, FLAGS_AT, FOLLOWED, SUPERBLOCK_BYTES, WRITTEN, Medium, lookup3


def test_the_hash_is_that_of_its_author() -> None:
    assert lookup3(b"Four score and seven years ago") == 0x17770551


@pytest.mark.parametrize("size", [1, 11, 12, 13, 24, 25])
def test_the_hash_depends_on_every_byte(size: int) -> None:
    words = bytes(range(1, size + 1))
    changed = {lookup3(words[:at] + b"\xff" + words[at + 1 :]) for at in range(size)}
    assert len(changed | {lookup3(words)}) == size + 1


def test_the_hash_is_hdf5s_own() -> None:
    image = io.BytesIO()
    with h5py.File(image, "w", libver="v110"):
        pass
    block = image.getvalue()[:SUPERBLOCK_BYTES]
    assert lookup3(block[:CHECKSUM_AT]) == int.from_bytes(block[CHECKSUM_AT:], "little")


@pytest.fixture
def medium(tmp_path: Path) -> Iterator[Medium]:
    path = tmp_path / "bytes"
    path.write_bytes(b"0123456789")
    made = Medium(path)
    yield made
    made.close()


def test_a_medium_is_a_file(medium: Medium, tmp_path: Path) -> None:
    medium.seek(4)
    assert medium.write(b"abc") == 3
    medium.seek(3)
    assert medium.read(5) == b"3abc7"
    buffer = bytearray(2)
    assert medium.readinto(memoryview(buffer)) == 2
    assert bytes(buffer) == b"89"
    assert medium.truncate(6) == 6
    medium.sync()
    medium.close()
    assert (tmp_path / "bytes").read_bytes() == b"0123ab"


def test_after_a_fault_the_file_goes_on_in_memory(
    medium: Medium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(medium, "_file", Full(tmp_path / "bytes", "r+b"))
    medium.seek(8)
    assert medium.write(b"abcd") == 4
    medium.seek(2)
    medium.write(b"X")
    medium.seek(0)
    assert medium.read() == b"01X34567abcd"
    assert (tmp_path / "bytes").read_bytes() == b"0123456789"
    with pytest.raises(OSError, match="No space left"):
        medium.sync()
    medium.close()


def test_a_followed_file_says_that_it_is_written(medium: Medium, tmp_path: Path) -> None:
    """HDF5 marks a file of its own drivers with both; a reader refuses one mark alone."""
    (tmp_path / "bytes").write_bytes(b"")
    with h5py.File(medium, "w", libver=("v110", "v110")) as file:
        file.create_dataset("a", (0,), "f4", maxshape=(None,))
        file.swmr_mode = True
        image = (tmp_path / "bytes").read_bytes()
        assert image[FLAGS_AT] == WRITTEN | FOLLOWED
        assert lookup3(image[:CHECKSUM_AT]) == int.from_bytes(image[CHECKSUM_AT:SUPERBLOCK_BYTES], "little")
    assert (tmp_path / "bytes").read_bytes()[FLAGS_AT] == 0
