"""A checkpoint that is foreign, cut short or holds a pickle: one sentence, and nothing of it is run."""

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

from lasercontrol.errors import InputFileError
from lasercontrol.training.checkpoint import Progress, latest, restored, saved
from lasercontrol.training.reinforcement import Learning
from lasercontrol.training.run_folder import RunFolder, config_hash
from tests.lasercontrol.training.small import config_of

RAN: list[str] = []


class Malicious:
    """Runs code where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return RAN.append, ("ran",)


@pytest.fixture
def learning() -> Learning:
    return Learning.fresh(config_of("sac"))


@pytest.fixture
def checkpoint(learning: Learning, tmp_path: Path) -> Path:
    learning.learner.num_timesteps = 8
    return saved(RunFolder(tmp_path), learning.learner, Progress(8, None, {}), config_hash(learning.config))


def refused(learning: Learning, checkpoint: Path) -> str:
    with pytest.raises(InputFileError) as caught:
        restored(checkpoint, learning.learner, config_hash(learning.config))
    return str(caught.value)


def swapped(checkpoint: Path, name: str, content: bytes) -> None:
    """Put a file in the place of another, with the hash that state.json would have for it."""
    (checkpoint / name).write_bytes(content)
    state = json.loads((checkpoint / "state.json").read_bytes())
    state["sha256"][name] = hashlib.sha256(content).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(state), encoding="utf-8")


def test_what_is_saved_comes_back(learning: Learning, checkpoint: Path) -> None:
    progress = restored(checkpoint, learning.learner, config_hash(learning.config))
    assert (progress.steps, progress.widths) == (8, None)


def test_another_config_is_refused(learning: Learning, checkpoint: Path) -> None:
    with pytest.raises(InputFileError, match="made with another config"):
        restored(checkpoint, learning.learner, config_hash(config_of("sac", lanes=4)))


@pytest.mark.parametrize("name", ["weights.pt", "replay.npz"])
def test_a_file_cut_short_is_refused(name: str, learning: Learning, checkpoint: Path) -> None:
    content = (checkpoint / name).read_bytes()
    (checkpoint / name).write_bytes(content[: len(content) // 2])
    assert "is damaged" in refused(learning, checkpoint)
    swapped(checkpoint, name, content[: len(content) // 2])
    assert "of this learner" in refused(learning, checkpoint)


@pytest.mark.parametrize("name", ["weights.pt", "replay.npz"])
def test_a_pickle_is_not_unpickled(name: str, learning: Learning, checkpoint: Path, tmp_path: Path) -> None:
    swapped(checkpoint, name, pickle.dumps({"parameters": Malicious()}))
    assert "of this learner" in refused(learning, checkpoint)
    if name == "replay.npz":
        packed: Any = np.array([Malicious()], dtype=object)
        np.savez(tmp_path / "bad.npz", place=packed, allow_pickle=True)
        swapped(checkpoint, name, (tmp_path / "bad.npz").read_bytes())
        assert "of this learner" in refused(learning, checkpoint)
    assert not RAN


def test_a_replay_of_other_shapes_is_refused(learning: Learning, checkpoint: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", place=np.array([1, False]), actions=np.zeros((1, 9, 9)))
    swapped(checkpoint, "replay.npz", (tmp_path / "bad.npz").read_bytes())
    assert "no checkpoint of this learner" in refused(learning, checkpoint)


def test_weights_of_another_network_are_refused(checkpoint: Path) -> None:
    other = Learning.fresh(config_of("sac", network={"actor": [16], "critic": [8], "critic_sees": "hidden"}))
    with pytest.raises(InputFileError, match="holds no weights of this learner"):
        restored(checkpoint, other.learner, config_hash(config_of("sac")))


@pytest.mark.parametrize("text", ["", "[]", '{"format": 9}', '{"latest": "../elsewhere"}'])
def test_a_state_that_is_none_is_refused(text: str, learning: Learning, checkpoint: Path) -> None:
    (checkpoint / "state.json").write_text(text, encoding="utf-8")
    refused(learning, checkpoint)
    (checkpoint.parent / "checkpoint.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputFileError):
        latest(RunFolder(checkpoint.parent))
