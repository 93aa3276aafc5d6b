"""HTML and SVG out of small functions: text is escaped unless it is Markup already, so nothing is forgotten.

What comes out is well-formed XML as well, which a test can hold.
"""

from collections.abc import Iterable
from html import escape

__all__ = ["Markup", "element", "joined"]

Child = "str | int | float | None | Iterable[Child]"
VOID = {"meta", "br", "input", "col"}


class Markup(str):
    """Text that is markup and stays as it is."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. An attribute of None is left out; `class_` is class, and `_` stands for `-`."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = joined(children)
    return Markup(f"<{name}{words}>{inside}</{name}>" if inside or name not in VOID else f"<{name}{words} />")


def joined(children: Iterable[object]) -> Markup:
    """Children on end: markup as it is, everything else as text, None as nothing."""
    return Markup("".join(map(_written, children)))


def _written(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, list | tuple):
        return joined(child)
    return escape(_printable(str(child)), quote=True)


def _printable(text: str) -> str:
    """Control characters, which no XML may hold, and marks that turn the direction of text, as a question mark."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)
