"""The grammar of SCPI, from the standard (SCPI-1999 volume 1, 6 and 7; IEEE 488.2, 7): headers, units, parameters.

A header is written as manuals write it: `[SOURce#]:CURRent[:LEVel]`, capitals the short form, brackets what may be left
out, `#` where any number may follow, `[1]` where just that one may. A message is `unit;unit;...`; a unit that does not
begin with a colon goes on where the one before it ended, one level up.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

__all__ = ["Call", "Handler", "ScpiError", "Tree", "decimal", "flag", "split_outside_quotes", "word"]


class ScpiError(Exception):
    """An error for the queue: its number and its text (SCPI-1999 volume 2, 21.8)."""

    TEXTS: ClassVar[dict[int, str]] = {
        -100: "Command error",
        -102: "Syntax error",
        -104: "Data type error",
        -108: "Parameter not allowed",
        -109: "Missing parameter",
        -113: "Undefined header",
        -114: "Header suffix out of range",
        -131: "Invalid suffix",
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
    """One unit of a message: the numbers after its header's nodes (1 where none stood), and its parameters."""

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
    query: Handler | None = None
    set: Handler | None = None


class Tree:
    """Headers → what they do."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, pattern: str, *, query: Handler | None = None, set: Handler | None = None) -> None:  # noqa: A002
        """Teach a header, in the notation of manuals, with what `header?` and `header value` do."""
        for path in _alternatives(pattern):
            node = self._root
            for spelled in path:
                node = self._child(node, spelled)
            node.query, node.set = query or node.query, set or node.set

    def calls(self, message: str) -> Iterator[tuple[Call, Handler]]:
        """The units of a message with their handlers, in order; ScpiError where one is not understood."""
        here = self._root
        for unit in split_outside_quotes(message, ";"):
            text = unit.strip()
            if not text:
                continue
            head, _, rest = text.partition(" ")
            query = head.endswith("?")
            header = head.removesuffix("?")
            if not re.fullmatch(r":?[A-Za-z][\w:]*|\*[A-Za-z]+", header):
                raise ScpiError(-102)
            arguments = tuple(part.strip() for part in split_outside_quotes(rest, ",")) if rest.strip() else ()
            if header.startswith("*"):
                node, suffixes = self._descended(self._root, [header])
            else:
                start = self._root if header.startswith(":") else here
                nodes = header.lstrip(":").split(":")
                here, above = self._descended(start, nodes[:-1])
                node, last = self._descended(here, nodes[-1:])
                suffixes = above + last
            handler = node.query if query else node.set
            if handler is None:
                raise ScpiError(-113)
            yield Call(header, query, suffixes, arguments), handler

    def _descended(self, node: _Node, spelled: list[str]) -> tuple[_Node, tuple[int, ...]]:
        suffixes: list[int] = []
        for name in spelled:
            upper = name.upper()
            if upper in node.children:
                node = node.children[upper]
                if node.numbered:
                    suffixes.append(1)
                continue
            letters = upper.rstrip("0123456789")
            found = node.children.get(letters)
            if found is None or letters == upper:
                raise ScpiError(-113)
            if not found.numbered:
                raise ScpiError(-114)
            suffixes.append(int(upper[len(letters) :]))
            node = found
        return node, tuple(suffixes)

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
    yield from _alternatives(before + inside + after if inside.isdigit() else f"{before}:{inside}:{after}")
    yield from _alternatives(before + after)


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
_DECIMAL = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:\s*[eE]\s*[-+]?\d+)?)\s*([A-Za-z%/]*)$")


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
    found = _DECIMAL.match(text)
    if not found:
        raise ScpiError(-104)
    value = float(found.group(1).replace(" ", "")) * _multiplier(found.group(2).upper(), unit.upper())
    if not low <= value <= high:
        raise ScpiError(-222)
    return value


def _multiplier(suffix: str, unit: str) -> float:
    if not suffix or suffix == unit:
        return 1.0
    if not unit or not suffix.endswith(unit):
        raise ScpiError(-131)
    prefix = suffix.removesuffix(unit)
    if prefix == "M" and unit in {"HZ", "OHM"}:
        return 1e6
    if prefix not in MULTIPLIERS:
        raise ScpiError(-131)
    return MULTIPLIERS[prefix]


def flag(text: str) -> bool:
    """ON, OFF, or a number, of which 0 is off (SCPI-1999 volume 1, 7.3)."""
    upper = text.upper()
    if upper in {"ON", "OFF"}:
        return upper == "ON"
    try:
        return round(float(text)) != 0
    except (ValueError, OverflowError):
        raise ScpiError(-224) from None


def word(text: str, choices: tuple[str, ...]) -> str:
    """The choice (in the manual's spelling, `CURRent`) that a word means, in short or long form; -224 for none."""
    upper = text.strip("\"'").upper()
    for choice in choices:
        if upper in {choice.upper(), "".join(letter for letter in choice if not letter.islower())}:
            return choice
    raise ScpiError(-224)
