"""Spectrum files: every dialect gives the same numbers, and whatever is no spectrum gives one clear sentence."""

import codecs
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lasercontrol.errors import InputFileError
from lasercontrol.spectrum_file import read_spectrum
from tests.closeness import assert_close

NM = np.linspace(1020.0, 1040.0, 101)
COUNTS = 12_000 * np.exp(-(((NM - 1031) / 1.5) ** 2))
ROWS = "".join(f"{nm:.2f},{counts:.1f}\n" for nm, counts in zip(NM, COUNTS, strict=True))

Write = Callable[[str | bytes], Path]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Put content into a file; the next call replaces it."""
    path = tmp_path_factory.mktemp("spectra") / "spectrum.csv"

    def put(content: str | bytes) -> Path:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@dataclass(frozen=True)
class Dialect:
    """One way in which instruments write two columns."""

    separator: str
    decimal_mark: str
    line_end: str
    header: str
    encoding: str
    quoted: bool
    trailing: bool

    def text(self, wavelength_nm: NDArray[np.float64], counts: NDArray[np.float64]) -> bytes:
        quote, end = '"' if self.quoted else "", self.separator if self.trailing else ""
        rows = [
            f"{quote}{nm!r}{quote}{self.separator}{quote}{count!r}{quote}".replace(".", self.decimal_mark) + end
            for nm, count in zip(wavelength_nm.tolist(), counts.tolist(), strict=True)
        ]
        return (self.header + self.line_end.join(rows)).encode(self.encoding)


# A decimal comma needs another separator than a comma; everything else combines.
MARKS = st.sampled_from([(",", "."), (", ", "."), *((s, m) for s in (";", "; ", "\t", " ", "   ") for m in ".,")])
HEADERS = st.sampled_from(
    ["", "nm;counts\n", '" File: a\\b"\n" SCOPE-> Time:98ms Avg:100"\n', "\n\nµm? no: nm\n3648\n\n"]
)
DIALECTS = st.builds(
    lambda marks, *rest: Dialect(*marks, *rest),
    MARKS,
    st.sampled_from(["\n", "\r\n", "\r"]),
    HEADERS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def spectra(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Uneven wavelengths and a line on a dark offset, negative counts included."""
    n = draw(st.integers(32, 80))
    steps = draw(st.lists(st.floats(0.01, 0.3), min_size=n, max_size=n))
    wavelength_nm = draw(st.floats(400.0, 2000.0)) + np.cumsum(steps)
    detuning = np.linspace(-8.0, 8.0, n)
    noise = draw(st.lists(st.floats(-20.0, 20.0), min_size=n, max_size=n))
    return wavelength_nm, draw(st.floats(-50.0, 200.0)) + np.array(noise) + 1e4 * np.exp(-(detuning**2))


@given(spectrum=spectra(), dialect=DIALECTS, seed=st.integers(0, 2**32 - 1))
def test_every_dialect_and_order_gives_the_same_numbers(
    write: Write, spectrum: tuple[NDArray[np.float64], NDArray[np.float64]], dialect: Dialect, seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(spectrum[0].size)
    found = read_spectrum(write(dialect.text(spectrum[0][shuffled], spectrum[1][shuffled])))
    np.testing.assert_array_equal(found.wavelength_nm, spectrum[0])
    np.testing.assert_array_equal(found.counts, spectrum[1])
    assert found.wavelength_nm.dtype == found.counts.dtype == np.float64


@given(
    content=st.one_of(st.binary(), st.text().map(str.encode), st.text("0123456789.,;\t\n -+eE\"'naif#").map(str.encode))
)
def test_arbitrary_content_gives_an_input_file_error(write: Write, content: bytes) -> None:
    with pytest.raises(InputFileError):
        read_spectrum(write(content))


@given(position=st.integers(0, len(ROWS)), length=st.integers(0, 12), scrap=st.text(max_size=6))
def test_a_damaged_file_is_read_or_refused_but_nothing_else(
    write: Write, position: int, length: int, scrap: str
) -> None:
    path = write((ROWS[:position] + scrap + ROWS[position + length :]).encode(errors="surrogatepass"))
    with suppress(InputFileError):
        assert np.isfinite(read_spectrum(path).counts).all()


def with_row(row: str, line: int = 50) -> str:
    lines = ROWS.splitlines()
    return "\n".join([*lines[: line - 1], row, *lines[line - 1 :]])


def in_unit(convert: Callable[[float], float]) -> str:
    return "".join(f"{convert(nm)!r},{count!r}\n" for nm, count in zip(NM.tolist(), COUNTS.tolist(), strict=True))


FLAT = "".join(f"{nm},{100 + 7 * (i % 3)}\n" for i, nm in enumerate(NM))
BAD = {
    "empty": ("", r"is empty"),
    "blank": ("\n \n", r"is empty"),
    "text only": ("hello\nworld\n", r":1: no row of two numbers .* begins with 'hello'"),
    "one column": ("1030\n1031\n", r":1: no row of two numbers"),
    "text in a row": (with_row("saturated,12"), r":50: wavelength is 'saturated', a number is wanted"),
    "text as counts": (with_row("1030.001,1l9"), r":50: counts is '1l9', a number is wanted"),
    "comment below the header": (with_row("# end"), r":50: has 1 column, the rows of this file have 2"),
    "row cut short": (ROWS + "1041.0", r":102: has 1 column"),
    "three columns": ("1030.1,5,1\n" * 20, r":1: has 3 columns, 2 are wanted \(keep wavelength and counts\)"),
    "decimal commas between commas": ("1030,1,5,1\n" * 20, r":1: has 4 columns, .* separate by semicolons"),
    "three columns later": (with_row("1030.001,5,1"), r":50: has 3 columns"),
    "thousands separator": (
        ROWS.replace(",", ";") + "1041;1,204",
        r":102: decimal points and decimal commas in one file",
    ),
    "two decimal marks": ("1030.1;5,5\n" * 20, r":1: decimal points and decimal commas in one file"),
    "NaN": (with_row("1030.001,nan"), r":50: counts are nan; they must lie within ±1e\+30"),
    "infinite": (with_row("1030.001,-inf"), r":50: counts are -inf"),
    "overflow": (with_row("1030.001,1e999"), r":50: counts are inf"),
    "NaN wavelength": (with_row("nan,1"), r"wavelength is nan nm|median nan"),
    "zero wavelength": (with_row("0,1"), r":50: wavelength is 0 nm; it must lie in 100 to 20000 nm"),
    "negative wavelength": (with_row("-1030,1"), r":50: wavelength is -1030 nm"),
    "too few": ("".join(ROWS.splitlines(keepends=True)[:15]), r"has 15 different wavelengths; .* at least 16"),
    "few different": ("1030.1,5\n1030.2,6\n" * 40, r"has 2 different wavelengths"),
    "micrometres": (
        in_unit(lambda nm: nm / 1e3),
        r":1: .*median 1\.03, which looks like µm; wavelengths in nm are wanted",
    ),
    "metres": (in_unit(lambda nm: nm / 1e9), r":1: .* looks like metres"),
    "ångström": (in_unit(lambda nm: nm * 10), r":1: .* looks like ångström"),
    "terahertz": (in_unit(lambda nm: 299_792.458 / nm), r":1: .*median 291\.061, which looks like a frequency in THz"),
    "gigahertz": (in_unit(lambda nm: 299_792_458 / nm), r":1: .* looks like a frequency in GHz"),
    "hertz": (in_unit(lambda nm: 299_792.458e12 / nm), r":1: .* looks like a frequency in Hz"),
    "dark": (FLAT, r"no light: the greatest value is 114 counts; above the dark offset of 107"),
    "constant": ("".join(f"{nm},100\n" for nm in NM), r"no light"),
    "decibels": ("".join(f"{nm},{-80 + c / 200}\n" for nm, c in zip(NM, COUNTS, strict=True)), r"-20; .*decibels"),
    "binary": (b"1030,1\n\x89PNG\x00\x01\n", r":2: holds binary data"),
    "broken UTF-16": (codecs.BOM_UTF16_LE + b"\x00\xd8\x00", r"says that it is utf-16-le text, and is not"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_what_is_no_spectrum_is_refused_in_one_sentence(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(InputFileError, match=message) as caught:
        read_spectrum(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    assert caught.value.exit_code == 2


def test_a_folder_a_missing_file_an_impossible_name_and_a_giant_are_refused(tmp_path: Path) -> None:
    giant = tmp_path / "giant.csv"
    with giant.open("wb") as file:
        file.truncate(2**24 + 1)
    for path, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "absent.csv", "cannot be read: No such file"),
        (tmp_path / "a\0b", "cannot be read"),
        (giant, "has 16777217 bytes; a spectrum file has at most 16777216"),
    ]:
        with pytest.raises(InputFileError, match=message):
            read_spectrum(path)


def test_rows_of_one_wavelength_are_averaged(write: Write) -> None:
    found = read_spectrum(write(ROWS + "1031.00,15000\n1031.00,9000\n"))
    assert found.wavelength_nm.size == NM.size
    assert_close(found.counts[found.wavelength_nm == 1031.0], [12_000.0], rel=1e-15)


def test_a_dos_end_of_file_is_no_row(write: Write) -> None:
    assert read_spectrum(write(ROWS + "\x1a")).counts.size == NM.size


def test_dark_offset_withstands_sentinels_and_light_at_one_end(write: Write, rng: np.random.Generator) -> None:
    nm = np.linspace(1020.0, 1032.0, 800)  # the light runs off the red end
    counts = 113 + 21 * rng.standard_normal(800) + 12_000 * np.exp(-(((nm - 1031) / 1.5) ** 2))
    counts[:3] = -119
    spectrum = read_spectrum(write("".join(f"{a},{b}\n" for a, b in zip(nm, counts, strict=True))))
    assert abs(spectrum.dark_counts - 113) < 4 * 21 / np.sqrt(40)
    assert_close(spectrum.noise_counts, 21.0, rel=0.2)
    bright = spectrum.without_dark()
    assert bright.counts.min() == 0
    assert_close(bright.counts.max(), spectrum.counts.max() - spectrum.dark_counts, rel=1e-15)
    np.testing.assert_array_equal(bright.wavelength_nm, spectrum.wavelength_nm)


def test_the_measured_seed_spectrum_is_read(shared_data: Path) -> None:
    spectrum = read_spectrum(shared_data / "l1_pump_spectrum.csv")
    assert spectrum.counts.shape == (3648,)
    assert (spectrum.wavelength_nm[[0, -1]] == [880.24, 1047.22]).all()
    assert (spectrum.counts.min(), spectrum.counts.max(), spectrum.dark_counts) == (-119, 12661, 113)
    assert spectrum.wavelength_nm[spectrum.counts.argmax()] == 1030.92


def test_the_measured_gain_scan_is_read(shared_data: Path) -> None:
    scan = read_spectrum(shared_data / "yb_gain.txt")
    assert scan.counts.shape == (1714,)
    assert (scan.wavelength_nm[[0, -1]] == [486.0, 1342.5]).all()
    assert (scan.counts[0], scan.counts.max()) == (112.73, 11839.0)
    assert_close(scan.dark_counts, 121.525, rel=1e-12)
