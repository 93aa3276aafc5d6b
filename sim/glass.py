"""Optical materials by their Sellmeier equations.

    n² = 1 + Σ Bᵢ λ²/(λ² - Cᵢ) = 1 + Σ Bᵢ/(1 - s² Cᵢ/λ₀²),    s = ω/ω₀ = λ₀/λ,

with λ the vacuum wavelength and Cᵢ in µm². Coefficients as collected at refractiveindex.info; the source stands with
each material. The range is the one over which the source measured.
"""

from dataclasses import dataclass

from sim.optical_path import Coefficients, Index, path_coefficients
from sim.series import Series

__all__ = [
    "CALCIUM_FLUORIDE",
    "FUSED_SILICA",
    "MATERIALS",
    "N_BK7",
    "N_SF11",
    "SAPPHIRE_O",
    "SF11",
    "YAG",
    "Material",
]


@dataclass(frozen=True, slots=True)
class Material:
    """A transparent medium: name, pairs (Bᵢ, Cᵢ in µm²) of its Sellmeier equation, and where that equation holds."""

    name: str
    terms_um2: tuple[tuple[float, float], ...]
    shortest_nm: float
    longest_nm: float

    def refractive_index(self, wavelength_nm: float) -> float:
        """Index n at a vacuum wavelength; ValueError outside the range of the measurement."""
        return self.index(wavelength_nm)(Series.variable(0.0, start=1.0)).coefficients[0]

    def index(self, carrier_nm: float) -> Index:
        """Index n as a function of ω/ω₀ about a carrier; ValueError where the carrier is outside the range."""
        if not self.shortest_nm <= carrier_nm <= self.longest_nm:  # written so that NaN is refused
            raise ValueError(
                f"{self.name}: wavelength {carrier_nm:g} nm is outside the range of its Sellmeier equation, "
                f"{self.shortest_nm:g} to {self.longest_nm:g} nm."
            )
        carrier_um2 = (carrier_nm * 1e-3) ** 2

        def n(s: Series) -> Series:
            total: Series = s * 0.0 + 1.0
            for b, c_um2 in self.terms_um2:
                total = total + b / (1.0 - s * s * (c_um2 / carrier_um2))
            return total.sqrt()

        return n

    def coefficients_per_mm(self, carrier_nm: float) -> Coefficients:
        """GDD, TOD and FOD of one millimetre, in ps², ps³, ps⁴; ValueError as in `index`."""
        return path_coefficients(self.index(carrier_nm), 1.0, carrier_nm)


# Malitson, J. Opt. Soc. Am. 55, 1205 (1965)
FUSED_SILICA = Material(
    "fused silica",
    ((0.6961663, 0.0684043**2), (0.4079426, 0.1162414**2), (0.8974794, 9.896161**2)),
    shortest_nm=210,
    longest_nm=3710,
)
# Schott data sheet N-BK7
N_BK7 = Material(
    "N-BK7",
    ((1.03961212, 0.00600069867), (0.231792344, 0.0200179144), (1.01046945, 103.560653)),
    shortest_nm=300,
    longest_nm=2500,
)
# Malitson and Dodge, J. Opt. Soc. Am. 62, 1405 (1972), ordinary ray
SAPPHIRE_O = Material(
    "sapphire, ordinary ray",
    ((1.4313493, 0.0726631**2), (0.65054713, 0.1193242**2), (5.3414021, 18.028251**2)),
    shortest_nm=200,
    longest_nm=5000,
)
# Zelmon, Small and Page, Appl. Opt. 37, 4933 (1998), undoped
YAG = Material("YAG", ((2.28200, 0.01185), (3.27644, 282.734)), shortest_nm=400, longest_nm=5000)
# Schott data sheets SF11 and N-SF11: the lead glass and its lead-free successor share n_d = 1.78472 and little else;
# at 1030 nm their GDD differs by 3 %. Older lists print the coefficients of N-SF11 under the name SF11.
SF11 = Material(
    "SF11",
    ((1.73848403, 0.0136068604), (0.311168974, 0.0615960463), (1.17490871, 121.922711)),
    shortest_nm=390,
    longest_nm=2500,
)
N_SF11 = Material(
    "N-SF11",
    ((1.73759695, 0.013188707), (0.313747346, 0.0623068142), (1.89878101, 155.23629)),
    shortest_nm=370,
    longest_nm=2500,
)
# Malitson, Appl. Opt. 2, 1103 (1963)
CALCIUM_FLUORIDE = Material(
    "calcium fluoride",
    ((0.5675888, 0.050263605**2), (0.4710914, 0.1003909**2), (3.8484723, 34.649040**2)),
    shortest_nm=230,
    longest_nm=9700,
)

MATERIALS = {
    material.name: material for material in (FUSED_SILICA, N_BK7, SAPPHIRE_O, YAG, SF11, N_SF11, CALCIUM_FLUORIDE)
}
"""Every material by its name, as a config writes it."""
