"""The example plug-in does what its page promises: load, read back, refuse, and name the fault."""

import pytest

from drivers.emulators.faults import Fault
from drivers.errors import LinkLost, NotObeyed, OutOfRange, Refused, SetPointLost, WrongReply
from drivers.example_plugin import ExampleShaper
from tests.closeness import assert_close
from tests.drivers.shaper_stand import BAND, CARRIER_THZ, example
from tests.drivers.stand import scripted

IDN = "0 EXAMPLE,SHAPER,17,1.0"


def test_units_and_sign_are_the_librarys() -> None:
    shaper, script = scripted(
        ExampleShaper,
        ("SET -250000.0 -0.0 1000000000.0", "0"),
        ("GET", "0 -250000.0 0.0 1000000000.0"),
        idn=IDN,
    )
    shaper.carrier_thz, shaper.band_rad_per_ps = CARRIER_THZ, BAND
    shaper.load_dispersion(0.25, 0.0, -0.001)
    assert shaper.set_points["dispersion"] == (0.25, 0.0, -0.001)
    assert not script.pairs


def test_a_code_of_the_library_is_told() -> None:
    shaper, script = scripted(ExampleShaper, ("SET -250000.0 -0.0 -0.0", "-3"), idn=IDN)
    shaper.carrier_thz, shaper.band_rad_per_ps = CARRIER_THZ, BAND
    with pytest.raises(Refused, match="with the code -3"):
        shaper.load_dispersion(0.25, 0.0, 0.0)
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "0", "0 1 2", "0 1 2 3 4", "0 nan 0 0", "yes 1 2 3"])
def test_what_is_no_chirp_is_told(reply: str) -> None:
    shaper, _ = scripted(ExampleShaper, ("GET", reply), idn=IDN)
    with pytest.raises(WrongReply):
        _ = shaper.dispersion


def test_over_the_object_it_loads_reads_and_refuses() -> None:
    with example() as (shaper, unit):
        assert shaper.connect() == IDN
        shaper.load_dispersion(0.5, 0.01, 0.0)
        assert_close(shaper.dispersion[0], 0.5, rel=1e-12)
        assert_close(unit.chirp[0], -5e5, rel=1e-12)
        with pytest.raises(OutOfRange, match=r"±10 ps; nothing was sent"):
            shaper.load_dispersion(2.0, 0.0, 0.0)
        assert_close(unit.chirp[0], -5e5, rel=1e-12)
        assert_close(shaper.state()["gdd_ps2"], 0.5, rel=1e-12)
        assert shaper.problems() == ["this is an example; it drives no real product"]


def test_a_unit_that_takes_nothing_is_not_believed() -> None:
    with example() as (shaper, unit):
        unit.inject(Fault("stuck"))
        with pytest.raises(NotObeyed, match=r"asked 0\.5 ps².* has 0\.01 ps²"):
            shaper.load_dispersion(0.5, 0.0, 0.0)


def test_a_lost_unit_is_opened_again_and_its_set_point_read() -> None:
    with example() as (shaper, unit):
        shaper.load_dispersion(0.5, 0.0, 0.0)
        unit.inject(Fault("restart"))
        with pytest.raises(LinkLost, match="has lost the unit"):
            _ = shaper.dispersion
        with pytest.raises(SetPointLost, match=r"was 0\.5 ps².* is 0\.01 ps²"):
            _ = shaper.dispersion
        assert_close(shaper.dispersion[0], 0.01, rel=1e-12)
