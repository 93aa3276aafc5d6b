"""The `lab` and `twin` sections of a config: which instruments stand on the bench, what each is for, what is safe."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "MASKED",
    "ActuatorsSettings",
    "AutocorrelatorSettings",
    "DiagnosticsSettings",
    "FaultSettings",
    "FrogSettings",
    "InstrumentAddress",
    "LabSettings",
    "MotionSettings",
    "PowerSettings",
    "SafetySettings",
    "ShaperSettings",
    "SpectrometerSettings",
    "StageActuatorSettings",
    "TwinSettings",
    "YieldSettings",
]

Real = Annotated[float, Field(strict=True)]  # strict: `true` and "12" are no numbers
Count = Annotated[int, Field(strict=True)]
MASKED = "***"
"""What a record holds instead of a password."""

Side = Literal["before", "after"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class InstrumentAddress(_Settings):
    """One instrument: which driver, and where it is."""

    driver: str
    """A name of drivers/registry.py, or package.module:Class of your own."""
    resource: str
    """VISA resource string, http://host:port of a WaveShaper, or the folder of a Dazzler."""
    timeout_s: Real | None = Field(default=None, gt=0, le=600)
    """For one answer; without it, the driver's own."""
    options: dict[str, Any] = {}
    """What this driver wants to know besides, as `axis` of a controller; `env:NAME` is read from the environment."""


class ShaperSettings(_Settings):
    """A shaper of the spectral phase: three free coefficients within its reach."""

    instrument: str
    """Name of an instrument."""
    side: Side = "after"
    """Whether it stands before the amplifier, where it changes the stretched pulse, or after it."""
    glitch_free: bool = False
    """Whether a new profile takes effect without a moment of wrong phase; if not, the seed is blocked meanwhile."""
    load_at_start: bool = False
    """Whether a run begins with loading the nominal profile, for a shaper that cannot tell what it holds (Dazzler)."""


class StageActuatorSettings(_Settings):
    """Gratings or glass on a stage: one position moves GDD, TOD and FOD together, in a fixed ratio."""

    stage: str
    """Name of an instrument."""
    kind: Literal["gratings", "glass"]
    """What the stage moves."""
    side: Side = "after"
    """Whether it stands before the amplifier or after it."""
    nominal_mm: Real
    """Position at which the dispersion is the nominal one: knobs at zero, with the shaper flat."""
    mm_per_mm: Real = 1.0
    """Change of the gratings' perpendicular distance, or of the glass in the beam, per mm of the stage; signed."""
    lines_per_mm: Real | None = Field(default=None, gt=0, le=10_000)
    """Of gratings."""
    incidence_deg: Real | None = Field(default=None, gt=-90, lt=90)
    """Of gratings: angle of incidence."""
    material: str | None = None
    """Of glass: a name of `sim.glass`."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "gratings" and (self.lines_per_mm is None or self.incidence_deg is None):
            raise ValueError("gratings need lines_per_mm and incidence_deg")
        if self.kind == "glass" and self.material is None:
            raise ValueError("glass needs its material")
        if not self.mm_per_mm:
            raise ValueError("mm_per_mm is 0: the stage would move nothing")
        return self


class ActuatorsSettings(_Settings):
    """What sets the dispersion: a shaper, with or without coarse stages under it."""

    fine: ShaperSettings | None = None
    """The shaper."""
    coarse: tuple[StageActuatorSettings, ...] = ()
    """Stages that move as little as they can: only where the shaper alone does not reach."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.fine is None and not self.coarse:
            raise ValueError("names no actuator; a bench needs a shaper or a stage")
        return self


class FrogSettings(_Settings):
    """A second-harmonic FROG scanned with a delay stage and a spectrometer at half the wavelength."""

    stage: str
    """Name of the delay stage."""
    spectrometer: str
    """Name of the spectrometer."""
    delay_zero_mm: Real
    """Position at which both pulses meet; every scan finds by its symmetry how far that is off."""
    delays: Count = Field(default=64, ge=16, le=256)
    """Delays of the trace, 0.5 ps apart, an even number."""
    both_sides: bool = True
    """Whether negative delays are scanned too; if not, the trace is taken for symmetric, at half the time."""
    span_nm: Real = Field(default=1.5, gt=0, le=100)
    """Width of the spectra, about half the laser's wavelength."""
    resolution_nm: Real = Field(default=0.02, gt=0, le=10)
    """Of the spectrometer."""
    points: Count = Field(default=151, ge=11, le=50_001)
    """Of one spectrum."""
    wavelength_offset_nm: Real = Field(default=0.0, ge=-5, le=5)
    """Added to the wavelengths that the spectrometer reports."""
    background: bool = True
    """Whether a spectrum is taken in the dark, with the shutter closed, before the first scan."""

    @model_validator(mode="after")
    def _even(self) -> Self:
        if self.delays % 2:
            raise ValueError(f"delays is {self.delays}; it must be even, so that zero delay stands in the middle")
        return self


class AutocorrelatorSettings(_Settings):
    """An autocorrelator."""

    instrument: str
    """Name of an instrument."""
    scan_range_ps: Real = Field(default=50.0, gt=0, le=1000)
    """Whole width of the scan: the pulse at the start, and 32 ps at least, must fit into it."""


class SpectrometerSettings(_Settings):
    """A spectrometer at the laser's own wavelength."""

    instrument: str
    """Name of an instrument."""
    span_nm: Real = Field(default=5.0, gt=0, le=1000)
    """Width of the spectrum about the carrier."""
    resolution_nm: Real = Field(default=0.05, gt=0, le=10)
    """Of the spectrometer."""
    points: Count = Field(default=501, ge=11, le=50_001)
    """Of one spectrum."""


class PowerSettings(_Settings):
    """The meter of the average power; pulse energies are told relative to the nominal one."""

    instrument: str
    """Name of an instrument."""
    nominal_w: Real = Field(gt=0, le=1e5)
    """Average power at nominal pulse energy."""
    ceiling_w: Real = Field(gt=0, le=1e5)
    """Above it emission goes off, at once."""
    wavelength_nm: Real | None = Field(default=None, gt=0, le=30_000)
    """For the meter's correction; without it, the carrier's."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.ceiling_w > self.nominal_w:
            raise ValueError(f"ceiling_w is {self.ceiling_w:g} W; it must be above nominal_w, {self.nominal_w:g} W")
        return self


class YieldSettings(_Settings):
    """A power meter behind a doubling crystal."""

    instrument: str
    """Name of an instrument."""
    reference_w: Real = Field(gt=0, le=1e5)
    """What counts as a yield of 1, about the reading at the shortest pulse."""


class DiagnosticsSettings(_Settings):
    """What sees the light."""

    power: PowerSettings
    """Always there: without it no energy, and no ceiling."""
    frog: FrogSettings | None = None
    """Scanned FROG."""
    autocorrelator: AutocorrelatorSettings | None = None
    """Autocorrelation."""
    spectrometer: SpectrometerSettings | None = None
    """The pulse's own spectrum."""
    shg: YieldSettings | None = None
    """Second-harmonic yield."""


class SafetySettings(_Settings):
    """What removes emission, in this order: shutter, energy, output; and what allows it."""

    shutter: str
    """Name of the shutter of the beam."""
    source: str | None = None
    """Name of the current source that makes the energy: ramped down, then its output is switched off."""
    seed_shutter: str | None = None
    """Name of the shutter of the seed before the amplifier."""
    switch_on: bool = False
    """Whether a run switches the laser on, in the safe order; if not, it must be on already."""
    switch_off: bool = False
    """Whether a run ends with emission off; if not, the beam stays as it is."""
    current_a: Real | None = Field(default=None, gt=0, le=1000)
    """Of the source when it is switched on: the current of nominal energy."""
    temperature_window_k: Real = Field(default=0.1, gt=0, le=10)
    """The diode must stay within this of its set temperature before the current rises."""
    temperature_s: Real = Field(default=5.0, ge=0, le=3600)
    """For so long."""
    watchdog_s: Real | None = Field(default=60.0, ge=5, le=3600)
    """A second process removes emission when the run gives no sign of life for so long, or is killed; null: none."""
    heartbeat_line: str | None = None
    """Hardware line that an interlock box of the lab watches, if there is one, as `daq:Dev1/port0/line3`: recorded."""

    @model_validator(mode="after")
    def _current(self) -> Self:
        if self.switch_on and self.source and self.current_a is None:
            raise ValueError("switch_on with a source needs current_a, the current of nominal energy")
        return self


class MotionSettings(_Settings):
    """How knobs travel, and when they have arrived."""

    ramp_step: Real = Field(default=0.05, gt=0, le=1)
    """Longest stretch of a move before a pause, as a share of a knob's range."""
    ramp_pause_s: Real = Field(default=0.0, ge=0, le=60)
    """That pause: step over pause is the slew."""
    tolerance: Real = Field(default=1e-3, gt=0, le=0.1)
    """How far a read-back may be from what was asked, as a share of the range."""
    settle_s: Real = Field(default=0.0, ge=0, le=600)
    """Wait after the read-back is within tolerance."""
    max_faults: Count = Field(default=20, ge=1, le=10_000)
    """So many time-outs and unusable answers in one run, and the bench counts as lost; each alone is one INVALID."""


class LabSettings(_Settings):
    """A real bench: instruments by name, and what each is for."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")
    """Of the bench: one run at a time owns it, and a tripped interlock is remembered under it."""
    backend: str = "@py"
    """VISA: "@py" is pyvisa-py, "" the vendor's own, or the path of a VISA library."""
    reconnect_s: Real = Field(default=5.0, ge=0, le=600)
    """For how long a lost link is tried again."""
    instruments: dict[str, InstrumentAddress] = Field(min_length=1)
    """Name → driver and address."""
    actuators: ActuatorsSettings
    """What sets the dispersion."""
    diagnostics: DiagnosticsSettings
    """What sees the light."""
    safety: SafetySettings
    """What removes emission."""
    motion: MotionSettings = MotionSettings()
    """How knobs travel."""
    message_log: Path | None = None
    """File that keeps every message of every link."""

    def without_secrets(self) -> "LabSettings":
        """The same with every plain password masked, for a record that others may read."""
        instruments = {
            name: address.model_copy(update={"options": _masked(address.options)})
            for name, address in self.instruments.items()
        }
        return self.model_copy(update={"instruments": instruments})

    @property
    def used(self) -> list[tuple[str, str, str]]:
        """(key in the config, role, name of the instrument) of every use of an instrument."""
        fine, seen, safe = self.actuators.fine, self.diagnostics, self.safety
        uses: list[tuple[str, str, str | None]] = [
            ("actuators.fine.instrument", "shaper", fine.instrument if fine else None),
            *((f"actuators.coarse[{n}].stage", "stage", c.stage) for n, c in enumerate(self.actuators.coarse)),
            ("diagnostics.power.instrument", "power_meter", seen.power.instrument),
            ("diagnostics.frog.stage", "stage", seen.frog.stage if seen.frog else None),
            ("diagnostics.frog.spectrometer", "spectrometer", seen.frog.spectrometer if seen.frog else None),
            ("diagnostics.autocorrelator.instrument", "autocorrelator", _instrument(seen.autocorrelator)),
            ("diagnostics.spectrometer.instrument", "spectrometer", _instrument(seen.spectrometer)),
            ("diagnostics.shg.instrument", "power_meter", _instrument(seen.shg)),
            ("safety.shutter", "shutter", safe.shutter),
            ("safety.source", "current_source", safe.source),
            ("safety.seed_shutter", "shutter", safe.seed_shutter),
        ]
        return [(key, role, name) for key, role, name in uses if name is not None]

    @model_validator(mode="after")
    def _names(self) -> Self:
        for key, _, name in self.used:
            if name not in self.instruments:
                raise ValueError(f"{key} names {name!r}; the instruments are {', '.join(self.instruments)}")
        uses: dict[str, list[str]] = {name: [] for name in self.instruments}
        for key, _, name in self.used:
            uses[name].append(key)
        if idle := [name for name, keys in uses.items() if not keys]:
            raise ValueError(f"the instruments {', '.join(idle)} are used for nothing")
        for name, keys in uses.items():
            if len(keys) > 1:
                raise ValueError(f"{name} is used for {' and '.join(keys)}; every instrument has one use")
        return self

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        """A forgotten axis would make one stage of two: the scan of a FROG would drive the gratings."""
        at: dict[tuple[str, str], str] = {}
        for name, address in self.instruments.items():
            place = address.resource.upper(), str(address.options.get("axis", 1))
            if (other := at.setdefault(place, name)) != name:
                raise ValueError(
                    f"{other} and {name} are the same instrument: {address.resource}, axis {place[1]}; "
                    f"give each its own resource, or its own `axis` in options"
                )
        return self

    @model_validator(mode="after")
    def _seed(self) -> Self:
        fine = self.actuators.fine
        if fine and fine.side == "before" and not fine.glitch_free and self.safety.seed_shutter is None:
            raise ValueError(
                "actuators.fine stands before the amplifier: its profiles are loaded with the seed blocked, so "
                "safety.seed_shutter is needed, unless glitch_free says that loading makes no wrong phase"
            )
        return self


def _masked(options: dict[str, Any]) -> dict[str, Any]:
    secret = {
        key for key, value in options.items() if "password" in key and value and not str(value).startswith("env:")
    }
    return {key: MASKED if key in secret else value for key, value in options.items()}


def _instrument(settings: AutocorrelatorSettings | SpectrometerSettings | YieldSettings | None) -> str | None:
    return settings.instrument if settings else None


class FaultSettings(_Settings):
    """One fault of the twin, on a timetable."""

    instrument: str
    """Name of an instrument."""
    kind: Literal["drop", "late", "half", "garbage", "stuck", "over_range", "interlock", "deaf", "restart"]
    """What goes wrong (drivers/emulators/faults.py)."""
    after_s: Real = Field(default=0.0, ge=0)
    """Real seconds after the twin's start."""
    seconds: Real = Field(default=1.0, ge=0, le=3600)
    """How long it lasts, where it lasts."""
    count: Count = Field(default=1, ge=1, le=1_000_000)
    """How many answers it spoils."""


class TwinSettings(_Settings):
    """How the twin of this bench behaves."""

    speed: Real = Field(default=1000.0, gt=0, le=1e6)
    """Seconds of the twin for one of ours: at 1000 a sweep of one second takes a millisecond."""
    host: str = "127.0.0.1"
    """Where the instruments listen; another address is open to everybody on that network, as real instruments are."""
    control_port: Count = Field(default=5600, ge=0, le=65535)
    """Where faults are ordered and the truth is asked; 0: any free port."""
    delay_zero_error_mm: Real = Field(default=0.01, ge=-1, le=1)
    """How far the true delay zero is from the configured one."""
    background: Real = Field(default=2e-3, ge=0, le=1)
    """Stray light on the spectrometer, as a share of the brightest spectrum of the transform limit."""
    faults: tuple[FaultSettings, ...] = ()
    """Faults on a timetable."""
