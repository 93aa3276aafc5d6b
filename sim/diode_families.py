"""Four families of laser diodes: between which figures each of their parameters lies, and who says so.

A source marked [M] was remembered and not verified: the figure is plausible and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.diode import Diode

__all__ = ["FAMILIES", "Family", "Lot", "Range"]

Floats = NDArray[np.float64]

UNIT_SPREAD = 0.03
"""[M] Relative standard deviation of units within a lot; lots differ by the whole range."""

LIMIT = 1.5
"""[M] Current limit of a driver channel, as a multiple of the rated current."""


class Range(NamedTuple):
    """Lowest and highest figure of a quantity, and where they are from."""

    low: float
    high: float
    source: str

    def draw(self, rng: np.random.Generator) -> float:
        """One figure, log-uniform: half as likely above the geometric middle as below."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


class Lot(NamedTuple):
    """Lasers of one lot: rated_a (n,) in A and mount_c, the stress that a recipe would set; limit_a (n,)."""

    diode: Diode
    rated_a: Floats
    mount_c: float
    limit_a: Floats


@dataclass(frozen=True, slots=True)
class Family:
    """Ranges of the diode's fields by their names, of the stress, and of the laws of wear.

    current_a: rated drive; mount_c: of the stress; energy_ev, current_exponent: of the acceleration.
    """

    name: str
    fields: Mapping[str, Range]
    current_a: Range
    mount_c: Range
    energy_ev: Range
    current_exponent: Range

    def draw(self, rng: np.random.Generator, n: int) -> Lot:
        """n lasers of a new lot; every lot takes the same number of draws for the same n."""
        units = {
            name: around.draw(rng) * np.exp(UNIT_SPREAD * rng.standard_normal(n))
            for name, around in self.fields.items()
        }
        rated_a = np.full(n, float(f"{self.current_a.draw(rng):.2g}"))  # a lot is set to one round figure
        return Lot(Diode(**units), rated_a, float(round(self.mount_c.draw(rng))), LIMIT * rated_a)


PHOTONICA = "photonica.io"
SHEET = "[M] typical data sheets"
CURRENT_EXPONENT = Range(1.5, 2.0, "Toptica KB, GaAs diodes; up to 3 [M]")
MONITOR = Range(0.05, 0.5, "[M] monitor photodiodes in packages")

VCSEL = Family(
    "vcsel",
    {
        "threshold_a": Range(0.5e-3, 1.2e-3, SHEET),
        "slope_w_per_a": Range(0.3, 0.5, SHEET),
        "rth_k_per_w": Range(1000.0, 3000.0, "[M] 1 to 3 K/mW"),
        "rs_ohm": Range(40.0, 90.0, SHEET),
        "turn_on_v": Range(1.55, 1.75, "[M] 850 nm"),
        "responsivity_a_per_w": MONITOR,
        "optimum_c": Range(30.0, 60.0, "parabolic threshold: Finisar V850 sheet; figures [M]"),
        "parabola_k": Range(70.0, 120.0, "parabolic threshold: Finisar V850 sheet; figures [M]"),
        "slope_per_k": Range(2e-3, 5e-3, "linear slope: Finisar V850 sheet; figures [M]"),
        "rs_per_k": Range(1e-3, 3e-3, "linear resistance: Finisar V850 sheet; sign and figures [M]"),
    },
    current_a=Range(4e-3, 7e-3, SHEET),
    mount_c=Range(55.0, 85.0, "[M]"),
    energy_ev=Range(0.5, 0.6, "0.55 eV, oxide VCSEL: scholarmate 3NiZcn; spread [I]"),
    current_exponent=Range(1.9, 2.1, "2.01, oxide VCSEL: scholarmate 3NiZcn; spread [I]"),
)

TUNABLE = Family(
    "tunable",
    {
        "threshold_a": Range(8e-3, 18e-3, SHEET),
        "slope_w_per_a": Range(0.15, 0.3, SHEET),
        "rth_k_per_w": Range(30.0, 60.0, f"{PHOTONICA}, DFB on CuW"),
        "rs_ohm": Range(3.0, 7.0, SHEET),
        "turn_on_v": Range(0.72, 0.80, "[M] 1550 nm"),
        "responsivity_a_per_w": MONITOR,
        "t0_k": Range(50.0, 70.0, f"{PHOTONICA}, InGaAsP/InP"),
        "t1_k": Range(100.0, 250.0, "[M] InP"),
    },
    current_a=Range(0.10, 0.16, SHEET),
    mount_c=Range(40.0, 65.0, "[M]"),
    energy_ev=Range(0.5, 0.8, PHOTONICA),
    current_exponent=CURRENT_EXPONENT,
)

PUMP = Family(
    "pump-980",
    {
        "threshold_a": Range(0.02, 0.04, SHEET),
        "slope_w_per_a": Range(0.75, 1.0, SHEET),
        "rth_k_per_w": Range(5.0, 15.0, PHOTONICA),
        "rs_ohm": Range(0.25, 0.6, SHEET),
        "turn_on_v": Range(1.15, 1.25, "[M] 980 nm"),
        "responsivity_a_per_w": Range(1e-4, 2e-3, "[M] monitor diodes of pump modules"),
        "t0_k": Range(100.0, 140.0, f"{PHOTONICA}, InGaAs/GaAs"),
        "t1_k": Range(150.0, 400.0, "[M] GaAs"),
    },
    current_a=Range(0.5, 0.9, SHEET),
    mount_c=Range(45.0, 70.0, "[M]"),
    energy_ev=Range(0.4, 0.8, "0.7 common"),
    current_exponent=CURRENT_EXPONENT,
)

GAAS = Family(
    "gaas",
    {
        "threshold_a": Range(0.015, 0.03, SHEET),
        "slope_w_per_a": Range(0.6, 0.95, SHEET),
        "rth_k_per_w": Range(40.0, 80.0, "[M]"),
        "rs_ohm": Range(2.0, 4.0, SHEET),
        "turn_on_v": Range(1.35, 1.5, "[M] 780 to 850 nm"),
        "responsivity_a_per_w": Range(2e-3, 2e-2, "[M]"),
        "t0_k": Range(120.0, 160.0, f"{PHOTONICA}, AlGaAs/GaAs"),
        "t1_k": Range(150.0, 400.0, "[M] GaAs"),
    },
    current_a=Range(0.08, 0.12, SHEET),
    mount_c=Range(60.0, 80.0, "80: Meeker & Escobar 1998; below [M]"),
    energy_ev=Range(0.4, 0.8, "0.7 common"),
    current_exponent=CURRENT_EXPONENT,
)

FAMILIES = {family.name: family for family in (VCSEL, TUNABLE, PUMP, GAAS)}
"""By the name that logs carry."""
