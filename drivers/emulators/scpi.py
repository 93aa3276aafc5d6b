"""The grammar of SCPI, from the standard (SCPI-1999 volume 1, 6 and 7; IEEE 488.2, 7): headers, units, parameters.

A header is written as manuals write it: `[SOURce#]:CURRent[:LEVel]`, capitals the short form, brackets what may be left
out, `#` where any number may follow, `[1]` where just that one may. A message is `unit;unit;...`; a unit that does not
begin with a colon goes on where the one before it ended, one level up.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

__all__ = ["Call", "Handler", "ScpiError", "Tree", "decimal", "flag", "split_outside_quotes", "word"]


class ScpiError(Exception):
    """An error for the queue: its number and its text (SCPI-1999 volume 2, 21.8)."""

    TEXTS: ClassVar[dict[int, str]] = {
        -100: "Command error",
        -101: "Invalid character",
        -102: "Syntax error",
        -104: "Data type error",
        -108: "Parameter not allowed",
        -109: "Missing parameter",
        -113: "Undefined header",
        -114: "Header suffix out of range",
        -131: "Invalid suffix",
        -138: "Suffix not allowed",
        -200: "Execution error",
        -203: "Command protected",
        -221: "Settings conflict",
        -222: "Data out of range",
        -224: "Illegal parameter value",
        -230: "Data corrupt or stale",
        -350: "Queue overflow",
        -410: "Query INTERRUPTED",
        -420: "Query UNTERMINATED",
    }

    def __init__(self, code: int, text: str | None = None) -> None:
        self.code, self.text = code, text or self.TEXTS.get(code, "Device-specific error")
        super().__init__(f'{code},"{self.text}"')


@dataclass(frozen=True, slots=True)
class Call:
    """One unit of a message: the numbers of its header's numbered nodes, and its parameters.

    A number is 1 where none stood, also where the node itself was left out (SCPI-1999 volume 1, 6.2.5.2).
    """

    header: str
    query: bool
    suffixes: tuple[int, ...]
    arguments: tuple[str, ...]

    def only(self) -> str:
        """The one parameter; -109 and -108 where there is none, or more."""
        if not self.arguments:
            raise ScpiError(-109)
        if len(self.arguments) > 1:
            raise ScpiError(-108)
        return self.arguments[0]


Handler = Callable[[Call], "str | bytes | None"]


@dataclass(slots=True)
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    numbered: bool = False
    spelled_out: tuple[bool, ...] = ()  # of the numbered nodes on the way here: whether they stand in this spelling
    query: Handler | None = None
    set: Handler | None = None


OMITTED = "#"  # stands for a numbered node that is left out
LONGEST_NUMBER = 9  # digits after a node
_HEADER = re.compile(r":?[A-Za-z]\w*(:[A-Za-z]\w*)*|\*[A-Za-z]+", re.ASCII)


class Tree:
    """Headers → what they do."""

    def __init__(self) -> None:
        self._root = _Node()

    def clear(self) -> None:
        """Forget all; a message under way goes on with what is taught next."""
        self._root = _Node()

    def add(self, pattern: str, *, query: Handler | None = None, set: Handler | None = None) -> None:  # noqa: A002
        """Teach a header, in the notation of manuals, with what `header?` and `header value` do."""
        for path in _alternatives(pattern):
            node = self._root
            for spelled in path:
                node = node if spelled == OMITTED else self._child(node, spelled)
            node.query, node.set = query or node.query, set or node.set
            node.spelled_out = tuple(spelled != OMITTED for spelled in path if spelled.endswith("#"))

    def calls(self, message: str) -> Iterator[tuple[Call, Handler]]:
        """The units of a message with their handlers, in order; ScpiError where one is not understood."""
        path: list[str] = []
        for unit in split_outside_quotes(message, ";"):
            text = unit.strip()
            if not text:
                continue
            head, *rest = text.split(maxsplit=1)
            query = head.endswith("?")
            header = head.removesuffix("?")
            if not _HEADER.fullmatch(header):
                raise ScpiError(-102)
            arguments = tuple(part.strip() for part in split_outside_quotes(rest[0], ",")) if rest else ()
            if header.startswith("*"):
                nodes = [header]
            else:
                nodes = [*([] if header.startswith(":") else path), *header.removeprefix(":").split(":")]
                path = nodes[:-1]
            node, suffixes = self._found(nodes)
            handler = node.query if query else node.set
            if handler is None:
                raise ScpiError(-113)
            yield Call(header, query, suffixes, arguments), handler

    def _found(self, nodes: list[str]) -> tuple[_Node, tuple[int, ...]]:
        """The node of a header, and the numbers on the way."""
        node, numbers = self._root, []
        for name in nodes:
            upper = name.upper()
            found = node.children.get(upper)
            if found is None:
                letters = upper.rstrip("0123456789")
                found = node.children.get(letters)
                if found is None or letters == upper:
                    raise ScpiError(-113)
                if not found.numbered or len(upper) - len(letters) > LONGEST_NUMBER:
                    raise ScpiError(-114)
                numbers.append(int(upper[len(letters) :]))
            elif found.numbered:
                numbers.append(1)
            node = found
        given = iter(numbers)
        return node, tuple(next(given, 1) if stands else 1 for stands in node.spelled_out)

    @staticmethod
    def _child(node: _Node, spelled: str) -> _Node:
        name = spelled.removesuffix("#")
        short = "".join(letter for letter in name if not letter.islower())
        child = node.children.get(name.upper()) or node.children.get(short.upper()) or _Node()
        child.numbered = child.numbered or spelled.endswith("#")
        node.children[name.upper()] = node.children[short.upper()] = child
        return child


def _alternatives(pattern: str) -> Iterator[list[str]]:
    """All spellings of a pattern with and without its optional nodes; optional nodes may hold several."""
    found = re.search(r"\[([^\[\]]*)\]", pattern)
    if found is None:
        yield [node for node in pattern.split(":") if node]
        return
    before, inside, after = pattern[: found.start()], found.group(1), pattern[found.end() :]
    if inside.isdigit():
        yield from _alternatives(before + inside + after)
        yield from _alternatives(before + after)
        return
    yield from _alternatives(f"{before}:{inside}:{after}")
    yield from _alternatives(f"{before}:{f'{OMITTED}:' * inside.count('#')}{after}")


def split_outside_quotes(text: str, separator: str) -> Iterator[str]:
    """Parts between separators, those within quotes left alone."""
    start, quote = 0, ""
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == separator:
            yield text[start:index]
            start = index + 1
    yield text[start:]


MULTIPLIERS = {
    "EX": 1e18,
    "PE": 1e15,
    "T": 1e12,
    "G": 1e9,
    "MA": 1e6,
    "K": 1e3,
    "": 1.0,
    "M": 1e-3,
    "U": 1e-6,
    "N": 1e-9,
    "P": 1e-12,
    "F": 1e-15,
    "A": 1e-18,
}  # fmt: skip — a table of IEEE 488.2, 7.7.3
_DECIMAL = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[-+]?\d+)?)\s*([A-Za-z%/]*)", re.ASCII)


def decimal(text: str, *, unit: str = "", low: float, high: float, default: float | None = None) -> float:
    """A numeric parameter in its base unit: `1030NM` and 1.03E-6 for unit M, MIN, MAX and DEF; -222 out of bounds.

    Suffixes as in IEEE 488.2, 7.7.3: a multiplier before the unit, of which M is milli except in MHZ and MOHM.
    """
    upper = text.upper()
    if upper in {"MIN", "MINIMUM"}:
        return low
    if upper in {"MAX", "MAXIMUM"}:
        return high
    if upper in {"DEF", "DEFAULT"}:
        if default is None:
            raise ScpiError(-224)
        return default
    value = _number(text, unit)
    if not low <= value <= high or math.isinf(value):
        raise ScpiError(-222)
    return value


def _number(text: str, unit: str) -> float:
    found = _DECIMAL.fullmatch(text)
    if not found:
        raise ScpiError(-104)
    return float("".join(found.group(1).split())) * _multiplier(found.group(2).upper(), unit.upper())


def _multiplier(suffix: str, unit: str) -> float:
    if not suffix or suffix == unit:
        return 1.0
    if not unit:
        raise ScpiError(-138)
    if not suffix.endswith(unit):
        raise ScpiError(-131)
    prefix = suffix.removesuffix(unit)
    if prefix == "M" and unit in {"HZ", "OHM"}:
        return 1e6
    if prefix not in MULTIPLIERS:
        raise ScpiError(-131)
    return MULTIPLIERS[prefix]


def flag(text: str) -> bool:
    """ON, OFF, or a number, which is rounded, and off where that is 0 (SCPI-1999 volume 1, 7.3)."""
    upper = text.upper()
    return upper == "ON" if upper in {"ON", "OFF"} else abs(_number(text, "")) >= 0.5


def word(text: str, choices: tuple[str, ...]) -> str:
    """The choice (in the manual's spelling, `CURRent`) that a word means, in short or long form; -224 for none."""
    upper = text.strip("\"'").upper()
    for choice in choices:
        if upper in {choice.upper(), "".join(letter for letter in choice if not letter.islower())}:
            return choice
    raise ScpiError(-224)
