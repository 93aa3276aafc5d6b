"""`sim` as the `ForwardModel` of a model-based agent: the spectrum as measured, everything hidden as a hypothesis."""

from dataclasses import replace

import numpy as np

from lasercontrol.bench import Floats, Knob, setting_of
from lasercontrol.simbench import COEFFICIENTS
from sim.array import fft, ifft
from sim.chain import STRETCHER, FastChain, Laser
from sim.detector import YieldMeter
from sim.diagnostics import limit_yield, signals
from sim.frog import FrogAxes
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.pulse import intensity_of
from sim.reachable import best_setting

__all__ = ["LaserModel"]

YIELD_GRID = Grid(256, 0.5)
"""Light that leaves ±64 ps adds nothing to a yield, so that half of the fast window does for it."""

BUMP_SPACING_RMS = 0.45  # bumps stand this far apart, in rms widths of the spectrum: 0.054 THz for the default
N_BUMP = 13
B_TABLE_RAD = np.linspace(0.0, 8.0, 33)
CHUNK = 256  # hypotheses per pass: the arrays stay in the second-level cache


class LaserModel:
    """A pulsed laser with unknown offsets and unknown B, on the fast chain in float32.

    hypothesis: (offset of each knob / its range …, b_rad), and optionally the coefficients of the spectrum's errors:
    smooth bumps, each multiplying the measured density by 1 + c near its frequency. `observe` is the channel that
    `features` predicts: "frog", "autocorrelation" or "shg". The prior is uniform: offsets within ±offset_reach of the
    range, shape (k,), and B within b_range_rad.
    """

    def __init__(
        self,
        amplitude: Floats,
        knobs: tuple[Knob, ...],
        *,
        observe: str,
        offset_reach: Floats,
        b_range_rad: tuple[float, float],
        spectrum_error: float = 0.02,
        meter: YieldMeter | None = None,
        stretcher: tuple[float, float, float] = STRETCHER,
        axes: FrogAxes | None = None,
    ) -> None:
        self.knobs, self.observe, self.meter, self.axes = knobs, observe, meter or YieldMeter(), axes or FrogAxes()
        self.n_knob, self.n_hypothesis = len(knobs), len(knobs) + 1
        self.nuisance_sigma = np.full(N_BUMP, spectrum_error)
        self.offset_reach, self.b_range_rad = np.asarray(offset_reach, dtype=np.float64), b_range_rad
        self._columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
        self._range = np.array([knob.range for knob in knobs])
        before = tuple(any(k.name == name and k.before_amplifier for k in knobs) for name in COEFFICIENTS)
        self._design = Laser(
            amplitude=amplitude.astype(np.float32),
            b_rad=np.zeros((), dtype=np.float32),
            offset=np.zeros(3, dtype=np.float32),
            stretcher=stretcher,
            before_amplifier=(before[0], before[1], before[2]),
        )
        self._fast_amplitude = self._design.amplitude[:: FULL_GRID.n // FAST_GRID.n]
        self._limit_yield = limit_yield(self._design.amplitude, FULL_GRID)
        self._bumps = self._error_bumps(amplitude[:: FULL_GRID.n // FAST_GRID.n])
        self._best_offset = self._table_of_best(amplitude)
        self._unit = np.ones(1, dtype=np.float32)

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Hypotheses (count, h) from the prior."""
        low, high = self.prior()
        return rng.uniform(low, high, (count, self.n_hypothesis))

    def bounds(self) -> tuple[Floats, Floats]:
        """Twice the prior's reach for offsets; B from half its lowest to 1.6 times its highest."""
        low, high = self.prior()
        reach = np.maximum(2 * self.offset_reach, 0.02)
        return np.append(-reach, 0.5 * low[-1]), np.append(reach, 1.6 * high[-1])

    def log_noise(self, signals: Floats) -> Floats:
        """Standard deviation of the logarithm of a measured signal: relative and additive noise of the meter."""
        return np.hypot(self.meter.relative_noise, self.meter.additive_noise / np.maximum(signals, 1e-4))

    def features(self, settings: Floats, hypotheses: Floats) -> Floats:
        """Noise-free observation (n, p) as `lasercontrol.shot.features_of` lays it out, float32."""
        parts = [self._features(s, h) for s, h in self._chunks(settings, hypotheses)]
        return np.concatenate(parts)

    def log_signal(self, settings: Floats, hypotheses: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the second-harmonic yield (n,) and its slope (n, h), by the adjoint of one transform."""
        parts = [self._log_yield(s, h) for s, h in self._chunks(settings, hypotheses)]
        return np.concatenate([value for value, _ in parts]), np.concatenate([slope for _, slope in parts])

    def best_setting(self, hypotheses: Floats) -> Floats:
        """Where the peak is highest under each hypothesis, within bounds, (n, k): offset undone, SPM compensated."""
        b = hypotheses[:, self.n_knob]
        shift = np.stack([np.interp(b, B_TABLE_RAD, column) for column in self._best_offset.T], axis=1)
        middle = np.array([(knob.low + knob.high) / 2 for knob in self.knobs]) / self._range
        return np.asarray(np.clip(shift - hypotheses[:, : self.n_knob] - middle, -0.5, 0.5))

    def prior(self) -> tuple[Floats, Floats]:
        """Lowest and highest hypothesis of the uniform prior, (h,) each."""
        return np.append(-self.offset_reach, self.b_range_rad[0]), np.append(self.offset_reach, self.b_range_rad[1])

    def _chunks(self, settings: Floats, hypotheses: Floats) -> list[tuple[Floats, Floats]]:
        settings = np.broadcast_to(settings, (len(hypotheses), self.n_knob))
        return [(settings[i : i + CHUNK], hypotheses[i : i + CHUNK]) for i in range(0, len(hypotheses), CHUNK)]

    def _chain(self, hypotheses: Floats, grid: Grid = FAST_GRID) -> FastChain:
        offset = np.zeros((len(hypotheses), 3), dtype=np.float32)
        offset[:, self._columns] = hypotheses[:, : self.n_knob] * self._range
        laser = replace(self._design, b_rad=hypotheses[:, self.n_knob].astype(np.float32), offset=offset)
        errors = hypotheses[:, self.n_hypothesis :]
        if errors.shape[1] == 0:
            return FastChain(laser, grid)
        factor = np.clip(1 + errors.astype(np.float32) @ self._bumps, 0.25, 4.0)
        return FastChain(replace(laser, amplitude=self._fast_amplitude * np.sqrt(factor), grid=FAST_GRID), grid)

    def _error_bumps(self, amplitude: Floats) -> Floats:
        """Gaussian bumps over the lit band, (N_BUMP, n), in FFT order."""
        ω = FAST_GRID.omega_rad_per_ps
        weight = amplitude**2 / (amplitude**2).sum()
        middle = (weight * ω).sum()
        spacing = BUMP_SPACING_RMS * np.sqrt((weight * (ω - middle) ** 2).sum())
        centres = middle + spacing * (np.arange(N_BUMP) - N_BUMP // 2)
        return np.asarray(np.exp(-(((ω - centres[:, None]) / spacing) ** 2)), dtype=np.float32)

    def _coefficients(self, settings: Floats) -> Floats:
        native = np.zeros((len(settings), 3), dtype=np.float32)
        native[:, self._columns] = setting_of(settings, self.knobs)
        return native

    def _features(self, settings: Floats, hypotheses: Floats) -> Floats:
        spectrum = self._chain(hypotheses).spectrum_after(self._coefficients(settings))
        shown: Floats = signals(spectrum, FAST_GRID, self._unit, (self.observe,), self.axes)[self.observe]
        if self.observe == "shg":
            return shown[:, None]
        return shown[:, :-1].reshape(len(shown), -1)  # `features_of` folds delays 0 … n/2 - 1

    def _log_yield(self, settings: Floats, hypotheses: Floats) -> tuple[Floats, Floats]:
        chain, native = self._chain(hypotheses, YIELD_GRID), self._coefficients(settings)
        spectrum = chain.spectrum_after(native)
        in_time = ifft(spectrum) * np.float32(1 / YIELD_GRID.dt_ps)
        intensity = intensity_of(in_time)
        total = np.einsum("mn,mn->m", intensity, intensity) * np.float32(YIELD_GRID.dt_ps)
        # Y = Σ|E|⁴Δt and E = IFFT[A exp(-iφ)]/Δt give ∂Y/∂φₖ = 4/n Im(Aₖ e^{-iφₖ} Gₖ*), G = FFT[|E|²E].
        mirror = fft(intensity * in_time, overwrite=True)
        adjoint = (spectrum.imag * mirror.real - spectrum.real * mirror.imag) * np.float32(4 / YIELD_GRID.n)
        over_offset = (adjoint @ chain.phase_rows.T)[:, self._columns] * self._range.astype(np.float32)
        over_b = np.einsum("mn,mn->m", adjoint, np.broadcast_to(chain.spm_slope(native), adjoint.shape))
        slope = np.concatenate([over_offset, over_b[:, None]], axis=1) / total[:, None]
        return np.log(total / self._limit_yield), slope

    def _table_of_best(self, amplitude: Floats) -> Floats:
        """Best setting at zero offset over `B_TABLE_RAD`, as fractions of the range, (len, k)."""
        n = len(B_TABLE_RAD)
        laser = Laser(
            amplitude=np.repeat(amplitude[None].astype(np.float64), n, axis=0),
            b_rad=B_TABLE_RAD,
            offset=np.zeros((n, 3)),
            stretcher=self._design.stretcher,
        )
        reach = np.zeros(3)
        reach[self._columns] = self._range
        best, _ = best_setting(laser, -reach, reach)
        return np.asarray(best[:, self._columns] / self._range, dtype=np.float64)
