"""An aging config: which lasers, what is done with them and for how long, what is too much, and what happens then."""

import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lasercontrol.alarm_settings import AlarmSettings, KindName
from lasercontrol.lab_settings import FaultSettings, InstrumentAddress

__all__ = [
    "Action",
    "ActionSettings",
    "AgingConfig",
    "Bounds",
    "DitherSettings",
    "EndOfLifeSettings",
    "LaserSettings",
    "LimitSettings",
    "LogSettings",
    "OwnCriterion",
    "PlaceSettings",
    "PlacedError",
    "RackTwinSettings",
    "RampSettings",
    "RecipeSettings",
    "SimulatedFailure",
    "SimulatedRackSettings",
    "StageSettings",
    "SweepSettings",
]

Real = Annotated[float, Field(strict=True)]  # strict: `true` and "12" are no numbers
Count = Annotated[int, Field(strict=True)]
Celsius = Annotated[float, Field(strict=True, ge=-60, le=200)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]
Action = Literal["mark", "ramp-down", "stop-all"]
"""mark: it is listed and told; ramp-down: that laser, for good; stop-all: every laser, and the test is over."""

LOCAL = ("127.0.0.1", "localhost")


class PlacedError(ValueError):
    """A contradiction whose place in the file is known: `key`, seen from the model that raises it."""

    def __init__(self, key: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.key = key


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Bounds(_Settings):
    """What a quantity may be while a laser is driven."""

    low: Real | None = None
    """Least; null: none."""
    high: Real | None = None
    """Greatest; null: none."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, high is {self.high:g}; low must be below high")
        return self


class LimitSettings(_Settings):
    """Where a laser is ramped down, whatever any detector says. Of a laser's own, each replaces the one of all."""

    current_a: Bounds | None = None
    """Of the drive; its `high` is also given to the source as its own limit, where it has one."""
    power_w: Bounds | None = None
    """Light at the meter; `low` is heeded once the laser has settled."""
    photodiode_a: Bounds | None = None
    """Current of the photodiode in the package."""
    voltage_v: Bounds | None = None
    """Over the diode: a short is below `low`, an open contact above `high`."""
    mount_c: Bounds | None = None
    """Temperature of the mount; every temperature of the recipe must lie within."""


class RampSettings(_Settings):
    """How the current of a laser moves: never in a jump."""

    rate_a_per_s: Real = Field(gt=0, le=100)
    """Greatest slope, up and down."""
    step_a: Real = Field(gt=0, le=10)
    """Longest single step."""


class PlaceSettings(_Settings):
    """Which instruments a laser is on."""

    source: str
    """Name of its current source; one laser each."""
    meter: str | None = None
    """Name of its power meter; one laser each. Without one there is no light but the photodiode's."""
    cooler: str | None = None
    """Name of the temperature controller of its mount, which lasers may share; a source with a cooler is its own."""


class LaserSettings(_Settings):
    """One laser of the rack."""

    id: Name
    """What it is called everywhere."""
    family: str = "gaas"
    """What kind it is; a simulated rack knows vcsel, tunable, pump-980 and gaas."""
    drive: Literal["current", "power"] = "current"
    """What is kept constant."""
    current_a: Real = Field(gt=0, le=100)
    """That is kept; for constant power, where the ramp ends and the light is taken over from."""
    power_w: Real | None = Field(default=None, gt=0, le=1000)
    """That is kept at constant power."""
    wavelength_nm: Real | None = Field(default=None, gt=100, le=30_000)
    """For its meter's correction; null: as the meter stands."""
    place: PlaceSettings | None = None
    """Its instruments; a simulated rack needs none."""
    ramp: RampSettings | None = None
    """Its own, in place of the recipe's."""
    limits: LimitSettings | None = None
    """Its own, in place of those of all."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.drive == "power" and self.power_w is None:
            raise ValueError("drive is power, which needs power_w")
        if self.drive == "current" and self.power_w is not None:
            raise ValueError("drive is current, and power_w would keep something else constant")
        return self


class DitherSettings(_Settings):
    """A swing of the mount's temperature, from which it is learned what temperature does to each laser."""

    amplitude_k: Real = Field(default=0.5, gt=0, le=5)
    """To either side."""
    period_s: Real = Field(default=600.0, gt=0, le=86_400)
    """Of one swing."""
    cycles: Count = Field(default=2, ge=1, le=100)
    """How many."""


class StageSettings(_Settings):
    """Hours at a temperature."""

    hours: Real = Field(gt=0, le=100_000)
    """How long; a gap during which the lasers were off does not count."""
    mount_c: Celsius
    """Of the mount."""
    drive_factor: Real = Field(default=1.0, gt=0, le=5)
    """Current, or light at constant power, as a multiple of the laser's own."""


class SweepSettings(_Settings):
    """Light, photodiode and voltage over current, at the same temperature every time."""

    reference_c: Celsius
    """Of the mount during every sweep."""
    every_h: Real | None = Field(default=None, gt=0, le=100_000)
    """Hours of stress between two; null: none in between."""
    at_start: bool = True
    """One before burn-in or stress."""
    at_end: bool = True
    """One after the stress."""
    points: Count = Field(default=41, ge=5, le=2000)
    """Currents of one sweep, from 0 up."""
    stop_factor: Real = Field(default=1.0, gt=0, le=3)
    """Where it ends, as a multiple of the laser's current_a."""
    settle_s: Real = Field(default=300.0, ge=0, le=86_400)
    """At the reference before the sweep, and at the stress after it."""


class RecipeSettings(_Settings):
    """What is done: ramp, settle, dither, burn in, stress, with sweeps before, between and after."""

    ramp: RampSettings
    """How currents move; a laser may have its own."""
    order: tuple[str, ...] = ()
    """In which the lasers are switched on, by their ids; those not named follow as listed. Off: all
    together, each in its ramp."""
    at_once: Count = Field(default=8, ge=1, le=100_000)
    """How many ramp at a time."""
    settle_s: Real = Field(default=900.0, ge=0, le=86_400)
    """At the temperature of a stage before it counts."""
    settled_within_k: Real = Field(default=0.3, gt=0, le=10)
    """Of the set temperature, by the end of the settling; it is prolonged up to three times for that."""
    dither: DitherSettings | None = DitherSettings()
    """After the first settling, and after the burn-in; null: none."""
    burn_in: StageSettings | None = None
    """First hours, not judged for end of life; null: none."""
    stress: StageSettings
    """The test itself."""
    sweep: SweepSettings | None = None
    """Scheduled sweeps; null: none."""


class OwnCriterion(_Settings):
    """An end of life of your own."""

    name: Name
    """What it is called in reports."""
    quantity: Literal["current_a", "power_w", "photodiode_a", "voltage_v", "threshold_a", "slope_w_per_a"]
    """Of what; threshold and slope are from sweeps."""
    change_percent: Real = Field(ge=-100, le=10_000)
    """Against its start: above 0 a rise, below 0 a fall."""

    @field_validator("change_percent")
    @classmethod
    def _some(cls, value: float) -> float:
        if value == 0:
            raise ValueError("is 0; it must be a rise (above 0) or a fall (below 0)")
        return value


class EndOfLifeSettings(_Settings):
    """When a laser counts as failed; whichever comes first. null: not heeded."""

    current_rise_percent: Real | None = Field(default=20.0, gt=0, le=1000)
    """At constant power. 20 % is customary [M]."""
    power_drop_db: Real | None = Field(default=2.0, gt=0, le=30)
    """At constant current. 2 dB is customary [M]."""
    threshold_rise_percent: Real | None = Field(default=50.0, gt=0, le=1000)
    """From sweeps. 50 % is customary [M]."""
    own: tuple[OwnCriterion, ...] = ()
    """Others."""


class ActionSettings(_Settings):
    """What happens to a laser at an alarm, by its severity. An alarm of the rack as a whole knows mark and stop-all."""

    warning: Action = "mark"
    """Look at it in the morning."""
    alarm: Action = "mark"
    """A laser that has degraded."""
    critical: Action = "ramp-down"
    """A laser that has failed, or would harm itself."""
    only_mark: tuple[KindName, ...] = ("instrument", "rig", "fleet", "coupling", "gap", "storage")
    """Kinds that never touch a laser: what is wrong there is not the laser."""


class LogSettings(_Settings):
    """Where and how long the log is kept."""

    out: Path = Path("runs")
    """Folder for the log's folder."""
    keep_journal_h: Real | None = Field(default=24.0, ge=0, le=100_000)
    """How long a journal stays after its HDF5 was sealed and read again; null: for ever."""
    hdf5: bool = True
    """Whether HDF5 is made beside the journal."""


class SimulatedFailure(_Settings):
    """What a simulated laser suffers."""

    laser: str
    """Its id."""
    mode: str
    """A mode of `sim.wear`: sudden, rapid, threshold, slope and so on."""
    onset_s: Real = Field(ge=0)
    """When it begins, from the start of the simulated rack."""
    size: Real | None = None
    """Share lost per hour for the gradual modes, in the end for rapid and sudden; null: drawn."""
    lasts_h: Real | None = Field(default=None, gt=0)
    """Hours that a rapid loss takes; null: drawn."""


class SimulatedRackSettings(_Settings):
    """The rack of equations that stands in where a config has no instruments, and behind the twin."""

    seed: Count = Field(default=1, ge=0)
    """Of the lasers and all noise."""
    chamber_c: Celsius = 25.0
    """Set temperature of the chamber's air."""
    failures: tuple[SimulatedFailure, ...] = ()
    """What is to be found."""


class RackTwinSettings(_Settings):
    """The twin of this rack."""

    host: str = "127.0.0.1"
    """Where its instruments listen."""
    control_port: Count = Field(default=0, ge=0, le=65535)
    """For faults on demand and the truth; 0: any free one."""
    free_ports: bool = False
    """Whether the instruments listen on whichever ports are free, not on those of their addresses."""
    faults: tuple[FaultSettings, ...] = ()
    """What goes wrong, and when."""


class AgingConfig(_Settings):
    """A rack, its lasers and an aging test."""

    name: Name = "rack"
    """Of the rack: one run at a time owns it, and a tripped interlock is remembered under it."""
    operator: str = ""
    """Who is responsible."""
    note: str = ""
    """For the record."""
    zone: str = "UTC"
    """Of the times that people are shown, an IANA name as Europe/Berlin."""
    period_s: Real = Field(default=1.0, ge=0.1, le=3600)
    """Between two rows of the log."""
    speed: Real = Field(default=1.0, gt=0, le=10_000)
    """Seconds of the test for one of ours: for rehearsals; a rack of real instruments knows 1 only."""
    lasers: tuple[LaserSettings, ...] = Field(min_length=1)
    """Every one that is in the test."""
    recipe: RecipeSettings
    """What is done with them."""
    limits: LimitSettings = LimitSettings()
    """Of all lasers."""
    end_of_life: EndOfLifeSettings = EndOfLifeSettings()
    """When a laser counts as failed."""
    actions: ActionSettings = ActionSettings()
    """What an alarm leads to."""
    alarms: AlarmSettings = AlarmSettings()
    """What becomes an alarm, and who is told."""
    log: LogSettings = LogSettings()
    """Where and how long the log is kept."""
    instruments: dict[str, InstrumentAddress] = {}
    """Name → driver and address; without any, the rack is simulated."""
    chamber: str | None = None
    """Name of the instrument that knows the chamber's temperature."""
    backend: str = "@py"
    """VISA: "@py" is pyvisa-py, "" the vendor's own, or the path of a VISA library."""
    reconnect_s: Real = Field(default=5.0, ge=0, le=600)
    """For how long a lost link is tried again within one reading."""
    message_log: Path | None = None
    """File that keeps every message of every link."""
    simulated: SimulatedRackSettings = SimulatedRackSettings()
    """The rack of equations."""
    twin: RackTwinSettings = RackTwinSettings()
    """The same over the wire."""

    def limits_of(self, laser: LaserSettings) -> dict[str, Bounds]:
        """Channel → bounds of a laser: its own where it has them, else those of all."""
        own = laser.limits or LimitSettings()
        pairs = ((name, getattr(own, name) or getattr(self.limits, name)) for name in LimitSettings.model_fields)
        return {name: bounds for name, bounds in pairs if bounds is not None}

    def ramp_of(self, laser: LaserSettings) -> RampSettings:
        """How a laser's current moves."""
        return laser.ramp or self.recipe.ramp

    def mount_of(self, laser: LaserSettings) -> str:
        """What holds a laser's temperature, by name: lasers of one mount go through the recipe together."""
        if laser.place is None:
            return laser.id
        return laser.place.cooler or laser.place.source

    @property
    def switching_order(self) -> tuple[int, ...]:
        """Positions of the lasers in the order in which they are switched on."""
        at = {laser.id: number for number, laser in enumerate(self.lasers)}
        first = [at[name] for name in self.recipe.order]
        return (*first, *(number for number in range(len(self.lasers)) if number not in set(first)))

    @property
    def used(self) -> list[tuple[tuple[str | int, ...], str, str]]:
        """(key, role, instrument) of every use."""
        uses: list[tuple[tuple[str | int, ...], str, str | None]] = []
        for n, place in ((n, laser.place) for n, laser in enumerate(self.lasers)):
            if place is not None:
                uses.append((("lasers", n, "place", "source"), "current_source", place.source))
                uses.append((("lasers", n, "place", "meter"), "power_meter", place.meter))
                uses.append((("lasers", n, "place", "cooler"), "temperature_controller", place.cooler))
        uses.append((("chamber",), "temperature_controller", self.chamber))
        return [(key, role, name) for key, role, name in uses if name is not None]

    def told(self) -> dict[str, Any]:
        """As plain JSON values, for the log: without addresses, and with no secret that an address may hold."""
        left_out = {"instruments", "backend", "message_log", "twin"}
        return self.model_dump(mode="json", exclude=left_out)

    # ------------------------------------------------------------------------------------------ contradictions

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"is {value!r}, which is no zone; write it as Europe/Berlin, or UTC") from None
        return value

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        at: dict[str, int] = {}
        for number, laser in enumerate(self.lasers):
            if (first := at.setdefault(laser.id, number)) != number:
                raise PlacedError(
                    ("lasers", number, "id"), f"is {laser.id!r}, as lasers[{first}] is; a laser is listed once"
                )
        for number, name in enumerate(self.recipe.order):
            if name not in at:
                raise PlacedError(("recipe", "order", number), f"is {name!r}, which no laser is called")
            if name in self.recipe.order[:number]:
                raise PlacedError(("recipe", "order", number), f"is {name!r}, which stands there already")
        for number, failure in enumerate(self.simulated.failures):
            if failure.laser not in at:
                raise PlacedError(
                    ("simulated", "failures", number, "laser"), f"is {failure.laser!r}, which no laser is called"
                )
        return self

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        for number, laser in enumerate(self.lasers):
            limits = self.limits_of(laser)
            for key, quantity, value, unit in self._asked(number, laser):
                bounds = limits.get(quantity)
                if quantity == "current_a" and (bounds is None or bounds.high is None):
                    raise PlacedError(
                        ("lasers", number),
                        "has no limits.current_a.high, and neither has the rack; nothing may be driven without",
                    )
                if bounds is not None and not (_at_least(value, bounds.low) and _at_most(value, bounds.high)):
                    raise PlacedError(
                        key,
                        f"asks {value:g} {unit} of laser {laser.id}; its limits allow {_words(bounds)} {unit}",
                    )
        return self

    def _asked(self, number: int, laser: LaserSettings) -> list[tuple[tuple[str | int, ...], str, float, str]]:
        """(key, quantity, value, unit) of all that the recipe asks of a laser."""
        recipe, place = self.recipe, ("lasers", number)
        asked: list[tuple[tuple[str | int, ...], str, float, str]] = [
            ((*place, "current_a"), "current_a", laser.current_a, "A")
        ]
        swing_k = recipe.dither.amplitude_k if recipe.dither else 0.0
        for name, stage in (("burn_in", recipe.burn_in), ("stress", recipe.stress)):
            if stage is None:
                continue
            factor: tuple[str | int, ...] = ("recipe", name, "drive_factor")
            if stage.drive_factor != 1.0:
                asked.append((factor, "current_a", stage.drive_factor * laser.current_a, "A"))
            if laser.power_w is not None:
                key = (*place, "power_w") if stage.drive_factor == 1.0 else factor
                asked.append((key, "power_w", stage.drive_factor * laser.power_w, "W"))
            asked += [
                (("recipe", name, "mount_c"), "mount_c", stage.mount_c + swing, "°C") for swing in (-swing_k, swing_k)
            ]
        if recipe.sweep:
            asked.append((("recipe", "sweep", "reference_c"), "mount_c", recipe.sweep.reference_c, "°C"))
            stop_a = recipe.sweep.stop_factor * laser.current_a
            asked.append((("recipe", "sweep", "stop_factor"), "current_a", stop_a, "A"))
        return asked

    @model_validator(mode="after")
    def _instruments(self) -> Self:
        if not self.instruments:
            return self
        for number, laser in enumerate(self.lasers):
            if laser.place is None:
                raise PlacedError(("lasers", number), f"laser {laser.id} has no place, and the rack has instruments")
        alone: dict[str, tuple[str | int, ...]] = {}
        used = set()
        for key, role, name in self.used:
            used.add(name)
            if name not in self.instruments:
                raise PlacedError(key, f"is {name!r}; the instruments are {', '.join(self.instruments)}")
            if role != "temperature_controller" and alone.setdefault(name, key) != key:
                raise PlacedError(key, f"is {name!r}, which is somebody else's {alone[name][-1]} already")
        for name in self.instruments:
            if name not in used:
                raise PlacedError(("instruments", name), "is used for nothing")
        return self

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        at: dict[tuple[str, str], str] = {}
        for name, address in self.instruments.items():
            options = ",".join(f"{key}={value}" for key, value in sorted(address.options.items()))
            place = address.resource.upper(), options
            if (other := at.setdefault(place, name)) != name:
                raise PlacedError(
                    ("instruments", name, "resource"),
                    f"is {address.resource}, which is where {other} is; the same instrument cannot be two",
                )
            if self.speed != 1.0 and not any(f"::{host}::" in address.resource for host in LOCAL):
                raise PlacedError(
                    ("speed",), f"is {self.speed:g}, and {name} is no instrument of the twin; real ones know 1 only"
                )
        return self


def _at_least(value: float, low: float | None) -> bool:
    return low is None or value >= low


def _at_most(value: float, high: float | None) -> bool:
    return high is None or value <= high


def _words(bounds: Bounds) -> str:
    low = "any" if bounds.low is None else f"{bounds.low:g}"
    high = "any" if bounds.high is None else f"{bounds.high:g}"
    return f"{low} to {high}"
