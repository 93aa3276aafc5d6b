"""`lasercontrol train`: a run folder, the method that the config names, and what came out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config, located_in, overridden
from lasercontrol.errors import CallerError, ConfigError
from lasercontrol.signals import Attention, listening
from lasercontrol.training.run_folder import RunFolder, config_hash, training_of
from lasercontrol.training_settings import REINFORCEMENT, ReinforcementSettings

__all__ = ["TrainCall", "Trained", "train"]

SUPERVISED = {
    "frames": "lasercontrol.training.frames_method",
    "yields": "lasercontrol.training.yields_method",
}
"""Modules with `train(config, folder, say=...) -> dict`: they leave policy.onnx and policy.json in the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCall:
    """What was asked for. config: path or name; None with `resume`, whose own is taken. steps: in place of the
    config's, of the whole run.
    """

    config: str | None = None
    seed: int | None = None
    out: Path | None = None
    resume: Path | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """Sentences for people, a summary for programs, the exit status."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]
    exit_code: int


def train(call: TrainCall, console: Console) -> Trained:
    """Train. Raises ConfigError and CallerError for a wrong call, InputFileError for a folder or checkpoint that is
    damaged, foreign, or of another config; then nothing was trained.
    """
    _require_extra()
    source, config = _config_of(call)
    training = training_of(config)
    if call.resume is not None and training.method not in REINFORCEMENT:
        raise CallerError(f"{call.resume}: {training.method} trains in one go; only {', '.join(REINFORCEMENT)} resume.")
    folder = (
        RunFolder.made(call.out or Path("runs"), config, source)
        if call.resume is None
        else RunFolder.found(call.resume)
    )
    with located_in(source):
        if training.method in REINFORCEMENT:
            return _by_reward(config, folder, console, resume=call.resume is not None)
        summary = import_module(SUPERVISED[training.method]).train(config, folder, say=_saying(folder, console))
    return Trained((f"{folder.path}: trained.",), {"run": str(folder.path), **summary}, 0)


def _config_of(call: TrainCall) -> tuple[Path, Config]:
    """The config with the options in it, and its file."""
    if call.resume is not None:
        return _config_to_resume(call, call.resume)
    if call.config is None:
        raise CallerError("name a config, or a run to resume; nothing was trained.")
    source = find_config(call.config)
    config = _with_options(load_config(source), call, source)
    return source, config


def _config_to_resume(call: TrainCall, path: Path) -> tuple[Path, Config]:
    if call.out is not None or call.seed is not None:
        raise CallerError("a run that is resumed keeps its folder and its seed: leave --out and --seed away.")
    folder = RunFolder.found(path)
    source = folder.path / "config.json"
    config = folder.config()
    if call.config is not None:
        named = find_config(call.config)
        config = _with_options(load_config(named), TrainCall(seed=training_of(config).seed), named)
    config = _with_options(config, TrainCall(steps=call.steps), source)
    if (found := config_hash(config)) != folder.config_hash:
        raise CallerError(
            f"{path} was trained with another config: its hash begins with {folder.config_hash[:12]}, that of "
            f"{call.config or source} with {found[:12]}; nothing was trained."
        )
    return source, config


def _with_options(config: Config, call: TrainCall, source: Path) -> Config:
    if config.training is None:
        raise ConfigError(source, None, "training", "is missing: it says what is to be trained.")
    changes: dict[str, tuple[tuple[str, ...], Any]] = {}
    if call.seed is not None:
        changes["--seed"] = ("training", "seed"), call.seed
    if call.steps is not None:
        if config.training.method not in REINFORCEMENT:
            raise CallerError(f"--steps counts shots of {', '.join(REINFORCEMENT)}; {config.training.method} has none.")
        settings = config.training.reinforcement or ReinforcementSettings()
        training = config.training.model_copy(update={"reinforcement": settings})
        config = config.model_copy(update={"training": training})
        changes["--steps"] = ("training", "reinforcement", "steps"), call.steps
    return overridden(config, changes)


def _by_reward(config: Config, folder: RunFolder, console: Console, *, resume: bool) -> Trained:
    import torch

    from lasercontrol.training.reinforcement import settings_of
    from lasercontrol.training.reinforcement import train as learn

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))  # one core a run: several runs side by side
    attention = Attention()
    say = _saying(None, console)
    with listening(attention), _shown(console, settings_of(config)[1].steps) as passed:
        ended = learn(config, folder, resume=resume, attention=attention, passed=passed, say=say)
    summary = {
        "run": str(folder.path),
        "method": training_of(config).method,
        "steps": ended.steps,
        "ended": ended.why,
        "scores": None if ended.scores is None else ended.scores.as_json(),
        "best": ended.best,
    }
    sentence = f"{folder.path}: {ended.why}, {ended.steps} steps."
    if ended.interrupted:
        sentence += f" Go on with: lasercontrol train --resume {folder.path}"
    return Trained((sentence,), summary, 130 if ended.interrupted else 0)


@contextmanager
def _shown(console: Console, steps: int) -> Iterator[Any]:
    """A bar on a terminal; elsewhere the lines of the evaluations are enough."""
    if not console.is_terminal:
        yield lambda _done: None
        return
    with Progress(console=console, transient=True) as progress:
        task: TaskID = progress.add_task("training", total=steps)
        yield lambda done: progress.update(task, completed=done)


def _saying(folder: RunFolder | None, console: Console) -> Any:
    def say(text: str) -> None:
        if folder is not None:
            folder.say(text)
        console.print(text, highlight=False, soft_wrap=True)

    return say


def _require_extra() -> None:
    try:
        import_module("stable_baselines3")
        import_module("torch")
    except ImportError as error:
        raise CallerError(
            f"training needs the extra `train` ({error.name} is not installed): pip install 'lasercontrol[train]'."
        ) from None
