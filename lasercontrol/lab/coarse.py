"""Gratings or glass on a stage: one position, three coefficients that move together.

What counts is the departure from the nominal position, where the bench's knobs are at zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasercontrol.lab_settings import StageActuatorSettings
from sim.elements import GlassBlock, TreacyPair
from sim.glass import MATERIALS

__all__ = ["CoarseStage"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CoarseStage:
    """A stage's map: position ↔ (gdd_ps2, tod_ps3, fod_ps4) relative to nominal_mm, which is linear.

    per_mm: coefficients per mm of the stage, shape (3,): exact for gratings and glass, whose phase is proportional to
    distance and thickness. low_mm, high_mm: where the stage may go.
    """

    name: str
    before_amplifier: bool
    nominal_mm: float
    low_mm: float
    high_mm: float
    per_mm: Floats

    @classmethod
    def from_settings(
        cls, settings: StageActuatorSettings, limits_mm: tuple[float, float], carrier_nm: float
    ) -> "CoarseStage":
        """The map of a stage; ValueError for gratings without an order, an unknown glass, a nominal out of reach."""
        low_mm, high_mm = limits_mm
        if not low_mm <= settings.nominal_mm <= high_mm:
            raise ValueError(
                f"{settings.stage}: nominal_mm={settings.nominal_mm:g} mm is outside the stage's {low_mm:g} to "
                f"{high_mm:g} mm."
            )
        per_mm = settings.mm_per_mm * _per_mm(settings, carrier_nm)
        before = settings.side == "before"
        return cls(settings.stage, before, settings.nominal_mm, low_mm, high_mm, per_mm)

    def coefficients(self, position_mm: float) -> Floats:
        """(gdd_ps2, tod_ps3, fod_ps4) at a position, shape (3,)."""
        return np.asarray((position_mm - self.nominal_mm) * self.per_mm)

    @property
    def gdd_range_ps2(self) -> tuple[float, float]:
        """Least and greatest GDD that the stage adds."""
        ends = [float(self.coefficients(end)[0]) for end in (self.low_mm, self.high_mm)]
        return min(ends), max(ends)


def _per_mm(settings: StageActuatorSettings, carrier_nm: float) -> Floats:
    """Coefficients of a millimetre of distance, or of glass."""
    if settings.kind == "glass":
        if settings.material not in MATERIALS:
            raise ValueError(f"there is no glass {settings.material!r}; there are {', '.join(MATERIALS)}.")
        block = GlassBlock(material=MATERIALS[settings.material], length_mm=1.0, carrier_nm=carrier_nm)
        return np.array(block.coefficients)
    assert settings.lines_per_mm is not None and settings.incidence_deg is not None  # noqa: S101, PT018 — validated
    pair = TreacyPair(
        lines_per_mm=settings.lines_per_mm,
        incidence_deg=settings.incidence_deg,
        separation_m=1e-3,
        carrier_nm=carrier_nm,
    )
    return np.array(pair.coefficients)
