"""A polynomial spectral phase on an actuator's frequency grid, and what polynomial a grid of phases is.

The project's sign (docs/decisions/0002): a field A(ω) becomes A exp(-iφ), φ = GDD ω²/2 + TOD ω³/6 + FOD ω⁴/24, ω the
offset from the carrier; the group delay is +dφ/dω.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.reach import group_delay_ends_ps

__all__ = ["Coefficients", "fitted_phase", "greatest_phase_rad", "moved_to", "offset_rad_per_ps", "shaped_phase_rad"]

Floats = NDArray[np.floating[Any]]
Coefficients = tuple[float, float, float]
"""(gdd_ps2, tod_ps3, fod_ps4)."""
Band = tuple[float, float]


def offset_rad_per_ps(frequency_thz: Floats, carrier_thz: float) -> Floats:
    """ω of optical frequencies, any shape."""
    return 2 * np.pi * (frequency_thz - carrier_thz)


def shaped_phase_rad(
    frequency_thz: Floats, coefficients: Coefficients, carrier_thz: float, band_rad_per_ps: Band, reach_ps: float
) -> Floats:
    """φ on a rising grid, not wrapped, shape of the grid: the polynomial, with a delay that centres it in the reach.

    Over the band it is exact. Beyond it the polynomial goes on as long as its group delay stays within the reach, and
    from there on the delay is held: the wings are never asked for what the actuator cannot do.
    """
    gdd_ps2, tod_ps3, fod_ps4 = coefficients
    delay_ps = -sum(group_delay_ends_ps(*coefficients, *band_rad_per_ps)) / 2
    ω = offset_rad_per_ps(frequency_thz, carrier_thz)
    τ = delay_ps + ω * (gdd_ps2 + ω * (tod_ps3 / 2 + ω * fod_ps4 / 6))
    beyond = np.abs(τ) > reach_ps
    too_low = np.flatnonzero(beyond & (ω < band_rad_per_ps[0]))
    too_high = np.flatnonzero(beyond & (ω > band_rad_per_ps[1]))
    first, last = (too_low[-1] + 1 if too_low.size else 0), (too_high[0] - 1 if too_high.size else -1)
    held = np.clip(np.arange(ω.size), first, last % ω.size)
    near = ω[held]
    polynomial = near * (delay_ps + near * (gdd_ps2 / 2 + near * (tod_ps3 / 6 + near * fod_ps4 / 24)))
    return np.asarray(polynomial + τ[held] * (ω - near))


def fitted_phase(
    frequency_thz: Floats, phase_rad: Floats, carrier_thz: float, band_rad_per_ps: Band
) -> tuple[Coefficients, float]:
    """What polynomial of order four a grid of phases, wrapped or not, is over a band; and what it leaves, rad rms.

    Phases must step by less than π from point to point, or the answer is another one. ValueError for a band with too
    few points.
    """
    ω = offset_rad_per_ps(frequency_thz, carrier_thz)
    inside = (ω >= band_rad_per_ps[0]) & (ω <= band_rad_per_ps[1])
    if inside.sum() < 8:
        raise ValueError(f"{inside.sum()} points of the grid within the band make no polynomial")
    scale = float(np.abs(ω[inside]).max())
    unwrapped = np.unwrap(phase_rad[inside])
    found = np.polynomial.polynomial.polyfit(ω[inside] / scale, unwrapped, 4)
    left = unwrapped - np.polynomial.polynomial.polyval(ω[inside] / scale, found)
    _, _, two, three, four = (float(part) for part in found)
    coefficients = (2 * two / scale**2, 6 * three / scale**3, 24 * four / scale**4)
    return coefficients, float(np.sqrt(np.mean(left**2)))


def greatest_phase_rad(coefficients: Coefficients, band_rad_per_ps: Band) -> float:
    """A bound of |φ| over a band: how much a difference of coefficients matters."""
    ω = max(abs(edge) for edge in band_rad_per_ps)
    gdd_ps2, tod_ps3, fod_ps4 = (abs(part) for part in coefficients)
    return ω**2 * (gdd_ps2 / 2 + ω * (tod_ps3 / 6 + ω * fod_ps4 / 24))


def moved_to(coefficients: Coefficients, offset_rad_per_ps: float) -> tuple[float, Coefficients]:
    """The same polynomial about another frequency, `offset_rad_per_ps` from the old one: its delay there, and the rest.

    Exact; the group delay at the old frequency counts as zero.
    """
    gdd_ps2, tod_ps3, fod_ps4 = coefficients
    ω = offset_rad_per_ps
    delay_ps = ω * (gdd_ps2 + ω * (tod_ps3 / 2 + ω * fod_ps4 / 6))
    return delay_ps, (gdd_ps2 + ω * (tod_ps3 + ω * fod_ps4 / 2), tod_ps3 + ω * fod_ps4, fod_ps4)
