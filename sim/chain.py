"""The laser: stretcher, amplifier with its B-integral, compressor; at two fidelities behind one API.

`FullChain` carries the stretched pulse on the full grid and is the truth. `FastChain` stays on the compressed scale:
a pulse chirped by φ₂ ≫ 1/Δω² maps frequency to time, so the phase -B I(t)/I_max becomes -B S(ω)/S_max at the same ω
(stationary phase; range of validity in `docs/decisions/0005`). Where a knob before the amplifier changes the local
chirp φ₂(ω), the stretched intensity is S(ω)/|φ₂(ω)|, and B follows it: energy is kept, so a shorter stretched pulse
is a more intense one.

A setting is (gdd_ps2, tod_ps3, fod_ps4) of the knobs, shape (..., 3), zero where the stretcher cancels a perfect
compressor. `before_amplifier` says which knobs act on the stretched side.
"""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import factorial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.array import Array, cis, detached, fft, ifft, like, namespace
from sim.dispersion import taylor_curvature_ps2
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.pulse import intensity_of, transform_limited_peak

__all__ = ["STRETCHER", "Chain", "FastChain", "FullChain", "Laser", "single_precision"]

STRETCHER = (267.422, -2.384, 0.0954893)
"""Stretcher of the published Yb pump laser: ps², ps³, ps⁴ (TempoRL, the negative of its compressor)."""

SETTLED_CHIRP_PS2 = 20.0
"""Below this local chirp frequency no longer maps to time, and the fast chain stops raising the intensity."""


@dataclass(frozen=True, kw_only=True)
class Laser:
    """A laser, or a batch of lasers, as nature knows it: nothing of it but the spectrum is shown to an agent.

    amplitude: field amplitude at the amplifier's output, shape (..., n) in FFT order on `grid`, unit energy.
    b_rad: B-integral at the nominal stretch, shape (...).
    offset: departure of the compressor from the negative stretcher, shape (..., 3) in ps², ps³, ps⁴.
    ripple_rad: spectral phase of optics that no polynomial describes, shape (..., n), or None.
    """

    amplitude: Array
    b_rad: Array
    offset: Array
    grid: Grid = FULL_GRID
    stretcher: tuple[float, float, float] = STRETCHER
    before_amplifier: tuple[bool, bool, bool] = (False, False, False)
    ripple_rad: Array | None = None

    def __post_init__(self) -> None:
        for name in ("amplitude", "b_rad", "offset"):
            if not namespace(getattr(self, name)).isdtype(getattr(self, name).dtype, "real floating"):
                raise TypeError(f"Laser.{name} must be a real floating array, got {getattr(self, name).dtype}")

    def __getitem__(self, index: Any) -> "Laser":
        """Some lasers of a batch."""
        ripple_rad = None if self.ripple_rad is None else self.ripple_rad[index]
        amplitude = self.amplitude if self.amplitude.ndim == 1 else self.amplitude[index]
        return replace(
            self, amplitude=amplitude, b_rad=self.b_rad[index], offset=self.offset[index], ripple_rad=ripple_rad
        )


class Chain(Protocol):
    """What both fidelities offer."""

    laser: Laser

    @property
    def grid(self) -> Grid:
        """Of the pulses."""

    @property
    def limit_peak(self) -> Array:
        """Peak intensity of the transform-limited pulse at unit energy, shape (...)."""

    def spectrum_after(self, setting: Array) -> Array:
        """Complex spectrum behind the compressor, shape (..., n) in FFT order, at a setting, shape (..., 3)."""

    def outside_fraction(self, setting: Array) -> Array:
        """Share of the energy whose group delay leaves the window, shape (...)."""

    def shown_after(self, setting: Array) -> tuple[Array, Array]:
        """`spectrum_after` and `outside_fraction` for the price of one."""


def _powers(grid: Grid, derivative: int, like_array: Array) -> Array:
    """Rows ω^k/k! of the Taylor phase, k = 2, 3, 4, differentiated; shape (3, n)."""
    return like(_power_rows(grid, derivative), like_array)


@lru_cache(maxsize=16)
def _power_rows(grid: Grid, derivative: int) -> NDArray[np.float64]:
    ω = grid.omega_rad_per_ps
    return np.stack([ω ** (k - derivative) / factorial(k - derivative) for k in (2, 3, 4)])


class FullChain:
    """The reference: three transforms on the grid that holds the stretched pulse."""

    def __init__(self, laser: Laser) -> None:
        self.laser = laser
        self.grid: Grid = laser.grid

    @cached_property
    def limit_peak(self) -> Array:
        """Peak intensity of the transform-limited pulse at unit energy, shape (...)."""
        return transform_limited_peak(self.laser.amplitude, self.grid)

    @cached_property
    def nominal_peak(self) -> Array:
        """Peak intensity of the stretched pulse at setting zero, shape (..., 1): where B was stated."""
        stretched = self._stretched(like(np.zeros(3), self.laser.b_rad))
        return namespace(stretched).max(intensity_of(stretched), axis=-1, keepdims=True)

    def with_laser(self, laser: Laser) -> "FullChain":
        """The chain of a laser that differs in nothing but its offset: all that was worked out is kept."""
        other = copy(self)
        other.laser = laser
        return other

    def spectrum_after(self, setting: Array) -> Array:
        """Complex spectrum behind the compressor, shape (..., n) in FFT order, at a setting, shape (..., 3)."""
        laser, (before, after) = self.laser, _split(setting, self.laser.before_amplifier)
        field = self._stretched(before)
        b = laser.b_rad[..., None] / self.nominal_peak
        field = field * cis(-b * intensity_of(field))
        compressor = after + laser.offset - like(laser.stretcher, setting)
        phase = self._phase(compressor)
        if laser.ripple_rad is not None:
            phase = phase + laser.ripple_rad
        return fft(field) * cis(-phase)

    def outside_fraction(self, setting: Array) -> Array:
        """Share of the energy whose group delay leaves the window, before or behind the compressor, shape (...)."""
        before, _ = _split(setting, self.laser.before_amplifier)
        stretched = before + like(self.laser.stretcher, setting)
        xp = namespace(stretched)
        delay = xp.maximum(
            xp.abs(stretched @ self._delay_rows), xp.abs((setting + self.laser.offset) @ self._delay_rows)
        )
        lost = xp.where(delay < self.grid.window_ps / 2, xp.zeros_like(delay), self.laser.amplitude**2)
        return xp.sum(lost, axis=-1) * self.grid.df_thz

    def shown_after(self, setting: Array) -> tuple[Array, Array]:
        """`spectrum_after` and `outside_fraction`."""
        return self.spectrum_after(setting), self.outside_fraction(setting)

    def at(self, lanes: Any) -> "FullChain":
        """The chain of some lanes of a batch; what was worked out for them is kept."""
        other = FullChain(self.laser[lanes])
        other.__dict__["nominal_peak"] = self.nominal_peak[lanes] if self.nominal_peak.ndim > 1 else self.nominal_peak
        return other

    def put(self, lanes: Any, other: "FullChain") -> None:
        """Overwrite what was worked out for some lanes of a batch; the laser itself is the caller's."""
        for name in ("nominal_peak", "limit_peak"):
            if name in self.__dict__:
                self.__dict__[name][lanes] = getattr(other, name)

    def amplifier_ratio(self, setting: Array) -> Array:
        """Peak intensity in the amplifier as a multiple of that at setting zero, shape (...)."""
        field = self._stretched(_split(setting, self.laser.before_amplifier)[0])
        return namespace(field).max(intensity_of(field), axis=-1) / self.nominal_peak[..., 0]

    def _stretched(self, before: Array) -> Array:
        phase = self._phase(before + like(self.laser.stretcher, before))
        return ifft(self.laser.amplitude * cis(-phase))  # time order and scale cancel: only I/I_nominal counts

    def _phase(self, coefficients: Array) -> Array:
        return coefficients @ self._rows

    @cached_property
    def _rows(self) -> Array:
        return _powers(self.grid, 0, self.laser.b_rad)

    @cached_property
    def _delay_rows(self) -> Array:
        return _powers(self.grid, 1, self.laser.b_rad)


class FastChain:
    """The compressed scale: SPM as spectral phase on a window that holds only the residual dispersion.

    The dtype of the laser's arrays decides the precision. Frequencies whose group delay leaves the window carry no
    light here (it would wrap and look like pulse); `outside_fraction` says how much that is.
    """

    def __init__(self, laser: Laser, grid: Grid = FAST_GRID) -> None:
        self.laser, self.grid = laser, grid
        if laser.grid.dt_ps != grid.dt_ps:
            raise ValueError(f"fast and full grid differ in their time step: {grid.dt_ps:g}, {laser.grid.dt_ps:g} ps")
        stride = laser.grid.n // grid.n
        self.limit_peak = transform_limited_peak(laser.amplitude, laser.grid)
        self.amplitude = laser.amplitude[..., ::stride]
        self.ripple_rad = None if laser.ripple_rad is None else laser.ripple_rad[..., ::stride]
        self.density = self.amplitude**2
        xp = namespace(self.density)
        self.energy = xp.sum(self.density, axis=-1) * grid.df_thz
        self.phase_rows = _powers(grid, 0, laser.b_rad)
        self._delay_rows = _powers(grid, 1, laser.b_rad)
        nominal_chirp = self._chirp(like(laser.stretcher, laser.b_rad))
        self._nominal_peak = xp.max(self.density / nominal_chirp, axis=-1, keepdims=True)
        self._nominal_spm = None if any(laser.before_amplifier) else self._spm(nominal_chirp)

    def with_laser(self, laser: Laser) -> "FastChain":
        """The chain of a laser that differs in nothing but its offset: all that was worked out is kept."""
        other = copy(self)
        other.laser = laser
        return other

    def spectrum_after(self, setting: Array) -> Array:
        """Complex spectrum behind the compressor, shape (..., n) in FFT order, at a setting, shape (..., 3)."""
        return self.shown_after(setting)[0]

    def shown_after(self, setting: Array) -> tuple[Array, Array]:
        """`spectrum_after` and `outside_fraction` for the price of one."""
        residual = setting + self.laser.offset
        amplitude, spm_rad = self._nominal_spm or self._spm(self._chirp(self._stretched(setting)))
        phase = residual @ self.phase_rows + spm_rad
        if self.ripple_rad is not None:
            phase = phase + self.ripple_rad
        inside = self._inside(residual)
        return (amplitude * inside) * cis(-phase), self._lost(inside)

    def put(self, lanes: Any, other: "FastChain") -> None:
        """Overwrite some lanes of a batch, in place, by those of another batch."""
        for name in ("amplitude", "density", "energy", "limit_peak", "_nominal_peak"):
            getattr(self, name)[lanes] = getattr(other, name)
        self.laser.b_rad[lanes], self.laser.offset[lanes] = other.laser.b_rad, other.laser.offset
        if self.ripple_rad is not None:
            self.ripple_rad[lanes] = other.ripple_rad
        theirs_nominal = other._nominal_spm or ()  # noqa: SLF001, of the same class
        for mine, theirs in zip(self._nominal_spm or (), theirs_nominal, strict=True):
            mine[lanes] = theirs

    def outside_fraction(self, setting: Array) -> Array:
        """Share of the energy whose group delay leaves the window, shape (...)."""
        return self._lost(self._inside(setting + self.laser.offset))

    def _lost(self, inside: Array) -> Array:
        kept = namespace(inside).sum(self.density * inside, axis=-1)
        return 1 - kept * (self.grid.df_thz / self.energy)

    def trusted(self, setting: Array) -> Array:
        """Whether the peak is within 2 % of the full chain's, shape (...), booleans; measured in decision 0005.

        At most 1 % of the energy leaves the window, and wherever the density exceeds 1 % of its maximum the local
        chirp keeps a tenth of its nominal value (below, frequencies bunch in time and stationary phase fails) and SPM
        moves the light by so little that the density changes by less than 12 % (more comes of structure too fine for
        the stretch to resolve).
        """
        xp = namespace(self.density)
        chirp = self._chirp(self._stretched(setting))
        lit = self.density > 0.01 * xp.max(self.density, axis=-1, keepdims=True)
        mapped = xp.all((chirp > 0.1 * abs(self.laser.stretcher[0])) | ~lit, axis=-1)
        amplitude, _ = self._spm(chirp)
        gentle = xp.all((xp.abs(amplitude / (self.amplitude + 1e-30) - 1) < 0.06) | ~lit, axis=-1)
        return (self.outside_fraction(setting) <= 0.01) & mapped & gentle

    def spm_slope(self, setting: Array) -> Array:
        """How the nonlinear phase grows with B, dφ/dB, shape (..., n), at a setting, shape (..., 3)."""
        _, phase = self._nominal_spm or self._spm(self._chirp(self._stretched(setting)))
        xp = namespace(phase)
        b = self.laser.b_rad[..., None]
        return phase / xp.where(b > 1e-6, b, xp.full_like(b, 1e-6))  # the quadratic part is a per cent of it

    def spm_at_nominal(self) -> tuple[Array, Array]:
        """Amplitude and nonlinear phase behind the amplifier at setting zero, each (..., n)."""
        return self._nominal_spm or self._spm(self._chirp(like(self.laser.stretcher, self.laser.b_rad)))

    def _inside(self, residual: Array) -> Array:
        delay = residual @ self._delay_rows
        xp = namespace(delay)
        return xp.astype(xp.abs(delay) < self.grid.window_ps / 2, delay.dtype)

    def _stretched(self, setting: Array) -> Array:
        return _split(setting, self.laser.before_amplifier)[0] + like(self.laser.stretcher, setting)

    def _chirp(self, coefficients: Array) -> Array:
        ω = like(self.grid.omega_rad_per_ps, coefficients)
        chirp = taylor_curvature_ps2(ω, *(coefficients[..., k] for k in range(3)))
        xp = namespace(chirp)
        return xp.clip(xp.abs(chirp), SETTLED_CHIRP_PS2, None)

    def _spm(self, chirp: Array) -> tuple[Array, Array]:
        """Amplitude and phase behind the amplifier, each (..., n), for the local chirp φ₂(ω), shape (..., n).

        With s = S/φ₂ over its nominal maximum, stationary phase gives, to second order in 1/φ₂:
        phase B s + (B s')²/2φ₂, and a density S + d/dω(S B s'/φ₂), since SPM shifts the light in frequency by -B s'/φ₂.
        The second order is what takes the error in peak from 2 % to 0.1 % at B = 5.
        """
        xp = namespace(chirp)
        shape = self.density / (chirp * self._nominal_peak)
        slope = self._derivative(shape)
        drift = slope / chirp
        floor = 1e-6 * xp.max(self.density, axis=-1, keepdims=True)
        gain = self._derivative(self.density * drift) / (self.density + floor)
        b = self.laser.b_rad[..., None]
        amplitude = self.amplitude * xp.sqrt(1 + xp.clip(b * gain, -0.5, 0.5))
        return amplitude, b * (shape + b * (slope * drift / 2))

    def _derivative(self, values: Array) -> Array:
        xp = namespace(values)
        return (xp.roll(values, -1, axis=-1) - xp.roll(values, 1, axis=-1)) / (2 * self.grid.domega_rad_per_ps)


def _split(setting: Array, before_amplifier: tuple[bool, bool, bool]) -> tuple[Array, Array]:
    """The setting's share before and behind the amplifier, each of shape (..., 3)."""
    mask = like(np.asarray(before_amplifier, dtype=np.float64), setting)
    return setting * mask, setting * (1 - mask)


def single_precision(laser: Laser) -> Laser:
    """The same NumPy laser in float32, for a fast chain."""
    narrow = {name: detached(getattr(laser, name)).astype(np.float32) for name in ("amplitude", "b_rad", "offset")}
    ripple = None if laser.ripple_rad is None else laser.ripple_rad.astype(np.float32)
    return replace(laser, **narrow, ripple_rad=ripple)
