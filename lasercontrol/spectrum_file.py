"""A spectrum as a spectrometer wrote it: wavelength in nm and counts, from any of the usual dialects of CSV."""

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lasercontrol.errors import InputFileError
from lasercontrol.spectrum_rows import Row, read_text, rows_of

__all__ = ["SpectrumFile", "read_spectrum"]

MIN_POINTS = 16  # fewer do not resolve a line and its background
SHORTEST_NM, LONGEST_NM = 100.0, 20_000.0  # what any optical spectrometer covers
LARGEST_COUNTS = 1e30  # squares and sums of such still fit a float64
EDGE_FRACTION = 0.05
NOISE_FACTOR = 10.0  # the greatest of a million normal deviates is 5 σ; smoothing by the instrument hides a factor of 2

# The median wavelength of a file in another unit, if it holds light between 340 nm and 5 µm. Frequencies above 340 THz
# (below 880 nm) cannot be told from wavelengths in the near UV, and are taken for what the file says: nm.
OTHER_UNITS = (
    (1e-7, 1e-4, "metres"),
    (0.2, 20.0, "µm"),
    (60.0, 340.0, "a frequency in THz"),
    (5e3, 3e4, "ångström or a wavenumber in 1/cm"),
    (6e4, 1e6, "a frequency in GHz"),
    (6e13, 1e15, "a frequency in Hz"),
)


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumFile:
    """Counts over wavelength, both shape (n,) in float64; wavelengths rise, and none appears twice.

    Counts are per unit of wavelength, linear in power, with the dark offset as the instrument left it.
    """

    path: Path
    wavelength_nm: NDArray[np.float64]
    counts: NDArray[np.float64]

    @property
    def dark_counts(self) -> float:
        """Dark offset: the median of the outermost 5 % of the rows (at least 4) of one end, the lower of the two ends.

        A median, so that spikes and sentinels do not move it; at the edges, where a spectrum that fits the file has
        no light; the lower end, since light may run off the other. A file cut inside the light has no dark rows: there
        the offset is that of its darker end, and too high.
        """
        edge = max(4, round(EDGE_FRACTION * self.counts.size))
        return float(min(np.median(self.counts[:edge]), np.median(self.counts[-edge:])))

    @property
    def noise_counts(self) -> float:
        """Standard deviation of one row, from the median second difference, which a smooth spectrum does not raise."""
        second = np.diff(self.counts, 2)
        return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6))  # 1.4826: median to σ; 6 = 1 + 4 + 1

    def without_dark(self) -> Self:
        """The same spectrum less its dark offset, never negative."""
        # Negative rows are noise about the dark level: no light has a negative intensity, and the field amplitude is
        # its square root. They become 0; the positive half of the same noise stays, a pedestal of 0.4 σ on average.
        return replace(self, counts=np.maximum(self.counts - self.dark_counts, 0.0))


def read_spectrum(path: str | PathLike[str]) -> SpectrumFile:
    """Read wavelength in nm and counts; rows are sorted, rows of the same wavelength averaged.

    Separators, decimal marks and header lines: `lasercontrol.spectrum_rows`. Raises InputFileError, with the line where
    there is one, for whatever is not a spectrum in nm with at least 16 points and light above its dark offset.
    """
    path = Path(path)
    rows = list(rows_of(read_text(path), path))
    _require_nm(rows, path)
    for row in rows:
        _require_sane(row, path)
    wavelength_nm, index = np.unique([row.wavelength for row in rows], return_inverse=True)
    counts = np.bincount(index, weights=[row.counts for row in rows]) / np.bincount(index)
    if wavelength_nm.size < MIN_POINTS:
        raise InputFileError(
            path, None, f"has {wavelength_nm.size} different wavelengths; a spectrum needs at least {MIN_POINTS}."
        )
    spectrum = SpectrumFile(path, wavelength_nm, counts)
    _require_signal(spectrum)
    return spectrum


def _require_nm(rows: list[Row], path: Path) -> None:
    """Refuse a first column that is evidently in another unit, whatever its rows look like one by one."""
    median = float(np.median([row.wavelength for row in rows]))
    for low, high, unit in OTHER_UNITS:
        if low <= median < high:
            raise InputFileError(
                path,
                rows[0].line,
                f"the first column has the median {median:g}, which looks like {unit}; wavelengths in nm are wanted "
                f"(median 340 to 5000 nm).",
            )


def _require_sane(row: Row, path: Path) -> None:
    if not SHORTEST_NM <= row.wavelength <= LONGEST_NM:  # written so that NaN is refused
        raise InputFileError(
            path, row.line, f"wavelength is {row.wavelength:g} nm; it must lie in {SHORTEST_NM:g} to {LONGEST_NM:g} nm."
        )
    if not abs(row.counts) <= LARGEST_COUNTS:
        raise InputFileError(path, row.line, f"counts are {row.counts:g}; they must lie within ±{LARGEST_COUNTS:g}.")


def _require_signal(spectrum: SpectrumFile) -> None:
    peak = float(spectrum.counts.max())
    if not peak > 0:
        raise InputFileError(
            spectrum.path,
            None,
            f"the greatest value is {peak:g}; counts linear in power are wanted (decibels look like this).",
        )
    needed = spectrum.dark_counts + NOISE_FACTOR * spectrum.noise_counts
    if not peak > needed:
        raise InputFileError(
            spectrum.path,
            None,
            f"no light: the greatest value is {peak:g} counts; above the dark offset of {spectrum.dark_counts:g} "
            f"and {NOISE_FACTOR:g} times the noise of {spectrum.noise_counts:g} it would exceed {needed:g}.",
        )
