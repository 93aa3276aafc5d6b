"""The one laser that all instruments of the twin share: what they set changes what the others see.

The hidden plant is that of the simulated bench with the same config and seed. Every figure is of the full grid.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.config import Config
from lasercontrol.laser_of import pulse_fwhm_ps
from lasercontrol.simulated import SimulatedLaser, build
from sim.chain import FullChain
from sim.constants import C_NM_PER_PS
from sim.diagnostics import limit_yield
from sim.grid import FULL_GRID
from sim.metrics import peak_intensity
from sim.pulse import field, intensity_of

__all__ = ["Parts", "TwinLaser"]

Floats = NDArray[np.floating[Any]]
Three = tuple[float, float, float]
Sides = tuple[Three, Three]
"""(gdd_ps2, tod_ps3, fod_ps4) before the amplifier, and after it."""

SECOND_HARMONIC_W = 1e-3
"""Average power behind the doubling crystal of the transform limit at nominal energy."""

DARK_W_PER_NM = 1e-9  # of a spectrometer's electronics: a millionth of the spectra that are seen


@dataclass
class Parts:
    """What the instruments do to the laser, each a question that the twin's boxes answer.

    before, after: (gdd, tod, fod) of the actuators on either side of the amplifier. open, seeded: whether light passes.
    energy: of the pulses relative to nominal. delay_ps: of the FROG's arm.
    """

    before: Callable[[], Three] = lambda: (0.0, 0.0, 0.0)
    after: Callable[[], Three] = lambda: (0.0, 0.0, 0.0)
    open: Callable[[], bool] = lambda: True
    seeded: Callable[[], bool] = lambda: True
    energy: Callable[[], float] = lambda: 1.0
    delay_ps: Callable[[], float] = lambda: 0.0


class TwinLaser:
    """A laser with noise of its own; `parts` are filled in by the boxes."""

    def __init__(self, config: Config, seed: int) -> None:
        self.simulated: SimulatedLaser = build(config.model_copy(update={"lab": None}), seed)
        self.parts = Parts()
        self.carrier_thz = self.simulated.known.carrier_thz
        self._instruments = config.instruments
        self._background = config.twin.background
        self._nominal_w = config.lab.diagnostics.power.nominal_w if config.lab else 1.0
        self._rng = np.random.default_rng([seed, 77])
        plant = self.simulated.bench.plant
        self._scale = float(self.simulated.bench.scale)
        self._limit_yield = float(limit_yield(plant.laser.amplitude, FULL_GRID))
        self._chain = FullChain(replace(plant.laser, before_amplifier=(True, True, True)))
        self._spectrum = lru_cache(maxsize=8)(self._spectrum_at)
        self._field = lru_cache(maxsize=8)(lambda setting: field(self._spectrum(setting), FULL_GRID))
        self._brightest = lru_cache(maxsize=8)(lambda setting: float(self._trace_row(setting, 0.0).max()))
        limit = field(np.abs(plant.laser.amplitude) + 0j, FULL_GRID)
        self._limit_brightest = float(self._row_of(limit, limit).max())

    # -------------------------------------------------------------------------------------------- what is true

    @property
    def pulse_energy(self) -> float:
        """Of a pulse behind the shutter, relative to nominal; 0 where there is none."""
        return self.parts.energy() if self.parts.open() and self.parts.seeded() else 0.0

    def sides(self) -> Sides:
        """What the actuators make now, on either side of the amplifier."""
        return self.parts.before(), self.parts.after()

    def setting(self) -> Three:
        """(gdd_ps2, tod_ps3, fod_ps4) of all actuators together now."""
        before, after = self.sides()
        return before[0] + after[0], before[1] + after[1], before[2] + after[2]

    def score(self) -> dict[str, Any]:
        """The truth about the pulse at the present setting: what no instrument tells.

        The best reachable is that of knobs behind the amplifier; a shaper before it moves that by less than a percent.
        """
        spectrum, truth = self._spectrum(self.sides()), self.simulated.truth
        strehl = float(peak_intensity(spectrum, FULL_GRID) / self._chain.limit_peak)
        gdd, tod, fod = self.setting()
        return {
            "strehl": strehl,
            "reachable_fraction": strehl / truth.best_strehl,
            "fwhm_ps": pulse_fwhm_ps(spectrum),
            "fwhm_tl_ps": truth.limit_fwhm_ps,
            "setting": {"gdd_ps2": gdd, "tod_ps3": tod, "fod_ps4": fod},
        }

    # --------------------------------------------------------------------------------------- what is measured

    def power_w(self) -> float:
        """Average power behind the shutter, as a meter with its error reads it."""
        return self._nominal_w * self.pulse_energy * (1 + self._instruments.meter_rms * self._normal())

    def second_harmonic_w(self) -> float:
        """Average power behind a doubling crystal, with the yield meter's noise."""
        intensity = intensity_of(self._field(self.sides()))
        yielded = float((intensity**2).sum() * FULL_GRID.dt_ps) / self._limit_yield
        noisy = yielded * (1 + self._instruments.yield_rms * self._normal())
        dark = self._instruments.dark_yield * self._normal()
        return SECOND_HARMONIC_W * (self._scale * noisy * self.pulse_energy**2 + dark)

    def second_harmonic_w_per_nm(self, wavelength_nm: Floats) -> Floats:
        """Spectral density of the FROG's signal at the present delay, with noise, over wavelengths (n,)."""
        setting = self.sides()
        delay_ps = self.parts.delay_ps() + self._instruments.delay_rms_ps * self._normal()
        f_thz = C_NM_PER_PS / wavelength_nm
        row = self._trace_row(setting, delay_ps)
        density = np.interp(f_thz - 2 * self.carrier_thz, self._axis_thz(), row, left=0.0, right=0.0)
        per_thz = self._scale * self.pulse_energy**2 * self._noisy(density, self._brightest(setting))
        per_thz = SECOND_HARMONIC_W * (per_thz + self._background * self._limit_brightest)
        return np.asarray(np.maximum(per_thz * C_NM_PER_PS / wavelength_nm**2, DARK_W_PER_NM))

    def fundamental_w_per_nm(self, wavelength_nm: Floats) -> Floats:
        """Spectral density of the pulse itself, over wavelengths (n,)."""
        f_thz = C_NM_PER_PS / wavelength_nm
        power = np.fft.fftshift(np.abs(self._spectrum(self.sides())) ** 2)
        density = np.interp(f_thz - self.carrier_thz, self._axis_thz(), power, left=0.0, right=0.0)
        per_thz = self._nominal_w * self.pulse_energy * self._noisy(density, float(power.max()))
        return np.asarray(np.maximum(per_thz * C_NM_PER_PS / wavelength_nm**2, DARK_W_PER_NM))

    def autocorrelation(self, delay_ps: Floats) -> Floats:
        """Intensity autocorrelation relative to that of the transform limit at zero, over delays (n,)."""
        intensity = intensity_of(self._field(self.sides()))
        whole = np.fft.fftshift(np.fft.irfft(np.abs(np.fft.rfft(intensity)) ** 2, FULL_GRID.n)) * FULL_GRID.dt_ps
        at = np.interp(delay_ps, FULL_GRID.time_ps, whole / self._limit_yield, left=0.0, right=0.0)
        noise = self._instruments.pixel_noise * whole.max() / self._limit_yield
        return np.asarray(self._scale * self.pulse_energy**2 * (at + noise * self._rng.standard_normal(len(delay_ps))))

    # ---------------------------------------------------------------------------------------------- the physics

    def _spectrum_at(self, sides: Sides) -> NDArray[np.complex128]:
        """Behind the compressor: what stands after the amplifier is one with the compressor's own offset."""
        before, after = (np.array(side) for side in sides)
        laser = replace(self._chain.laser, offset=self._chain.laser.offset + after)
        return np.asarray(self._chain.with_laser(laser).spectrum_after(before))

    def _trace_row(self, sides: Sides, delay_ps: float) -> Floats:
        """Second-harmonic density over `_axis_thz`, of which zero delay sums to the yield; any delay, exactly."""
        spectrum = self._spectrum(sides)
        delayed = field(spectrum * np.exp(-1j * FULL_GRID.omega_rad_per_ps * delay_ps), FULL_GRID)
        return self._row_of(self._field(sides), delayed)

    def _row_of(self, pulse: NDArray[np.complexfloating[Any]], delayed: NDArray[np.complexfloating[Any]]) -> Floats:
        amplitude = np.fft.fft(pulse * delayed) * FULL_GRID.dt_ps
        return np.asarray(np.fft.fftshift(np.abs(amplitude) ** 2) / self._limit_yield)

    def _noisy(self, density: Floats, brightest: float) -> Floats:
        """With noise that goes as the root of the light: at the brightest it is a camera's; no spectrometer shows less
        than nothing.
        """
        noise = self._instruments.pixel_noise * np.sqrt(density * brightest) * self._rng.standard_normal(len(density))
        return np.asarray(np.maximum(density + noise, 0.0))

    @staticmethod
    def _axis_thz() -> Floats:
        return np.fft.fftshift(FULL_GRID.frequency_thz)

    def _normal(self) -> float:
        return float(self._rng.standard_normal())
