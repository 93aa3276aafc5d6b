"""A driver that names a role has all that the role asks for; one that has not is refused before anything is opened."""

import pytest

from drivers.instrument import Instrument
from drivers.registry import DRIVERS, driver_named
from lasercontrol.errors import ConfigError
from lasercontrol.lab.instruments import Instruments
from lasercontrol.lab.roles import ROLES, lacking
from lasercontrol.lab_settings import LabSettings
from tests.lasercontrol.lab.stand_in import lab_section

CASES = [(name, role) for name in DRIVERS for role in driver_named(name).roles if role in ROLES]


def built(name: str) -> Instrument:
    """A driver of nobody's instrument; nothing is opened."""
    return driver_named(name).at("TCPIP::192.0.2.1::5025::SOCKET")


def test_every_role_is_filled_by_some_driver() -> None:
    assert {role for _, role in CASES} == set(ROLES)


@pytest.mark.parametrize(("name", "role"), CASES)
def test_a_driver_has_what_its_role_asks_for(name: str, role: str) -> None:
    assert not lacking(built(name), role)


def test_what_is_lacking_is_named() -> None:
    assert lacking(built("pm100"), "shutter") == ["close_shutter", "interlock_closed", "is_open", "open_shutter"]


def test_a_plug_in_that_promises_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    section = lab_section()
    section["instruments"] = {name: {"driver": "pm100", "resource": name} for name in section["instruments"]}
    monkeypatch.setattr(driver_named("pm100"), "roles", tuple(ROLES))
    with pytest.raises(ConfigError, match=r"calls itself a \w+, and has no .*lasercontrol/lab/roles\.py"):
        Instruments(LabSettings.model_validate(section))
