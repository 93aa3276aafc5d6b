"""The record of a session: written as it goes on, read back by whoever resumes it, draws it or doubts it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol import record_reading
from lasercontrol.bench import Channel, Knob, Reading
from lasercontrol.errors import RecordError
from lasercontrol.record_content import Event, Record, RecordHeader, ShotRow
from lasercontrol.record_file import RecordWriter

__all__ = ["Event", "Record", "RecordHeader", "RecordWriter", "ShotRow", "read_record"]

PATIENCE_S = 30.0

Arrays = dict[str, NDArray[Any]]


def read_record(path: str | os.PathLike[str]) -> Record:
    """What a record holds so far; one that is being written or was cut off gives its finished shots.

    The file is opened in a child process, never in this one. RecordError where it is no whole record.
    """
    path = Path(path)
    if not path.is_file():
        raise RecordError(path, "is no file." if path.exists() else "does not exist.")
    stream = io.BytesIO(_output_of_child(path))
    try:
        told = json.loads(stream.readline())
        arrays = {name: np.lib.format.read_array(stream, allow_pickle=False) for name in told["arrays"]}
        if "error" not in told:
            return _record(path, told, arrays)
    except (ValueError, TypeError, LookupError) as error:
        raise RecordError(path, f"is damaged: {error}.") from error
    raise RecordError(path, told["error"])


def _output_of_child(path: Path) -> bytes:
    command = [sys.executable, "-P", record_reading.__file__, str(path.absolute())]
    try:
        child = subprocess.run(  # noqa: S603 — this project's own program, one argument
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise RecordError(path, f"could not be read within {PATIENCE_S:g} s.") from None
    if child.returncode or not child.stdout:
        last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RecordError(path, f"is damaged: its reader ended with status {child.returncode} {last}".rstrip() + ".")
    return child.stdout


# ------------------------------------------------------------------------------------------- from arrays to values


def _record(path: Path, told: dict[str, Any], arrays: Arrays) -> Record:
    knobs = tuple(Knob(**knob) for knob in told["knobs"])
    texts = ("config_text", "versions", "seed", "operator", "laser_id", "notes", "config")
    header = RecordHeader(knobs=knobs, channels=tuple(told["channel_order"]), **{name: told[name] for name in texts})
    return Record(
        path=path,
        header=header,
        start_utc_s=float(told["start_utc_s"]),
        shots=tuple(_shot(n, knobs, told["channels"], arrays) for n in range(len(arrays["shots/index"]))),
        events=tuple(_event(n, arrays) for n in range(len(arrays["events/kind"]))),
        exit_reason=told["exit_reason"],
        summary=told["summary"],
    )


def _shot(n: int, knobs: tuple[Knob, ...], channels: dict[str, Any], arrays: Arrays) -> ShotRow:
    reasons = _text(arrays["shots/reasons"][n])
    seen = {name: _channel(n, name, told, arrays) for name, told in channels.items()}
    reading = Reading(
        channels={name: channel for name, channel in seen.items() if channel is not None},
        energy=np.asarray(arrays["shots/energy"][n]),
        quality=np.asarray(arrays["shots/quality"][n], dtype=np.int8),
        reasons=tuple(reasons.split("\n")) if reasons else (),
        utc_s=float(arrays["shots/utc"][n]),
        monotonic_s=float(arrays["shots/monotonic"][n]),
    )
    return ShotRow(
        index=int(arrays["shots/index"][n]),
        phase=_text(arrays["shots/phase"][n]),
        asked=np.array([arrays[f"knobs/{knob.name}/asked"][n] for knob in knobs]),
        setting=np.array([arrays[f"knobs/{knob.name}/value"][n] for knob in knobs]),
        reading=reading,
        clipped=bool(arrays["shots/clipped"][n]),
        expected_gain=_expected_gain(n, arrays),
    )


def _expected_gain(n: int, arrays: Arrays) -> float | None:
    """None where the agent did not say, and in a record of a program that did not ask."""
    gain = float(arrays["shots/expected_gain"][n]) if "shots/expected_gain" in arrays else np.nan
    return None if np.isnan(gain) else gain


def _channel(n: int, name: str, told: dict[str, Any], arrays: Arrays) -> Channel | None:
    """What a channel showed in a shot; None where the shot did not show it."""
    values, gain, background = (arrays[f"channels/{name}/{part}"] for part in ("values", "gain", "background"))
    if n >= len(background) or np.isnan(background[n]):
        return None
    axes = {label: arrays[f"channels/{name}/axis{number}"] for number, label in enumerate(told["axes"])}
    measured = None if np.isnan(gain[n]) else np.asarray(gain[n])
    return Channel(np.asarray(values[n]), told["unit"], axes, measured, float(background[n]))


def _event(n: int, arrays: Arrays) -> Event:
    kind, text = (_text(arrays[f"events/{name}"][n]) for name in ("kind", "text"))
    return Event(kind, text, float(arrays["events/utc"][n]), float(arrays["events/monotonic"][n]))


def _text(value: bytes) -> str:
    return value.decode()
