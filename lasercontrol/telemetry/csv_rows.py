"""A foreign log as readings: the text of a CSV file to numbers with their laser, moment and line.

Long form has a column that names the laser; in wide form each column belongs to one. Separators are commas, semicolons
or tabs, one kind per file; the decimal mark is a point, or a comma where commas do not separate.
"""

import csv
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TextIO
from zoneinfo import ZoneInfo

from lasercontrol.errors import InputFileError
from lasercontrol.telemetry.csv_columns import Column, columns_of

__all__ = ["Readings", "read_csv"]

OVERLOAD = 9.9e36  # 9.9E37 and its like are what instruments answer when there is no value
MOST_COLUMNS = 200_000
LONGEST_ID = 64
LONGEST_FIELD = 4096
ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
NO_VALUE = {"", "nan", "na", "n/a", "null", "none", "-", "--"}


@dataclass(slots=True)
class Readings:
    """All readings of a file, one row of numbers for each laser and moment.

    time_s: hours of life in s, or UTC in s where `dated`. laser: index in `lasers`; line: where it stands; values: one
    array per quantity, NaN where there is none.
    """

    dated: bool
    quantities: list[str]
    lasers: list[str] = field(default_factory=list)
    time_s: "array[float]" = field(default_factory=lambda: array("d"))
    laser: "array[int]" = field(default_factory=lambda: array("i"))
    line: "array[int]" = field(default_factory=lambda: array("i"))
    values: dict[str, "array[float]"] = field(default_factory=dict)
    rig: dict[float, float] = field(default_factory=dict)
    """Chamber temperature in °C by time_s."""


def read_csv(path: Path, mapping: Mapping[str, str], zone: str = "UTC") -> Readings:
    """The readings of a log. zone: of stamps that name none.

    Raises InputFileError with the line where the file is no log, or is not understood.
    """
    try:
        with path.open(encoding=_encoding(path), newline="") as text:
            return _Reader(path, text, mapping, ZoneInfo(zone)).readings()
    except UnicodeError:
        raise InputFileError(path, None, "is no text in the encoding that it begins with.") from None
    except OSError as error:
        raise InputFileError(path, None, f"cannot be read: {error.strerror or error}.") from None


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for mark, encoding in ENCODINGS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head:
        raise InputFileError(path, head[: head.index(b"\x00")].count(b"\n") + 1, "holds binary data; CSV is text.")
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"  # never fails; instruments write µ and ° in it
    return "utf-8"


class _Reader:
    def __init__(self, path: Path, text: TextIO, mapping: Mapping[str, str], zone: ZoneInfo) -> None:
        self.path, self.zone = path, zone
        self.line = self.before = 0
        csv.field_size_limit(LONGEST_FIELD)
        header = self._header(text)
        self.before = self.line
        self.separator = max(";\t,", key=header.count)  # of two that are as frequent the first
        self.rows = csv.reader(text, delimiter=self.separator, strict=True)
        self.headers = next(csv.reader([header], delimiter=self.separator))
        self.columns = self._columns(mapping)
        self.index: dict[str, int] = {}

    def readings(self) -> Readings:
        kinds = {column.role for column in self.columns}
        quantities = sorted({column.quantity for column in self.columns if column.role == "value"} - {"chamber_c"})
        found = Readings("moment" in kinds, quantities, values={name: array("d") for name in quantities})
        for fields in self._lines():
            self.line = self.before + self.rows.line_num
            if len(fields) != len(self.headers):
                self._refuse(f"has {len(fields)} fields, the header has {len(self.headers)}")
            self._take(fields, found)
        if not found.time_s:
            raise InputFileError(self.path, None, "holds no reading.")
        return found

    def _header(self, text: TextIO) -> str:
        for row in text:
            self.line += 1
            if row.strip() and not row.lstrip().startswith("#"):
                return row.rstrip("\r\n")
        raise InputFileError(self.path, None, "is empty; a header and rows of readings are wanted.")

    def _columns(self, mapping: Mapping[str, str]) -> list[Column]:
        if len(self.headers) > MOST_COLUMNS:
            self._refuse(f"has {len(self.headers)} columns; at most {MOST_COLUMNS} are read")
        try:
            columns = columns_of(self.headers, mapping)
        except ValueError as error:
            self._refuse(str(error))
        timed = sum(column.role in {"time", "moment"} for column in columns)
        if timed != 1:
            self._refuse(f"has {timed} columns of time; one is wanted, as `hours`, `time [s]` or `timestamp`")
        named = sum(column.role == "laser" for column in columns)
        owned = sum(column.laser is not None for column in columns)
        if bool(named) == bool(owned):
            self._refuse("names lasers in a column and in headers; one way is wanted" if named else _NO_LASER)
        if not any(column.role == "value" and column.quantity != "chamber_c" for column in columns):
            self._refuse("holds no quantity of a laser, as `current [mA]`, `power [mW]` or `pct_increase`")
        if owned and any(column.role == "value" and not column.laser and _of_laser(column) for column in columns):
            self._refuse("mixes columns of one laser with columns of none; map the latter to `ignore`")
        return columns

    def _lines(self) -> Iterator[list[str]]:
        try:
            for fields in self.rows:
                if any(field.strip() for field in fields) and not fields[0].lstrip().startswith("#"):
                    yield fields
        except csv.Error as error:
            self.line = self.before + self.rows.line_num
            self._refuse(f"is no CSV: {error}")

    def _take(self, fields: list[str], found: Readings) -> None:
        time_s = math.nan
        laser: str | None = None
        values: dict[str | None, dict[str, float]] = {}
        for column, header, text in zip(self.columns, self.headers, fields, strict=True):
            if column.role == "value":
                value = self._number(text, header)
                values.setdefault(column.laser, {})[column.quantity] = column.converted(value)
            elif column.role == "laser":
                laser = self._id(text, header)
            elif column.role != "ignored":
                time_s = self._moment(text, header) if column.role == "moment" else self._time(text, header, column)
        shared = values.get(None, {})
        if "chamber_c" in shared:
            found.rig[time_s] = shared.pop("chamber_c")
        if laser is not None:
            values = {laser: shared}
        for owner, quantities in values.items():
            if owner is not None:
                self._put(found, time_s, owner, quantities)

    def _put(self, found: Readings, time_s: float, owner: str, quantities: Mapping[str, float]) -> None:
        if owner not in self.index:
            self.index[owner] = len(found.lasers)
            found.lasers.append(owner)
        found.time_s.append(time_s)
        found.laser.append(self.index[owner])
        found.line.append(self.line)
        for name in found.quantities:
            found.values[name].append(quantities.get(name, math.nan))

    def _number(self, text: str, header: str) -> float:
        plain = text.strip()
        if plain.lower() in NO_VALUE:
            return math.nan
        if self.separator != "," and "." not in plain:
            plain = plain.replace(",", ".", 1)
        try:
            value = float(plain) if "_" not in plain else math.inf
        except ValueError:
            self._refuse(f"{header} is {text.strip()[:40]!r}; a number is wanted, or nothing where there is none")
        return value if abs(value) < OVERLOAD else math.nan

    def _time(self, text: str, header: str, column: Column) -> float:
        time_s = column.converted(self._number(text, header))
        if not 0 <= time_s < 1e12:  # 30,000 years; NaN is refused as well
            self._refuse(f"{header} is {text.strip()[:40]!r}; a time of life is a number not below 0")
        return time_s

    def _moment(self, text: str, header: str) -> float:
        try:
            stamp = datetime.fromisoformat(text.strip())
            stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=self.zone)
            return stamp.astimezone(UTC).timestamp()
        except (ValueError, OverflowError):
            self._refuse(f"{header} is {text.strip()[:40]!r}; a stamp as 2026-11-25T18:00:00+01:00 is wanted")

    def _id(self, text: str, header: str) -> str:
        laser = text.strip()
        if not laser or len(laser) > LONGEST_ID or not laser.isprintable():
            self._refuse(f"{header} is {laser[:40]!r}; an id has 1 to {LONGEST_ID} printable characters")
        return laser

    def _refuse(self, words: str) -> NoReturn:
        raise InputFileError(self.path, self.line, f"{words}.")


_NO_LASER = "names no laser, neither in a column (`unit`, `laser`) nor in headers (`L07 current [mA]`)"


def _of_laser(column: Column) -> bool:
    return column.quantity != "chamber_c"
