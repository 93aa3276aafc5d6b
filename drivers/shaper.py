"""What every shaper of the spectral phase does the same way: refuse beyond its reach, load, read back, remember."""

import math
from typing import Any

from drivers.errors import NotObeyed, NotReady, OutOfRange, SetPointLost
from drivers.instrument import Instrument
from drivers.link import Link
from drivers.reach import GroupDelayReach
from drivers.spectral_phase import Coefficients, greatest_phase_rad

__all__ = ["SAME_RAD", "Shaper", "shown"]

SAME_RAD = 0.01  # of phase over the band: a hundredth of a radian changes no pulse


class Shaper(Instrument):
    """A shaper with three free coefficients. A driver of one states `own_reach`, `load` and `dispersion`.

    carrier_thz, band_rad_per_ps: the pulse's carrier, and its band as offsets from that (low, high); they must be set
    before anything is loaded, for they decide what is within reach.
    """

    roles = ("shaper",)

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.carrier_thz = math.nan
        self.band_rad_per_ps = (math.nan, math.nan)
        self._reach: GroupDelayReach | None = None

    @property
    def reach(self) -> GroupDelayReach:
        """What it can do; OutOfRange where that is neither known of this model nor given."""
        return self._reach or self.own_reach()

    @reach.setter
    def reach(self, reach: GroupDelayReach) -> None:
        self._reach = reach

    def own_reach(self) -> GroupDelayReach:
        """What this model can do."""
        raise NotImplementedError

    def load(self, coefficients: Coefficients) -> None:
        """Send coefficients that are within reach."""
        raise NotImplementedError

    @property
    def dispersion(self) -> Coefficients:
        """(gdd_ps2, tod_ps3, fod_ps4) that the instrument holds."""
        raise NotImplementedError

    def load_dispersion(self, gdd_ps2: float, tod_ps3: float, fod_ps4: float) -> None:
        """Load a polynomial phase and confirm it. OutOfRange beyond the reach, NotObeyed where it reads otherwise."""
        coefficients = (float(gdd_ps2), float(tod_ps3), float(fod_ps4))
        self.require_pulse()
        with self.link.lock():
            self.reach.require(self.name, coefficients, self.carrier_thz, self.band_rad_per_ps)
            self.set_points.pop("dispersion", None)  # until it is confirmed, nobody knows
            self.load(coefficients)
            self.confirm(coefficients)
            self.set_points["dispersion"] = coefficients

    def confirm(self, coefficients: Coefficients) -> None:
        """NotObeyed where the instrument holds something else than what was loaded."""
        if not self.same_dispersion(found := self.dispersion, coefficients):
            raise NotObeyed(self.name, f"dispersion: asked {shown(coefficients)}, the instrument has {shown(found)}.")

    def same_dispersion(self, one: Coefficients, other: Coefficients) -> bool:
        """Whether two make the same phase over the pulse's band."""
        difference = (one[0] - other[0], one[1] - other[1], one[2] - other[2])
        return greatest_phase_rad(difference, self.band_rad_per_ps) <= SAME_RAD

    def require_pulse(self) -> None:
        """OutOfRange where the pulse's carrier and band have not been set."""
        if not math.isfinite(self.carrier_thz) or not all(math.isfinite(edge) for edge in self.band_rad_per_ps):
            raise OutOfRange(
                f"{self.name}: carrier_thz and band_rad_per_ps of the pulse must be set first; nothing was sent."
            )

    def verify_set_points(self) -> None:
        """As for every instrument, and the dispersion."""
        super().verify_set_points()
        expected = self.set_points.get("dispersion")
        if expected is not None and not self.same_dispersion(found := self.dispersion, expected):
            self.set_points["dispersion"] = found
            raise SetPointLost(
                self.name,
                f"after the link was lost: dispersion was {shown(expected)} and is {shown(found)}.",
            )

    def state(self) -> dict[str, Any]:
        """Every parameter, and the dispersion where there is one."""
        found = super().state()
        try:
            self.require_pulse()
            found |= dict(zip(("gdd_ps2", "tod_ps3", "fod_ps4"), self.dispersion, strict=True))
        except (OutOfRange, NotReady):
            return found
        return found


def shown(coefficients: Coefficients) -> str:
    """Coefficients with their units."""
    return "{:.6g} ps², {:.6g} ps³, {:.6g} ps⁴".format(*coefficients)
