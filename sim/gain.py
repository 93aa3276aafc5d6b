"""What an amplifier does to the light that passes it: narrowing, saturation, and the B-integral.

Gains are ratios of intensity unless the name says `amplitude`; an amplitude gain is the square root.
"""

from math import log, sqrt, tau

from sim.array import Array, namespace

__all__ = [
    "amplitude_gain",
    "b_integral_rad",
    "frantz_nodvik_j_per_cm2",
    "gaussian_line",
    "gaussian_narrowed_fwhm_thz",
    "lorentzian_line",
    "lorentzian_narrowed_fwhm_thz",
    "narrowed",
    "quadratic_narrowed_fwhm_thz",
]

LN2 = log(2)
NM_PER_MM = 1e6


def lorentzian_line(detuning_thz: Array, fwhm_thz: float) -> Array:
    """Gain coefficient of a homogeneous line relative to its peak, shape of detuning_thz."""
    return 1 / (1 + (2 * detuning_thz / fwhm_thz) ** 2)


def gaussian_line(detuning_thz: Array, fwhm_thz: float) -> Array:
    """Gain coefficient of an inhomogeneous line relative to its peak, shape of detuning_thz."""
    return namespace(detuning_thz).exp(-4 * LN2 * (detuning_thz / fwhm_thz) ** 2)


def amplitude_gain(line: Array, peak_gain: float) -> Array:
    """Factor G^(line/2) on the field, shape of `line`, for an intensity gain of G at the peak of the line."""
    return namespace(line).exp(line * (log(peak_gain) / 2))


def narrowed(amplitude: Array, gain_per_pass_amplitude: Array, passes: int) -> Array:
    """Field amplitude after many passes, A g^passes, shape (..., n); the gain factor is one of amplitude, not negative.

    Energy is not conserved, nor normalised. ValueError for a negative number of passes.
    """
    if passes < 0:
        raise ValueError(f"An amplifier is passed at least 0 times, got passes={passes}.")
    return amplitude * gain_per_pass_amplitude**passes


def lorentzian_narrowed_fwhm_thz(gain_db: float, line_fwhm_thz: float) -> float:
    """Width at half the peak of G^line, Δ √(3/(G_dB - 3)) with 10 log₁₀ 2 for 3 (Siegman, Lasers, ch. 7).

    ValueError where the gain is below 10 log₁₀ 2 = 3.01 dB, since it then halves nowhere.
    """
    return line_fwhm_thz * sqrt(LN2 / (_log_gain_above_half(gain_db) - LN2))


def gaussian_narrowed_fwhm_thz(gain_db: float, line_fwhm_thz: float) -> float:
    """Width at half the peak of G^line, Δ √(ln[ln G/(ln G - ln 2)]/ln 2), exact; ValueError as for the Lorentz line."""
    log_gain = _log_gain_above_half(gain_db)
    return line_fwhm_thz * sqrt(log(log_gain / (log_gain - LN2)) / LN2)


def quadratic_narrowed_fwhm_thz(input_fwhm_thz: float, gain_db: float, line_fwhm_thz: float) -> float:
    """Width of a Gaussian spectrum behind the *parabola* of a Gaussian line, 1/Δ_out² = 1/Δ_in² + ln G/Δ².

    The limit of high gain: 8 % short at 10 dB, 1.5 % at 60 dB. An infinite input width gives that of the gain itself.
    """
    return 1 / sqrt(1 / input_fwhm_thz**2 + _log_gain(gain_db) / line_fwhm_thz**2)


def frantz_nodvik_j_per_cm2(
    input_j_per_cm2: Array, stored_j_per_cm2: Array, saturation_j_per_cm2: Array | float
) -> Array:
    """Output fluence of a saturating amplifier, shape (...) of the arguments, which are not negative.

    F_out = F_s ln{1 + G₀ [exp(F_in/F_s) - 1]}, G₀ = exp(F_stored/F_s) (Frantz & Nodvik, J. Appl. Phys. 34, 2346, 1963),
    written as F_in plus the extracted fluence: a strong input does not overflow, a weak one does not cancel, and
    what is extracted is seen to stay below what was stored.
    """
    xp = namespace(input_j_per_cm2, stored_j_per_cm2)
    inversion = xp.expm1(stored_j_per_cm2 / saturation_j_per_cm2)
    used = -xp.expm1(-input_j_per_cm2 / saturation_j_per_cm2)
    return input_j_per_cm2 + saturation_j_per_cm2 * xp.log1p(inversion * used)


def b_integral_rad(wavelength_nm: float, n2_cm2_per_w: float, intensity_w_per_cm2: Array, z_mm: Array) -> Array:
    """B = (2π/λ) ∫ n₂ I dz, shape (...), by the trapezoidal rule (Siegman, Lasers, ch. 10).

    Peak intensity has shape (..., m) over positions z_mm, shape (m,). B is the nonlinear phase at the pulse's peak.
    """
    mean = (intensity_w_per_cm2[..., 1:] + intensity_w_per_cm2[..., :-1]) / 2
    steps_nm = (z_mm[1:] - z_mm[:-1]) * NM_PER_MM
    return tau / wavelength_nm * n2_cm2_per_w * namespace(mean).sum(mean * steps_nm, axis=-1)


def _log_gain(gain_db: float) -> float:
    return gain_db / 10 * log(10)


def _log_gain_above_half(gain_db: float) -> float:
    log_gain = _log_gain(gain_db)
    if not log_gain > LN2:  # written so that NaN is refused
        raise ValueError(
            f"A gain of gain_db={gain_db:g} dB halves nowhere; it must be above {10 * LN2 / log(10):.4g} dB."
        )
    return log_gain
