"""A laser that can be asked: setting in, light out, each lane of a batch at the fidelity that it needs."""

from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain import Chain, FastChain, FullChain, Laser, single_precision
from sim.diagnostics import limit_yield, signals
from sim.frog import FrogAxes
from sim.metrics import peak_intensity

__all__ = ["Fidelity", "Light", "Plant"]

Floats = NDArray[np.floating[Any]]

OVERFLOW = 0.10
"""Above this share of the energy outside the fast window, the full grid takes over."""


class Fidelity(StrEnum):
    """`FAST`: the compressed scale. `FULL`: the stretched grid. `AUTO`: fast where it is within 2 % in peak."""

    FAST = "fast"
    FULL = "full"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Light:
    """Noise-free signals by name, each (..., *frame), and the share of energy outside the window shown, (...)."""

    signals: dict[str, Floats]
    outside: Floats


class Plant:
    """NumPy lasers of any batch shape `...` behind one question: what does this setting, shape (..., 3), give?"""

    def __init__(self, laser: Laser, fidelity: Fidelity, axes: FrogAxes) -> None:
        self.laser, self.fidelity, self.axes = laser, fidelity, axes
        self.full = FullChain(laser)
        self.fast = FastChain(single_precision(laser))
        yields = limit_yield(laser.amplitude, laser.grid)  # one for all where the lasers share their amplitude
        self.reference_yield = np.broadcast_to(yields, laser.b_rad.shape).copy()

    def light(self, setting: Floats, names: tuple[str, ...]) -> Light:
        """Signals `names` of `sim.diagnostics.signals` at a setting; real arrays in the chain's precision."""
        if self.fidelity is Fidelity.FULL:
            return self._shown_by(self.full, self.reference_yield, setting, names)
        light = self._shown_by(self.fast, self.reference_yield, setting, names)
        beyond = self._beyond_fast(setting, light.outside)
        if not beyond.any():
            return light
        lanes = np.nonzero(beyond) if beyond.ndim else ()
        truth = self._shown_by(self.full.at(lanes), self.reference_yield[lanes], setting[lanes], names)
        for name, values in truth.signals.items():
            light.signals[name][lanes] = values
        light.outside[lanes] = truth.outside
        return light

    def strehl(self, setting: Floats) -> Floats:
        """Peak as a fraction of the transform limit, shape (...): the noise-free truth on the full grid.

        The limit is that of the amplifier's output spectrum without SPM, one number per laser: SPM reshapes the
        spectrum by under 1 % in peak, and a score that moved its own yardstick could not be compared between shots.
        """
        spectrum = self.full.spectrum_after(np.asarray(setting, dtype=np.float64))
        return np.asarray(peak_intensity(spectrum, self.full.grid) / self.full.limit_peak)

    def moved_by(self, offset: Floats) -> "Plant":
        """The same lasers with every compressor offset changed by `offset`, shape (..., 3)."""
        plant = copy(self)
        plant.laser = replace(self.laser, offset=self.laser.offset + offset)
        narrow = replace(self.fast.laser, offset=plant.laser.offset.astype(np.float32))
        plant.full, plant.fast = self.full.with_laser(plant.laser), self.fast.with_laser(narrow)
        return plant

    def _limit_yield(self, laser: Laser) -> Floats:
        """A transform-limited pulse is short: the fast grid holds it, at an eighth of the cost."""
        stride = laser.grid.n // self.fast.grid.n
        return np.asarray(limit_yield(laser.amplitude[..., ::stride], self.fast.grid))

    def _beyond_fast(self, setting: Floats, outside: Floats) -> NDArray[np.bool_]:
        if self.fidelity is Fidelity.AUTO:
            return ~np.asarray(self.fast.trusted(setting.astype(np.float32)))
        return np.asarray(outside > OVERFLOW)

    def _shown_by(self, chain: Chain, reference_yield: Floats, setting: Floats, names: tuple[str, ...]) -> Light:
        where = np.asarray(setting, dtype=chain.laser.b_rad.dtype)
        scale = reference_yield.astype(where.dtype)
        spectrum, outside = chain.shown_after(where)
        shown = signals(spectrum, chain.grid, scale, names, self.axes)
        arrays = {name: np.asarray(values) for name, values in shown.items()}  # a lone yield is a number before this
        return Light(arrays, np.array(outside))

    def put(self, lanes: NDArray[np.bool_], laser: Laser) -> None:
        """Replace the lasers of some lanes of a one-dimensional batch, in place; the arrays must be the plant's own."""
        for name in ("amplitude", "b_rad", "offset"):
            getattr(self.laser, name)[lanes] = getattr(laser, name)
        if self.laser.ripple_rad is not None:
            self.laser.ripple_rad[lanes] = laser.ripple_rad
        self.reference_yield[lanes] = self._limit_yield(laser)
        self.full.put(lanes, FullChain(laser))
        self.fast.put(lanes, FastChain(single_precision(laser)))
