"""YAML with a memory: plain values, and the line on which every key stands.

Through the safe loader only: a config is data and never code. Numbers as YAML 1.2 writes them (`1e-4` is a number
here), and a key that stands twice is refused, since one of the two would be lost without a word.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from lasercontrol.errors import ConfigError

__all__ = ["Key", "Lines", "dotted", "line_of", "read_yaml"]

Key = tuple[str | int, ...]
Lines = dict[Key, int]
"""Line, counted from 1, of every key and list item, by its path from the root; the root is ()."""

# Any list nested deeper is a mistake or an attack; the deepest key of a real config has three parts.
DEEPEST = 20


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's floats: PyYAML alone takes 1e-4 for a word."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)$"),
    list("-+.0123456789"),
)


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """Values and lines of a YAML file.

    Raises ConfigError where the file cannot be read, is no YAML, or has a key twice.
    """
    text = _text(path)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return {}, {(): 1}
        lines: Lines = {}
        _walk(node, (), lines, path)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(path, mark.line + 1 if mark else None, "YAML", f"{error.problem or error}.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that no calendar has
        raise ConfigError(path, None, "YAML", f"{str(error).splitlines()[0]}.") from None


def dotted(key: Key) -> str:
    """A key as people write it: `knobs[0].low`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".") or "the file"


def line_of(key: Key, lines: Lines) -> int | None:
    """Line of a key, or of the nearest one above it that stands in the file."""
    for end in range(len(key), -1, -1):
        if key[:end] in lines:
            return lines[key[:end]]
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path, None, "the file", f"is not UTF-8 text (byte {error.start}).") from None
    except OSError as error:
        raise ConfigError(path, None, "the file", f"cannot be read: {error.strerror}.") from None


def _walk(node: yaml.Node, key: Key, lines: Lines, path: Path) -> None:
    """Note the line of every key below a node."""
    lines.setdefault(key, node.start_mark.line + 1)
    if len(key) > DEEPEST:
        raise ConfigError(path, lines[key], dotted(key[:3]), f"is nested deeper than {DEEPEST} levels.")
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*key, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            below = (*key, str(name.value))
            line = name.start_mark.line + 1
            if below in lines:
                raise ConfigError(path, line, dotted(below), f"stands twice; first in line {lines[below]}.")
            lines[below] = line
            _walk(value, below, lines, path)
