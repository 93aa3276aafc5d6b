"""Reads a record in a process of its own: `python -P record_reading.py FILE` writes it to its output as plain bytes.

A file from elsewhere may be broken in ways that take the HDF5 library down, or make it claim any amount of memory. So
this file stands alone (it imports nothing of this project) and is run as a child that may die: one line of JSON with
the names of arrays, then each array in NumPy's own format, never a pickle. A file that cannot be read gives
`{"error": sentence}` instead.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import h5py

__all__ = ["FORMAT", "FORMAT_VERSION", "main"]

FORMAT = "lasercontrol session record"
FORMAT_VERSION = 1
GREATEST_BYTES = 4 * 2**30  # of a whole record: a thousand shots of a 1024 × 1024 camera
SUPERBLOCK_BYTES = 48  # of a file that can be followed

COLUMNS = ("phase", "clipped", "quality", "reasons", "utc", "monotonic", "index")
LATER_COLUMNS = ("energy", "expected_gain")  # one comes with the first reading, one with newer programs


class _UnreadableError(Exception):
    """The file is not what it should be; the message says why."""


def main(path: str, out: BinaryIO) -> None:
    """Write what a record holds, or one sentence about why it cannot be read."""
    try:
        told, arrays = _contents(Path(path))
    except _UnreadableError as error:
        told, arrays = {"error": str(error)}, {}
    except Exception as error:  # noqa: BLE001 — whatever HDF5 says of a broken file
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        told, arrays = {"error": f"is cut short or damaged: {cause}."}, {}
    out.write(json.dumps(told | {"arrays": list(arrays)}).encode() + b"\n")
    for values in arrays.values():
        np.lib.format.write_array(out, values, allow_pickle=False)
    out.flush()


def _contents(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    import h5py

    if not h5py.is_hdf5(path):
        raise _UnreadableError("is no HDF5 file, so no record of a session.")
    if (size := path.stat().st_size) < SUPERBLOCK_BYTES:  # HDF5 would wait for the rest, without end
        raise _UnreadableError(f"is cut short: it ends at byte {size}, within its first {SUPERBLOCK_BYTES}.")
    with _opened(path) as file:
        if _word(file.attrs.get("format", "")) != FORMAT:
            raise _UnreadableError("is an HDF5 file, but no record of a session.")
        if (version := int(file.attrs.get("format_version", 0))) > FORMAT_VERSION:
            raise _UnreadableError(f"has format version {version}; this program reads up to {FORMAT_VERSION}.")
        columns, told = _columns(file), _told(file)
        _check_whole(columns, path.stat().st_size)  # taken last: a record may grow meanwhile
        shots, events = len(file["shots/index"]), len(file["events/kind"])
        arrays = {
            name: _plain(column[...] if "/axis" in name else column[: events if name.startswith("events") else shots])
            for name, column in columns.items()
        }
    return told, arrays


def _plain(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Without what h5py notes in a type, the names of an enumeration and the encoding of a text: NumPy's format has no
    place for it.
    """
    return values.astype(values.dtype.str)


def _opened(path: Path) -> "h5py.File":
    """A closed file as it is; one that is being written, or whose writer was cut off, as a follower."""
    import h5py

    try:
        return h5py.File(path, "r", locking=False)
    except OSError as closed:
        if "truncated file" in str(closed):  # HDF5 would wait for minutes for a writer to finish it
            raise
        try:
            return h5py.File(path, "r", swmr=True, locking=False)
        except OSError:
            raise closed from None


def _columns(file: "h5py.File") -> dict[str, "h5py.Dataset"]:
    """Every dataset that has a row per shot or event, and the axes; by its path."""
    names = [f"shots/{name}" for name in COLUMNS]
    names += [f"events/{name}" for name in ("kind", "text", "utc", "monotonic")]
    names += [f"knobs/{knob}/{name}" for knob in _order(file, "knobs") for name in ("asked", "value")]
    names += [f"shots/{name}" for name in LATER_COLUMNS if f"shots/{name}" in file]
    for channel in _group(file, "channels"):
        parts = [name for name in _group(file, f"channels/{channel}") if name.startswith("axis")]
        names += [f"channels/{channel}/{name}" for name in ("values", "gain", "background", *sorted(parts))]
    return {name: _dataset(file, name) for name in names}


def _told(file: "h5py.File") -> dict[str, Any]:
    """All that is no array."""
    told = {name: _word(file.attrs[name]) for name in ("operator", "laser_id", "notes")}
    end = {name: [_word(text) for text in _dataset(file, f"end/{name}")] for name in ("reason", "summary_json")}
    return told | {
        "start_utc_s": float(file.attrs["start_utc"]),
        "seed": int(file.attrs["seed"]),
        "config": json.loads(_word(_dataset(file, "config/json")[()])),
        "config_text": _word(_dataset(file, "config/text")[()]),
        "versions": {name: _word(text) for name, text in _group(file, "versions").attrs.items()},
        "knobs": [_knob(_group(file, f"knobs/{name}"), name) for name in _order(file, "knobs")],
        "channel_order": _order(file, "channels"),
        "channels": {name: _channel(_group(file, f"channels/{name}")) for name in _group(file, "channels")},
        "exit_reason": end["reason"][0] if end["reason"] else None,
        "summary": json.loads(end["summary_json"][0]) if end["reason"] else None,
    }


def _knob(group: "h5py.Group", name: str) -> dict[str, Any]:
    numbers = {key: float(group.attrs[key]) for key in ("low", "high", "max_step", "nominal")}
    before = bool(group.attrs["before_amplifier"])
    return {"name": name, "unit": _word(group.attrs["units"]), "before_amplifier": before} | numbers


def _channel(group: "h5py.Group") -> dict[str, Any]:
    axes = sorted(name for name in group if name.startswith("axis"))
    return {"unit": _word(group["values"].attrs["units"]), "axes": [_word(group[name].attrs["name"]) for name in axes]}


# ----------------------------------------------------------------------------------------------------- distrust


def _check_whole(columns: dict[str, "h5py.Dataset"], size: int) -> None:
    """Refuse what would not fit into memory, and a file that ends before its data do."""
    if (total := sum(column.nbytes for column in columns.values())) > GREATEST_BYTES:
        raise _UnreadableError(f"claims {total / 2**30:.3g} GiB; a record is at most {GREATEST_BYTES / 2**30:g} GiB.")
    shots, events = len(columns["shots/index"]), len(columns["events/kind"])
    for name, column in columns.items():
        rows = 0 if "/axis" in name else events if name.startswith("events") else shots
        if len(column) < rows and not name.startswith("channels/"):
            raise _UnreadableError(f"is damaged: /{name} has {len(column)} rows of {rows}.")
        if (end := _end_of(column)) > size:
            raise _UnreadableError(f"is cut short: /{name} goes on to byte {end}, the file ends at byte {size}.")


def _end_of(column: "h5py.Dataset") -> int:
    """Last byte of a dataset in its file."""
    if column.chunks is None:
        return int((column.id.get_offset() or 0) + column.id.get_storage_size())
    ends = [0]
    column.id.chunk_iter(lambda chunk: ends.append(chunk.byte_offset + chunk.size))
    return max(ends)


def _dataset(file: "h5py.File", name: str) -> "h5py.Dataset":
    """A dataset whose bytes lie in this very file."""
    import h5py

    found = file[name] if name in file and _is_inside(file, name) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise _UnreadableError(f"is no whole record: the dataset /{name} is missing.")
    return found


def _group(file: "h5py.File", name: str) -> "h5py.Group":
    import h5py

    found = file[name] if name in file and _is_inside(file, name) else None
    if not isinstance(found, h5py.Group):
        raise _UnreadableError(f"is no whole record: the group /{name} is missing.")
    return found


def _is_inside(file: "h5py.File", name: str) -> bool:
    """Whether every step of a path stays in this file: a link may name any other."""
    import h5py

    parts = name.split("/")
    paths = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return all(isinstance(file.get(path, getlink=True), h5py.HardLink) for path in paths)


def _order(file: "h5py.File", name: str) -> list[str]:
    return [_word(item) for item in _group(file, name).attrs["order"]]


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout.buffer)
