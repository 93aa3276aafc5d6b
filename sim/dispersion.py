"""Spectral phase of a dispersive pulse.

Convention, stated here and used everywhere, with ω the offset from the carrier:

    E(t) = IFFT[A(ω) exp(-iφ(ω))],    φ = GDD/2! ω² + TOD/3! ω³ + FOD/4! ω⁴,    group delay = +dφ/dω.

IFFT is NumPy's, with exp(+iωt). So GDD > 0 sends red ahead of blue, and TOD > 0 rings after the pulse.
Constant phase and constant delay are left out: they move the pulse, they do not change its shape.
"""

from sim.array import Array

__all__ = ["taylor_curvature_ps2", "taylor_delay_ps", "taylor_phase_rad"]


def taylor_phase_rad(omega_rad_per_ps: Array, gdd_ps2: Array, tod_ps3: Array, fod_ps4: Array) -> Array:
    """Phase φ(ω), shape (..., n_omega), from coefficients of shape (...)."""
    ω = omega_rad_per_ps
    gdd, tod, fod = (c[..., None] for c in (gdd_ps2, tod_ps3, fod_ps4))
    return ω**2 * (gdd / 2 + ω * (tod / 6 + ω * (fod / 24)))


def taylor_delay_ps(omega_rad_per_ps: Array, gdd_ps2: Array, tod_ps3: Array, fod_ps4: Array) -> Array:
    """Group delay dφ/dω, shape (..., n_omega), from coefficients of shape (...)."""
    ω = omega_rad_per_ps
    gdd, tod, fod = (c[..., None] for c in (gdd_ps2, tod_ps3, fod_ps4))
    return ω * (gdd + ω * (tod / 2 + ω * (fod / 6)))


def taylor_curvature_ps2(omega_rad_per_ps: Array, gdd_ps2: Array, tod_ps3: Array, fod_ps4: Array) -> Array:
    """Local chirp d²φ/dω², shape (..., n_omega), from coefficients of shape (...)."""
    ω = omega_rad_per_ps
    gdd, tod, fod = (c[..., None] for c in (gdd_ps2, tod_ps3, fod_ps4))
    return gdd + ω * (tod + ω * (fod / 2))
