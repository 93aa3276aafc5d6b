"""Trainings small enough for a test: two lasers side by side, a few shots, networks of eight numbers."""

from pathlib import Path
from typing import Any

import yaml

from lasercontrol.config import Config
from lasercontrol.config_file import load_config

__all__ = ["ALGORITHM", "config_of", "settings", "written"]

ALGORITHM: dict[str, dict[str, Any]] = {
    "sac": {"learning_starts": 8, "buffer_size": 200, "batch_size": 8},
    "tqc": {"learning_starts": 8, "buffer_size": 200, "batch_size": 8},
    "crossq": {"learning_starts": 8, "buffer_size": 200, "batch_size": 8},
    "ppo": {"n_steps": 8, "batch_size": 16, "n_epochs": 2},
}


def settings(method: str, **changes: Any) -> dict[str, Any]:
    """A config as its file would hold it; changes go into `training.reinforcement`."""
    reinforcement: dict[str, Any] = {
        "steps": 32,
        "lanes": 2,
        "shots": 4,
        "observation": {"shown": ["shg"], "n_history": 1},
        "network": {"actor": [8], "critic": [8], "critic_sees": "hidden"},
        "algorithm": ALGORITHM[method],
        "held_out": {"every_steps": 16, "lasers": 2},
    }
    return {
        "scenario": {"name": "near"},
        "training": {"method": method, "seed": 3, "reinforcement": reinforcement | changes},
    }


FROG: dict[str, Any] = {
    "observation": {"shown": ["frog"], "n_frames": 2, "n_history": 1, "n_delay": 16, "n_frequency": 16},
    "network": {"actor": [8], "critic": [8], "critic_sees": "hidden", "projections": 4},
}
"""Changes for small FROG traces."""


def config_of(method: str, **changes: Any) -> Config:
    """The same, checked."""
    return Config.model_validate(settings(method, **changes))


def written(folder: Path, method: str, **changes: Any) -> Path:
    """The same as a file in a folder."""
    path = folder / f"train-{method}.yaml"
    path.write_text(yaml.safe_dump(settings(method, **changes)), encoding="utf-8")
    load_config(path)
    return path
