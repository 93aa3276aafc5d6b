"""Text of a file to rows of two numbers: separators, decimal marks, headers and what may be wrong with them.

Every row of a spectrum is one wavelength and one value, of a profile one time and one intensity. Columns are separated
by semicolons, tabs, commas or spaces, one kind per file; the decimal mark is a point, or a comma where commas do not
separate. Header lines may stand before the first row of two numbers and nowhere else.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lasercontrol.errors import InputFileError

__all__ = ["PROFILE", "SPECTRUM", "Content", "Row", "read_text", "rows_of"]

MAX_BYTES = 16 * 2**20  # a spectrum of a million points; anything larger is another kind of file
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
LINE_END = re.compile(r"\r\n|\r|\n")
SEPARATORS = (";", "\t", ",", None)  # None: any run of spaces; in this order, so that "1030,5; 12" is two numbers
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Row(NamedTuple):
    """One data row of a spectrum, with its line number counted from 1; of a profile its time and intensity."""

    line: int
    wavelength: float
    counts: float


class Content(NamedTuple):
    """What a file should hold, in the words of messages: its kind, its two columns, and these with their units."""

    kind: str
    columns: tuple[str, str]
    row: str


SPECTRUM = Content("spectrum", ("wavelength", "counts"), "wavelength in nm and counts")
PROFILE = Content("profile", ("time", "intensity"), "time in ps and intensity")


def read_text(path: Path, content: Content = SPECTRUM) -> str:
    """Text of a file, UTF-8 or UTF-16 by their marks, else UTF-8, else Latin-1; InputFileError where it is none."""
    try:
        if path.is_dir():
            raise InputFileError(path, None, f"is a folder; a {content.kind} file is wanted.")
        if path.exists() and not path.is_file():
            raise InputFileError(path, None, f"is a device or a pipe; a {content.kind} file is wanted.")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise InputFileError(path, None, f"has {size} bytes; a {content.kind} file has at most {MAX_BYTES}.")
        text = _decoded(path.read_bytes(), path)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        raise InputFileError(path, None, f"cannot be read: {reason}.") from None
    text = text.removesuffix("\x1a")  # how DOS programs end a file
    if found := BINARY.search(text):
        line = len(LINE_END.findall(text, 0, found.start())) + 1
        raise InputFileError(path, line, f"holds binary data; a {content.kind} file is text with two numbers a row.")
    return text


def rows_of(text: str, path: Path, content: Content = SPECTRUM) -> Iterator[Row]:
    """The data rows; InputFileError at the first line that is neither header nor row."""
    lines = [(number, line.strip()) for number, line in enumerate(LINE_END.split(text), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines:
        raise InputFileError(path, None, f"is empty; rows of {content.row} are wanted.")
    first, separator = _first_row(lines, path, content)
    mark = ""
    for number, line in lines[first:]:
        fields = _fields(line, separator)
        mark = _decimal_mark(fields, mark, path, number)
        if len(fields) != 2:
            raise InputFileError(
                path, number, f"has {_columns(len(fields))}, the rows of this file have 2: {_shown(line)}."
            )
        abscissa, value = (
            _number(text, name, path, number) for text, name in zip(fields, content.columns, strict=True)
        )
        yield Row(number, abscissa, value)


def _first_row(lines: list[tuple[int, str]], path: Path, content: Content) -> tuple[int, str | None]:
    """Index of the first line that consists of numbers only, and the separator that makes it two."""
    for index, (number, line) in enumerate(lines):
        widest = 0
        for separator in SEPARATORS:
            fields = _fields(line, separator)
            if len(fields) > 1 and all(NUMBER.fullmatch(field.replace(",", ".")) for field in fields):
                if len(fields) == 2:
                    return index, separator
                widest = len(fields)
        if widest:
            ambiguous = "," in line and "." not in line
            keep = f"keep {' and '.join(content.columns)}"
            hint = "beside decimal commas, separate by semicolons" if ambiguous else keep
            raise InputFileError(path, number, f"has {_columns(widest)}, 2 are wanted ({hint}): {_shown(line)}.")
    number, line = lines[0]
    raise InputFileError(path, number, f"no row of two numbers in the whole file; it begins with {_shown(line)}.")


def _fields(line: str, separator: str | None) -> list[str]:
    fields = [field.strip().strip("\"'").strip() for field in line.split(separator)]
    while fields and not fields[-1]:  # a separator may end the row
        fields.pop()
    return fields


def _decimal_mark(fields: list[str], known: str, path: Path, number: int) -> str:
    """The file's decimal mark as far as it is known; a thousands separator would show as a second mark."""
    marks = {mark for mark in ",." for field in fields if mark in field and NUMBER.fullmatch(field.replace(",", "."))}
    if len(marks | {known} - {""}) > 1:
        raise InputFileError(
            path, number, f"decimal points and decimal commas in one file: {_shown(' '.join(fields))}."
        )
    return marks.pop() if marks else known


def _number(text: str, name: str, path: Path, number: int) -> float:
    plain = text.replace(",", ".")
    if not NUMBER.fullmatch(plain):
        raise InputFileError(path, number, f"{name} is {_shown(text)}, a number is wanted (header lines come first).")
    return float(plain)


def _decoded(content: bytes, path: Path) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise InputFileError(path, None, f"says that it is {encoding} text, and is not.") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # never fails; instruments write µ and ° in it


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _shown(text: str) -> str:
    """A piece of the file as a message can carry it."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
