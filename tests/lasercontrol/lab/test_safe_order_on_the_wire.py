"""The safe order on real sockets; what is asked is the box, never the driver."""

from typing import Literal

import pytest

from drivers.emulators.faults import Fault
from lasercontrol.errors import SafetyError
from lasercontrol.lab.safe_order import make_safe, switch_on
from lasercontrol.lab_settings import SafetySettings
from tests.closeness import assert_close
from tests.lasercontrol.lab.emission_wire import wired

SETTINGS = SafetySettings(shutter="shutter", source="pump", current_a=2.0, temperature_s=0.0)


def _no_wait(seconds: float) -> None:
    """The tests' time."""


def test_it_comes_on_and_goes_off() -> None:
    with wired() as wire:
        switch_on(wire.shutter, wire.source, SETTINGS, _no_wait)
        assert wire.emits
        assert_close(wire.source_box.emission_current_a, 2.0, rel=1e-6)
        assert make_safe(wire.shutter, wire.source) == []
        assert not wire.shutter_box.is_open
        assert wire.source_box.emission_current_a == 0
        assert wire.source.tec


@pytest.mark.parametrize("which", ["shutter", "source"])
def test_a_tripped_interlock_keeps_it_off(which: str) -> None:
    with wired() as wire:
        (wire.shutter_at if which == "shutter" else wire.source_at).inject(Fault("interlock"))
        with pytest.raises(SafetyError, match="Emission is off"):
            switch_on(wire.shutter, wire.source, SETTINGS, _no_wait)
        assert not wire.shutter_box.is_open
        assert wire.source_box.emission_current_a == 0


@pytest.mark.parametrize("kind", ["garbage", "half", "drop"])
def test_a_passing_fault_does_not_keep_it_on(kind: Literal["garbage", "half", "drop"]) -> None:
    with wired() as wire:
        switch_on(wire.shutter, wire.source, SETTINGS, _no_wait)
        wire.shutter_at.inject(Fault(kind))
        wire.source_at.inject(Fault(kind))
        assert make_safe(wire.shutter, wire.source) == []
        assert not wire.shutter_box.is_open
        assert wire.source_box.emission_current_a == 0


def test_a_shutter_that_is_gone_does_not_keep_the_current_on() -> None:
    with wired() as wire:
        switch_on(wire.shutter, wire.source, SETTINGS, _no_wait)
        wire.shutter_at.stand.wait(wire.shutter_at.server.stop())
        left = make_safe(wire.shutter, wire.source)
        assert len(left) == 1
        assert left[0].startswith("shutter is not closed")
        assert wire.source_box.emission_current_a == 0
