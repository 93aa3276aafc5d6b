"""What a person writes in `configs/*.yaml`: every setting with its unit, its bounds and its reason.

All settings are frozen once read. `lasercontrol.config_file` reads them and says what is wrong with a file.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lasercontrol.lab_settings import LabSettings, TwinSettings
from lasercontrol.training_settings import TrainingSettings

__all__ = [
    "AGENTS",
    "OBSERVABLES",
    "Config",
    "GainSettings",
    "HiddenSettings",
    "InstrumentSettings",
    "KnobSettings",
    "KnobsSettings",
    "LaserSettings",
    "LimitSettings",
    "ScenarioSettings",
    "SessionSettings",
    "SpectrumSettings",
    "StretcherSettings",
]

Real = Annotated[float, Field(strict=True)]  # strict: `true` and "12" are no numbers
Count = Annotated[int, Field(strict=True)]
Observable = Literal["frog", "autocorrelation", "shg", "spectrum"]

OBSERVABLES: tuple[Observable, ...] = ("frog", "autocorrelation", "shg", "spectrum")
"""Diagnostics that a session can read."""

CLASSICAL = ("random", "nelder-mead", "cma")
"""Agents that search without a model: they need hundreds of shots."""

AGENTS = (*CLASSICAL, "oracle", "estimator", "policy")
"""Names of the agents, as `--agent` takes them."""

AIMING = ("policy", "estimator")
"""Agents that can go to another pulse than the most intense one."""

DEFAULT_SHOTS, CLASSICAL_SHOTS, HOLD_SHOTS = 12, 200, 300


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class SpectrumSettings(_Settings):
    """Where the light is: the embedded spectrum, or a file that a spectrometer wrote."""

    builtin: Literal["three_gaussians"] | None = None
    """Fit to the amplified spectrum of a Yb:YAG pump laser; transform limit 1.579 ps."""
    file: Path | None = None
    """Wavelength in nm and counts; a path relative to the config counts from the config's folder."""
    amplified: bool = False
    """Whether the file was taken behind the amplifier; if not, it is the seed and `laser.gain` narrows it."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.builtin and self.file:
            raise ValueError("names both `builtin` and `file`; one spectrum is wanted")
        return self


class GainSettings(_Settings):
    """Gain narrowing of a seed: the field is multiplied by (normalised fluorescence)^(1/2) at every pass."""

    file: Path | None = None
    """Fluorescence over wavelength in nm; without it, `yb_gain.txt` in the folder of the spectrum file."""
    shift_nm: Real = Field(default=1.0, ge=-20, le=20)
    """Added to the file's wavelengths; the published model of this laser shifts its scan by +1 nm."""
    passes: Count = Field(default=50, ge=0, le=1000)
    """How many times the pulse passes the gain."""


class StretcherSettings(_Settings):
    """Dispersion of the stretcher; the nominal compressor is its negative."""

    gdd_ps2: Real = Field(default=267.422, ge=-2000, le=2000)
    """Group-delay dispersion; its size sets the stretched duration, and so what B means."""
    tod_ps3: Real = Field(default=-2.384, ge=-1000, le=1000)
    """Third order."""
    fod_ps4: Real = Field(default=0.0954893, ge=-1000, le=1000)
    """Fourth order."""

    @model_validator(mode="after")
    def _stretches(self) -> Self:
        if not abs(self.gdd_ps2) >= 50:
            raise ValueError(f"gdd_ps2 is {self.gdd_ps2:g} ps²; a stretcher needs at least 50 ps² in size")
        return self


class LaserSettings(_Settings):
    """The laser as it is known: spectrum, amplifier, stretcher, energy, beam."""

    spectrum: SpectrumSettings = SpectrumSettings()
    """Without a `file` it is the embedded spectrum."""
    gain: GainSettings | None = None
    """Gain narrowing, for a spectrum file that is not `amplified`."""
    carrier_thz: Real | None = Field(default=None, gt=10, lt=3000)
    """Zero of all frequency offsets; without it, the centre of gravity of the amplified spectrum."""
    stretcher: StretcherSettings = StretcherSettings()
    """What the compressor has to undo."""
    energy_j: Real = Field(default=0.22, gt=0, le=1000)
    """Nominal pulse energy; measured energies are relative to it."""
    beam_radius_mm: Real = Field(default=12.0, gt=0, le=1000)
    """1/e² radius of intensity on the optic that the coating limit is about."""


class KnobSettings(_Settings):
    """One actuator of the spectral phase, as departure from the nominal stretcher."""

    name: Literal["gdd_ps2", "tod_ps3", "fod_ps4"]
    """Which Taylor coefficient; its unit is in its name."""
    low: Real
    """Lower bound, in the knob's unit."""
    high: Real
    """Upper bound, in the knob's unit."""
    max_step: Real | None = Field(default=None, gt=0, le=1)
    """Greatest change in one shot as a share of the range (high - low); without it, the scenario's."""
    nominal: Real = 0.0
    """Where a session starts."""
    before_amplifier: bool = False
    """Whether moving it changes the stretched pulse, and so the amplifier's peak and B."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low is {self.low:g}, high is {self.high:g}; low must be below high")
        if not self.low <= self.nominal <= self.high:
            raise ValueError(f"nominal is {self.nominal:g}; it must lie in {self.low:g} to {self.high:g}")
        return self


class KnobsSettings(_Settings):
    """The knobs: a set by name, or each by hand; with neither, the scenario's own."""

    preset: Literal["default", "tempo"] | None = None
    """default: behind the amplifier, bounds from the spectrum's width; tempo: before it, the published bounds."""
    each: tuple[KnobSettings, ...] = ()
    """Knob by knob."""

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        names = [knob.name for knob in self.each]
        if names and self.preset:
            raise ValueError("holds both `preset` and `each`; one choice is wanted")
        if len(set(names)) < len(names):
            raise ValueError(f"each names {', '.join(names)}; every knob may stand once")
        return self


class HiddenSettings(_Settings):
    """A plant chosen by hand instead of drawn; what is absent is drawn."""

    b_rad: Real | None = Field(default=None, ge=0, le=20)
    """B-integral at the nominal stretch."""
    gdd_ps2: Real | None = None
    """Departure of the compressor from the negative stretcher."""
    tod_ps3: Real | None = None
    """The same, third order."""
    fod_ps4: Real | None = None
    """The same, fourth order."""


class ScenarioSettings(_Settings):
    """Which hidden plant the simulated laser is given."""

    name: Literal["wide", "near", "tempo", "hold", "spectrum-5", "spectrum-10", "knobs-10", "ripple", "strong-b"] = (
        "wide"
    )
    """wide: hidden offsets up to ±0.2 of each range; near: ±0.06; tempo: the published task; hold: drift; wide with
    what no agent knows: a spectrum 5 or 10 % off, knobs 10 % off, ripple of an optic, B of 3.5 to 5."""
    hidden: HiddenSettings = HiddenSettings()
    """Overrides the draw, to meet one plant again."""


class InstrumentSettings(_Settings):
    """The diagnostics: which are read, and how well they see."""

    channels: tuple[Observable, ...] = Field(default=("frog",), min_length=1)
    """What is read in every shot; an agent needs one with a second-harmonic signal."""
    energy_rms: Real = Field(default=0.01, ge=0, le=0.5)
    """Pulse energy from shot to shot, relative."""
    meter_rms: Real = Field(default=0.002, ge=0, le=0.5)
    """Error of the energy meter, relative."""
    delay_rms_ps: Real = Field(default=0.005, ge=0, le=1)
    """Error of each delay of a FROG or autocorrelation."""
    yield_rms: Real = Field(default=0.015, ge=0, le=0.5)
    """Relative error of the yield meter."""
    dark_yield: Real = Field(default=0.002, ge=0, le=1)
    """Noise of the yield meter in the dark, in its unit; five times this is the least usable signal."""
    pixel_noise: Real = Field(default=0.015, ge=0, le=0.5)
    """Noise of a camera pixel as a share of the frame's peak."""

    @model_validator(mode="after")
    def _sees_the_second_harmonic(self) -> Self:
        if len(set(self.channels)) < len(self.channels):
            raise ValueError(f"channels {', '.join(self.channels)} name one twice")
        if set(self.channels) == {"spectrum"}:
            raise ValueError("channels hold the spectrum alone, which shows no phase; add frog, autocorrelation or shg")
        return self


class LimitSettings(_Settings):
    """What protects the optics; every move passes these, whoever asks."""

    max_amplifier_ratio: Real = Field(default=1.5, ge=1, le=10)
    """Greatest peak intensity in the amplifier, as a multiple of that at the nominal stretch."""
    max_b_rad: Real = Field(default=5.0, gt=0, le=50)
    """Greatest B-integral, for a B at the 95th percentile of what it may be at the nominal stretch."""
    b95_rad: Real = Field(default=3.375, ge=0, le=50)
    """That percentile: 95 % of all B drawn uniformly from 1 to 3.5 lie below 3.375. State yours if you measured B."""
    coating_gw_per_cm2: Real = Field(default=100.0, gt=0, le=1e6)
    """Damage threshold of the weakest coating behind the compressor, with your margin taken off, as peak intensity."""


class SessionSettings(_Settings):
    """One optimisation run."""

    agent: Literal["random", "nelder-mead", "cma", "oracle", "estimator", "policy"] = "policy"
    """Who decides; behind the learned policy stand the estimator, then a simplex, then the best setting seen."""
    policy: Path | None = None
    """File of the policy, or name of a packaged one; without it, the packaged one that fits, else the estimator."""
    shots: Count | None = Field(default=None, ge=2, le=100_000)
    """Most shots for tuning and confirming; without it 12, or 200 for random, nelder-mead and cma, or 300 to hold."""
    target_fwhm_ps: Real | None = Field(default=None, gt=0, le=1000)
    """Wanted duration, full width at half maximum, in place of the most intense pulse."""
    target_profile: Path | None = None
    """Wanted pulse as a file of time in ps and intensity; a relative path counts from the config's folder."""
    hold: bool = Field(default=False, strict=True)
    """Go on where the agent is done, until the shots are spent: it moves again when the laser has drifted."""
    seed: Count | None = Field(default=None, ge=0, lt=2**63)
    """Of all randomness; without it one is drawn, shown and recorded."""
    on_end: Literal["best", "start"] = "best"
    """Where the knobs are left on a normal end and on the first Ctrl-C."""
    settle_s: Real = Field(default=0.0, ge=0, le=3600)
    """Wait between a move and the shot after it."""
    confirm_shots: Count = Field(default=3, ge=0, le=1000)
    """Of `shots`, how many at most are kept to measure the best settings again; never over a third."""
    signal_noise: Real = Field(default=0.025, gt=0, le=1)
    """Relative noise of the signal in one shot: a setting is better when it is better by more than that."""
    max_invalid: Count = Field(default=5, ge=1, le=1000)
    """So many INVALID readings in a row count as a lost bench."""
    search_shots: Count = Field(default=60, ge=0, le=100_000)
    """Most shots of the search that meets a start without usable signal; they do not count into `shots`."""

    @property
    def has_target(self) -> bool:
        """Whether something else than the most intense pulse is wanted."""
        return self.target_fwhm_ps is not None or self.target_profile is not None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.target_fwhm_ps is not None and self.target_profile is not None:
            raise ValueError("holds both `target_fwhm_ps` and `target_profile`; one target is wanted")
        if self.has_target and self.agent not in AIMING:
            raise ValueError(f"holds a target, and the agent {self.agent} knows none; {' or '.join(AIMING)} does")
        return self

    def shots_for(self, agent: str) -> int:
        """The budget: as stated, or the default for this agent."""
        usual = CLASSICAL_SHOTS if agent in CLASSICAL else DEFAULT_SHOTS
        return self.shots or (HOLD_SHOTS if self.hold else usual)


class Config(_Settings):
    """Everything a session needs to know."""

    laser: LaserSettings = LaserSettings()
    """The laser as it is known."""
    knobs: KnobsSettings = KnobsSettings()
    """What can be turned."""
    scenario: ScenarioSettings = ScenarioSettings()
    """The hidden plant of the simulated laser."""
    instruments: InstrumentSettings = InstrumentSettings()
    """The diagnostics."""
    limits: LimitSettings = LimitSettings()
    """What protects the optics."""
    session: SessionSettings = SessionSettings()
    """The run."""
    lab: LabSettings | None = None
    """The real bench; without it the bench is simulated."""
    twin: TwinSettings = TwinSettings()
    """How the twin of the bench behaves (`lasercontrol twin`)."""
    training: TrainingSettings | None = None
    """How an agent is trained (`lasercontrol train`)."""
    operator: str = ""
    """Who is at the bench."""
    laser_id: str = ""
    """Which laser it is."""
    notes: str = ""
    """Anything worth keeping with the record."""
