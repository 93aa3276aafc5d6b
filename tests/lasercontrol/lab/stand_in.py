"""Instruments of a bench that keep what was done to them in one log, and the bench that `composed` makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from drivers.curve import Curve
from drivers.errors import OutOfRange
from drivers.reach import GroupDelayReach
from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.lab.bench import LabBench
from lasercontrol.lab.composed import Composed, composed
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.instruments import Instruments
from lasercontrol.limits import GuardedBench
from lasercontrol.signals import Attention
from tests.lasercontrol.lab.emission_fakes import FakeDevice, FakeShutter, FakeSource

Three = tuple[float, float, float]

GRATINGS: dict[str, Any] = {
    "kind": "gratings",
    "nominal_mm": 25.0,
    "lines_per_mm": 1740.0,
    "incidence_deg": 60.0,
}


class Logged(FakeDevice):
    """Logs "name what"; `once` holds, by what is asked, the errors of the next times that it is asked."""

    def __init__(self, name: str, log: list[str]) -> None:
        FakeDevice.__init__(self, name, log)  # not super(): next in line may be a shutter, which names itself
        self.once: dict[str, list[Exception]] = {}

    def do(self, what: str) -> None:
        self.done.append(f"{self.name} {what}")
        self.require(what)

    def require(self, what: str) -> None:
        if self.once.get(what):
            raise self.once[what].pop(0)
        super().require(what)


class LoggedShutter(Logged, FakeShutter):
    """A shutter with a name."""

    def __init__(self, name: str, log: list[str]) -> None:
        Logged.__init__(self, name, log)
        self.light, self.interlock = True, True


class LoggedSource(Logged, FakeSource):
    """A source with a name."""

    def __init__(self, name: str, log: list[str]) -> None:
        Logged.__init__(self, name, log)
        self.flows, self.set_a, self.interlock = True, 2.0, True


class FakeStage(Logged):
    """A stage that arrives `miss_mm` from where it was sent."""

    slew_mm_per_s = 5.0

    def __init__(self, name: str, log: list[str], at_mm: float = 25.0) -> None:
        super().__init__(name, log)
        self.at_mm, self.miss_mm, self.enabled = at_mm, 0.0, True
        self.limits_mm = (0.0, 50.0)
        self.on_move: Callable[[], None] = lambda: None

    @property
    def position_mm(self) -> float:
        self.require("position?")
        return self.at_mm

    def enable(self) -> None:
        self.do("enable")

    def move_to(self, position_mm: float) -> None:
        low, high = self.limits_mm
        if not low <= position_mm <= high:
            raise OutOfRange(f"{self.name}: {position_mm:g} mm is outside its travel; nothing was sent.")
        self.do("move")
        self.on_move()
        self.at_mm = position_mm + self.miss_mm

    def stop(self) -> None:
        self.do("stop")


class FakeShaper(Logged):
    """A shaper that refuses beyond its reach, as drivers do; it reads back `lie` more than it holds."""

    def __init__(self, name: str, log: list[str], reach_ps: float = 450.0) -> None:
        super().__init__(name, log)
        self.reach = GroupDelayReach(reach_ps, low_thz=280.0, high_thz=300.0, resolution_thz=0.001)
        self.carrier_thz, self.band_rad_per_ps = np.nan, (np.nan, np.nan)
        self.held: Three = (0.0, 0.0, 0.0)
        self.lie: Three = (0.0, 0.0, 0.0)
        self.loaded: list[Three] = []
        self.on_load: Callable[[int], None] = lambda _: None

    @property
    def dispersion(self) -> Three:
        self.require("dispersion?")
        gdd, tod, fod = (held + lie for held, lie in zip(self.held, self.lie, strict=True))
        return gdd, tod, fod

    def load_dispersion(self, gdd_ps2: float, tod_ps3: float, fod_ps4: float) -> None:
        coefficients = (gdd_ps2, tod_ps3, fod_ps4)
        self.reach.require(self.name, coefficients, self.carrier_thz, self.band_rad_per_ps)
        self.do("load")
        self.held = coefficients
        self.loaded.append(coefficients)
        self.on_load(len(self.loaded))


class FakeMeter(Logged):
    """A power meter that reads `watts`."""

    def __init__(self, name: str, log: list[str], watts: float = 1.0) -> None:
        super().__init__(name, log)
        self.watts, self.wavelength_nm = watts, 0.0
        self.on_power: Callable[[], object] = lambda: None

    def prepare(self, wavelength_nm: float) -> None:
        self.do("prepare")
        self.wavelength_nm = wavelength_nm

    @property
    def power_w(self) -> float:
        self.do("power?")
        self.on_power()
        return self.watts


class FakeSpectrometer(Logged):
    """Shows `density`: wavelengths (n,) to W/nm. Its scale is off by `axis_error_nm`."""

    seconds_per_shot = 2.0
    wavelength_limits_nm = (350.0, 1750.0)

    def __init__(self, name: str, log: list[str], density: Callable[[Floats], Floats]) -> None:
        super().__init__(name, log)
        self.density = density
        self.axis_error_nm, self.saturated = 0.0, False
        self.setup = (0.0, 0.0, 0.0, 0)

    def configure(self, center_nm: float, span_nm: float, resolution_nm: float, points: int) -> None:
        self.do("configure")
        self.setup = (center_nm, span_nm, resolution_nm, points)

    def spectrum(self) -> Curve:
        self.do("spectrum?")
        center_nm, span_nm, resolution_nm, points = self.setup
        axis_nm = np.linspace(center_nm - span_nm / 2, center_nm + span_nm / 2, points)
        watts = self.density(axis_nm) * resolution_nm
        return Curve(axis_nm + self.axis_error_nm, watts, "nm", "W", self.saturated)


def lab_section(
    *,
    coarse: tuple[dict[str, Any], ...] = (),
    fine: dict[str, Any] | None = None,
    seed: bool = False,
    motion: dict[str, Any] | None = None,
    **diagnostics: Any,
) -> dict[str, Any]:
    """The `lab` of a config; the coarse stages are gratings, each given what it has otherwise. fine {}: none."""
    stages = [GRATINGS | {"stage": f"stage{n}"} | given for n, given in enumerate(coarse)]
    section: dict[str, Any] = {
        "name": "fake",
        "actuators": {"coarse": stages},
        "diagnostics": {
            "power": {"instrument": "meter", "nominal_w": 1.0, "ceiling_w": 1.3},
            "shg": {"instrument": "crystal", "reference_w": 1.0},
        }
        | diagnostics,
        "safety": {"shutter": "shutter", "source": "pump"} | ({"seed_shutter": "seed"} if seed else {}),
        "motion": {"ramp_step": 1.0} | (motion or {}),
    }
    if fine != {}:
        section["actuators"]["fine"] = {"instrument": "shaper"} | (fine or {})
    return section | {"instruments": {name: {"driver": "pm100", "resource": name} for name in _named(section)}}


def _named(section: dict[str, Any]) -> list[str]:
    """Every instrument that a section names."""
    found = [stage["stage"] for stage in section["actuators"]["coarse"]]
    roles = [section["actuators"].get("fine") or {}, *section["diagnostics"].values()]
    found += [role[key] for role in roles for key in ("instrument", "stage", "spectrometer") if key in role]
    return [*found, *section["safety"].values()]


class Bag:
    """Stand-ins by name, in whatever role they are asked for."""

    def __init__(self, *devices: FakeDevice) -> None:
        self.devices = {device.name: device for device in devices}

    def device(self, name: str) -> Any:
        return self.devices[name]

    stage = shaper = shutter = current_source = power_meter = spectrometer = autocorrelator = device
    temperature_controller = device


@dataclass
class Rig:
    """A bench of stand-ins: what was done to it is in `log`, what was asked of the operator in `asked`."""

    config: Config
    log: list[str] = field(default_factory=list)
    reach_ps: float = 450.0
    at_mm: tuple[float, ...] = ()
    others: tuple[FakeDevice, ...] = ()
    attention: Attention = field(default_factory=Attention)
    asked: list[tuple[Floats, Floats]] = field(default_factory=list)
    refuses: Exception | None = None

    def __post_init__(self) -> None:
        assert self.config.lab is not None
        lab, log = self.config.lab, self.log
        self.shaper, self.meter = FakeShaper("shaper", log, self.reach_ps), FakeMeter("meter", log)
        self.crystal, self.source = FakeMeter("crystal", log, watts=0.5), LoggedSource("pump", log)
        self.shutter, self.seed = LoggedShutter("shutter", log), LoggedShutter("seed", log)
        at_mm = self.at_mm or (25.0,) * len(lab.actuators.coarse)
        self.stages = [FakeStage(f"stage{n}", log, at) for n, at in enumerate(at_mm)]
        self.bag = Bag(self.shaper, self.meter, self.crystal, *self.stages, *self.others)
        self.emission = Emission(self.shutter, self.source, self.seed if lab.safety.seed_shutter else None)
        self.parts: Composed = self.composed()
        self.bench: LabBench = self.parts.bench
        self.guarded = GuardedBench(self.bench, self.parts.limits)
        self.log.clear()

    def composed(self) -> Composed:
        """The bench of these instruments, anew."""
        holder = cast("Instruments", self.bag)
        return composed(self.config, holder, self.emission, self.attention, self._confirm)

    @property
    def done(self) -> list[str]:
        """What was done but for questions."""
        return [entry for entry in self.log if not entry.endswith("?")]

    def _confirm(self, old: Floats, new: Floats) -> None:
        self.asked.append((old, new))
        if self.refuses:
            raise self.refuses


def rig(config: dict[str, Any] | None = None, **given: Any) -> Rig:
    """A bench that reads the yield alone: `given` are what `lab_section` and `Rig` take, `config` the other sections.

    Its state lies where LASERCONTROL_STATE says, which a test sets.
    """
    own = {name: given.pop(name) for name in ("reach_ps", "at_mm", "others", "refuses") if name in given}
    sections = {"instruments": {"channels": ["shg"]}, "lab": lab_section(**given)} | (config or {})
    return Rig(Config.model_validate(sections), **own)
