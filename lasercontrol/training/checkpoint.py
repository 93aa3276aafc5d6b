"""Everything of a learner that a run needs to go on, in files that hold data alone.

    checkpoint.json            which folder is the latest
    checkpoint-STEPS/
      state.json               counters, random states, curriculum, hash of the config, SHA-256 of the other files
      weights.pt               networks, optimisers, entropy coefficient (torch, read with weights_only)
      replay.npz               the replay buffer, if the learner has one (no pickles)

Nothing of it is executed: stable-baselines3's own archives unpickle, so they are neither written nor read. The episodes
under way are given up at a checkpoint, in a run that goes on just as in one that is resumed, so both go the same way.
"""

import hashlib
import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer

from lasercontrol.errors import InputFileError
from lasercontrol.training.run_folder import RunFolder, put_bytes, read_json

__all__ = ["Progress", "latest", "load_weights", "restored", "saved", "weights_of"]

FORMAT = 1
POINTER = "checkpoint.json"
ENTROPY = "log_ent_coef"
BUFFERS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: environment steps, curriculum (widths by name, or None), and what else its loop keeps."""

    steps: int
    widths: dict[str, float] | None
    kept: dict[str, Any]


def saved(folder: RunFolder, learner: BaseAlgorithm, progress: Progress, config_hash: str) -> Path:
    """Write a checkpoint, make it the latest, take the older ones away."""
    name = f"checkpoint-{progress.steps:09d}"
    part, final = folder.path / f"{name}.part", folder.path / name
    for old in (part, final):
        shutil.rmtree(old, ignore_errors=True)
    part.mkdir()
    contents = {"weights.pt": weights_of(learner)}
    if (replay := _replay(learner)) is not None:
        contents["replay.npz"] = _packed(replay)
    for file, content in contents.items():
        put_bytes(part / file, content)
    state = {
        "format": FORMAT,
        "config_hash": config_hash,
        "steps": progress.steps,
        "updates": int(getattr(learner, "_n_updates", 0)),
        "episodes": int(getattr(learner, "_episode_num", 0)),
        "widths": progress.widths,
        "kept": progress.kept,
        "numpy_random": _numpy_state(),
        "sha256": {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()},
    }
    RunFolder(part).write_json("state.json", state)
    part.replace(final)
    folder.write_json(POINTER, {"latest": name})
    for old in folder.path.glob("checkpoint-*"):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def latest(folder: RunFolder) -> Path:
    """Folder of the latest checkpoint. InputFileError where there is none, or a name that leads elsewhere."""
    name = read_json(folder.path / POINTER).get("latest")
    if not isinstance(name, str) or Path(name).name != name or not (folder.path / name).is_dir():
        raise InputFileError(folder.path / POINTER, None, f"names no checkpoint of this folder: {str(name)[:60]!r}.")
    return folder.path / name


def restored(path: Path, learner: BaseAlgorithm, config_hash: str) -> Progress:
    """Put a checkpoint into a learner that was made from the same config.

    InputFileError, the learner as good as unusable, where it is of another config, damaged, or no checkpoint.
    """
    state = read_json(path / "state.json")
    if state.get("format") != FORMAT:
        raise InputFileError(path / "state.json", None, f"has format {state.get('format')!r}; {FORMAT} is read.")
    if state.get("config_hash") != config_hash:
        raise InputFileError(
            path,
            None,
            f"was made with another config: its hash begins with {str(state.get('config_hash'))[:12]}, that of the "
            f"config now with {config_hash[:12]}; nothing was trained.",
        )
    contents = {file: _checked(path / file, sha256) for file, sha256 in dict(state.get("sha256") or {}).items()}
    try:
        load_weights(path / "weights.pt", contents["weights.pt"], learner)
        if (replay := _replay(learner)) is not None:
            _unpack(contents["replay.npz"], replay)
        learner.num_timesteps = int(state["steps"])
        for name, key in (("_n_updates", "updates"), ("_episode_num", "episodes")):
            setattr(learner, name, int(state[key]))
        _set_numpy_state(state["numpy_random"])
        return Progress(int(state["steps"]), state["widths"], dict(state["kept"]))
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputFileError(path, None, f"is no checkpoint of this learner: {_first_line(error)}.") from None


def weights_of(learner: BaseAlgorithm) -> bytes:
    """Networks with their scales, optimisers, entropy coefficient and torch's random state, as a file."""
    values: dict[str, Any] = {"parameters": learner.get_parameters(), "random": torch.get_rng_state()}
    if (entropy := getattr(learner, ENTROPY, None)) is not None:
        values[ENTROPY] = entropy.detach()
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def load_weights(path: Path, content: bytes, learner: BaseAlgorithm) -> None:
    """The inverse. InputFileError where it holds anything but tensors and plain values, or does not fit."""
    try:
        values = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        learner.set_parameters(values["parameters"], exact_match=True, device="cpu")
        torch.set_rng_state(values["random"])
        if (entropy := getattr(learner, ENTROPY, None)) is not None:
            with torch.no_grad():
                entropy.copy_(values[ENTROPY])
    except Exception as error:  # noqa: BLE001 — torch's reader and its modules raise a dozen kinds
        raise InputFileError(path, None, f"holds no weights of this learner: {_first_line(error)}.") from None


def _replay(learner: BaseAlgorithm) -> ReplayBuffer | None:
    buffer = getattr(learner, "replay_buffer", None)
    return buffer if isinstance(buffer, ReplayBuffer) else None


def _arrays(buffer: ReplayBuffer) -> dict[str, NDArray[Any]]:
    """Every array of the buffer, (buffer_size, lanes, ...), by name."""
    found: dict[str, NDArray[Any]] = {}
    for name in BUFFERS:
        part: Any = getattr(buffer, name)
        found |= {f"{name}.{key}": values for key, values in part.items()} if isinstance(part, dict) else {name: part}
    return found


def _packed(buffer: ReplayBuffer) -> bytes:
    """The filled part alone."""
    filled, file = buffer.size(), io.BytesIO()
    arrays: dict[str, Any] = {name: values[:filled] for name, values in _arrays(buffer).items()}
    np.savez(file, place=np.array([buffer.pos, buffer.full]), **arrays)
    return file.getvalue()


def _unpack(content: bytes, buffer: ReplayBuffer) -> None:
    """ValueError or KeyError where the arrays are not those of this buffer."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        place, full = (int(number) for number in file["place"])
        filled = buffer.buffer_size if full else place
        if not 0 <= filled <= buffer.buffer_size or not 0 <= place < buffer.buffer_size:
            raise ValueError(f"the replay buffer is filled to {filled} of {buffer.buffer_size}")
        for name, values in _arrays(buffer).items():
            _fill(values, file[name], filled)
    buffer.pos, buffer.full = place, bool(full)


def _fill(into: Any, values: Any, filled: int) -> None:
    if values.shape != (filled, *into.shape[1:]) or values.dtype != into.dtype:
        raise ValueError(f"an array of the replay buffer is {values.dtype} {values.shape}")
    into[:filled] = values


def _checked(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputFileError(path, None, f"cannot be read: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputFileError(path, None, "is damaged, or not what was written: its SHA-256 is not that of state.json.")
    return content


def _numpy_state() -> list[Any]:
    name, keys, place, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 — what stable-baselines3 draws from
    return [name, np.asarray(keys).tolist(), place, has_gauss, gauss]


def _set_numpy_state(state: list[Any]) -> None:
    name, keys, place, has_gauss, gauss = state
    np.random.set_state((name, np.array(keys, dtype=np.uint32), place, has_gauss, gauss))  # noqa: NPY002 — as above


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")[:200] or type(error).__name__
