"""What a bench wants of an instrument, by role; any driver, or plug-in, that has these names can fill it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from drivers.curve import Curve
from drivers.reach import GroupDelayReach

__all__ = [
    "ROLES",
    "Autocorrelator",
    "CurrentSource",
    "Device",
    "PowerMeter",
    "Shaper",
    "Shutter",
    "Spectrometer",
    "Stage",
    "TemperatureController",
    "lacking",
]


class Device(Protocol):
    """What every instrument has."""

    @property
    def name(self) -> str:
        """For messages."""

    def connect(self) -> str:
        """Open, prove the identity, give it."""

    def disconnect(self) -> None:
        """Let the link go."""

    def problems(self) -> list[str]:
        """What is wrong, in words, from questions alone."""

    def state(self) -> dict[str, Any]:
        """What the instrument reports of itself."""


class PowerMeter(Device, Protocol):
    """Average power."""

    def prepare(self, wavelength_nm: float) -> None:
        """Readings in W, corrected for a wavelength."""

    @property
    def power_w(self) -> float:
        """Now."""


class Spectrometer(Device, Protocol):
    """Power over wavelength."""

    def configure(self, center_nm: float, span_nm: float, resolution_nm: float, points: int) -> None:
        """Set the axis of the spectra to come."""

    @property
    def wavelength_limits_nm(self) -> tuple[float, float]:
        """What it sees."""

    def spectrum(self) -> Curve:
        """A new one: nm, W or counts."""

    @property
    def seconds_per_shot(self) -> float:
        """About how long one takes."""


class Autocorrelator(Device, Protocol):
    """Autocorrelation over delay, while it is `running`."""

    running: bool
    scan_range_ps: float

    def autocorrelation(self) -> Curve:
        """A new one: ps, arbitrary unit."""

    @property
    def seconds_per_shot(self) -> float:
        """About how long one takes."""


class Stage(Device, Protocol):
    """A linear stage."""

    @property
    def position_mm(self) -> float:
        """Where it is."""

    @property
    def limits_mm(self) -> tuple[float, float]:
        """Where it may go."""

    slew_mm_per_s: float

    @property
    def enabled(self) -> bool:
        """Whether its motor holds; after power-on it does not, and its positions may count from anywhere."""

    def enable(self) -> None:
        """Make it ready to move: its motor holds. Nothing moves by that."""

    def move_to(self, position_mm: float) -> None:
        """Go there, and have arrived."""

    def stop(self) -> None:
        """Stand still."""


class Shutter(Device, Protocol):
    """A shutter. interlock_closed is None where it has none."""

    @property
    def is_open(self) -> bool:
        """Whether light passes."""

    @property
    def interlock_closed(self) -> bool | None:
        """Whether its interlock allows it to open."""

    def open_shutter(self) -> None:
        """Let light pass."""

    def close_shutter(self) -> None:
        """Block it."""


class CurrentSource(Device, Protocol):
    """A source of pump or diode current, with an output that can be switched."""

    current_a: float
    output: bool

    @property
    def interlock_closed(self) -> bool:
        """Whether its interlock, key and protections allow the output."""

    @property
    def measured_current_a(self) -> float:
        """What flows."""

    def ramp_to(self, current_a: float) -> None:
        """Go there in steps."""


class TemperatureController(Device, Protocol):
    """What holds the temperature of a mount or a chamber, while `tec` is on."""

    temperature_c: float
    tec: bool

    @property
    def measured_temperature_c(self) -> float:
        """What it is."""


class Shaper(Device, Protocol):
    """Three coefficients of the spectral phase, within a reach."""

    reach: GroupDelayReach
    carrier_thz: float
    band_rad_per_ps: tuple[float, float]

    @property
    def dispersion(self) -> tuple[float, float, float]:
        """GDD, TOD, FOD as the instrument has them, in ps², ps³, ps⁴."""

    def load_dispersion(self, gdd_ps2: float, tod_ps3: float, fod_ps4: float) -> None:
        """Set them, and have read them back."""


ROLES: Mapping[str, type] = MappingProxyType(
    {
        "power_meter": PowerMeter,
        "spectrometer": Spectrometer,
        "autocorrelator": Autocorrelator,
        "stage": Stage,
        "shutter": Shutter,
        "current_source": CurrentSource,
        "shaper": Shaper,
        "temperature_controller": TemperatureController,
    }
)
"""Role, as drivers name it → what it asks for."""


def lacking(device: object, role: str) -> list[str]:
    """What a role asks for and a device has not got. Looked for, not asked: an attribute may be a question to it."""
    parents = [parent for parent in ROLES[role].__mro__ if parent.__module__ == __name__]
    wanted = {
        name for parent in parents for name in (*vars(parent), *parent.__annotations__) if not name.startswith("_")
    }
    return sorted(name for name in wanted if not hasattr(type(device), name) and name not in vars(device))
