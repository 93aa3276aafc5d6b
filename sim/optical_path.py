"""Dispersion of an optical path: glass and gratings alike are a phase ω/c · L · n(ω).

n is the refractive index of a medium, or the cosine of a grating pair; only this function differs. It is written in
s = ω/ω₀, optical frequency over carrier, so that nothing is ever differentiated in SI (where FOD is 1e-48 and is lost).
"""

from collections.abc import Callable
from math import factorial, tau
from typing import NamedTuple

from sim.array import Array
from sim.constants import C_NM_PER_PS
from sim.series import Series

__all__ = ["Coefficients", "Index", "carrier_rad_per_ps", "path_coefficients", "path_phase_rad"]

NM_PER_MM = 1e6

Index = Callable[[Series], Series]
"""Effective index as a function of s = ω/ω₀."""


class Coefficients(NamedTuple):
    """Second, third and fourth derivative of a spectral phase at the carrier."""

    gdd_ps2: float
    tod_ps3: float
    fod_ps4: float


def carrier_rad_per_ps(carrier_nm: float) -> float:
    """Optical frequency 2πc/λ that is ω = 0 in every spectrum."""
    return tau * C_NM_PER_PS / carrier_nm


def path_phase_rad(index: Index, length_mm: float, carrier_nm: float, omega_rad_per_ps: Array) -> Array:
    """Exact phase of a path less its constant and linear parts, shape (..., n) as omega_rad_per_ps.

    omega_rad_per_ps is the offset from the carrier; library and precision follow it, and float32 keeps all its digits
    (`sim.series`). Positive phase curvature is positive GDD (`sim.dispersion`).
    """
    x = omega_rad_per_ps / carrier_rad_per_ps(carrier_nm)
    return _carrier_phase_rad(length_mm, carrier_nm) * _path(index, x).beyond_linear


def path_coefficients(index: Index, length_mm: float, carrier_nm: float) -> Coefficients:
    """GDD, TOD and FOD of a path, exact derivatives of its phase at the carrier."""
    derivatives = _path(index, 0.0).coefficients
    scale_rad, carrier = _carrier_phase_rad(length_mm, carrier_nm), carrier_rad_per_ps(carrier_nm)
    return Coefficients(*(scale_rad * factorial(k) * derivatives[k] / carrier**k for k in (2, 3, 4)))


def _path(index: Index, x: Array) -> Series:
    s = Series.variable(x, start=1.0)
    return s * index(s)


def _carrier_phase_rad(length_mm: float, carrier_nm: float) -> float:
    """Phase of the carrier over the length in vacuum, ω₀L/c = 2πL/λ₀."""
    return tau * length_mm * NM_PER_MM / carrier_nm
