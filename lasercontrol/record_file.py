"""The record of a session as it is written: one HDF5 file, every shot on the disk before the next is taken.

The file is written in HDF5's single-writer, multiple-reader mode: whoever follows it sees finished shots only, and
when the program or its machine is cut off, what was finished can be read. In that mode no dataset can be added, so all
stand there before it begins; those of a diagnostic need its shape, so they are added with the first reading that shows
it, in a copy that then takes the file's place at once.

    /                      attributes: format, format_version, start_time, start_utc, seed, operator, laser_id, notes
    /config/{json,text}    as validated; as a person reads it        /versions  attributes: package = version
    /knobs/NAME/           asked, value (shots,); attributes: units, low, high, max_step, nominal, before_amplifier
    /shots/                phase, clipped, energy, quality, reasons, utc, monotonic, expected_gain, index (shots,)
    /channels/NAME/        values (shots, …), gain, background (shots,), axis0, axis1 …
    /events/               kind, text, utc, monotonic (events,)      /end/{reason,summary_json}  (0 or 1,)

`index` is written last: a shot is in the record when its index is. `expected_gain` is the relative gain in signal that
the agent expected of the shot, not a number where it did not say; the oldest records lack the column.
"""

import io
import json
import os
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lasercontrol.bench import Channel, Knob, Quality, Reading
from lasercontrol.errors import RecordError, RecordExists, RecordWriteError
from lasercontrol.record_content import RecordHeader, ShotRow
from lasercontrol.record_medium import Medium
from lasercontrol.record_reading import FORMAT, FORMAT_VERSION

if TYPE_CHECKING:
    import h5py

__all__ = ["RecordWriter"]

LIBVER = ("v110", "v110")  # the oldest format that can be followed while it is written; any HDF5 since 2016 reads it
WORD_BYTES, TEXT_BYTES, SUMMARY_BYTES = 32, 1024, 65536  # longer ones end in an ellipsis: nothing else can be followed
ROWS_PER_CHUNK = 32


class RecordWriter:
    """A record being written. Made by `create`; every method raises RecordWriteError where the disk does not obey."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shots = 0
        self._open()

    @classmethod
    def create(cls, path: str | os.PathLike[str], header: RecordHeader) -> "RecordWriter":
        """Begin a record where no file is: RecordExists; RecordError where none can be made."""
        path = Path(path)
        try:
            _put(path, _laid_out(header))
            return cls(path)
        except FileExistsError:
            raise RecordExists(path, "exists, and no record is ever replaced; nothing was moved.") from None
        except OSError as error:
            raise RecordError(path, f"cannot be made: {_cause(error)}; nothing was moved.") from error

    def append(self, row: ShotRow) -> None:
        """Keep a shot; it is on the disk when this returns. ValueError where its shape is not that of earlier ones."""
        with self._writing(f"shot {row.index} cannot be kept"):
            if _lacks(self._file, row.reading):
                self._make_room(row.reading)
            _write_shot(self._file, self.shots, row)
        self.shots += 1

    def event(self, kind: str, text: str) -> None:
        """Keep a sentence with the time it was said."""
        with self._writing(f"the event {kind!r} cannot be kept"):
            events, at = self._file["events"], len(self._file["events/kind"])
            row = {"text": _cut(text, TEXT_BYTES), "utc": time.time(), "monotonic": time.monotonic()}
            _append(events, at, row)
            self._file.flush()
            _append(events, at, {"kind": _cut(kind, WORD_BYTES)})  # last, as a shot's index

    def close(self, exit_reason: str, summary: Mapping[str, Any]) -> None:
        """Write why the session ended and what it came to, and close the file."""
        with self._writing("the end cannot be kept"):
            text = json.dumps(dict(summary), ensure_ascii=False, default=str).encode()
            _append(self._file["end"], 0, {"summary_json": text})
            self._file.flush()
            _append(self._file["end"], 0, {"reason": _cut(exit_reason, TEXT_BYTES)})
        self._release()

    # ------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """What is written inside is on the disk at the end; a disk that fails ends the record, with what is in it."""
        if not self._release.alive:
            raise RecordWriteError(self.path, self.shots, f"{what}: the record is closed")
        try:
            yield
            self._file.flush()
            self._medium.sync()
        except OSError as error:
            self._release()
            raise RecordWriteError(self.path, self.shots, f"{what}: {_cause(error)}") from error

    def _open(self) -> None:
        """Begin to write so that others can follow."""
        import h5py

        self._medium = Medium(self.path)
        self._file = h5py.File(self._medium, "r+", libver=LIBVER)
        self._file.swmr_mode = True
        self._release = weakref.finalize(self, _closed, self._file, self._medium)

    def _make_room(self, reading: Reading) -> None:
        """Add what a reading needs, in a copy that takes the place of the file when it is whole."""
        import h5py

        self._release()
        image = io.BytesIO(self.path.read_bytes())
        with h5py.File(image, "r+", libver=LIBVER) as file:
            _add_reading(file, reading)
        part = self.path.with_name(f"{self.path.name}.part")
        part.unlink(missing_ok=True)
        _put(part, image.getvalue())
        part.replace(self.path)
        self._open()


def _closed(file: "h5py.File", medium: Medium) -> None:
    """Close a file; as the program ends at the latest, for HDF5 crashes it with a file like this open."""
    file.close()
    medium.close()


# -------------------------------------------------------------------------------------------------------- the layout


def _laid_out(header: RecordHeader) -> bytes:
    """A file with everything that is known before the first shot."""
    import h5py

    image = io.BytesIO()
    with h5py.File(image, "w", libver=LIBVER) as file:
        file.attrs.update({"format": FORMAT, "format_version": FORMAT_VERSION, "seed": np.int64(header.seed)})
        file.attrs["start_utc"] = now = time.time()
        file.attrs["start_time"] = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        file.attrs.update({name: getattr(header, name) for name in ("operator", "laser_id", "notes")})
        file["config/json"] = json.dumps(dict(header.config), ensure_ascii=False)
        file["config/text"] = header.config_text
        file.create_group("versions").attrs.update(header.versions)
        file.create_group("knobs").attrs["order"] = [knob.name for knob in header.knobs]
        file.create_group("channels").attrs["order"] = list(header.channels)
        for knob in header.knobs:
            _add_knob(file["knobs"], knob)
        _add_shots(file.create_group("shots"))
        _add_moments(file.create_group("events"), {"kind": WORD_BYTES, "text": TEXT_BYTES})
        _add(file.create_group("end"), "reason", _text(TEXT_BYTES))
        _add(file["end"], "summary_json", _text(SUMMARY_BYTES))
    return image.getvalue()


def _add_knob(knobs: "h5py.Group", knob: Knob) -> None:
    group = knobs.create_group(knob.name)
    group.attrs["units"] = knob.unit
    for name in ("low", "high", "max_step", "nominal", "before_amplifier"):
        group.attrs[name] = getattr(knob, name)
    _add(group, "asked", np.float64, units=knob.unit)
    _add(group, "value", np.float64, units=knob.unit)


def _add_shots(shots: "h5py.Group") -> None:
    import h5py

    _add_moments(shots, {"phase": WORD_BYTES, "reasons": TEXT_BYTES})
    _add(shots, "index", np.int64)
    _add(shots, "clipped", np.bool_)
    _add(shots, "expected_gain", np.float64, units="of the signal before")
    _add(shots, "quality", h5py.enum_dtype({quality.name: quality.value for quality in Quality}, basetype=np.int8))


def _add_moments(group: "h5py.Group", texts: dict[str, int]) -> None:
    for name, size in texts.items():
        _add(group, name, _text(size))
    _add(group, "utc", np.float64, units="s", start="1970-01-01T00:00:00+00:00")
    _add(group, "monotonic", np.float64, units="s")


def _lacks(file: "h5py.File", reading: Reading) -> bool:
    return "energy" not in file["shots"] or any(name not in file["channels"] for name in reading.channels)


def _add_reading(file: "h5py.File", reading: Reading) -> None:
    """Room for the channels of a reading that were not seen before; shots before it read as not a number."""
    if "energy" not in file["shots"]:
        _add(file["shots"], "energy", np.asarray(reading.energy).dtype, units="of nominal")
    for name, channel in reading.channels.items():
        if name not in file["channels"]:
            _add_channel(file["channels"].create_group(name), channel)


def _add_channel(group: "h5py.Group", channel: Channel) -> None:
    values = np.asarray(channel.values)
    for number, (label, samples) in enumerate(channel.axes.items()):
        group[f"axis{number}"] = np.asarray(samples)
        group[f"axis{number}"].attrs.update({"name": label, "units": label.rpartition("_")[2]})
    _add(group, "values", values.dtype, values.shape, units=channel.unit)
    _add(group, "gain", np.float64 if channel.gain is None else np.asarray(channel.gain).dtype)
    _add(group, "background", np.float64, units=channel.unit)


def _add(group: "h5py.Group", name: str, dtype: Any, shape: tuple[int, ...] = (), **attributes: str) -> None:
    """A column that grows along the shots, squeezed without loss, with a checksum over each piece."""
    many = ROWS_PER_CHUNK if not shape and np.dtype(dtype).itemsize <= TEXT_BYTES else 1
    fill = np.nan if np.dtype(dtype).kind == "f" else None
    column = group.create_dataset(
        name,
        (0, *shape),
        dtype,
        maxshape=(None, *shape),
        chunks=(many, *shape),
        fillvalue=fill,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fletcher32=True,
    )
    column.attrs.update(attributes)


def _text(size: int) -> Any:
    import h5py

    return h5py.string_dtype("utf-8", size)


# --------------------------------------------------------------------------------------------------------- the rows


def _write_shot(file: "h5py.File", at: int, row: ShotRow) -> None:
    """Every column of a shot, its index last."""
    for knob, asked, value in zip(file["knobs"].attrs["order"], row.asked, row.setting, strict=True):
        _append(file["knobs"][knob], at, {"asked": asked, "value": value})
    for name, channel in row.reading.channels.items():
        _append(file["channels"][name], at, _checked(file["channels"][name], name, channel))
    reading, shots = row.reading, file["shots"]
    columns = {
        "phase": _cut(row.phase, WORD_BYTES),
        "clipped": row.clipped,
        "energy": reading.energy,
        "quality": reading.quality,
        "reasons": _cut("\n".join(reading.reasons), TEXT_BYTES),
        "utc": reading.utc_s,
        "monotonic": reading.monotonic_s,
        "expected_gain": np.nan if row.expected_gain is None else row.expected_gain,
    }
    _append(shots, at, columns)
    file.flush()  # a reader that sees the index must find the rest
    _append(shots, at, {"index": row.index})


def _checked(group: "h5py.Group", name: str, channel: Channel) -> dict[str, Any]:
    """The columns of a channel, whose axes are those that the file has."""
    values = np.asarray(channel.values)
    axes = [np.asarray(samples) for samples in channel.axes.values()]
    kept = [group[f"axis{number}"][...] for number in range(sum(key.startswith("axis") for key in group))]
    same = len(axes) == len(kept) and all(np.array_equal(a, b) for a, b in zip(axes, kept, strict=True))
    if not same or values.shape != group["values"].shape[1:]:
        raise ValueError(
            f"channel {name}: {_size(values.shape)} values on axes that changed within a session; the record has "
            f"{_size(group['values'].shape[1:])}, from its first reading."
        )
    gain = np.nan if channel.gain is None else channel.gain
    return {"values": values, "gain": gain, "background": channel.background}


def _append(group: "h5py.Group", at: int, columns: dict[str, Any]) -> None:
    """Write row `at` of some columns, which grow to hold it."""
    for name, value in columns.items():
        group[name].resize(at + 1, axis=0)
        group[name][at] = value


def _cut(text: str, size: int) -> bytes:
    """A text as it fits into `size` bytes; one that was longer says so at its end."""
    whole = text.encode()
    if len(whole) <= size:
        return whole
    return (whole[: size - 3].decode(errors="ignore") + "…").encode()


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "single"


# --------------------------------------------------------------------------------------------------------- the disk


def _put(path: Path, image: bytes) -> None:
    """Write a new file whole, or leave none. FileExistsError where a file is."""
    with path.open("xb") as file:
        try:
            file.write(image)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise


def _cause(error: OSError) -> str:
    """What the system says of an error, in a few words."""
    return error.strerror or str(error).partition("\n")[0]
