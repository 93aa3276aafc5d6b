"""Optical elements that only delay: each a frozen value with its exact spectral phase and its Taylor coefficients.

Phases follow `sim.dispersion`: E(t) = IFFT[A exp(-iφ)], ω the offset from the carrier, constant and linear parts left
out. Elements in a row add their phases, and their coefficients.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

from sim.array import Array, like
from sim.dispersion import taylor_phase_rad
from sim.glass import Material
from sim.grating import exit_cosine, require_diffraction
from sim.optical_path import Coefficients, path_coefficients, path_phase_rad

__all__ = ["Element", "GlassBlock", "PolynomialPhase", "TreacyPair"]


class Element(ABC):
    """Something in the beam that changes the spectral phase and nothing else."""

    @abstractmethod
    def phase_rad(self, omega_rad_per_ps: Array) -> Array:
        """φ(ω) in the shape, library and precision of omega_rad_per_ps, with φ(0) = φ'(0) = 0."""

    @property
    @abstractmethod
    def coefficients(self) -> Coefficients:
        """GDD, TOD and FOD at the carrier, in ps², ps³, ps⁴."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialPhase(Element):
    """What a tunable chirped fibre Bragg grating or a pulse shaper sets: three free coefficients, nothing beyond."""

    gdd_ps2: float = 0.0
    tod_ps3: float = 0.0
    fod_ps4: float = 0.0

    def phase_rad(self, omega_rad_per_ps: Array) -> Array:
        """The quartic of `sim.dispersion`, shape of omega_rad_per_ps."""
        return taylor_phase_rad(omega_rad_per_ps, *(like(c, omega_rad_per_ps) for c in self.coefficients))

    @property
    def coefficients(self) -> Coefficients:
        """The fields as they stand."""
        return Coefficients(self.gdd_ps2, self.tod_ps3, self.fod_ps4)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassBlock(Element):
    """A length of transparent material; ValueError for a negative length or a carrier outside its Sellmeier range."""

    material: Material
    length_mm: float
    carrier_nm: float

    def __post_init__(self) -> None:
        """Check the length, and the carrier by building the index once."""
        _require_length("length_mm", self.length_mm, "mm")
        self.material.index(self.carrier_nm)

    def phase_rad(self, omega_rad_per_ps: Array) -> Array:
        """n(ω) ω L/c less its constant and linear parts, shape of omega_rad_per_ps."""
        return path_phase_rad(self.material.index(self.carrier_nm), self.length_mm, self.carrier_nm, omega_rad_per_ps)

    @property
    def coefficients(self) -> Coefficients:
        """Exact derivatives of the Sellmeier equation."""
        return path_coefficients(self.material.index(self.carrier_nm), self.length_mm, self.carrier_nm)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreacyPair(Element):
    """Parallel gratings, order -1, passed twice; separation_m is the *perpendicular* distance (`sim.grating`).

    ValueError for a negative separation and where the carrier has no order -1.
    """

    lines_per_mm: float
    incidence_deg: float
    separation_m: float
    carrier_nm: float

    def __post_init__(self) -> None:
        """Check the separation, and the diffracted order by building the cosine once."""
        _require_length("separation_m", self.separation_m, "m")
        exit_cosine(self.lines_per_mm, self.incidence_deg, self.carrier_nm)

    @classmethod
    def with_gdd(cls, gdd_ps2: float, *, lines_per_mm: float, incidence_deg: float, carrier_nm: float) -> Self:
        """The pair whose separation gives this GDD, which must not be positive; ValueError otherwise."""
        per_m = cls(lines_per_mm=lines_per_mm, incidence_deg=incidence_deg, separation_m=1.0, carrier_nm=carrier_nm)
        if not gdd_ps2 <= 0:
            raise ValueError(f"A grating pair gives negative GDD only, asked gdd_ps2={gdd_ps2:g} ps², allowed up to 0.")
        separation_m = gdd_ps2 / per_m.coefficients.gdd_ps2
        return cls(
            lines_per_mm=lines_per_mm, incidence_deg=incidence_deg, separation_m=separation_m, carrier_nm=carrier_nm
        )

    def phase_rad(self, omega_rad_per_ps: Array) -> Array:
        """(2ωL/c) cos θ_d less its constant and linear parts; ValueError where a frequency is not diffracted."""
        require_diffraction(
            omega_rad_per_ps,
            lines_per_mm=self.lines_per_mm,
            incidence_deg=self.incidence_deg,
            carrier_nm=self.carrier_nm,
        )
        index = exit_cosine(self.lines_per_mm, self.incidence_deg, self.carrier_nm)
        return path_phase_rad(index, self._path_mm, self.carrier_nm, omega_rad_per_ps)

    @property
    def coefficients(self) -> Coefficients:
        """Exact derivatives of the phase, FOD included."""
        index = exit_cosine(self.lines_per_mm, self.incidence_deg, self.carrier_nm)
        return path_coefficients(index, self._path_mm, self.carrier_nm)

    @property
    def _path_mm(self) -> float:
        return 2 * self.separation_m * 1e3  # there and back


def _require_length(name: str, value: float, unit: str) -> None:
    if not 0 <= value < float("inf"):  # written so that NaN is refused
        raise ValueError(f"{name}={value:g} {unit} is not a length; it must be finite and at least 0 {unit}.")
