"""A doubling crystal behind two arms: what a spectrometer sees of a pulse at the delay where the stage stands."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.curve import Curve
from lasercontrol.bench import Floats
from lasercontrol.lab.frog_scan import FrogScan
from lasercontrol.lab_settings import FrogSettings
from sim.diagnostics import limit_yield, mirrored_delays, signals
from sim.frog import FrogAxes
from sim.grid import FULL_GRID
from sim.pulse import field
from tests.gaussian import default_amplitude, dispersed
from tests.lasercontrol.lab.stand_in import FakeSpectrometer, FakeStage

CARRIER_THZ = 290.85
C_NM_THZ = 299792.458
MM_PER_PS = 0.299792458 / 2  # the arm's way is twice the stage's
ZERO_MM = 12.5

Complex = NDArray[np.complexfloating[Any]]


def pulse(gdd_ps2: float = 0.0, tod_ps3: float = 0.0, fod_ps4: float = 0.0) -> Complex:
    """Complex spectrum (n,) of the default laser."""
    amplitude = default_amplitude(FULL_GRID)
    return np.asarray(dispersed(amplitude, FULL_GRID, gdd_ps2=gdd_ps2, tod_ps3=tod_ps3, fod_ps4=fod_ps4))


def trace_of(spectrum: Complex, delays: int = 64) -> Floats:
    """The trace (delays, 64) as the model has it, of which the transform limit's row at zero delay sums to 1."""
    reference = limit_yield(default_amplitude(FULL_GRID), FULL_GRID)
    half = signals(spectrum[None], FULL_GRID, np.atleast_1d(reference), ["frog"], FrogAxes(n_delay=delays))["frog"]
    return np.asarray(mirrored_delays(half[0], -2))


class Arms:
    """The pulse times itself, delayed by where the stage stands: both meet `error_mm` beyond the configured zero.

    background: W/nm of stray light that passes with the pulse or without it; blocked: whether the shutter is closed.
    """

    def __init__(self, spectrum: Complex, *, error_mm: float = 0.0, background: float = 0.0) -> None:
        self.log: list[str] = []
        self.stage = FakeStage("stage", self.log, at_mm=ZERO_MM)
        self.spectrometer = FakeSpectrometer("osa", self.log, self.w_per_nm)
        self.error_mm, self.background, self.blocked = error_mm, background, False
        self.spectrum, self.alive = spectrum, 0
        self._yield = float(limit_yield(default_amplitude(FULL_GRID), FULL_GRID))

    @property
    def delay_ps(self) -> float:
        return (self.stage.at_mm - ZERO_MM - self.error_mm) / MM_PER_PS

    def w_per_nm(self, wavelength_nm: Floats) -> Floats:
        """Density of the second harmonic over wavelength: per THz, times c/λ²."""
        f_thz = C_NM_THZ / wavelength_nm - 2 * CARRIER_THZ
        delayed = self.spectrum * np.exp(-1j * FULL_GRID.omega_rad_per_ps * self.delay_ps)
        product = field(self.spectrum, FULL_GRID) * field(delayed, FULL_GRID)
        per_thz = np.abs(np.fft.fftshift(np.fft.fft(product)) * FULL_GRID.dt_ps) ** 2 / self._yield
        axis_thz = np.fft.fftshift(FULL_GRID.frequency_thz)
        light = 0.0 if self.blocked else np.interp(f_thz, axis_thz, per_thz)
        return np.asarray(light * C_NM_THZ / wavelength_nm**2 + self.background)

    def scan(self, **settings: Any) -> FrogScan:
        """A scan of these arms, of 601 wavelengths unless told otherwise."""
        told = {"stage": "stage", "spectrometer": "osa", "delay_zero_mm": ZERO_MM, "points": 601} | settings
        given = FrogSettings.model_validate(told)
        return FrogScan(given, self.stage, self.spectrometer, CARRIER_THZ, dark=self._dark, alive=self._live)

    def _dark(self, look: Callable[[], list[Curve]]) -> list[Curve]:
        self.blocked = True
        seen = look()
        self.blocked = False
        return seen

    def _live(self) -> None:
        self.alive += 1
