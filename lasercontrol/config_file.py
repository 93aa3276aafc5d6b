"""Configs found and read: by path or by name, checked, and refused in one sentence that points at the line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lasercontrol.aging_settings import AgingConfig, PlacedError
from lasercontrol.config import Config
from lasercontrol.config_location import Key, Lines, dotted, line_of, read_yaml
from lasercontrol.errors import ConfigError

__all__ = ["find_config", "is_aging", "load_aging", "load_config", "located_in", "overridden", "packaged_names"]

Model = TypeVar("Model", bound=BaseModel)

UNPLACED = "config"
"""What a ConfigError names instead of a file where it does not know any."""

# What pydantic says in words of Python, said in words of YAML.
PLAINER = {"model_type": "it must be a mapping of keys to values", "tuple_type": "it must be a list"}


def packaged_names() -> list[str]:
    """Names of the configs that come with the program."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in resources.files("lasercontrol.configs").iterdir()
        if entry.name.endswith(".yaml")
    )


def find_config(name: str) -> Path:
    """Path of a config, given by path or by the name of a packaged one; ConfigError where there is none."""
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        if path.is_file():
            return path
        raise ConfigError(path, None, "the file", "does not exist.")
    if name in (names := packaged_names()):
        return Path(str(resources.files("lasercontrol.configs") / f"{name}.yaml"))
    raise ConfigError(name, None, "the config", f"is neither a file nor a packaged one ({', '.join(names)}).")


def load_config(path: Path) -> Config:
    """Read and check a config; relative paths in it count from its folder. Raises ConfigError."""
    return _with_whole_paths(_checked(path, Config), path.resolve().parent)


def is_aging(path: Path) -> bool:
    """Whether a file is the config of an aging test: it lists lasers. ConfigError where it cannot be read."""
    values, _ = read_yaml(path)
    return isinstance(values, dict) and "lasers" in values


def load_aging(path: Path) -> AgingConfig:
    """Read and check the config of an aging test. The log's folder counts from where the program runs; ConfigError."""
    config = _checked(path, AgingConfig)
    if config.message_log is None:
        return config
    return config.model_copy(update={"message_log": path.resolve().parent / config.message_log})


def _checked(path: Path, model: type[Model]) -> Model:
    values, lines = read_yaml(path)
    if not isinstance(values, dict):
        raise ConfigError(path, lines[()], "the file", f"holds a {type(values).__name__}; keys with values are wanted.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _first_error(error, lines, path, model) from None


@contextmanager
def located_in(path: Path | None) -> Iterator[None]:
    """Give a ConfigError that is found later, as that there is no such driver, the file and the line of its key."""
    try:
        yield
    except ConfigError as error:
        if path is None or error.path != UNPLACED:
            raise
        _, lines = read_yaml(path)
        key = tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", error.key))
        raise ConfigError(path, line_of(key, lines), error.key, error.message) from error


def overridden(config: Config, changes: Mapping[str, tuple[Sequence[str], Any]]) -> Config:
    """The config with options of the command line in it: option → (key, value). ConfigError names the option."""
    for option, (key, value) in changes.items():
        values = config.model_dump()
        place = values
        for part in key[:-1]:
            place = place[part]
        place[key[-1]] = value
        try:
            config = Config.model_validate(values)
        except ValidationError as error:
            raise ConfigError("command line", None, option, f"{_sentence(error.errors()[0], (), Config)}.") from None
    return config


def _with_whole_paths(config: Config, folder: Path) -> Config:
    laser = config.laser
    if laser.spectrum.file:
        spectrum = laser.spectrum.model_copy(update={"file": folder / laser.spectrum.file})
        laser = laser.model_copy(update={"spectrum": spectrum})
    if laser.gain and laser.gain.file:
        laser = laser.model_copy(update={"gain": laser.gain.model_copy(update={"file": folder / laser.gain.file})})
    lab = config.lab
    if lab and lab.message_log:
        lab = lab.model_copy(update={"message_log": folder / lab.message_log})
    session = config.session
    if session.policy and (session.policy.suffix or len(session.policy.parts) > 1):  # else the name of a packaged one
        session = session.model_copy(update={"policy": folder / session.policy})
    if session.target_profile:
        session = session.model_copy(update={"target_profile": folder / session.target_profile})
    return config.model_copy(update={"laser": laser, "lab": lab, "session": session})


def _first_error(error: ValidationError, lines: Lines, path: Path, model: type[BaseModel]) -> ConfigError:
    """The error that stands first in the file, as one sentence."""
    located = [(_key(detail), detail) for detail in error.errors()]
    # A misspelt key first: the one that is missing is mostly its other half.
    located.sort(key=lambda pair: (pair[1]["type"] != "extra_forbidden", line_of(pair[0], lines) or 0))
    key, detail = located[0]
    rest = len({key for key, _ in located}) - 1
    more = f" ({rest} more {'error' if rest == 1 else 'errors'} in this file)" if rest else ""
    return ConfigError(path, line_of(key, lines), dotted(key), f"{_sentence(detail, key, model)}.{more}")


def _key(detail: ErrorDetails) -> Key:
    """Path of the offending key, without the names that pydantic gives to the members of a union."""
    key = tuple(part for part in detail["loc"] if isinstance(part, int) or re.fullmatch(r"[\w.-]+", part))
    cause = detail.get("ctx", {}).get("error")
    return (*key, *cause.key) if isinstance(cause, PlacedError) else key


def _sentence(detail: ErrorDetails, key: Key, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        return _unknown(key, model)
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    shown = "a mapping" if isinstance(detail["input"], dict) else repr(detail["input"])
    wanted = PLAINER.get(detail["type"]) or detail["msg"].replace("Input should be", "it must be")
    return f"is {shown}; {wanted[0].lower()}{wanted[1:]}"


def _unknown(key: Key, model: type[BaseModel]) -> str:
    known = sorted(_fields_at(key[:-1], model))
    close = get_close_matches(str(key[-1]), known, n=1)
    guess = f"did you mean `{close[0]}`? " if close else ""
    return f"unknown key; {guess}known here are {', '.join(known)}"


def _fields_at(key: Key, root: type[BaseModel]) -> list[str]:
    """Names of the settings below a key."""
    model: Any = root
    named = False  # whether the next part is a name that the file chose, as of an instrument
    for part in key:
        if isinstance(part, str) and not named:
            annotation = model.model_fields[part].annotation
            model, named = _model_in(annotation), get_origin(annotation) is dict
        else:
            named = False
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    """The one model among the members of an annotation."""
    members = getattr(annotation, "__args__", (annotation,))
    return next(member for member in members if isinstance(member, type) and issubclass(member, BaseModel))
