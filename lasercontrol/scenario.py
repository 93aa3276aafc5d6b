"""The named tasks of every comparison: which knobs, how far off the hidden laser is, how many shots.

`draw_lasers` makes hidden plants of a scenario, `build_bench` puts instruments around them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from lasercontrol.bench import Floats, Knob
from lasercontrol.errors import CallerError
from lasercontrol.simbench import COEFFICIENTS, Instruments, SimBench
from sim.chain import STRETCHER, Laser
from sim.grid import FULL_GRID
from sim.plant import Fidelity
from sim.reachable import best_setting
from sim.spectrum import THREE_GAUSSIANS, lines_intensity, rms_width_rad_per_ps, unit_energy_amplitude

__all__ = [
    "HIDDEN",
    "SCENARIOS",
    "Drawn",
    "Preset",
    "Scenario",
    "Start",
    "build_bench",
    "default_amplitude",
    "draw_lasers",
    "hidden_of",
    "knobs_for",
    "scenario_for",
    "spectrum_errors",
]

Preset = Literal["default", "tempo"]
Start = Literal["nominal", "scattered", "optimum"]

REFERENCE_WIDTH_RAD_PER_PS = 0.75058  # rms width of the default spectrum, for which the default bounds are stated
UNITS = ("ps²", "ps³", "ps⁴")
DEFAULT_REACH = (32.0, 98.0, 360.0)
# Half of the published control range (TempoRL): GDD 235.22 … 299.624, TOD -100.3635 … 95.5955, FOD 0.0477 … 0.1432.
TEMPO_REACH = (32.202, 97.9795, 0.04774465)
TEMPO_COMPRESSOR_GDD_PS2 = (247.0, 287.0)

HIDDEN = ("b_rad", "gdd_fraction", "tod_fraction", "fod_fraction", "log_scale")
"""What `hidden_of` lists; the offsets are fractions of their knob's range."""


def knobs_for(rms_width_rad_per_ps: float, preset: Preset = "default", step_fraction: float = 0.25) -> tuple[Knob, ...]:
    """The three knobs for a spectrum of this rms width, each with a step limit as a fraction of its range.

    default: behind the amplifier; bounds of equal phase over the rms width, so they scale as width⁻ᵏ. tempo: before
    the amplifier, the published bounds as departures from the stretcher, whatever the spectrum (FOD does nothing).
    """
    narrowing = REFERENCE_WIDTH_RAD_PER_PS / rms_width_rad_per_ps
    default = tuple(reach * narrowing**k for k, reach in zip((2, 3, 4), DEFAULT_REACH, strict=True))
    reaches = TEMPO_REACH if preset == "tempo" else default
    return tuple(
        Knob(name, unit, -reach, reach, step_fraction * 2 * reach, before_amplifier=preset == "tempo")
        for name, unit, reach in zip(COEFFICIENTS, UNITS, reaches, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A task: knobs, and the distribution of what is hidden.

    shots: budget, the reading at the start included. offset_low, offset_high: bounds of the uniform hidden offset of
    each knob, as fractions of its range. start_rms: of the scattered start, as a fraction of the range.
    drift_fraction: rms walk of each offset per shot. spectrum_error: rms relative error of the measured spectrum, with
    Gaussian correlation over spectrum_correlation_thz. scale_spread: rms of the logarithm of the unknown scale.
    """

    name: str
    knobs: tuple[Knob, ...]
    shots: int
    offset_low: tuple[float, ...]
    offset_high: tuple[float, ...]
    start: Start = "nominal"
    start_rms: float = 0.316
    drift_fraction: float = 0.0
    b_range_rad: tuple[float, float] = (1.0, 3.5)
    spectrum_error: float = 0.02
    spectrum_correlation_thz: float = 0.05
    scale_spread: float = 0.2

    @property
    def offset_reach(self) -> Floats:
        """Greatest size of each hidden offset as a fraction of its range, shape (k,)."""
        return np.maximum(np.abs(self.offset_low), np.abs(self.offset_high))

    @property
    def before_amplifier(self) -> tuple[bool, bool, bool]:
        """Which Taylor coefficients are set before the amplifier."""
        gdd, tod, fod = (any(k.name == name and k.before_amplifier for k in self.knobs) for name in COEFFICIENTS)
        return gdd, tod, fod

    def per_coefficient(self, per_knob: Floats) -> Floats:
        """Numbers of the knobs, shape (..., k), at their Taylor coefficients, shape (..., 3); 0 where there is none."""
        full = np.zeros((*per_knob.shape[:-1], len(COEFFICIENTS)))
        full[..., [COEFFICIENTS.index(knob.name) for knob in self.knobs]] = per_knob
        return full


_KNOBS = knobs_for(REFERENCE_WIDTH_RAD_PER_PS)
_WIDE = Scenario(name="wide", knobs=_KNOBS, shots=12, offset_low=(-0.2,) * 3, offset_high=(0.2,) * 3)
_TEMPO_OFFSET = tuple((STRETCHER[0] - gdd) / (2 * TEMPO_REACH[0]) for gdd in TEMPO_COMPRESSOR_GDD_PS2)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "wide": _WIDE,
        "near": replace(_WIDE, name="near", offset_low=(-0.06,) * 3, offset_high=(0.06,) * 3),
        "tempo": Scenario(
            name="tempo",
            knobs=knobs_for(REFERENCE_WIDTH_RAD_PER_PS, "tempo", step_fraction=0.1),
            shots=20,
            offset_low=(_TEMPO_OFFSET[1], 0.0, 0.0),
            offset_high=(_TEMPO_OFFSET[0], 0.0, 0.0),
            start="scattered",
        ),
        "hold": replace(_WIDE, name="hold", shots=300, start="optimum", drift_fraction=1e-4),
    }
)
"""The scenarios by name, with the knobs of the default spectrum."""


def scenario_for(name: str, measured_amplitude: Floats | None = None) -> Scenario:
    """A scenario by name, its bounds scaled to a measured spectrum; CallerError for a name that there is not."""
    if name not in SCENARIOS:
        raise CallerError(f"there is no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    scenario = SCENARIOS[name]
    if measured_amplitude is None or any(scenario.before_amplifier):
        return scenario
    width = float(rms_width_rad_per_ps(measured_amplitude, FULL_GRID.omega_rad_per_ps))
    step_fraction = scenario.knobs[0].max_step / scenario.knobs[0].range
    return replace(scenario, knobs=knobs_for(width, "default", step_fraction))


@cache
def default_amplitude() -> NDArray[np.float64]:
    """Field amplitude of the embedded spectrum on `FULL_GRID`, shape (n,), unit energy; read-only."""
    amplitude = unit_energy_amplitude(lines_intensity(FULL_GRID.frequency_thz, THREE_GAUSSIANS), FULL_GRID)
    amplitude.setflags(write=False)
    return np.asarray(amplitude)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Hidden lasers, shape (n,): the plants, the scale of their second-harmonic signals (n,), their starts (n, k)."""

    laser: Laser
    scale: Floats
    start: Floats

    def __getitem__(self, index: int | slice | NDArray[np.intp]) -> "Drawn":
        """Some of the lasers; one integer gives a laser without batch axes."""
        return Drawn(self.laser[index], np.asarray(self.scale[index]), self.start[index])


def draw_lasers(
    scenario: Scenario,
    n: int,
    rng: np.random.Generator,
    measured_amplitude: Floats | None = None,
    stretcher: tuple[float, float, float] = STRETCHER,
) -> Drawn:
    """`n` hidden lasers of a scenario, around a spectrum as measured on `FULL_GRID` (default: the embedded one).

    One generator, drawn from in one order: B, offsets, scale, spectrum, start; so a seed and an `n` fix everything.
    """
    ranges = np.array([knob.range for knob in scenario.knobs])
    b_rad = rng.uniform(*scenario.b_range_rad, n)
    offset = rng.uniform(scenario.offset_low, scenario.offset_high, (n, len(ranges))) * ranges
    scale = np.exp(scenario.scale_spread * rng.standard_normal(n))
    laser = Laser(
        amplitude=_true_amplitudes(scenario, n, rng, measured_amplitude),
        b_rad=b_rad,
        offset=scenario.per_coefficient(offset),
        stretcher=stretcher,
        before_amplifier=scenario.before_amplifier,
    )
    return Drawn(laser, scale, _starts(scenario, laser, rng))


def build_bench(
    drawn: Drawn,
    scenario: Scenario,
    instruments: Instruments,
    rng: np.random.Generator,
    fidelity: Fidelity = Fidelity.FULL,
) -> SimBench:
    """A simulated bench around drawn lasers, with the scenario's drift, its knobs at the start."""
    instruments = replace(instruments, drift_fraction=scenario.drift_fraction)
    bench = SimBench(drawn.laser, scenario.knobs, instruments, scale=drawn.scale, rng=rng, fidelity=fidelity)
    bench.move(drawn.start)
    return bench


def hidden_of(bench: SimBench) -> Floats:
    """What nobody at a real bench knows, as it is now: `HIDDEN` of each lane, (..., 5); for critics and scores."""
    laser = bench.plant.laser
    ranges = {knob.name: knob.range for knob in bench.knobs}
    offset = laser.offset / np.array([ranges.get(name, np.inf) for name in COEFFICIENTS])
    ends = (laser.b_rad[..., None], offset, np.log(bench.scale)[..., None])
    return np.concatenate(ends, axis=-1, dtype=np.float64)


def spectrum_errors(n: int, correlation_thz: float, rng: np.random.Generator) -> Floats:
    """Gaussian random fields g(f) on `FULL_GRID` in FFT order, shape (n, n_frequency), float32, of variance 1.

    Their correlation exp(-Δf²/2L²) is the transform of the power exp(-(2πtL)²/2) over the conjugate variable t, so a
    few dozen Fourier coefficients hold all of it.
    """
    t_ps = np.arange(FULL_GRID.n // 2) * FULL_GRID.dt_ps
    power = np.exp(-((2 * np.pi * t_ps * correlation_thz) ** 2) / 2)
    power = power[power > 1e-12]
    rms = FULL_GRID.n * np.sqrt(power / (2 * (2 * power.sum() - power[0])))  # all but the mean count twice, at ±t
    rms[0] *= np.sqrt(2)  # the mean is real: one normal holds what two hold elsewhere
    normals = rng.standard_normal((n, len(power), 2), dtype=np.float32) * rms.astype(np.float32)[:, None]
    return np.asarray(scipy.fft.irfft(normals.view(np.complex64)[..., 0], n=FULL_GRID.n))


def _true_amplitudes(scenario: Scenario, n: int, rng: np.random.Generator, measured: Floats | None) -> Floats:
    measured = default_amplitude() if measured is None else measured
    factor = spectrum_errors(n, scenario.spectrum_correlation_thz, rng)
    factor *= scenario.spectrum_error  # in place: these are the largest arrays of a draw
    factor += 1
    amplitude = measured * np.sqrt(np.maximum(factor, 0, out=factor), out=factor)
    amplitude /= np.sqrt(np.einsum("ij,ij->i", amplitude, amplitude) * FULL_GRID.df_thz)[:, None]
    return np.asarray(amplitude)


def _starts(scenario: Scenario, laser: Laser, rng: np.random.Generator) -> Floats:
    """Settings at which the first shot is taken, shape (n, k)."""
    low, high = (np.array([getattr(knob, end) for knob in scenario.knobs]) for end in ("low", "high"))
    if scenario.start == "optimum":
        best, _ = best_setting(laser, scenario.per_coefficient(low), scenario.per_coefficient(high))
        return np.asarray(best[:, [COEFFICIENTS.index(knob.name) for knob in scenario.knobs]])
    nominal = np.broadcast_to([knob.nominal for knob in scenario.knobs], (*laser.b_rad.shape, len(low)))
    spread = scenario.start_rms * (high - low) if scenario.start == "scattered" else np.zeros_like(low)
    return np.asarray(np.clip(nominal + spread * rng.standard_normal(nominal.shape), low, high))
