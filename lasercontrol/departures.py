"""How a true laser departs from what is known of it: its spectrum, an optic's ripple, knobs that do something else.

Every function draws `n` lasers from one generator. None of it is in any model.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from lasercontrol.bench import Floats
from sim.grid import FULL_GRID
from sim.spectrum import GaussianLine

__all__ = ["OTHER_SPECTRA", "Ripple", "knob_maps", "ripples_rad", "smooth_ripples_rad", "spectrum_errors"]

OTHER_SPECTRA = (
    # Flat top, rms width 1.30 times that of the embedded spectrum.
    tuple(GaussianLine(1.0, centre_thz, 0.12) for centre_thz in (-0.214, -0.129, -0.043, 0.043, 0.129, 0.214)),
    # Two humps of unequal height, a quarter of the light left between them, rms width 1.19.
    (GaussianLine(1.0, -0.11, 0.16), GaussianLine(0.7, 0.15, 0.14)),
    # A narrow line with a shoulder, rms width 0.69.
    (GaussianLine(1.0, 0.02, 0.15), GaussianLine(0.35, -0.11, 0.13)),
)
"""Spectra of other lasers than the embedded one; heights arbitrary."""

RIPPLE_WAVES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ripple:
    """Spectral phase of optics, a sum of two sinusoids over the frequency: dielectric mirrors, a residual etalon.

    rms_rad: its size over the spectrum, drawn evenly; period_thz: of each sinusoid, drawn evenly in its logarithm.
    """

    rms_rad: tuple[float, float] = (0.15, 0.3)
    period_thz: tuple[float, float] = (0.08, 0.4)


def spectrum_errors(n: int, correlation_thz: float, rng: np.random.Generator) -> Floats:
    """Gaussian random fields g(f) on `FULL_GRID` in FFT order, shape (n, n_frequency), float32, of variance 1.

    Their correlation exp(-Δf²/2L²) is the transform of the power exp(-(2πtL)²/2) over the conjugate variable t, so a
    few dozen Fourier coefficients hold all of it.
    """
    t_ps = np.arange(FULL_GRID.n // 2) * FULL_GRID.dt_ps
    power = np.exp(-((2 * np.pi * t_ps * correlation_thz) ** 2) / 2)
    power = power[power > 1e-12]
    rms = FULL_GRID.n * np.sqrt(power / (2 * (2 * power.sum() - power[0])))  # all but the mean count twice, at ±t
    rms[0] *= np.sqrt(2)  # the mean is real: one normal holds what two hold elsewhere
    normals = rng.standard_normal((n, len(power), 2), dtype=np.float32) * rms.astype(np.float32)[:, None]
    return np.asarray(scipy.fft.irfft(normals.view(np.complex64)[..., 0], n=FULL_GRID.n))


def ripples_rad(ripple: Ripple, amplitude: Floats, rng: np.random.Generator) -> Floats:
    """Phases on `FULL_GRID` in FFT order, of the shape of the amplitudes (n, n_frequency).

    The size is the rms over the light, weighted by |A|², the mean taken off. What of a slow sinusoid looks like a
    polynomial the knobs can undo; the rest stays.
    """
    n = len(amplitude)
    size_rad = rng.uniform(*ripple.rms_rad, (n, 1))
    shortest, longest = np.log(ripple.period_thz)
    period_thz = np.exp(rng.uniform(shortest, longest, (n, RIPPLE_WAVES)))
    start_rad = rng.uniform(0, 2 * np.pi, (n, RIPPLE_WAVES))
    share = rng.uniform(0.3, 1.0, (n, RIPPLE_WAVES))
    waves = np.zeros_like(amplitude, dtype=np.float64)
    for wave in range(RIPPLE_WAVES):
        turns = FULL_GRID.frequency_thz / period_thz[:, wave, None]
        waves += share[:, wave, None] * np.sin(2 * np.pi * turns + start_rad[:, wave, None])
    return _of_rms(waves, size_rad, amplitude)


def smooth_ripples_rad(rms_rad: Floats, correlation_thz: float, amplitude: Floats, rng: np.random.Generator) -> Floats:
    """Gaussian random phases on `FULL_GRID` in FFT order, of the shape of the amplitudes (n, n_frequency), float64.

    rms_rad (n,): their size over the light, as of `ripples_rad`. For training: another family than the sinusoids that
    an agent is tested with.
    """
    field = spectrum_errors(len(amplitude), correlation_thz, rng).astype(np.float64)
    return _of_rms(field, rms_rad[:, None], amplitude)


def _of_rms(phase: Floats, rms_rad: Floats, amplitude: Floats) -> Floats:
    """Phases (n, n_frequency) less their mean over the light, scaled to (n, 1) rms over it."""
    weight = amplitude**2 / np.einsum("ij,ij->i", amplitude, amplitude)[:, None]
    phase = phase - np.einsum("ij,ij->i", weight, phase)[:, None]
    return np.asarray(phase * (rms_rad / np.sqrt(np.einsum("ij,ij->i", weight, phase**2))[:, None]))


def knob_maps(n: int, k: int, size: float, rng: np.random.Generator) -> Floats:
    """Applied fraction of each knob per asked fraction of each, shape (n, k, k): the identity, all entries off by up
    to `size`, evenly: the gain of a knob, and how much of it leaks into the others.
    """
    return np.asarray(np.eye(k) + rng.uniform(-size, size, (n, k, k)))
