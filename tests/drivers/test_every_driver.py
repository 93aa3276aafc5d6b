"""Laws that every driver keeps, and that a new one cannot escape."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeGuard

import pytest

import drivers
from drivers.instrument import Instrument, ScpiInstrument
from drivers.parameter import Measured, parameters_of
from drivers.registry import DRIVERS, driver_named
from drivers.shaper import Shaper
from drivers.standard_events import EventChecked
from tests.drivers.zoo import SPECIMENS

FOLDER = Path(str(drivers.__file__)).parent
ROOT = FOLDER.parent
UNITS = {
    "": "",
    "nm": "_nm",
    "W": "_w",
    "A": "_a",
    "V": "_v",
    "°C": "_c",
    "s": "_s",
    "mm": "_mm",
    "ps": "_ps",
    "Hz": "_hz",
    "THz": "_thz",
    "dBm": "_dbm",
    "Ω": "_ohm",
    "mm/s": "_mm_per_s",
    "mm/s²": "_mm_per_s2",
    "dB": "_db",
    "%": "_percent",
    "A/W": "_a_per_w",
    "K": "_k",
    "ms": "_ms",
}  # fmt: skip — unit → how a name that carries it ends
ABSTRACT = {EventChecked, Instrument, ScpiInstrument, Shaper}


def every_driver() -> Iterator[type[Instrument]]:
    """All classes of drivers in the folder, plug-in examples included, but those that only others derive from."""
    for path in sorted(FOLDER.glob("*.py")):
        module = import_module(f"drivers.{path.stem}")
        yield from (found for found in vars(module).values() if _is_driver(found, module.__name__))


def _is_driver(found: object, module: str) -> TypeGuard[type[Instrument]]:
    if not (isinstance(found, type) and issubclass(found, Instrument) and found.__module__ == module):
        return False
    return found not in ABSTRACT and not found.__name__.startswith("_")


KINDS = sorted(set(every_driver()), key=lambda kind: kind.__name__)
KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def test_there_are_drivers() -> None:
    assert len(KINDS) >= 1


@KIND
def test_it_is_found_by_name(kind: type[Instrument]) -> None:
    paths = {f"{kind.__module__}:{kind.__name__}"}
    assert paths & set(DRIVERS.values()), f"place {paths} in drivers/registry.py"


@pytest.mark.parametrize("name", DRIVERS)
def test_every_name_loads_a_driver(name: str) -> None:
    assert driver_named(name) in KINDS


@KIND
def test_it_has_a_specimen(kind: type[Instrument]) -> None:
    assert kind in {specimen.kind for specimen in SPECIMENS}, f"add {kind.__name__} to tests/drivers/zoo.py"


@KIND
def test_it_says_what_it_is(kind: type[Instrument]) -> None:
    assert kind.__doc__
    assert kind.confidence in {"A", "B", "C"}
    assert kind.at_power_loss, f"say in {kind.__name__}.at_power_loss what the instrument does when its mains fails"
    assert kind.identity.pattern != ".+", f"{kind.__name__} must know its instrument from another"
    assert kind.roles, "say what a bench can use it as"


@KIND
def test_parameters_are_documented_with_verb_and_unit(kind: type[Instrument]) -> None:
    for name, parameter in parameters_of(kind).items():
        doc = parameter.__doc__ or ""
        assert re.match(r"(Control|Measure|Set|Get) ", doc), f"{kind.__name__}.{name}: {doc!r}"
        if isinstance(parameter, Measured):
            ending = UNITS[parameter.unit]
            assert name.endswith(ending), f"{kind.__name__}.{name} is in {parameter.unit}: it must end in {ending}"
            assert not parameter.unit or parameter.unit in doc, f"{kind.__name__}.{name}: {doc!r} names no unit"
            assert parameter.low < parameter.high


@KIND
def test_nothing_is_sent_when_it_is_built(kind: type[Instrument]) -> None:
    kind.at("TCPIP::127.0.0.1::9::SOCKET")  # the discard port: to open it would fail


@KIND
def test_the_readme_lists_it_and_safety_says_what_it_does_at_power_loss(kind: type[Instrument]) -> None:
    names = [name for name, path in DRIVERS.items() if path == f"{kind.__module__}:{kind.__name__}"]
    for page in ("README.md", "SAFETY.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        missing = [name for name in names if f"`{name}`" not in text]
        assert not missing, f"{page} does not list {missing}"
