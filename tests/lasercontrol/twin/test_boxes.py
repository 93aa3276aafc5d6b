"""Which box stands for which instrument, and that all of them share one laser."""

import time
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from lasercontrol.config_file import find_config, load_config
from lasercontrol.errors import ConfigError
from lasercontrol.lab.safe_order import make_safe, switch_on
from lasercontrol.twin.boxes import Boxes
from tests.closeness import assert_close
from tests.drivers.stand import FAST
from tests.lasercontrol.twin.runs import eventually, twin_settings
from tests.lasercontrol.twin.stands import FRESH, NOT_STOOD_IN, SOMEWHERE, SOURCES, STOOD_IN, bench, laser, wired

# ------------------------------------------------------------------------------------------------------ every driver


@pytest.mark.parametrize("name", STOOD_IN)
def test_a_driver_that_a_bench_can_use_is_stood_in_for(name: str, tmp_path: Any) -> None:
    at = f"dazzler://{tmp_path}" if name == "dazzler" else SOMEWHERE
    with wired(bench(name, at)) as instruments:
        (used,) = (used for used in instruments if used.name == "it")
        assert used.driver.connect()
        assert used.driver.state() is not None
        assert used.driver.problems() == FRESH.get(name, [])


@pytest.mark.parametrize("name", NOT_STOOD_IN)
def test_what_the_twin_has_no_box_for_is_a_sentence(name: str) -> None:
    config = twin_settings(lab={"instruments": {"meter": {"driver": name}}})
    with pytest.raises(ConfigError, match=rf"lab\.instruments\.meter\.driver: the twin has no box for {name}; it has "):
        Boxes(config, laser(), VirtualClock(FAST))


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_makes_the_light_and_takes_it_away(name: str) -> None:
    config = bench(name, SOMEWHERE)
    assert config.lab
    with wired(config) as instruments:
        shutter, source = instruments.shutter("shutter"), instruments.current_source("it")
        assert laser().pulse_energy == 0
        for pause in ("switch_on_s", "ramp_pause_s"):
            if hasattr(type(source), pause):
                setattr(source, pause, 0.01)  # of ours, which are ten of the twin's
        settings = config.lab.safety.model_copy(update={"temperature_s": 0.0})
        switch_on(shutter, source, settings, time.sleep)
        assert_close(laser().pulse_energy, 1.0, rel=1e-3)
        source.output = False
        assert laser().parts.open()
        assert laser().pulse_energy == 0
        assert make_safe(shutter, source) == []
        assert not laser().parts.open()


# -------------------------------------------------------------------------------------------------- one laser for all


def test_axes_of_one_controller_share_a_box_and_an_address() -> None:
    config = load_config(find_config("lab-example"))
    boxes = Boxes(config, laser(), VirtualClock(FAST))
    assert boxes.boxes["gratings"] is boxes.boxes["delay_stage"]
    assert boxes.services["gratings"] is boxes.services["delay_stage"]
    assert boxes.boxes["shutter"] is not boxes.boxes["seed_shutter"]
    assert len(set(boxes.services.values())) == len(boxes.services) - 1


def test_stages_stand_at_their_zeros_when_the_twin_starts() -> None:
    Boxes(load_config(find_config("lab-example")), laser(), VirtualClock(FAST))
    assert laser().sides() == ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    assert abs(laser().parts.delay_ps()) < 0.1  # the error of the configured zero, which a scan has to find


def test_addresses_of_this_machine_are_kept_and_others_are_made() -> None:
    at = {"meter": {"resource": "TCPIP::127.0.0.1::45991::SOCKET"}, "osa": {"resource": SOMEWHERE}}
    boxes = Boxes(twin_settings(lab={"instruments": at}), laser(), VirtualClock(FAST))
    assert boxes.addresses["meter"] == "TCPIP::127.0.0.1::45991::SOCKET"
    assert boxes.addresses["osa"].startswith("TCPIP::127.0.0.1::")


def test_a_move_of_the_shaper_changes_what_the_spectrometer_shows() -> None:
    with wired(twin_settings()) as instruments:
        laser().parts.energy = lambda: 1.0
        instruments.shutter("shutter").open_shutter()
        shaper, osa = instruments.shaper("shaper"), instruments.spectrometer("osa")
        shaper.carrier_thz, shaper.band_rad_per_ps = laser().carrier_thz, (-2.0, 2.0)
        osa.configure(515.4, 1.5, 0.02, 151)
        before = osa.spectrum().values.sum()
        gdd, tod, fod = (float(value) for value in laser().simulated.truth.best)
        shaper.load_dispersion(gdd, tod, fod)
        after = osa.spectrum().values.sum()
        assert_close(laser().setting(), (gdd, tod, fod), rel=1e-3)
        assert after > 5 * before
        assert_close(laser().score()["reachable_fraction"], 1.0, rel=1e-3)


def test_a_move_of_the_delay_stage_darkens_the_second_harmonic() -> None:
    with wired(twin_settings()) as instruments:
        laser().parts.energy = lambda: 1.0
        instruments.shutter("shutter").open_shutter()
        stage, osa = instruments.stage("delay_stage"), instruments.spectrometer("osa")
        osa.configure(515.4, 1.5, 0.02, 151)
        gdd, tod, fod = (float(value) for value in laser().simulated.truth.best)
        laser().parts.after = lambda: (gdd, tod, fod)
        at_zero = osa.spectrum().values.sum()
        stage.enable()
        stage.move_to(stage.position_mm + 6.0)  # 40 ps
        assert abs(laser().parts.delay_ps() - 40.0) < 0.2
        assert osa.spectrum().values.sum() < at_zero / 5


def test_the_meter_sees_the_shutter() -> None:
    with wired(twin_settings()) as instruments:
        laser().parts.energy = lambda: 1.0
        shutter, meter = instruments.shutter("shutter"), instruments.power_meter("meter")
        shutter.open_shutter()
        assert_close(meter.power_w, 1.0, rel=0.02)
        shutter.close_shutter()
        eventually(lambda: meter.power_w == 0, "dark")


def test_a_seed_that_is_blocked_makes_no_pulse() -> None:
    config = twin_settings(
        lab={
            "instruments": {"seed": {"driver": "sc10", "resource": SOMEWHERE}},
            "safety": {"seed_shutter": "seed"},
        }
    )
    with wired(config) as instruments:
        laser().parts.energy = lambda: 1.0
        instruments.shutter("shutter").open_shutter()
        assert laser().pulse_energy == 0
        instruments.shutter("seed").open_shutter()
        assert laser().pulse_energy == 1.0
