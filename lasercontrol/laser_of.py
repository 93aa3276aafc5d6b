"""From a config to the laser as it is known: field amplitude behind the amplifier, carrier, transform limit."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasercontrol.config import GainSettings, LaserSettings
from lasercontrol.errors import ConfigError, InputFileError
from lasercontrol.spectrum_file import read_spectrum
from sim.constants import C_NM_PER_PS
from sim.grid import FULL_GRID
from sim.metrics import fwhm_ps
from sim.pulse import field, finer, intensity_of, transform_limited_peak
from sim.spectrum import (
    THREE_GAUSSIANS,
    THREE_GAUSSIANS_CARRIER_THZ,
    carrier_thz_of,
    intensity_on_frequencies,
    lines_intensity,
    unit_energy_amplitude,
)

__all__ = ["KnownLaser", "known_laser", "pulse_fwhm_ps"]

Floats = NDArray[np.float64]

DEFAULT_GAIN_FILE = "yb_gain.txt"
OFF_GRID_ENERGY = 1e-3
OFF_GRID_AMPLITUDE = 1e-2  # a transform limit adds amplitudes: a cut of 1 % is 2 % of its peak
LEAST_GAIN = 1e-3  # relative to the peak of the gain; a seed that far off would never be amplified
CLEAR_OF_NOISE = 5.0  # standard deviations of one row
FINER = 16  # samples between two of the grid before a width is read: linear crossings are then good to 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class KnownLaser:
    """Amplitude, shape (n,) in FFT order on `FULL_GRID`, unit energy, about carrier_thz."""

    amplitude: Floats
    carrier_thz: float

    @property
    def limit_fwhm_ps(self) -> float:
        """Duration of the transform-limited pulse."""
        return pulse_fwhm_ps(self.amplitude.astype(np.complex128))

    @property
    def limit_peak_per_ps(self) -> float:
        """Peak of the transform-limited pulse over its energy."""
        return float(transform_limited_peak(self.amplitude, FULL_GRID))


def pulse_fwhm_ps(spectrum: NDArray[np.complex128]) -> float:
    """Full width at half maximum of one pulse, from its complex spectrum (n,) on `FULL_GRID`."""
    dense, grid = finer(spectrum, FULL_GRID, FINER)
    return float(fwhm_ps(intensity_of(field(dense, grid)), grid))


def known_laser(settings: LaserSettings) -> KnownLaser:
    """The laser of a config.

    A seed spectrum is freed of its dark offset, narrowed by the gain at the frequencies of the file's own rows, then
    put on the grid about its centre of gravity. Raises InputFileError where a file is none or its light does not fit
    the grid, ConfigError where a gain is missing or not wanted.
    """
    path = settings.spectrum.file
    if path is None:
        intensity = lines_intensity(FULL_GRID.frequency_thz, THREE_GAUSSIANS)
        return KnownLaser(unit_energy_amplitude(intensity, FULL_GRID), THREE_GAUSSIANS_CARRIER_THZ)
    spectrum = read_spectrum(path)
    dark_free = spectrum.without_dark().counts
    # Noise is everywhere in a file and would pull the carrier away; in the pulse it stays, since a floor cuts wings.
    clear = np.where(dark_free > CLEAR_OF_NOISE * spectrum.noise_counts, dark_free, 0.0)
    lit_nm = spectrum.wavelength_nm[clear > 0]
    gain = 1.0 if settings.spectrum.amplified else _gain_at(spectrum.wavelength_nm, lit_nm, settings, path)
    f_thz, density = _densities(spectrum.wavelength_nm, clear * gain**2)
    carrier_thz = settings.carrier_thz or carrier_thz_of(f_thz, density)
    _require_on_grid(path, f_thz, density, carrier_thz)
    counts = dark_free * gain**2
    intensity = intensity_on_frequencies(carrier_thz + FULL_GRID.frequency_thz, spectrum.wavelength_nm, counts)
    return KnownLaser(unit_energy_amplitude(intensity, FULL_GRID), carrier_thz)


def _gain_at(wavelength_nm: Floats, lit_nm: Floats, settings: LaserSettings, path: Path) -> Floats:
    """Factor on the field at the rows of a seed, shape (n,): the root of the normalised fluorescence at every pass."""
    gain = settings.gain or GainSettings()
    gain_path = gain.file or path.parent / DEFAULT_GAIN_FILE
    if not gain_path.is_file():
        raise ConfigError(
            gain_path,
            None,
            "laser.gain.file",
            f"there is no such file, and {path.name} counts as the seed before the amplifier; name the gain's file, or "
            f"say that the spectrum is amplified (--amplified).",
        )
    fluorescence = read_spectrum(gain_path).without_dark()
    at_nm = fluorescence.wavelength_nm + gain.shift_nm
    per_pass = np.sqrt(fluorescence.counts / fluorescence.counts.max())
    factor = np.asarray(np.interp(wavelength_nm, at_nm, per_pass, left=0.0, right=0.0) ** gain.passes)
    if not np.interp(lit_nm, wavelength_nm, factor).max(initial=0.0) > LEAST_GAIN:
        raise InputFileError(
            path,
            None,
            f"its light lies at {lit_nm.min():.5g} to {lit_nm.max():.5g} nm, where {gain_path.name} leaves less than "
            f"{LEAST_GAIN:g} of the field after {gain.passes} passes.",
        )
    return factor


def _densities(wavelength_nm: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Rising frequencies of the rows, and spectral density per THz there."""
    f_thz = C_NM_PER_PS / wavelength_nm[::-1]
    return f_thz, intensity_on_frequencies(f_thz, wavelength_nm, counts)


def _require_on_grid(path: Path, f_thz: Floats, density: Floats, carrier_thz: float) -> None:
    """Refuse light beyond the grid; density, shape (n,), over rising frequencies."""
    outside = np.abs(f_thz - carrier_thz) > FULL_GRID.span_thz / 2
    for name, light, bound in (
        ("energy", density, OFF_GRID_ENERGY),
        ("amplitude", np.sqrt(density), OFF_GRID_AMPLITUDE),
    ):
        total = np.trapezoid(light, f_thz)
        share = float(np.trapezoid(np.where(outside, light, 0.0), f_thz) / total) if total > 0 else 1.0
        if not share <= bound:
            raise InputFileError(
                path,
                None,
                f"{share:.2%} of the {name} lies beyond ±{FULL_GRID.span_thz / 2:g} THz of the carrier at "
                f"{carrier_thz:.3f} THz ({C_NM_PER_PS / carrier_thz:.2f} nm), where the grid ends; at most "
                f"{bound:.1%} may.",
            )
