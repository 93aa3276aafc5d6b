"""How much group delay an actuator of the spectral phase can make, over which band, how finely.

A shaper that is asked for more than its reach does not refuse: it makes a wrong phase. So the one who asks must know.
"""

from dataclasses import dataclass

import numpy as np

from drivers.errors import OutOfRange

__all__ = ["GroupDelayReach", "group_delay_ends_ps", "group_delay_span_ps"]

POINTS = 257  # over the band; the cubic's extremes are found to 1e-4 of its span


def group_delay_ends_ps(
    gdd_ps2: float, tod_ps3: float, fod_ps4: float, low_rad_per_ps: float, high_rad_per_ps: float
) -> tuple[float, float]:
    """Least and greatest group delay GDD ω + TOD ω²/2 + FOD ω³/6 over a band, ω the offset from the carrier."""
    ω = np.linspace(low_rad_per_ps, high_rad_per_ps, POINTS)
    delay_ps = ω * (gdd_ps2 + ω * (tod_ps3 / 2 + ω * fod_ps4 / 6))
    return float(delay_ps.min()), float(delay_ps.max())


def group_delay_span_ps(
    gdd_ps2: float, tod_ps3: float, fod_ps4: float, low_rad_per_ps: float, high_rad_per_ps: float
) -> float:
    """Greatest less least group delay over a band."""
    least_ps, greatest_ps = group_delay_ends_ps(gdd_ps2, tod_ps3, fod_ps4, low_rad_per_ps, high_rad_per_ps)
    return greatest_ps - least_ps


@dataclass(frozen=True, slots=True)
class GroupDelayReach:
    """±reach_ps of group delay, within low_thz to high_thz of optical frequency, in steps of resolution_thz."""

    reach_ps: float
    low_thz: float
    high_thz: float
    resolution_thz: float

    @property
    def limit_ps(self) -> float:
        """Group delay that may be asked for: the reach, and no more than π of phase from step to step."""
        return min(self.reach_ps, 0.5 / self.resolution_thz)

    def require(
        self,
        name: str,
        coefficients: tuple[float, float, float],
        carrier_thz: float,
        band_rad_per_ps: tuple[float, float],
    ) -> None:
        """OutOfRange where (gdd_ps2, tod_ps3, fod_ps4) over a band, offsets from the carrier, is beyond the actuator.

        The common delay is free: a linear phase takes it away, so that only the span counts.
        """
        low_thz, high_thz = (carrier_thz + edge / (2 * np.pi) for edge in band_rad_per_ps)
        if not self.low_thz <= low_thz <= high_thz <= self.high_thz:
            raise OutOfRange(
                f"{name}: the pulse's band {low_thz:.3f} to {high_thz:.3f} THz is not within the actuator's "
                f"{self.low_thz:.3f} to {self.high_thz:.3f} THz; nothing was sent."
            )
        span_ps = group_delay_span_ps(*coefficients, *band_rad_per_ps)
        if not span_ps <= 2 * self.limit_ps:  # written so that NaN is refused
            raise OutOfRange(
                f"{name}: group delay of ±{span_ps / 2:.4g} ps over {low_thz:.3f} to {high_thz:.3f} THz is beyond the "
                f"actuator's ±{self.limit_ps:g} ps; nothing was sent."
            )
