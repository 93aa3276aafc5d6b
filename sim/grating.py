"""Geometry of a pair of parallel gratings (Treacy), order -1, which a beam passes twice.

    sin θ + sin θ_d = λ/d,    φ(ω) = (2ωL/c) cos θ_d(ω),

θ the angle of incidence, θ_d of diffraction, 1/d the line density, and L the *perpendicular* distance of the gratings
(the slant distance along the diffracted ray is L/cos θ_d; formulas in terms of it look different). Path over the first
grating's own cos θ adds only a delay, and is left out. Treacy, IEEE J. Quantum Electron. 5, 454 (1969).
"""

from math import asin, degrees, inf, radians, sin, tau

from sim.array import Array, namespace
from sim.constants import C_NM_PER_PS
from sim.optical_path import Index, carrier_rad_per_ps
from sim.series import Series

__all__ = ["diffraction_deg", "exit_cosine", "littrow_deg", "longest_diffracted_nm", "require_diffraction"]

NM_PER_MM = 1e6


def littrow_deg(lines_per_mm: float, wavelength_nm: float) -> float:
    """Angle at which light returns on itself, sin θ = λ/2d; ValueError where the wavelength is above 2d."""
    _require_lines(lines_per_mm)
    sine = _wavelength_over_period(lines_per_mm, wavelength_nm) / 2
    if not 0 < sine < 1:
        raise ValueError(
            f"{lines_per_mm:g} lines/mm have no Littrow angle at wavelength {wavelength_nm:g} nm: "
            f"it must lie between 0 and 2d = {2 * NM_PER_MM / lines_per_mm:g} nm."
        )
    return degrees(asin(sine))


def diffraction_deg(lines_per_mm: float, incidence_deg: float, wavelength_nm: float) -> float:
    """Angle θ_d of the order -1; ValueError where that order does not exist."""
    _require_at_most(wavelength_nm, lines_per_mm, incidence_deg)
    return degrees(asin(_wavelength_over_period(lines_per_mm, wavelength_nm) - sin(radians(incidence_deg))))


def longest_diffracted_nm(lines_per_mm: float, incidence_deg: float) -> float:
    """Wavelength d (1 + sin θ) at which the diffracted beam grazes the grating: the order -1 ends there."""
    return NM_PER_MM / lines_per_mm * (1 + sin(radians(incidence_deg)))


def exit_cosine(lines_per_mm: float, incidence_deg: float, carrier_nm: float) -> Index:
    """Cosine of θ_d as a function of ω/ω₀: the effective index of the path 2L; ValueError without order -1."""
    _require_at_most(carrier_nm, lines_per_mm, incidence_deg)
    sine, ratio = sin(radians(incidence_deg)), _wavelength_over_period(lines_per_mm, carrier_nm)

    def cosine(s: Series) -> Series:
        exit_sine = ratio / s - sine
        return (1.0 - exit_sine * exit_sine).sqrt()

    return cosine


def require_diffraction(
    omega_rad_per_ps: Array, *, lines_per_mm: float, incidence_deg: float, carrier_nm: float
) -> None:
    """ValueError unless every frequency of the array, an offset from the carrier, has an order -1."""
    lowest = carrier_rad_per_ps(carrier_nm) + float(namespace(omega_rad_per_ps).min(omega_rad_per_ps))
    _require_at_most(tau * C_NM_PER_PS / lowest if lowest > 0 else inf, lines_per_mm, incidence_deg)


def _require_at_most(wavelength_nm: float, lines_per_mm: float, incidence_deg: float) -> None:
    _require_lines(lines_per_mm)
    if not -90 < incidence_deg < 90:
        raise ValueError(f"incidence_deg={incidence_deg:g}° does not meet the grating; it must lie within ±90°.")
    longest_nm = longest_diffracted_nm(lines_per_mm, incidence_deg)
    if not 0 < wavelength_nm < longest_nm:  # written so that NaN is refused
        raise ValueError(
            f"{lines_per_mm:g} lines/mm at {incidence_deg:g}° incidence diffract no order at wavelength "
            f"{wavelength_nm:g} nm: it must lie between 0 and d (1 + sin θ) = {longest_nm:g} nm."
        )


def _require_lines(lines_per_mm: float) -> None:
    if not 0 < lines_per_mm < inf:  # written so that NaN is refused
        raise ValueError(f"A grating needs a positive line density, got lines_per_mm={lines_per_mm:g}.")


def _wavelength_over_period(lines_per_mm: float, wavelength_nm: float) -> float:
    return wavelength_nm * lines_per_mm / NM_PER_MM
