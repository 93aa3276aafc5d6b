"""A bench made of equations: `sim` behind the `Bench` protocol, for one laser or a batch of them."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Channel, Floats, Knob, Quality, Reading, fraction_of, setting_of
from lasercontrol.noise import pixel_normals
from sim.chain import Laser
from sim.detector import Camera, YieldMeter, displaced, exposed, measured_yield
from sim.diagnostics import mirrored_delays, spectrum_axis_thz
from sim.frog import FrogAxes
from sim.plant import Fidelity, Light, Plant

__all__ = ["COEFFICIENTS", "Instruments", "SimBench"]

COEFFICIENTS = ("gdd_ps2", "tod_ps3", "fod_ps4")
"""Knobs that the simulated laser knows, in the order of its Taylor coefficients."""

SUSPECT_OUTSIDE = 0.02
"""Above this share of the energy outside the window shown, a reading is SUSPECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The simulated diagnostics: which, how large, how noisy.

    energy_rms: pulse energy from shot to shot; meter_rms: error of its measurement; delay_rms_ps: error of each
    delay of a FROG or autocorrelation; drift_fraction: walk of each hidden offset per shot, as a share of the knob's
    range.
    """

    channels: tuple[str, ...] = ("frog",)
    axes: FrogAxes = FrogAxes()
    camera: Camera = Camera()
    meter: YieldMeter = YieldMeter()
    energy_rms: float = 0.01
    meter_rms: float = 0.002
    delay_rms_ps: float = 0.005
    drift_fraction: float = 0.0


class SimBench:
    """Lasers of batch shape `...` = laser.b_rad.shape, each with knobs of its own.

    `scale` is the unknown calibration of every second-harmonic signal, shape (...). `knob_map`, shape (..., k, k), says
    what the knobs really do: applied fractions of the ranges = knob_map @ asked ones; None: what they are told. All
    randomness comes from `rng`.
    """

    def __init__(
        self,
        laser: Laser,
        knobs: tuple[Knob, ...],
        instruments: Instruments,
        *,
        scale: Floats,
        rng: np.random.Generator,
        fidelity: Fidelity = Fidelity.FULL,
        knob_map: Floats | None = None,
    ) -> None:
        self.knobs = knobs
        self.knob_map = knob_map
        self.instruments = instruments
        self.plant = Plant(laser, fidelity, instruments.axes)
        self.scale = np.asarray(scale, dtype=np.float32)
        self.rng = rng
        self.safe = False
        self._columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
        self._range = np.array([knob.range for knob in knobs])
        start = np.array([knob.nominal for knob in knobs])
        self.setting: Floats = np.broadcast_to(start, (*laser.b_rad.shape, len(knobs))).copy()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the diagnostics that `measure` reads."""
        return self.instruments.channels

    @property
    def shape(self) -> tuple[int, ...]:
        """Batch shape."""
        return tuple(self.plant.laser.b_rad.shape)

    def move(self, setting: Floats) -> Floats:
        """Turn the knobs; equations obey exactly. Shape (..., k), as the read-back."""
        self.setting = np.array(setting, dtype=np.float64)
        return self.setting.copy()

    def measure(self) -> Reading:
        """One shot of every laser."""
        if self.instruments.drift_fraction:
            self._drift()
        light = self.plant.light(self.coefficients(self.setting), self.channels)
        normals = self.rng.standard_normal((2, *self.shape), dtype=np.float32)
        energy = 1 + np.float32(self.instruments.energy_rms) * normals[0]
        quality = np.where(light.outside > SUSPECT_OUTSIDE, Quality.SUSPECT, Quality.OK).astype(np.int8)
        reasons = [f"{light.outside.max():.1%} of the energy lies outside the window"] if quality.any() else []
        channels = {name: self._shown(name, light, energy, quality, reasons) for name in self.channels}
        return Reading(
            channels=channels,
            energy=energy * (1 + np.float32(self.instruments.meter_rms) * normals[1]),
            quality=quality,
            reasons=tuple(reasons),
            utc_s=time.time(),
            monotonic_s=time.monotonic(),
        )

    def make_safe(self) -> None:
        """Equations burn nothing; only the fact is kept."""
        self.safe = True

    def coefficients(self, setting: Floats) -> Floats:
        """Taylor coefficients (..., 3) that a setting makes, shape (..., k); knobs that are not there stay at zero."""
        if self.knob_map is not None:
            applied = np.einsum("...kj,...j->...k", self.knob_map, fraction_of(setting, self.knobs))
            setting = setting_of(applied, self.knobs)
        return self._per_coefficient(setting)

    def _per_coefficient(self, setting: Floats) -> Floats:
        if len(self._columns) == len(COEFFICIENTS):
            return setting
        full = np.zeros((*setting.shape[:-1], len(COEFFICIENTS)))
        full[..., self._columns] = setting
        return full

    def strehl(self, setting: Floats) -> Floats:
        """The truth, for scores alone: noise-free peak over the transform limit on the full grid, shape (...)."""
        return self.plant.strehl(self.coefficients(setting))

    def renew(
        self,
        lanes: NDArray[np.bool_],
        laser: Laser,
        scale: Floats,
        setting: Floats,
        knob_map: Floats | None = None,
    ) -> None:
        """Put other lasers into some lanes of a one-dimensional batch, at their starting settings.

        With a knob map each where the bench has one.
        """
        self.plant.put(lanes, laser)
        self.scale[lanes] = scale
        self.setting[lanes] = setting
        if self.knob_map is not None:
            self.knob_map[lanes] = knob_map

    def _drift(self) -> None:
        steps = self.instruments.drift_fraction * self._range * self.rng.standard_normal(self.setting.shape)
        self.plant = self.plant.moved_by(self._per_coefficient(steps))

    def _shown(self, name: str, light: Light, energy: Floats, quality: NDArray[np.int8], reasons: list[str]) -> Channel:
        signal = light.signals[name]
        if name == "shg":  # a yield meter divides by the measured energy squared: the pulse alone is left
            normals = self.rng.standard_normal((*self.shape, 2), dtype=np.float32)
            return Channel(self.scale * measured_yield(signal, normals, self.instruments.meter), unit="yield (arb.)")
        if name == "spectrum":
            return self._exposed(signal * energy[..., None], name, quality, reasons)
        second = (energy**2 * self.scale).reshape(*self.shape, *(1,) * (signal.ndim - len(self.shape)))
        whole = mirrored_delays(signal, -2 if name == "frog" else -1)
        normals = pixel_normals(self.rng, (*self.shape, self.instruments.axes.n_delay))
        errors = np.float32(self.instruments.delay_rms_ps) * normals
        step_ps = self.plant.laser.grid.dt_ps
        if name == "frog":
            whole = displaced(whole, step_ps, errors)
        else:
            whole = displaced(whole[..., None], step_ps, errors)[..., 0]
        return self._exposed(whole * second, name, quality, reasons)

    def _exposed(self, signal: Floats, name: str, quality: NDArray[np.int8], reasons: list[str]) -> Channel:
        n_axes = 2 if name == "frog" else 1
        camera = self.instruments.camera
        normals = pixel_normals(self.rng, signal.shape)
        counts, gain, saturated = exposed(signal, normals, camera, n_axes)
        if saturated.max() > 0.001:
            quality[saturated > 0.001] = Quality.SUSPECT
            reasons.append(f"{saturated.max():.2%} of the {name} is saturated")
        return Channel(counts, "counts", self._axes(name), np.asarray(gain), camera.background_counts)

    def _axes(self, name: str) -> dict[str, Any]:
        axes = self.instruments.axes
        delay = {"delay_ps": axes.delay_ps(self.plant.laser.grid)}
        frequency = {"frequency_thz": axes.frequency_thz()}
        return {
            "frog": delay | frequency,
            "autocorrelation": delay,
            "spectrum": {"offset_thz": spectrum_axis_thz(axes)},
        }[name]
