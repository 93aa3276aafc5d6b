"""The named tasks of every comparison: which knobs, how far off the hidden laser is, how many shots.

`draw_lasers` makes hidden plants of a scenario, `build_bench` puts instruments around them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats, Knob
from lasercontrol.departures import OTHER_SPECTRA, Ripple, knob_maps, ripples_rad, spectrum_errors
from lasercontrol.errors import CallerError
from lasercontrol.simbench import COEFFICIENTS, Instruments, SimBench
from lasercontrol.truth import best_asked
from sim.chain import STRETCHER, Laser
from sim.grid import FULL_GRID
from sim.plant import Fidelity
from sim.spectrum import (
    THREE_GAUSSIANS,
    GaussianLine,
    lines_intensity,
    rms_width_rad_per_ps,
    unit_energy_amplitude,
)

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
    "measured_amplitudes",
    "scenario_for",
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
    assumed_b_rad: the range of B that agents are told, None for the true one. knob_error: greatest error of a knob's
    gain and of its leak into another. ripple: phase of optics beyond any polynomial. spectra: the laser's spectrum as
    measured, one of these for each laser; none: the embedded one, or whatever was measured.
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
    assumed_b_rad: tuple[float, float] | None = None
    knob_error: float = 0.0
    ripple: Ripple | None = None
    spectra: tuple[tuple[GaussianLine, ...], ...] = ()

    @property
    def offset_reach(self) -> Floats:
        """Greatest size of each hidden offset as a fraction of its range, shape (k,)."""
        return np.maximum(np.abs(self.offset_low), np.abs(self.offset_high))

    @property
    def told_b_rad(self) -> tuple[float, float]:
        """The range of B that agents may count on."""
        return self.assumed_b_rad or self.b_range_rad

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
        # `wide` as no agent was made for; nobody is told.
        "spectrum-5": replace(_WIDE, name="spectrum-5", spectrum_error=0.05),
        "spectrum-10": replace(_WIDE, name="spectrum-10", spectrum_error=0.1),
        "knobs-10": replace(_WIDE, name="knobs-10", knob_error=0.1),
        "ripple": replace(_WIDE, name="ripple", ripple=Ripple()),
        "strong-b": replace(_WIDE, name="strong-b", b_range_rad=(3.5, 5.0), assumed_b_rad=_WIDE.b_range_rad),
        # Measured with the usual error, so that a model is right; a policy knows the spectrum of its training.
        "other-spectrum": replace(_WIDE, name="other-spectrum", spectra=OTHER_SPECTRA),
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
    """Hidden lasers, shape (n,): the plants, the scale of their second-harmonic signals (n,), their starts (n, k).

    knob_map: what their knobs really do, (n, k, k), as `SimBench` has it. spectrum: which of the scenario's spectra is
    theirs, (n,).
    """

    laser: Laser
    scale: Floats
    start: Floats
    knob_map: Floats | None = None
    spectrum: NDArray[np.intp] | None = None

    def __getitem__(self, index: int | slice | NDArray[np.intp]) -> "Drawn":
        """Some of the lasers; one integer gives a laser without batch axes."""
        return Drawn(
            self.laser[index],
            np.asarray(self.scale[index]),
            self.start[index],
            None if self.knob_map is None else self.knob_map[index],
            None if self.spectrum is None else np.asarray(self.spectrum[index]),
        )


def draw_lasers(
    scenario: Scenario,
    n: int,
    rng: np.random.Generator,
    measured_amplitude: Floats | None = None,
    stretcher: tuple[float, float, float] = STRETCHER,
) -> Drawn:
    """`n` hidden lasers of a scenario, around a spectrum as measured on `FULL_GRID` (default: the embedded one).

    One generator, drawn from in one order: B, offsets, scale, spectrum, then what the scenario has beyond `wide`, and
    the start; so a seed and an `n` fix everything. Raises CallerError where the scenario brings its own spectra and one
    is given.
    """
    ranges = np.array([knob.range for knob in scenario.knobs])
    b_rad = rng.uniform(*scenario.b_range_rad, n)
    offset = rng.uniform(scenario.offset_low, scenario.offset_high, (n, len(ranges))) * ranges
    scale = np.exp(scenario.scale_spread * rng.standard_normal(n))
    factor = _spectrum_factors(scenario, n, rng)
    spectrum = rng.integers(len(scenario.spectra), size=n) if scenario.spectra else None
    amplitude = _true_amplitudes(measured_amplitudes(scenario, spectrum, measured_amplitude), factor)
    ripple_rad = None if scenario.ripple is None else ripples_rad(scenario.ripple, amplitude, rng)
    knob_map = knob_maps(n, len(ranges), scenario.knob_error, rng) if scenario.knob_error else None
    laser = Laser(
        amplitude=amplitude,
        b_rad=b_rad,
        offset=scenario.per_coefficient(offset),
        stretcher=stretcher,
        before_amplifier=scenario.before_amplifier,
        ripple_rad=ripple_rad,
    )
    return Drawn(laser, scale, _starts(scenario, laser, knob_map, rng), knob_map, spectrum)


def measured_amplitudes(
    scenario: Scenario, spectrum: NDArray[np.intp] | None = None, measured: Floats | None = None
) -> Floats:
    """Field amplitudes as measured, (n, n_frequency) where every laser has its own, else (n_frequency,).

    Raises CallerError where the scenario brings its own spectra and one is given.
    """
    if spectrum is None:
        return default_amplitude() if measured is None else measured
    if measured is not None:
        raise CallerError(f"scenario {scenario.name} brings its own spectra; leave the spectrum of the laser out")
    own = [
        unit_energy_amplitude(lines_intensity(FULL_GRID.frequency_thz, lines), FULL_GRID) for lines in scenario.spectra
    ]
    return np.asarray(np.stack(own)[spectrum])


def build_bench(
    drawn: Drawn,
    scenario: Scenario,
    instruments: Instruments,
    rng: np.random.Generator,
    fidelity: Fidelity = Fidelity.FULL,
) -> SimBench:
    """A simulated bench around drawn lasers, with the scenario's drift, its knobs at the start."""
    instruments = replace(instruments, drift_fraction=scenario.drift_fraction)
    bench = SimBench(
        drawn.laser,
        scenario.knobs,
        instruments,
        scale=drawn.scale,
        rng=rng,
        fidelity=fidelity,
        knob_map=drawn.knob_map,
    )
    bench.move(drawn.start)
    return bench


def hidden_of(bench: SimBench) -> Floats:
    """What nobody at a real bench knows, as it is now: `HIDDEN` of each lane, (..., 5); for critics and scores."""
    laser = bench.plant.laser
    ranges = {knob.name: knob.range for knob in bench.knobs}
    offset = laser.offset / np.array([ranges.get(name, np.inf) for name in COEFFICIENTS])
    ends = (laser.b_rad[..., None], offset, np.log(bench.scale)[..., None])
    return np.concatenate(ends, axis=-1, dtype=np.float64)


def _spectrum_factors(scenario: Scenario, n: int, rng: np.random.Generator) -> Floats:
    """True spectral density over the measured one, (n, n_frequency)."""
    factor = spectrum_errors(n, scenario.spectrum_correlation_thz, rng)
    factor *= scenario.spectrum_error  # in place: these are the largest arrays of a draw
    factor += 1
    return np.asarray(np.maximum(factor, 0, out=factor))


def _true_amplitudes(measured: Floats, factor: Floats) -> Floats:
    """At unit energy, (n, n_frequency); uses up the factors."""
    amplitude = measured * np.sqrt(factor, out=factor)
    amplitude /= np.sqrt(np.einsum("ij,ij->i", amplitude, amplitude) * FULL_GRID.df_thz)[:, None]
    return np.asarray(amplitude)


def _starts(scenario: Scenario, laser: Laser, knob_map: Floats | None, rng: np.random.Generator) -> Floats:
    """Settings at which the first shot is taken, shape (n, k)."""
    if scenario.start == "optimum":
        return best_asked(laser, scenario.knobs, knob_map)[0]
    low, high = (np.array([getattr(knob, end) for knob in scenario.knobs]) for end in ("low", "high"))
    nominal = np.broadcast_to([knob.nominal for knob in scenario.knobs], (*laser.b_rad.shape, len(low)))
    spread = scenario.start_rms * (high - low) if scenario.start == "scattered" else np.zeros_like(low)
    return np.asarray(np.clip(nominal + spread * rng.standard_normal(nominal.shape), low, high))
