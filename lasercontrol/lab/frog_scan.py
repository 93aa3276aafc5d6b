"""A second-harmonic FROG made of a delay stage and a spectrometer at half the wavelength.

One spectrum per delay, put onto frequency bins with the Jacobian λ²/c (power per nm is not power per THz), the dark
spectrum taken off. The trace is even in the delay, so its own symmetry tells how far the delay zero is off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from drivers.curve import Curve
from lasercontrol.bench import Channel
from lasercontrol.lab.roles import Spectrometer, Stage
from lasercontrol.lab_settings import FrogSettings
from lasercontrol.lost_signal import stands_out
from sim.constants import C_NM_PER_PS
from sim.frog import FrogAxes
from sim.grid import FULL_GRID

__all__ = ["FrogScan", "Scan", "on_bins"]

Floats = NDArray[np.floating[Any]]

MM_PER_PS = C_NM_PER_PS * 1e-6 / 2  # a retroreflector on the stage: twice the way
WORTH_SHIFTING = 0.02  # of a delay step; below it a shift only adds noise
FARTHEST_SHIFT = 4.0  # delay steps; farther off the trace is no longer the one that was meant
AXIS_OFF = 0.25  # of the span: a spectrum whose middle lies farther off than this is on a wrong axis
DARK_SPECTRA = 4
BRIGHT = 0.02  # of the trace's peak: delays whose second harmonic is above it tell where zero is


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A trace, what is doubtful about it in words, and the error found of the delay zero."""

    channel: Channel
    reasons: tuple[str, ...]
    zero_error_ps: float


class FrogScan:
    """Scans; `dark` blocks the light while its function runs. `alive` is called at every delay.

    carrier_thz: of the laser; bins stand about twice of it. Raises what the instruments raise.
    """

    def __init__(
        self,
        settings: FrogSettings,
        stage: Stage,
        spectrometer: Spectrometer,
        carrier_thz: float,
        *,
        dark: Callable[[Callable[[], list[Curve]]], list[Curve]],
        alive: Callable[[], None],
    ) -> None:
        self.settings, self.stage, self.spectrometer, self.carrier_thz = settings, stage, spectrometer, carrier_thz
        self.axes = FrogAxes(n_delay=settings.delays)
        self.zero_mm = settings.delay_zero_mm
        self._dark, self._alive = dark, alive
        self._background: Floats | None = None

    @property
    def center_nm(self) -> float:
        """Wavelength of the second harmonic."""
        return C_NM_PER_PS / (2 * self.carrier_thz)

    @property
    def delays_ps(self) -> Floats:
        """Delays that the stage goes to."""
        n, step_ps = self.axes.n_delay, FULL_GRID.dt_ps
        return (
            self.axes.delay_ps(FULL_GRID) if self.settings.both_sides else np.linspace(0, n // 2 * step_ps, n // 2 + 1)
        )

    @property
    def seconds_per_shot(self) -> float:
        """About how long a trace takes: spectra, and the stage between them."""
        travel_mm = float(np.ptp(self.delays_ps)) * MM_PER_PS
        moving_s = travel_mm / max(self.stage.slew_mm_per_s, 1e-6)
        return len(self.delays_ps) * self.spectrometer.seconds_per_shot + moving_s

    def prepare(self) -> None:
        """Make the stage ready, set the spectrometer's axis, and take the dark spectrum."""
        settings = self.settings
        self.stage.enable()
        self.spectrometer.configure(self.center_nm, settings.span_nm, settings.resolution_nm, settings.points)
        if settings.background:
            spectra = self._dark(lambda: [self.spectrometer.spectrum() for _ in range(DARK_SPECTRA)])
            self._background = np.mean([self._binned(curve) for curve in spectra], axis=0)

    def scan(self) -> Scan:
        """One trace, shape (n_delay, 64): delays rising, bins rising."""
        rows, saturated = [], 0
        for delay_ps in self.delays_ps:
            self._alive()
            self.stage.move_to(self.zero_mm + delay_ps * MM_PER_PS)
            curve = self.spectrometer.spectrum()
            saturated += curve.saturated
            rows.append(self._binned(curve))
        trace = np.array(rows)
        if self._background is not None:
            trace -= self._background
        reasons = self._doubts(trace, saturated)
        error_ps = 0.0
        if self.settings.both_sides:
            trace, error_ps = self._centred(trace)
            if abs(error_ps) >= FARTHEST_SHIFT * FULL_GRID.dt_ps:
                reasons.append(f"the trace's middle lies {error_ps:+.2f} ps from delay zero: delay_zero_mm?")
        else:
            trace = np.concatenate([trace[:0:-1], trace[:-1]])
        delay = {"delay_ps": self.axes.delay_ps(FULL_GRID), "frequency_thz": self.axes.frequency_thz()}
        return Scan(Channel(trace, "W", delay), tuple(reasons), error_ps)

    def _binned(self, curve: Curve) -> Floats:
        shifted_nm = curve.axis + self.settings.wavelength_offset_nm
        bins_thz = 2 * self.carrier_thz + self.axes.frequency_thz()
        return on_bins(shifted_nm, curve.values / self.settings.resolution_nm, bins_thz, self.axes.bin_thz)

    def _doubts(self, trace: Floats, saturated: int) -> list[str]:
        reasons = []
        if saturated:
            reasons.append(f"{saturated} of {len(trace)} spectra of the FROG are saturated")
        marginal = np.maximum(trace.sum(axis=0), 0)
        if marginal.sum() > 0:
            middle_thz = float(marginal @ self.axes.frequency_thz() / marginal.sum())
            span_thz = self.axes.bin_thz * self.axes.n_frequency
            if abs(middle_thz) > AXIS_OFF * span_thz:
                reasons.append(
                    f"the second harmonic's middle lies {middle_thz:+.3f} THz from twice the carrier: wavelength axis?"
                )
        return reasons

    def _centred(self, trace: Floats) -> tuple[Floats, float]:
        """The trace moved so that it is even, and by how much; the next scan starts from the better zero.

        The centroid of the squared delay marginal: squared, since noise far out pulls hardest. A trace in which nothing
        stands out tells nothing.
        """
        delays = self.axes.delay_ps(FULL_GRID)
        step_ps = FULL_GRID.dt_ps
        marginal = np.maximum(trace.sum(axis=1), 0) ** 2
        marginal[0] = 0.0  # the one delay without a partner on the other side
        lit = marginal > BRIGHT**2 * marginal.max()
        if not lit.any() or not stands_out(Channel(trace, "W")):
            return trace, 0.0
        error_ps = float(marginal[lit] @ delays[lit] / marginal[lit].sum())
        if not WORTH_SHIFTING < abs(error_ps) / step_ps < FARTHEST_SHIFT:
            return trace, error_ps
        self.zero_mm += error_ps * MM_PER_PS
        moved = CubicSpline(delays, trace, axis=0)(np.clip(delays + error_ps, delays[0], delays[-1]))
        return np.asarray(moved), error_ps


def on_bins(wavelength_nm: Floats, w_per_nm: Floats, bins_thz: Floats, bin_thz: float) -> Floats:
    """Power in frequency bins, shape (m,), from power per nm over rising wavelengths, shape (n,).

    Power per nm times λ²/c is power per THz; its running integral is read at the edges of the bins, so that none of it
    is lost between samples.
    """
    f_thz = C_NM_PER_PS / wavelength_nm[::-1]
    density = w_per_nm[::-1] * wavelength_nm[::-1] ** 2 / C_NM_PER_PS
    running = np.concatenate([[0.0], np.cumsum(np.diff(f_thz) * (density[1:] + density[:-1]) / 2)])
    edges = np.append(bins_thz - bin_thz / 2, bins_thz[-1] + bin_thz / 2)
    return np.asarray(np.diff(np.interp(edges, f_thz, running)))
