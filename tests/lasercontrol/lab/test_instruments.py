"""The instruments of a config: each with its driver and role, or a sentence; all connected, or all that are missing."""

import json
from pathlib import Path
from typing import Any

import pytest

from drivers.link import Link
from lasercontrol.errors import ConfigError, LinkError
from lasercontrol.lab.instruments import Instruments
from lasercontrol.lab_settings import MASKED, LabSettings
from tests.lasercontrol.lab.plugs import Blind, Plug
from tests.lasercontrol.lab.stand_in import lab_section

PLUGS = "tests.lasercontrol.lab.plugs"


def lab(names: dict[str, str] | None = None, *, fine: dict[str, Any] | None = None, **given: Any) -> LabSettings:
    """A lab of plug-ins; `names` of its instruments may be others. given: per instrument, what its address says."""
    section = lab_section(fine=fine)
    for name, address in section["instruments"].items():
        address.update({"driver": f"{PLUGS}:Plug"} | given.get(name, {}))
    text = json.dumps(section)
    for old, new in (names or {}).items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return LabSettings.model_validate(json.loads(text))


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(Plug, "closed", names)
    return names


def link_of(instruments: Instruments, name: str) -> Link:
    return next(used.driver.link for used in instruments if used.name == name)


def test_every_instrument_is_built_for_all_that_it_is_used_as_and_nothing_is_opened() -> None:
    found = {used.name: used.roles for used in Instruments(lab())}
    assert found == {
        "shaper": ("shaper",),
        "meter": ("power_meter",),
        "crystal": ("power_meter",),
        "shutter": ("shutter",),
        "pump": ("current_source",),
    }


def test_each_is_had_by_its_role() -> None:
    instruments = Instruments(lab())
    assert instruments.shutter("shutter").name == "shutter"
    assert instruments.current_source("pump").name == "pump"
    assert instruments.power_meter("meter").name == "meter"
    assert instruments.shaper("shaper").name == "shaper"


def test_a_driver_is_given_its_options_its_patience_and_its_name() -> None:
    instruments = Instruments(lab(pump={"options": {"axis": 3}, "timeout_s": 7.5}))
    pump = next(used.driver for used in instruments if used.name == "pump")
    assert isinstance(pump, Plug)
    assert (pump.axis, pump.name, pump.link.settings.timeout_s) == (3, "pump", 7.5)
    assert link_of(instruments, "meter").settings.timeout_s == Plug.talks.timeout_s
    assert link_of(instruments, "meter").settings.reconnect_s == 5.0  # the lab's


def test_a_driver_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match=r"lab\.instruments\.pump\.driver: there is no driver 'ffox'; there are ape"):
        Instruments(lab(pump={"driver": "ffox"}))


@pytest.mark.parametrize("driver", [f"{PLUGS}:Ghost", "no.such.module:Plug", "drivers.curve:Curve"])
def test_a_plug_in_that_cannot_be_had_is_told(driver: str) -> None:
    with pytest.raises(ConfigError, match=r"lab\.instruments\.pump\.driver: .*(cannot be loaded|is no driver)"):
        Instruments(lab(pump={"driver": driver}))


def test_an_instrument_that_cannot_fill_its_role_is_refused_by_the_key_that_asks_for_it() -> None:
    with pytest.raises(
        ConfigError, match=r"lab\.safety\.shutter: shutter is a .*:Blind, which can be used as stage; not"
    ):
        Instruments(lab(shutter={"driver": f"{PLUGS}:{Blind.__name__}"}))
    with pytest.raises(ConfigError, match=r"lab\.safety\.source: .*:Useless, which can be used as nothing on a bench"):
        Instruments(lab(pump={"driver": f"{PLUGS}:Useless"}))


@pytest.mark.parametrize(
    ("options", "said"), [({"speed": 9}, "an option that it does not know: 'speed'"), ({"axis": 0}, "it counts from 1")]
)
def test_options_that_a_driver_does_not_take_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"lab\.instruments\.pump\.options: .*{said}"):
        Instruments(lab(pump={"options": options}))


def test_an_option_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    section = lab(pump={"options": {"axis": "env:FAKE_AXIS"}})
    monkeypatch.delenv("FAKE_AXIS", raising=False)
    with pytest.raises(ConfigError, match=r"options\.axis: names the environment variable FAKE_AXIS, which is not set"):
        Instruments(section)
    monkeypatch.setenv("FAKE_AXIS", "slow")
    with pytest.raises(ConfigError, match="not supported between instances of 'str' and 'int'"):  # it arrived, as text
        Instruments(section)


def test_a_password_that_a_record_masked_is_none() -> None:
    with pytest.raises(ConfigError, match=r"lab\.instruments\.pump\.options\.password: was masked in the record"):
        Instruments(lab(pump={"options": {"password": MASKED}}))


def test_all_are_connected_and_say_who_they_are() -> None:
    assert Instruments(lab()).connect()["pump"] == "Plug,pump"


def test_they_are_connected_at_the_same_time() -> None:
    """Each of the two waits for the other: one after the other they would wait in vain."""
    identities = Instruments(lab({"pump": "together1", "meter": "together2"})).connect()
    assert {"together1", "together2"} <= set(identities)


def test_every_missing_one_is_told_at_once_and_the_others_are_let_go(closed: list[str]) -> None:
    with pytest.raises(LinkError, match=r"2 of 5 instruments are missing: missing2: nobody .* missing1: nobody"):
        Instruments(lab({"pump": "missing1", "meter": "missing2"})).connect()
    assert sorted(closed) == ["crystal", "missing1", "missing2", "shaper", "shutter"]


def test_the_message_log_is_one_file_for_all_and_closed_with_the_links(tmp_path: Path, closed: list[str]) -> None:
    path = tmp_path / "messages.log"
    instruments = Instruments(lab().model_copy(update={"message_log": path}))
    assert instruments.log is not None
    assert link_of(instruments, "pump").log is link_of(instruments, "meter").log is instruments.log
    instruments.disconnect()
    assert len(closed) == 5
    instruments.log.note("pump", b"too late", sent=True)
    assert path.read_text(encoding="utf-8") == ""
