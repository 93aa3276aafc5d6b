"""Drivers by name, loaded when they are asked for; and how a lab's own driver joins them.

A config names a driver of this list, or a plug-in as `package.module:Class`; a plug-in may also be announced as an
entry point of the group `lasercontrol.drivers`, and is then found by its entry's name (docs/adding-an-instrument.md).
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from drivers.errors import OutOfRange
from drivers.instrument import Instrument

__all__ = ["DRIVERS", "GROUP", "driver_named"]

GROUP = "lasercontrol.drivers"

DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "ape-pulselink": "drivers.pulselink:PulseLink",
        "aq6370": "drivers.aq6370:AQ6370",
        "aq6373": "drivers.aq6370:AQ6373",
        "dazzler": "drivers.dazzler:Dazzler",
        "esp301": "drivers.esp301:ESP301",
        "example-plugin": "drivers.example_plugin:ExampleShaper",
        "ilx-ldc": "drivers.ilx:ILXController",
        "ilx-ldx": "drivers.ilx:ILXCurrentSource",
        "infiniivision": "drivers.infiniivision:InfiniiVision",
        "itc4000": "drivers.series4000:ITC4000",
        "keithley2400": "drivers.keithley2400:Keithley2400",
        "keithley2450": "drivers.keithley2450:Keithley2450",
        "ldc4000": "drivers.series4000:LDC4000",
        "ldc500": "drivers.ldc500:LDC500",
        "pm100": "drivers.pm100:PM100",
        "rigol-ds1000z": "drivers.rigol:RigolDS1000Z",
        "sc10": "drivers.sc10:SC10",
        "ted4000": "drivers.series4000:TED4000",
        "tektronix-tds": "drivers.tektronix:TektronixScope",
        "waveshaper": "drivers.waveshaper:WaveShaper",
    }
)
"""Name in a config → module and class."""


def driver_named(name: str) -> type[Instrument]:
    """The class of a driver; OutOfRange where there is none, or what is named is no driver."""
    announced: dict[str, str] = {}
    if name not in DRIVERS:  # looking through what is installed takes 10 ms
        announced = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    path = DRIVERS.get(name) or announced.get(name) or (name if ":" in name else None)
    if path is None:
        known = ", ".join([*DRIVERS, *announced])
        raise OutOfRange(f"there is no driver {name!r}; there are {known}, and package.module:Class of your own.")
    module, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise OutOfRange(f"the driver {path!r} cannot be loaded: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Instrument)):
        raise OutOfRange(f"{path!r} is no driver: it must be a class derived from drivers.instrument.Instrument.")
    return found
