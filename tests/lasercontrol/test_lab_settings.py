"""The `lab` of a config: what fits together is taken, what does not is refused with a sentence at its key."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config
from lasercontrol.errors import ConfigError
from lasercontrol.lab_settings import (
    MASKED,
    FrogSettings,
    LabSettings,
    PowerSettings,
    SafetySettings,
    StageActuatorSettings,
)
from tests.lasercontrol.lab.stand_in import lab_section

FROG = {"stage": "arm", "spectrometer": "osa", "delay_zero_mm": 12.5}


def refused(section: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        LabSettings.model_validate(section)
    (error,) = caught.value.errors()
    return str(error["msg"])


def test_a_whole_lab_tells_every_use_of_every_instrument() -> None:
    lab = LabSettings.model_validate(
        lab_section(
            coarse=({},),
            seed=True,
            frog=FROG,
            autocorrelator={"instrument": "correlator"},
            spectrometer={"instrument": "grating"},
        )
    )
    assert [(key, role, name) for key, role, name in lab.used] == [
        ("actuators.fine.instrument", "shaper", "shaper"),
        ("actuators.coarse[0].stage", "stage", "stage0"),
        ("diagnostics.power.instrument", "power_meter", "meter"),
        ("diagnostics.frog.stage", "stage", "arm"),
        ("diagnostics.frog.spectrometer", "spectrometer", "osa"),
        ("diagnostics.autocorrelator.instrument", "autocorrelator", "correlator"),
        ("diagnostics.spectrometer.instrument", "spectrometer", "grating"),
        ("diagnostics.shg.instrument", "power_meter", "crystal"),
        ("safety.shutter", "shutter", "shutter"),
        ("safety.source", "current_source", "pump"),
        ("safety.seed_shutter", "shutter", "seed"),
    ]


def test_an_instrument_that_is_not_there_is_told_with_those_that_are() -> None:
    section = lab_section()
    del section["instruments"]["pump"]
    assert "safety.source names 'pump'; the instruments are shaper, meter, crystal, shutter" in refused(section)


def test_an_instrument_for_nothing_is_told() -> None:
    section = lab_section()
    section["instruments"]["spare"] = {"driver": "pm100", "resource": "X"}
    assert "the instruments spare are used for nothing" in refused(section)


@pytest.mark.parametrize(
    ("given", "twice"),
    [
        (
            {"coarse": ({"stage": "arm"},), "frog": FROG},
            "arm is used for actuators.coarse[0].stage and diagnostics.frog.stage",
        ),  # every scan would move the compressor
        (
            {"coarse": ({"stage": "rail"}, {"stage": "rail"})},
            "rail is used for actuators.coarse[0].stage and actuators.coarse[1].stage",
        ),
        (
            {"frog": FROG, "spectrometer": {"instrument": "osa"}},
            "osa is used for diagnostics.frog.spectrometer and diagnostics.spectrometer.instrument",
        ),  # set for 515 nm, or for 1030
    ],
)
def test_an_instrument_has_one_use(given: dict[str, Any], twice: str) -> None:
    assert f"{twice}; every instrument has one use" in refused(lab_section(**given))


def test_two_names_for_one_instrument_are_told() -> None:
    section = lab_section(coarse=({},), frog=FROG)
    section["instruments"]["arm"]["resource"] = section["instruments"]["stage0"]["resource"]
    assert "stage0 and arm are the same instrument: stage0, axis 1" in refused(section)
    section["instruments"]["arm"]["options"] = {"axis": 2}
    LabSettings.model_validate(section)


def test_a_record_holds_no_plain_password() -> None:
    section = lab_section()
    section["instruments"]["shaper"]["options"] = {"password": "tell nobody", "reach_ps": 20.0}
    section["instruments"]["pump"]["options"] = {"password": "env:PUMP"}
    kept = LabSettings.model_validate(section).without_secrets().instruments
    assert kept["shaper"].options == {"password": MASKED, "reach_ps": 20.0}
    assert kept["pump"].options == {"password": "env:PUMP"}


def test_a_shaper_before_the_amplifier_needs_a_seed_that_can_be_blocked() -> None:
    assert "safety.seed_shutter is needed" in refused(lab_section(fine={"side": "before"}))
    LabSettings.model_validate(lab_section(fine={"side": "before"}, seed=True))
    LabSettings.model_validate(lab_section(fine={"side": "before", "glitch_free": True}))


def test_a_bench_without_actuators_is_none() -> None:
    assert "names no actuator; a bench needs a shaper or a stage" in refused(lab_section(fine={}))


@pytest.mark.parametrize("name", ["", "a/b", "two words", "x" * 61])
def test_a_name_is_one_that_a_folder_can_have(name: str) -> None:
    assert "String should" in refused(lab_section() | {"name": name})


STAGE = {"stage": "rail", "nominal_mm": 25.0}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "gratings"}, "gratings need lines_per_mm and incidence_deg"),
        ({"kind": "gratings", "lines_per_mm": 1740.0}, "gratings need lines_per_mm and incidence_deg"),
        ({"kind": "glass"}, "glass needs its material"),
        ({"kind": "glass", "material": "SF11", "mm_per_mm": 0.0}, "the stage would move nothing"),
    ],
)
def test_gratings_and_glass_are_described_whole(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StageActuatorSettings.model_validate(STAGE | given)


def test_a_scan_has_zero_delay_in_its_middle() -> None:
    with pytest.raises(ValidationError, match="delays is 17; it must be even"):
        FrogSettings.model_validate(FROG | {"delays": 17})
    assert FrogSettings.model_validate(FROG | {"delays": 16}).delays == 16


@pytest.mark.parametrize("ceiling_w", [1.0, 0.9])
def test_a_ceiling_is_above_what_the_laser_nominally_gives(ceiling_w: float) -> None:
    with pytest.raises(ValidationError, match=f"ceiling_w is {ceiling_w:g} W; it must be above nominal_w, 1 W"):
        PowerSettings(instrument="meter", nominal_w=1.0, ceiling_w=ceiling_w)


def test_who_switches_a_source_on_says_how_far() -> None:
    with pytest.raises(ValidationError, match="switch_on with a source needs current_a"):
        SafetySettings(shutter="shutter", source="pump", switch_on=True)
    SafetySettings(shutter="shutter", switch_on=True)


@pytest.mark.parametrize("value", ["12", True, float("nan")])
def test_a_number_is_a_number(value: object) -> None:
    with pytest.raises(ValidationError):
        PowerSettings.model_validate({"instrument": "meter", "nominal_w": value, "ceiling_w": 2.0})


def test_a_mistyped_key_of_a_lab_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    text = find_config("twin").read_text(encoding="utf-8")
    path.write_text(text.replace("reconnect_s", "reconect_s"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"lab\.yaml:\d+: lab\.reconect_s: unknown key; did you mean `reconnect_s`"):
        load_config(path)


def test_the_settings_survive_the_way_into_a_record_and_back() -> None:
    config = Config(lab=LabSettings.model_validate(lab_section(coarse=({},), frog=FROG)))
    assert Config.model_validate(config.model_dump(mode="json")) == config
