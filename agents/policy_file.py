"""A policy on disk: `NAME.onnx`, the network, beside `NAME.json`, its manifest.

A file may come from anywhere. It is data: a manifest in JSON and a graph of ONNX's own operators, checked against each
other before anything is computed; no pickle, no custom operator, no second file with weights. Everything that is wrong
with it is a `PolicyFileError`.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy_manifest import Manifest, PolicyFileError, Shapes, TraceAxes, TrainedKnob

__all__ = ["Manifest", "PolicyFile", "PolicyFileError", "TraceAxes", "TrainedKnob", "load", "save"]

GREATEST_BYTES = 64 * 2**20  # of a network
GREATEST_MANIFEST_BYTES = 2**20
FATAL = 4  # onnxruntime's severity: what it has to say comes as an exception already

Arrays = dict[str, NDArray[Any]]


class PolicyFile:
    """A network with its manifest, ready to run on one thread of the processor. Made by `load`.

    PolicyFileError where the network does not load, takes or gives other arrays than the manifest says, or makes of
    ones what is no number.
    """

    def __init__(self, path: Path, manifest: Manifest, network: bytes) -> None:
        self.path, self.manifest = path, manifest
        self._session = _session(path, network)
        self._outputs = list(manifest.outputs)
        _require_shapes(path, "inputs", manifest.inputs, self._session.get_inputs())
        _require_shapes(path, "outputs", manifest.outputs, self._session.get_outputs())
        self.run({name: np.ones([size or 1 for size in shape]) for name, shape in manifest.inputs.items()})

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Arrays:
        """Outputs by name, float32, of inputs by name; shapes as the manifest has them.

        PolicyFileError where an input has another shape, or an output is not finite.
        """
        fed = {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in inputs.items()}
        try:
            found: Arrays = dict(zip(self._outputs, self._session.run(self._outputs, fed), strict=True))
        except Exception as error:  # noqa: BLE001 — onnxruntime's errors have no common base but this
            raise PolicyFileError(f"{self.path}: its network cannot be run: {_first_line(error)}.") from None
        if bad := [name for name, values in found.items() if not np.isfinite(values).all()]:
            raise PolicyFileError(f"{self.path}: its network gave numbers that are not finite: {', '.join(bad)}.")
        return found


def load(path: str | os.PathLike[str]) -> PolicyFile:
    """The policy of a path: that of its network, of its manifest, or of both without a suffix.

    PolicyFileError, one sentence that begins with the file, where it cannot be used.
    """
    network_path, manifest_path = _pair(Path(path))
    text = _bytes_of(manifest_path, GREATEST_MANIFEST_BYTES)
    try:
        manifest = Manifest.from_json(text)
    except PolicyFileError as error:
        raise PolicyFileError(f"{manifest_path}: {error}") from None
    network = _bytes_of(network_path, GREATEST_BYTES)
    if (found := hashlib.sha256(network).hexdigest()) != manifest.onnx_sha256:
        raise PolicyFileError(
            f"{network_path}: is not the file that {manifest_path.name} describes: its SHA-256 begins with "
            f"{found[:12]}, the manifest's with {manifest.onnx_sha256[:12] or 'nothing'}."
        )
    return PolicyFile(network_path, manifest, network)


def save(path: str | os.PathLike[str], manifest: Manifest, network: bytes) -> PolicyFile:
    """Write both files, the network's hash into the manifest, and give the policy as `load` would.

    PolicyFileError where `load` would refuse them; then nothing is written. Each file takes its place whole.
    """
    network_path, manifest_path = _pair(Path(path))
    manifest = replace(manifest, onnx_sha256=hashlib.sha256(network).hexdigest())
    text = manifest.as_json().encode()
    manifest = Manifest.from_json(text)  # what a reader will have: tuples, whatever was handed in
    for name, size, most in (
        ("network", len(network), GREATEST_BYTES),
        ("manifest", len(text), GREATEST_MANIFEST_BYTES),
    ):
        if size > most:
            raise PolicyFileError(f"{path}: the {name} has {size} bytes; at most {most} are read.")
    policy = PolicyFile(network_path, manifest, network)
    _put(network_path, network)
    _put(manifest_path, text)
    return policy


def _pair(path: Path) -> tuple[Path, Path]:
    """Where network and manifest lie; a dot within a name is no suffix."""
    stem = path.with_suffix("") if path.suffix in {".onnx", ".json"} else path
    return stem.with_name(f"{stem.name}.onnx"), stem.with_name(f"{stem.name}.json")


def _bytes_of(path: Path, most: int) -> bytes:
    if not path.is_file():
        raise PolicyFileError(f"{path}: {'is no file' if path.exists() else 'does not exist'}.")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise PolicyFileError(f"{path}: cannot be read: {error.strerror}.") from None
    if len(content) > most:
        raise PolicyFileError(f"{path}: is larger than {most / 2**20:g} MB, the most that is read.")
    return content


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _session(path: Path, network: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = FATAL
    # Weights in a further file would be looked for in the folder where the program runs; nowhere is there none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 — onnxruntime's errors have no common base but this
        raise PolicyFileError(f"{path}: is no network that can be run here: {_first_line(error)}.") from None


def _require_shapes(path: Path, which: str, told: Shapes, found: Iterable[Any]) -> None:
    """PolicyFileError where arrays differ in name, type or shape; a size that the network leaves free is None."""
    ours = {name: ("tensor(float)", tuple(shape)) for name, shape in told.items()}
    theirs = {
        part.name: (part.type, tuple(size if isinstance(size, int) else None for size in part.shape)) for part in found
    }
    if ours != theirs:
        raise PolicyFileError(
            f"{path}: the {which} of its network are {_in_words(theirs)}, those of its manifest {_in_words(ours)}."
        )


def _in_words(arrays: Mapping[str, tuple[str, tuple[int | None, ...]]]) -> str:
    """`frames float (?, 32, 64)`, and so on."""
    parts = [
        f"{name} {kind.removeprefix('tensor(').rstrip(')')} ({', '.join('?' if n is None else str(n) for n in shape)})"
        for name, (kind, shape) in arrays.items()
    ]
    return "; ".join(parts)[:300] or "none"


def _first_line(error: Exception) -> str:
    """What onnxruntime says, without its own codes and without an end."""
    return str(error).strip().partition("\n")[0].rpartition(" : ")[2].rstrip(".")[:200] or type(error).__name__
