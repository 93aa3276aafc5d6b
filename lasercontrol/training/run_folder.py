"""The folder of one training: everything that is needed to repeat it, to go on with it, and to see how it went.

config.yaml       the config as it was read
config.json       the same resolved: every setting, with whole paths
run.json          method, seed, hash of the config, versions
metrics.jsonl     one line an evaluation
log.txt           what was said
tensorboard/      curves of the learner, if it writes any
checkpoint.json   which checkpoint is the latest; checkpoint-STEPS/
policy.*          what came out, for `export`
"""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lasercontrol import __version__
from lasercontrol.config import Config
from lasercontrol.errors import CallerError, InputFileError
from lasercontrol.training_settings import TrainingSettings

__all__ = ["RunFolder", "config_hash", "put_bytes", "read_json", "training_of"]

PACKAGES = ("numpy", "scipy", "torch", "stable-baselines3", "sb3-contrib", "gymnasium", "onnx", "onnxruntime")
LENGTH = ("steps",)  # of training.reinforcement: how long is no part of what
GREATEST_JSON = 16 * 2**20


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One folder. Files are put in place whole: written beside it, then renamed."""

    path: Path

    @classmethod
    def made(cls, parent: Path, config: Config, source: Path) -> "RunFolder":
        """A new folder train-YYYYmmdd-HHMMSS with the config in it. CallerError where it cannot be made."""
        stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        names = (f"train-{stamp}", *(f"train-{stamp}-{n}" for n in range(2, 100)))
        path = next(parent / name for name in names if not (parent / name).exists())
        try:
            path.mkdir(parents=True)
            shutil.copyfile(source, path / "config.yaml")
        except OSError as error:
            raise CallerError(f"{path} cannot be made: {error.strerror}; nothing was trained.") from None
        folder = cls(path)
        training = training_of(config)
        folder.write_json("config.json", config.model_dump(mode="json"))
        folder.write_json(
            "run.json",
            {
                "method": training.method,
                "seed": training.seed,
                "config_hash": config_hash(config),
                "started": datetime.now().astimezone().isoformat(timespec="seconds"),
                "versions": _versions(),
            },
        )
        return folder

    @classmethod
    def found(cls, path: Path) -> "RunFolder":
        """A folder that is there. InputFileError where it is none of a training."""
        if not (path / "run.json").is_file() or not (path / "config.json").is_file():
            raise InputFileError(path, None, "is no folder of a training: it has no run.json and config.json.")
        return cls(path)

    def config(self) -> Config:
        """The config as it was resolved. InputFileError where it is none."""
        values = read_json(self.path / "config.json")
        try:
            config = Config.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            raise InputFileError(self.path / "config.json", None, f"{key}: {first['msg']}.") from None
        if config.training is None:
            raise InputFileError(self.path / "config.json", None, "has no `training`.")
        return config

    @property
    def config_hash(self) -> str:
        """Hash that the folder was made with."""
        return str(read_json(self.path / "run.json").get("config_hash"))

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        """Put a JSON file in its place."""
        put_bytes(self.path / name, (json.dumps(values, indent=1) + "\n").encode())

    def add_metrics(self, row: Mapping[str, Any]) -> None:
        """Append a line to the metrics."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def say(self, text: str) -> None:
        """Append a line to the log."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}\n")


def training_of(config: Config) -> TrainingSettings:
    """The training of a config. CallerError where there is none."""
    if config.training is None:
        raise CallerError("the config has no `training` section: nothing says what is to be trained.")
    return config.training


def config_hash(config: Config) -> str:
    """SHA-256 of what decides on the outcome but for the length: everything in the config that is not as by default.

    A run thus goes on under a later version with more settings, and not under one whose defaults are others.
    """
    values = config.model_dump(mode="json", exclude_defaults=True)
    for key in LENGTH:
        values.get("training", {}).get("reinforcement", {}).pop(key, None)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def put_bytes(path: Path, content: bytes) -> None:
    """Write a file so that there is the old one or the new one, never a part."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file. InputFileError where there is none."""
    try:
        if path.stat().st_size > GREATEST_JSON:
            raise InputFileError(path, None, f"is larger than {GREATEST_JSON // 2**20} MB, the most that is read.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputFileError(path, None, "does not exist.") from None
    except (ValueError, RecursionError) as error:
        raise InputFileError(path, None, f"is no JSON: {error}.") from None
    if not isinstance(values, dict):
        raise InputFileError(path, None, f"holds a {type(values).__name__}; an object is wanted.")
    return values


def _versions() -> dict[str, str]:
    found = {"lasercontrol": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
