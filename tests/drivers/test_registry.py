"""The three ways to a driver: a name of the list, a class of one's own, an announced plug-in."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from drivers import registry
from drivers.errors import OutOfRange
from drivers.example_plugin import ExampleShaper
from drivers.registry import GROUP, driver_named
from drivers.waveshaper import WaveShaper

OWN = '''
from drivers.example_plugin import ExampleShaper


class OurShaper(ExampleShaper):
    """A laboratory's own."""


class NoDriver:
    """Something else."""
'''


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of a laboratory, on the path while the test runs."""
    (tmp_path / "our_instruments.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "our_instruments"
    sys.modules.pop("our_instruments", None)


def test_by_a_name_of_the_list() -> None:
    assert driver_named("waveshaper") is WaveShaper
    assert driver_named("example-plugin") is ExampleShaper


def test_by_module_and_class(own_module: str) -> None:
    found = driver_named(f"{own_module}:OurShaper")
    assert issubclass(found, ExampleShaper)
    assert found.at("17").connect() == "0 EXAMPLE,SHAPER,17,1.0"


def test_by_an_announced_name(own_module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def announced(*, group: str) -> list[EntryPoint]:
        return [EntryPoint("our-shaper", f"{own_module}:OurShaper", group)] if group == GROUP else []

    monkeypatch.setattr(registry, "entry_points", announced)
    assert driver_named("our-shaper").__name__ == "OurShaper"
    with pytest.raises(OutOfRange, match=r"our-shaper, and package\.module:Class"):
        driver_named("their-shaper")


def test_the_list_goes_before_what_is_announced(own_module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def announced(*, group: str) -> list[EntryPoint]:
        return [EntryPoint("waveshaper", f"{own_module}:OurShaper", group)]

    monkeypatch.setattr(registry, "entry_points", announced)
    assert driver_named("waveshaper") is WaveShaper


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tpsr", "there is no driver 'tpsr'"),
        ("no_such_module:Driver", "cannot be loaded"),
        ("our_instruments:Missing", "cannot be loaded"),
        ("our_instruments:NoDriver", "must be a class derived from"),
        ("our_instruments:__doc__", "must be a class derived from"),
    ],
)
@pytest.mark.usefixtures("own_module")
def test_what_is_no_driver_is_told(name: str, told: str) -> None:
    with pytest.raises(OutOfRange, match=told):
        driver_named(name)
