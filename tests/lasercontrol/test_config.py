"""Configs: what they hold, and how each mistake is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from lasercontrol.config import Config, SessionSettings
from lasercontrol.config_file import find_config, load_aging, load_config, packaged_names
from lasercontrol.config_location import dotted, line_of, read_yaml
from lasercontrol.errors import ConfigError

Write = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a config and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "lab.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(path: Path) -> str:
    """The sentence with which a config is refused, from its line number on."""
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.exit_code == 2
    return str(caught.value).removeprefix(f"{path}:")


AGING = [name for name in packaged_names() if name.startswith("aging-")]
"""Configs of aging tests, which are of another kind (tests/lasercontrol/test_aging_settings.py)."""


@pytest.mark.parametrize("name", sorted({*packaged_names()} - {*AGING}))
def test_every_packaged_config_is_valid(name: str) -> None:
    assert load_config(find_config(name)).laser_id


@pytest.mark.parametrize("name", AGING)
def test_every_packaged_config_of_an_aging_test_is_valid(name: str) -> None:
    assert load_aging(find_config(name)).lasers


def test_an_empty_file_is_the_default(written: Write) -> None:
    assert load_config(written("")) == Config()


def test_a_config_is_found_by_path(written: Write) -> None:
    path = written("operator: Ada")
    assert load_config(find_config(str(path))).operator == "Ada"


@pytest.mark.parametrize("name", ["nowhere.yaml", "no_such_name"])
def test_a_missing_config_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        find_config(name)


def test_a_spectrum_counts_from_the_folder_of_the_config(written: Write) -> None:
    path = written("laser:\n  spectrum: {file: seed.csv}\n  gain: {file: gain.txt}\n")
    laser = load_config(path).laser
    assert laser.spectrum.file == path.parent / "seed.csv"
    assert laser.gain is not None
    assert laser.gain.file == path.parent / "gain.txt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("laser:\n  energy_j: -3\n", "2: laser.energy_j: is -3; it must be greater than 0."),
        ("laser:\n  energy_j: .nan\n", "2: laser.energy_j: is nan; it must be a finite number."),
        ("laser:\n  energy_j: yes\n", "2: laser.energy_j: is True; it must be a valid number."),
        ("laser:\n  energy_j: 1\n  energy_j: 2\n", "3: laser.energy_j: stands twice; first in line 2."),
        ("session: {agent: simplex}", "1: session.agent: is 'simplex'; it must be 'random', 'nelder-mead', "),
        ("session: 3", "1: session: is 3; it must be a mapping of keys to values."),
        ("session:\n  shots: 1\n", "2: session.shots: is 1; it must be greater than or equal to 2."),
        ("session:\n  target_fwhm_ps: 0\n", "2: session.target_fwhm_ps: is 0; it must be greater than 0."),
        ("session: {target_fwhm_ps: 2, target_profile: a}", "1: session: holds both `target_fwhm_ps` and"),
        ("session: {agent: cma, target_fwhm_ps: 2}", "1: session: holds a target, and the agent cma knows none"),
        ("instruments: {channels: frog}", "1: instruments.channels: is 'frog'; it must be a list."),
        ("instruments: {channels: [spectrum]}", "1: instruments: channels hold the spectrum alone"),
        ("\nlaser: {stretcher: {gdd_ps2: 3}}", "2: laser.stretcher: gdd_ps2 is 3 ps²; a stretcher needs at least 50"),
        ("laser:\n  spectrum:\n    builtin: three_gaussians\n    file: x.csv\n", "2: laser.spectrum: names both"),
        ("- 3", "1: the file: holds a list; keys with values are wanted."),
        ("a: [", "1: YAML: expected the node content"),
        ("a: !!python/object/apply:os.system ['ls']", "1: YAML: could not determine a constructor"),
        ("a: &x [*x]", "1: a[0][0]: is nested deeper than 20 levels."),
    ],
)
def test_a_mistake_is_told_with_line_key_value_and_bound(written: Write, text: str, said: str) -> None:
    assert refusal(written(text)).startswith(said)


def test_an_unknown_key_is_told_with_the_nearest_known_one(written: Write) -> None:
    said = refusal(written("session:\n  shots: 5\n  sead: 3\n"))
    assert said.startswith("3: session.sead: unknown key; did you mean `seed`? known here are agent,")


@pytest.mark.parametrize(
    ("knob", "said"),
    [
        ("low: 3\n      high: 1", "3: knobs.each[0]: low is 3, high is 1; low must be below high."),
        (
            "low: 0\n      hihg: 1",
            (
                "5: knobs.each[0].hihg: unknown key; did you mean `high`? known here are before_amplifier, high, low, "
                "max_step, name, nominal. (1 more error in this file)"
            ),
        ),
        ("low: 1\n      high: 2", "3: knobs.each[0]: nominal is 0; it must lie in 1 to 2."),
    ],
)
def test_a_knob_is_checked(written: Write, knob: str, said: str) -> None:
    assert refusal(written(f"knobs:\n  each:\n    - name: gdd_ps2\n      {knob}\n")) == said


def test_of_several_mistakes_the_first_in_the_file_is_told(written: Write) -> None:
    said = refusal(written("session:\n  shots: 0\n  seed: -1\nlaser: 3\n"))
    assert said == "2: session.shots: is 0; it must be greater than or equal to 2. (2 more errors in this file)"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\x89HDF\xff\xfe")
    assert refusal(path).startswith(" the file: is not UTF-8 text")


def test_scientific_notation_is_a_number(written: Write) -> None:
    assert load_config(written("instruments: {energy_rms: 1e-3}")).instruments.energy_rms == pytest.approx(
        1e-3, rel=1e-12, abs=0
    )


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().operator = "someone else"


@pytest.mark.parametrize(("agent", "shots"), [("estimator", 12), ("oracle", 12), ("cma", 200), ("random", 200)])
def test_classical_searches_have_more_shots(agent: str, shots: int) -> None:
    assert SessionSettings().shots_for(agent) == shots
    assert SessionSettings(shots=7).shots_for(agent) == 7


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A settings model and all that it nests."""
    yield model
    for field in model.model_fields.values():
        for kind in getattr(field.annotation, "__args__", (field.annotation,)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from models_below(kind)


def test_every_setting_says_what_it_is() -> None:
    fields = {(model, name): field for model in models_below(Config) for name, field in model.model_fields.items()}
    assert len(fields) > 40
    assert not [f"{model.__name__}.{name}" for (model, name), field in fields.items() if not field.description]


def test_lines_are_those_of_the_keys(written: Write) -> None:
    _, lines = read_yaml(written("a:\n  b: 1\n  c:\n    - 2\n    - d: 3\n"))
    assert [line_of(key, lines) for key in [("a", "b"), ("a", "c", 1, "d"), ("a", "c", 1, "e"), ("z",)]] == [2, 5, 5, 1]
    assert dotted(("a", "c", 1, "d")) == "a.c[1].d"
