"""Configs of aging tests: what contradicts itself is refused with file and line, and nothing is switched on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lasercontrol.aging_settings import AgingConfig
from lasercontrol.config_file import load_aging
from lasercontrol.errors import ConfigError
from tests.lasercontrol.test_config import models_below

Write = Callable[[str], Path]

PLAIN = """\
lasers:
  - {id: A, current_a: 0.1}
  - id: B
    current_a: 0.1
recipe:
  ramp: {rate_a_per_s: 0.01, step_a: 0.001}
  stress:
    hours: 1
    mount_c: 70
limits:
  current_a: {high: 0.15}
  mount_c: {low: 10, high: 80}
"""

WIRED = """\
speed: 1
instruments:
  ld1: {driver: itc4000, resource: "TCPIP::127.0.0.1::1::SOCKET"}
  ld2: {driver: itc4000, resource: "TCPIP::127.0.0.1::2::SOCKET"}
  pm1: {driver: pm100, resource: "TCPIP::10.0.0.9::3::SOCKET"}
lasers:
  - {id: A, current_a: 0.1, place: {source: ld1, meter: pm1}}
  - {id: B, current_a: 0.1, place: {source: ld2}}
recipe: {ramp: {rate_a_per_s: 0.01, step_a: 0.001}, stress: {hours: 1, mount_c: 70}}
limits: {current_a: {high: 0.15}}
"""


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a config and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "aging.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    """The sentence with which a config is refused, from its line number on."""
    with pytest.raises(ConfigError) as caught:
        load_aging(path)
    assert caught.value.exit_code == 2
    return str(caught.value).removeprefix(f"{path}:")


@pytest.mark.parametrize("text", [PLAIN, WIRED])
def test_what_is_whole_is_read(written: Write, text: str) -> None:
    assert [laser.id for laser in load_aging(written(text)).lasers] == ["A", "B"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: B", "id: A", "3: lasers[1].id: is 'A', as lasers[0] is; a laser is listed once."),
        (
            "high: 0.15",
            "low: 0.2, high: 0.15",
            "11: limits.current_a: low is 0.2, high is 0.15; low must be below high.",
        ),
        ("  current_a: {high: 0.15}\n", "", "2: lasers[0]: has no limits.current_a.high, and neither has the rack;"),
        (
            "id: B\n    current_a: 0.1",
            "id: B\n    current_a: 0.2",
            "4: lasers[1].current_a: asks 0.2 A of laser B; its ",
        ),
        (
            "mount_c: 70",
            "mount_c: 79.8",
            "9: recipe.stress.mount_c: asks 80.3 °C of laser A; its limits allow 10 to 80",
        ),
        ("hours: 1", "hours: 0", "8: recipe.stress.hours: is 0; it must be greater than 0."),
        ("    hours: 1", "    huors: 1\n    hours: 1", "8: recipe.stress.huors: unknown key; did you mean `hours`?"),
        ("id: B\n", "id: B\n    colour: red\n", "4: lasers[1].colour: unknown key; known here are current_a, drive,"),
        ("id: B\n", "id: B\n    drive: power\n", "3: lasers[1]: drive is power, which needs power_w."),
        ("recipe:\n", "recipe:\n  order: [B, C]\n", "6: recipe.order[1]: is 'C', which no laser is called."),
        ("recipe:\n", "recipe:\n  order: [B, B]\n", "6: recipe.order[1]: is 'B', which stands there already."),
        ("lasers:\n", "zone: Mars/Olympus\nlasers:\n", "1: zone: is 'Mars/Olympus', which is no zone; write it as"),
        ("  stress:", "  sweep: {reference_c: 5}\n  stress:", "7: recipe.sweep.reference_c: asks 5 °C of laser A;"),
    ],
)  # fmt: skip — a row, a mistake
def test_a_contradiction_is_told_with_its_line(written: Write, old: str, new: str, said: str) -> None:
    assert refusal(written(PLAIN.replace(old, new, 1))).startswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{source: ld2}",
            "{source: ld1}",
            "8: lasers[1].place.source: is 'ld1', which is somebody else's source already",
        ),
        ("{source: ld2}", "{source: ld3}", "8: lasers[1].place.source: is 'ld3'; the instruments are ld1, ld2, pm1."),
        (", place: {source: ld2}", "", "8: lasers[1]: laser B has no place, and the rack has instruments."),
        (", meter: pm1", "", "5: instruments.pm1: is used for nothing."),
        ("::2::", "::1::", "4: instruments.ld2.resource: is TCPIP::127.0.0.1::1::SOCKET, which is where ld1 is;"),
        ("speed: 1", "speed: 100", "1: speed: is 100, and pm1 is no instrument of the twin; real ones know 1 only."),
    ],
)  # fmt: skip — a row, a mistake
def test_a_contradiction_of_instruments_is_told_with_its_line(written: Write, old: str, new: str, said: str) -> None:
    assert refusal(written(WIRED.replace(old, new, 1))).startswith(said)


def test_every_setting_of_an_aging_test_says_what_it_is() -> None:
    fields = {(model, name): field for model in models_below(AgingConfig) for name, field in model.model_fields.items()}
    assert len(fields) > 60
    assert not [f"{model.__name__}.{name}" for (model, name), field in fields.items() if not field.description]


def test_what_the_log_keeps_is_the_config_again(written: Write) -> None:
    told: dict[str, Any] = load_aging(written(WIRED)).told()
    assert "instruments" not in told
    again = AgingConfig.model_validate(yaml.safe_load(yaml.safe_dump(told)))
    assert again.told() == told


def test_limits_of_a_laser_replace_those_of_all(written: Write) -> None:
    text = PLAIN.replace("id: A,", "id: A, limits: {current_a: {high: 0.12}},")
    config = load_aging(written(text))
    assert [config.limits_of(laser)["current_a"].high for laser in config.lasers] == [0.12, 0.15]
    assert config.limits_of(config.lasers[0])["mount_c"].high == 80


def test_lasers_are_switched_on_in_the_order_that_is_named(written: Write) -> None:
    assert load_aging(written(PLAIN.replace("recipe:\n", "recipe:\n  order: [B]\n"))).switching_order == (1, 0)
