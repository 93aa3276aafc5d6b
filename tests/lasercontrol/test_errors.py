"""The tree of errors is as drawn, and every leaf knows its exit status."""

import pytest

from lasercontrol import errors
from lasercontrol.errors import BenchError, CallerError, ConfigError, InputFileError, LaserControlError, MoveRefused


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_drawn_and_ends_with_a_status(name: str) -> None:
    kind = getattr(errors, name)
    assert name in (errors.__doc__ or "")
    assert issubclass(kind, LaserControlError)
    expected = 2 if issubclass(kind, CallerError) else 3 if issubclass(kind, BenchError) else 1
    assert kind.exit_code == expected


def test_messages_carry_place_quantity_value_and_bound() -> None:
    assert str(InputFileError("a.csv", 3, "is odd.")) == "a.csv:3: is odd."
    assert str(InputFileError("a.csv", None, "is odd.")) == "a.csv: is odd."
    assert str(ConfigError("lab.yaml", 7, "knobs.gdd.low", "unknown key.")) == "lab.yaml:7: knobs.gdd.low: unknown key."
    refused = MoveRefused("gdd_ps2", "40 ps²", "-32 to 32 ps²")
    assert str(refused) == "gdd_ps2: asked 40 ps², allowed -32 to 32 ps²; nothing was moved."
