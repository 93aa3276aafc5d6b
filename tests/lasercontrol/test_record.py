"""The record of a session: all of it comes back, whatever happens to the program, the disk or the file."""

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lasercontrol import record, record_file, record_reading
from lasercontrol.bench import Channel, Quality
from lasercontrol.errors import RecordError, RecordExists, RecordWriteError
from lasercontrol.record import RecordWriter, ShotRow, read_record
from lasercontrol.record_medium import Medium
from tests.lasercontrol.record_specimen import AXES, HEADER, row

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
ROOT = Path(__file__).parents[2]


def assert_same(actual: ShotRow, expected: ShotRow) -> None:
    """Equal to the last bit, types included."""
    for name in ("index", "phase", "clipped", "expected_gain"):
        assert getattr(actual, name) == getattr(expected, name)
    for name in ("asked", "setting"):
        assert_equal(getattr(actual, name), getattr(expected, name))
    for name in ("reasons", "utc_s", "monotonic_s"):
        assert getattr(actual.reading, name) == getattr(expected.reading, name)
    for name in ("energy", "quality"):
        assert_equal(getattr(actual.reading, name), getattr(expected.reading, name))
    assert list(actual.reading.channels) == sorted(expected.reading.channels)
    for name, channel in expected.reading.channels.items():
        assert_same_channel(actual.reading.channels[name], channel)


def assert_same_channel(actual: Channel, expected: Channel) -> None:
    """Equal to the last bit, axes in order."""
    assert (actual.unit, actual.background) == (expected.unit, expected.background)
    assert_equal(actual.values, expected.values)
    assert list(actual.axes) == list(expected.axes)
    for name, samples in expected.axes.items():
        assert_equal(actual.axes[name], samples)
    assert (actual.gain is None) == (expected.gain is None)
    if expected.gain is not None:
        assert_equal(actual.gain, expected.gain)


def assert_equal(actual: Any, expected: Any) -> None:
    """The same bytes."""
    assert np.asarray(actual).dtype == np.asarray(expected).dtype
    assert np.array_equal(actual, expected)


def written(path: Path, shots: int = 3) -> Path:
    """A record of some shots, closed."""
    writer = RecordWriter.create(path, HEADER)
    for index in range(1, shots + 1):
        writer.append(row(index))
    writer.close("done", {"shots": shots})
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


# ---------------------------------------------------------------------------------------------------- there and back


def test_all_of_it_comes_back(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.event("pause", "paused; the laser stays as it is.")
    rows = [row(1), replace(row(2, Quality.SUSPECT), expected_gain=0.125), row(3, Quality.INVALID)]
    for each in rows:
        writer.append(each)
    writer.event("return", "going to the best — µ")
    writer.close("out of shots", {"shots": 3, "setting": {"gdd_ps2": 0.1}, "picture": None})
    back = read_record(path)
    assert back.header == HEADER
    assert back.path == path
    for actual, expected in zip(back.shots, rows, strict=True):
        assert_same(actual, expected)
    assert [(event.kind, event.text) for event in back.events] == [
        ("pause", "paused; the laser stays as it is."),
        ("return", "going to the best — µ"),
    ]
    assert back.events[0].monotonic_s < back.events[1].monotonic_s
    assert back.start_utc_s <= back.events[0].utc_s
    assert back.exit_reason == "out of shots"
    assert back.summary == {"shots": 3, "setting": {"gdd_ps2": 0.1}, "picture": None}


def test_a_record_of_before_gains_were_expected_is_read(path: Path) -> None:
    written(path)
    with h5py.File(path, "r+") as file:
        del file["shots/expected_gain"]
    assert [shot.expected_gain for shot in read_record(path).shots] == [None] * 3


def test_tables_of_settings(path: Path) -> None:
    back = read_record(written(path))
    assert_equal(back.asked, np.array([[n / 3, -7.0] for n in (1, 2, 3)]))
    assert_equal(back.settings, np.array([[n / 3, -6.0] for n in (1, 2, 3)]))


def test_a_session_without_a_shot_is_a_record(path: Path) -> None:
    RecordWriter.create(path, HEADER).close("Ctrl-C", {})
    back = read_record(path)
    assert (back.shots, back.exit_reason) == ((), "Ctrl-C")
    assert back.settings.shape == (0, 2)


def test_channels_that_a_shot_does_not_show_are_not_made_up(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    rows = [row(1, Quality.INVALID, ()), row(2, channels=("shg",)), row(3), row(4, channels=("frog",))]
    for each in rows:
        writer.append(each)
    writer.close("done", {})
    for actual, expected in zip(read_record(path).shots, rows, strict=True):
        assert_same(actual, expected)


def test_people_find_their_way_in_the_file(path: Path) -> None:
    with h5py.File(written(path), "r") as file:
        assert file.attrs["operator"] == "Ångström"
        assert file["knobs/gdd_ps2"].attrs["units"] == "ps²"
        assert file["knobs/gdd_ps2/value"][2] == 1.0
        assert file["channels/frog/values"].shape == (3, 6, 5)
        assert file["channels/frog/axis0"].attrs["name"] == "delay_ps"
        assert file["shots/phase"].asstr()[0] == "start"
        assert h5py.check_enum_dtype(file["shots/quality"].dtype) == {"OK": 0, "SUSPECT": 1, "INVALID": 2}


def test_a_text_too_long_for_its_row_says_so(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.event("fault", "µ" * 2000)
    writer.close("done", {})
    text = read_record(path).events[0].text
    assert text.startswith("µµµ")
    assert text.endswith("µ…")
    assert len(text.encode()) <= record_file.TEXT_BYTES


def test_axes_that_change_within_a_session_are_refused(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.append(row(1))
    other = row(2)
    AXES["delay_ps"][0] += 1  # the axis of every specimen
    try:
        with pytest.raises(ValueError, match="channel frog: 6 × 5 values on axes that changed"):
            writer.append(other)
    finally:
        AXES["delay_ps"][0] -= 1
    writer.append(row(2))
    writer.close("done", {})
    assert_same(read_record(path).shots[1], row(2))


# --------------------------------------------------------------------------------------------- never replaced or half


def test_a_record_is_never_replaced(path: Path) -> None:
    path.write_bytes(b"mine")
    with pytest.raises(RecordExists, match=r"run\.h5: exists, and no record is ever replaced"):
        RecordWriter.create(path, HEADER)
    assert path.read_bytes() == b"mine"


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be made: No such file or directory; nothing was moved"):
        RecordWriter.create(tmp_path / "nowhere" / "run.h5", HEADER)


def test_a_closed_record_takes_no_more(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.close("done", {})
    with pytest.raises(RecordWriteError, match="shot 1 cannot be kept: the record is closed; the first 0 shots"):
        writer.append(row(1))


def test_a_record_can_be_followed_while_it_is_written(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    for index in range(1, 4):
        writer.append(row(index))
        back = read_record(path)
        assert len(back.shots) == index
        assert_same(back.shots[-1], row(index))
        assert back.exit_reason is None
        assert back.summary is None
    writer.close("done", {})


def test_a_reader_that_stays_sees_new_shots(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.append(row(1))
    program = (
        "import sys, h5py\n"
        "index = h5py.File(sys.argv[1], 'r', swmr=True)['shots/index']\n"
        "for line in sys.stdin:\n"
        "    index.refresh()\n"
        "    print(index[:].tolist(), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        for index in (2, 3):
            writer.append(row(index))
            reader.stdin.write("look\n")
            assert reader.stdout.readline() == f"{list(range(1, index + 1))}\n"
    writer.close("done", {})


# ------------------------------------------------------------------------------------------------ killed at any moment


def states_of_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[bytes, int, bool]]:
    """What a kill would leave after every single write of a session: bytes, finished shots, whether it was closed."""
    states: list[tuple[bytes, int, bool]] = []
    done = {"shots": 0, "closed": False}
    write = Medium.write

    def watched(medium: Medium, content: bytes) -> int:
        size = write(medium, content)
        states.append((path.read_bytes(), done["shots"], bool(done["closed"])))
        return size

    monkeypatch.setattr(Medium, "write", watched)
    writer = RecordWriter.create(path, HEADER)
    for index in range(1, 5):
        writer.append(row(index, channels=("shg",) if index < 3 else ("frog", "shg")))
        done["shots"] = index
        writer.event("note", f"after shot {index}")
    writer.close("done", {})
    assert len(states) > 100
    yield from states


def test_after_every_single_write_all_finished_shots_can_be_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left.h5"
    for image, finished, _ in states_of_the_disk(path, monkeypatch):
        left.write_bytes(image)
        told, arrays = record_reading._contents(left)
        index = arrays["shots/index"].tolist()
        assert index in (list(range(1, finished + 1)), list(range(1, finished + 2)))
        assert told["operator"] == HEADER.operator
        if finished >= 3:
            assert_equal(arrays["channels/frog/values"][2], row(3).reading.channels["frog"].values)
        if finished:
            assert arrays["channels/shg/values"][0] == 0.1


KILLED = """
import sys
from lasercontrol.record import RecordWriter
from tests.lasercontrol.record_specimen import HEADER, row
writer = RecordWriter.create(sys.argv[1], HEADER)
for index in range(1, 10_000):
    writer.append(row(index))
    print(index, flush=True)
"""


@posix
@pytest.mark.parametrize("shots", [1, 2, 5, 33, 70])
def test_a_killed_program_leaves_every_finished_shot(path: Path, shots: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        while int(program.stdout.readline()) < shots:
            pass
        program.kill()
    back = read_record(path)
    assert len(back.shots) >= shots
    assert back.exit_reason is None
    for n, actual in enumerate(back.shots, start=1):
        assert_same(actual, row(n))


# --------------------------------------------------------------------------------------------------- a disk that fails

FULL = """
import resource, sys
from lasercontrol.errors import LaserControlError
from lasercontrol.record import RecordWriter
from tests.lasercontrol.record_specimen import HEADER, row
room = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    writer = RecordWriter.create(sys.argv[1], HEADER)
    for index in range(1, 1000):
        writer.event("note", "on we go")
        writer.append(row(index))
except LaserControlError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@posix
@pytest.mark.parametrize("room", [40_000, 45_001, 50_002, 60_003, 90_004])
def test_a_full_disk_is_told_and_what_was_kept_can_be_read(path: Path, room: int) -> None:
    program = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(room)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (program.returncode, program.stderr) == (3, "")
    back = read_record(path)
    assert "cannot be kept: File too large" in program.stdout
    assert f"the first {len(back.shots)} shots are kept." in program.stdout
    for n, actual in enumerate(back.shots, start=1):
        assert_same(actual, row(n))


@posix
def test_a_disk_with_no_room_at_all_leaves_nothing_behind(path: Path) -> None:
    program = subprocess.run(
        [sys.executable, "-c", FULL, str(path), "2000"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (program.returncode, program.stderr) == (2, "")
    assert "cannot be made: File too large; nothing was moved." in program.stdout
    assert not list(path.parent.iterdir())


def test_a_disk_that_does_not_take_it_is_a_fault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RecordWriter.create(path, HEADER)
    writer.append(row(1))

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(RecordWriteError, match="shot 2 cannot be kept: Input/output error; the first 1 shots"):
            writer.append(row(2))
    with pytest.raises(RecordWriteError, match="the record is closed"):
        writer.close("done", {})
    assert len(read_record(path).shots) >= 1


# ------------------------------------------------------------------------------------------------ files from elsewhere


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.001, 0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_file_cut_short_is_one_sentence(path: Path, share: float) -> None:
    image = written(path).read_bytes()
    path.write_bytes(image[: int(share * len(image))])
    with pytest.raises(RecordError, match=rf"{path.name}: is (cut short|no HDF5 file)"):
        read_record(path)


def test_what_a_killed_program_left_and_a_copy_cut_short_is_one_sentence(path: Path) -> None:
    writer = RecordWriter.create(path, HEADER)
    for index in range(1, 4):
        writer.append(row(index))
    image = path.read_bytes()
    writer.close("done", {})
    path.write_bytes(image[:-500])
    with pytest.raises(RecordError, match=r"run\.h5: is cut short"):
        read_record(path)


def test_what_is_not_there_is_one_sentence(path: Path) -> None:
    with pytest.raises(RecordError, match=r"run\.h5: does not exist\."):
        read_record(path)
    with pytest.raises(RecordError, match="is no file"):
        read_record(path.parent)


def test_a_text_is_no_record(path: Path) -> None:
    path.write_text("shots: 3", encoding="utf-8")
    with pytest.raises(RecordError, match="is no HDF5 file, so no record of a session"):
        read_record(path)


def test_another_hdf5_file_is_no_record(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["a"] = [1, 2]
    with pytest.raises(RecordError, match="is an HDF5 file, but no record of a session"):
        read_record(path)


def test_a_record_of_a_later_version_is_refused(path: Path) -> None:
    with h5py.File(written(path), "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(RecordError, match="has format version 2; this program reads up to 1"):
        read_record(path)


@pytest.mark.parametrize("name", ["shots/phase", "knobs/gdd_ps2/asked", "channels/frog/values", "end/reason", "events"])
def test_what_is_missing_is_named(path: Path, name: str) -> None:
    with h5py.File(written(path), "r+") as file:
        del file[name]
    with pytest.raises(RecordError, match=rf"is no whole record: the (dataset|group) /{name}\S* is missing"):
        read_record(path)


def test_a_record_that_points_into_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    written(tmp_path / "other.h5")
    with h5py.File(written(path), "r+") as file:
        del file["shots/phase"]
        file["shots/phase"] = h5py.ExternalLink("other.h5", "shots/phase")
    with pytest.raises(RecordError, match="the dataset /shots/phase is missing"):
        read_record(path)


def test_bytes_of_another_file_are_not_read_as_a_column(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(written(path), "r+") as file:
        del file["shots/utc"]
        file["shots"].create_dataset("utc", (3,), "f8", external=[(str(tmp_path / "secret"), 0, 24)])
    with pytest.raises(RecordError, match="the dataset /shots/utc is missing"):
        read_record(path)


def test_a_record_that_claims_all_memory_is_refused(path: Path) -> None:
    with h5py.File(written(path), "r+") as file:
        file["channels/frog/values"].resize(2**40, axis=0)
    with pytest.raises(RecordError, match=r"claims 1\.23e\+05 GiB; a record is at most 4 GiB"):
        read_record(path)


def test_columns_of_unequal_length_are_damage(path: Path) -> None:
    with h5py.File(written(path), "r+") as file:
        file["shots/phase"].resize(1, axis=0)
    with pytest.raises(RecordError, match="is damaged: /shots/phase has 1 rows of 3"):
        read_record(path)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os; os.abort()", "is damaged: its reader ended with status -?[0-9]+"),
        ("raise MemoryError('much')", "is damaged: its reader ended with status 1 MemoryError: much"),
        ("print('nonsense')", "is damaged: Expecting value"),
        ("import time; time.sleep(60)", "could not be read within 0.5 s"),
    ],
)
def test_a_reader_that_dies_takes_nobody_with_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    child = path.with_name("child.py")
    child.write_text(program, encoding="utf-8")
    monkeypatch.setattr(record_reading, "__file__", str(child))
    monkeypatch.setattr(record, "PATIENCE_S", 0.5 if "sleep" in program else 60.0)
    with pytest.raises(RecordError, match=said):
        read_record(written(path))


def test_no_pickle_is_ever_loaded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (path.with_name("sprung"),)

    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"shape": (1,), "fortran_order": False, "descr": "|O"})
    answer = b'{"arrays": ["a"]}\n' + array.getvalue() + pickle.dumps([Trap()])
    monkeypatch.setattr(record, "_output_of_child", lambda _: answer)
    with pytest.raises(RecordError, match="is damaged: Object arrays cannot be loaded"):
        read_record(written(path))
    assert not path.with_name("sprung").exists()


def test_whoever_only_looks_at_records_does_not_load_hdf5() -> None:
    program = "import sys, lasercontrol.record; sys.exit('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
