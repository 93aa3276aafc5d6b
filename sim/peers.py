"""The published chain of the public RL peers (TempoRL, gym-laser), as a preset to compare with.

Spectrum: square root of the seed's counts, splined to 5,000 equidistant frequencies. Gain: the amplifier's fluorescence
to the 50th power of the field. Chain: stretcher with the control's coefficients, SPM of B renormalised to the current
peak, fixed compressor. Their exp(+iφ) is turned into this project's exp(-iφ), which mirrors every pulse in time; peaks
and durations stay. No Jacobian, no dark level, as published.

Their gain curve is multiplied index by index onto a field that spans 15 % more frequency than the curve does:
`AS_PUBLISHED` repeats that (transform limit 1.418 ps), `AT_THE_FIELD` interpolates where the light is (1.536 ps).
"""

from dataclasses import dataclass
from enum import Enum
from math import tau

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from sim.array import Array, cis, fft, ifft, like, namespace
from sim.chain import STRETCHER
from sim.constants import C_NM_PER_PS
from sim.dispersion import taylor_phase_rad
from sim.grid import Grid
from sim.pulse import intensity_of
from sim.spectrum import unit_energy_amplitude

__all__ = ["COMPRESSOR", "GainAxis", "PeerLaser", "amplified_field", "peer_laser", "seed_field"]

Floats = NDArray[np.float64]

COMPRESSOR = tuple(-coefficient for coefficient in STRETCHER)
"""Their compressor, ps², ps³, ps⁴; B is stated for the control that cancels it."""

BAND_THZ = (289.95, 291.91)
POINTS = 5000
PADDED = 8192  # the next power of two: room for the frequencies that SPM makes; the time window stays theirs, 2,570 ps
GAIN_SHIFT_NM = 1.0
PASSES = 50


class GainAxis(Enum):
    """Where the gain is read: at the field's own frequencies, or stretched over its samples as published."""

    AS_PUBLISHED = "as published"
    AT_THE_FIELD = "at the field"


@dataclass(frozen=True, slots=True)
class PeerLaser:
    """Amplitude, shape (8192,) in FFT order on `grid`, unit energy, and ω from the carrier of every phase, (8192,)."""

    amplitude: Array
    omega_rad_per_ps: Array
    grid: Grid

    def spectrum_after(self, control: Array, b_rad: Array) -> Array:
        """Complex spectrum behind the compressor, shape (..., n), for stretcher coefficients (..., 3) and B (...)."""
        stretched = ifft(self.amplitude * cis(-self._phase(control)))
        intensity = intensity_of(stretched)
        nonlinear = b_rad[..., None] * intensity / namespace(intensity).max(intensity, axis=-1, keepdims=True)
        return fft(stretched * cis(-nonlinear)) * cis(-self._phase(like(COMPRESSOR, control)))

    def _phase(self, coefficients: Array) -> Array:
        return taylor_phase_rad(self.omega_rad_per_ps, *(coefficients[..., k] for k in range(3)))


def seed_field(wavelength_nm: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Absolute frequencies in THz and field before the amplifier, both (5000,), from a spectrometer's rows."""
    frequency_thz, density = _within(wavelength_nm, np.maximum(counts, 0.0), *BAND_THZ)
    axis = np.linspace(frequency_thz[0], frequency_thz[-1], POINTS)
    return axis, _spline(frequency_thz, np.sqrt(density), axis)


def amplified_field(
    frequency_thz: Floats, seed: Floats, wavelength_nm: Floats, fluorescence: Floats, axis: GainAxis
) -> Floats:
    """Field behind 50 passes, shape (5000,), from the seed at its frequencies and the rows of a fluorescence scan."""
    rows = fluorescence / fluorescence.max()
    inside = _within(wavelength_nm + GAIN_SHIFT_NM, rows, frequency_thz[0], frequency_thz[-1])
    if axis is GainAxis.AS_PUBLISHED:
        gain = _spline(inside[0], np.sqrt(inside[1]), np.linspace(inside[0][0], inside[0][-1], POINTS))
    else:
        everywhere = _within(wavelength_nm + GAIN_SHIFT_NM, np.maximum(rows, 0.0), 0.0, np.inf)
        gain = _spline(everywhere[0], np.sqrt(everywhere[1]), frequency_thz)
    return np.asarray(seed * gain**PASSES)


def peer_laser(frequency_thz: Floats, seed: Floats, amplified: Floats) -> PeerLaser:
    """The laser of a field over equidistant frequencies, each (5000,); the carrier is the middle of the seed's half."""
    grid = Grid(PADDED, (POINTS - 1) / (np.ptp(frequency_thz) * PADDED))
    centred = np.pad(amplified**2, (PADDED - POINTS) // 2)  # index n/2 is frequency_thz[2500]
    from_carrier_thz = grid.frequency_thz + frequency_thz[POINTS // 2] - _middle_of_half_thz(frequency_thz, seed)
    amplitude = unit_energy_amplitude(np.fft.ifftshift(centred), grid)
    return PeerLaser(amplitude, tau * from_carrier_thz, grid)


def _within(wavelength_nm: Floats, values: Floats, low_thz: float, high_thz: float) -> tuple[Floats, Floats]:
    """Rows over rising frequency, those inside a band."""
    order = np.argsort(-wavelength_nm)
    frequency_thz = C_NM_PER_PS / wavelength_nm[order]
    inside = (frequency_thz >= low_thz) & (frequency_thz <= high_thz)
    return frequency_thz[inside], values[order][inside]


def _spline(x: Floats, y: Floats, at: Floats) -> Floats:
    return np.asarray(make_interp_spline(x, y, k=3)(at))


def _middle_of_half_thz(frequency_thz: Floats, values: Floats) -> float:
    """Mean of the first and the last half-maximum crossing."""
    above = values - values.max() / 2
    index = np.nonzero(above > 0)[0]
    edges = [(index[0] - 1, index[0]), (index[-1], index[-1] + 1)]
    return float(np.mean([np.interp(0.0, *_rising(above[[i, j]], frequency_thz[[i, j]])) for i, j in edges]))


def _rising(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(x)
    return x[order], y[order]
