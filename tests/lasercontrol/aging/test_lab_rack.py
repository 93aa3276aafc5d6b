"""Real drivers over a real transport against the emulators: readings, faults, ramps, sweeps, the way off."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from lasercontrol.bench import Quality
from lasercontrol.errors import LinkError
from tests.lasercontrol.aging.wire import Wire, wire, wired

CURRENT, POWER, PHOTODIODE, VOLTAGE, MOUNT = range(5)
A, B, C = range(3)


@pytest.fixture
def rig() -> Iterator[Wire]:
    """A small rack over the wire."""
    with wire() as opened:
        yield opened


def switched_on(rig: Wire, current_a: float = 0.1) -> None:
    assert rig.rack.drive({A: current_a, B: current_a, C: current_a}) == {}


def patiently(rig: Wire, laser: int, quality: Quality) -> None:
    """Poll until the laser's current has a quality."""
    for _ in range(200):
        if rig.rack.poll().quality[laser, CURRENT] == quality:
            return
        time.sleep(0.02)
    raise AssertionError(f"never {quality}")


def test_every_channel_is_read_and_every_laser_has_its_own(rig: Wire) -> None:
    switched_on(rig)
    poll = rig.rack.poll()
    assert poll.values[:2, CURRENT] == pytest.approx([0.1, 0.1], rel=1e-3, abs=0)
    assert poll.values[C, CURRENT] == pytest.approx(0.1, rel=1e-3, abs=0)
    assert (poll.values[:2, POWER] > 1e-3).all()
    assert poll.values[A, POWER] != poll.values[B, POWER]
    assert np.isnan(poll.values[C, POWER])  # it has no meter
    assert (poll.quality[:2] == Quality.OK).all()
    assert poll.quality[C, POWER] == Quality.INVALID
    assert not poll.tripped
    assert not poll.lost


def test_an_output_comes_on_at_no_current_and_rises_in_steps(rig: Wire) -> None:
    heard: list[bytes] = []
    box = rig.box("ld1")
    answer = box.answer

    def noted(message: bytes) -> object:
        heard.append(message)
        return answer(message)

    box.answer = noted
    rig.rack.drive({A: 0.05})
    said = [message.decode() for message in heard]
    on = next(n for n, text in enumerate(said) if text == "OUTP ON")
    sets = [float(text.split()[1]) for text in said[on:] if text.startswith("SOUR:CURR ")]
    assert all(float(text.split()[1]) == 0.0 for text in said[:on] if text.startswith("SOUR:CURR "))
    assert np.diff([0.0, *sets]).max() <= 0.01 + 1e-12
    assert sets[-1] == 0.05


def test_a_time_out_is_invalid_and_never_the_last_good_value(rig: Wire) -> None:
    switched_on(rig)
    before = rig.rack.poll()
    rig.inject("ld1", "deaf", seconds=1.0)
    poll = rig.rack.poll()
    assert before.quality[A, CURRENT] == Quality.OK
    assert (poll.quality[A, [CURRENT, PHOTODIODE, VOLTAGE, MOUNT]] == Quality.INVALID).all()
    assert np.isnan(poll.values[A, CURRENT])
    assert "ld1" in poll.lost
    assert poll.quality[A, POWER] == Quality.OK  # its meter is another instrument
    assert poll.quality[B, CURRENT] == Quality.OK
    patiently(rig, A, Quality.OK)
    assert rig.rack.poll().values[A, CURRENT] == pytest.approx(0.1, rel=1e-3, abs=0)


@pytest.mark.parametrize("kind", ["half", "garbage", "drop", "late"])
def test_no_wrong_value_is_logged_whatever_the_wire_does(rig: Wire, kind: str) -> None:
    switched_on(rig)
    rig.inject("ld1", kind, seconds=0.5, count=2)
    for _ in range(12):
        poll = rig.rack.poll()
        if poll.quality[A, CURRENT] == Quality.OK:
            assert poll.values[A, CURRENT] == pytest.approx(0.1, rel=1e-3, abs=0)
        else:
            assert np.isnan(poll.values[A, CURRENT])
    patiently(rig, A, Quality.OK)


def test_over_range_is_invalid(rig: Wire) -> None:
    switched_on(rig)
    rig.inject("pm1", "over_range")
    poll = rig.rack.poll()
    assert poll.quality[A, POWER] == Quality.INVALID
    assert np.isnan(poll.values[A, POWER])
    assert "pm1" not in poll.lost


def test_an_interlock_is_told_with_its_laser_alone(rig: Wire) -> None:
    switched_on(rig)
    rig.inject("ld1", "interlock")
    poll = rig.rack.poll()
    assert list(poll.tripped) == [A]
    assert "interlock" in poll.tripped[A]
    assert rig.rack.drive({A: 0.02})[A]  # and it does not come on again


def test_a_source_that_lost_its_mains_is_off_and_not_tripped(rig: Wire) -> None:
    switched_on(rig)
    rig.inject("ld1", "restart", seconds=0.2)
    rebooted: dict[int, str] = {}
    for _ in range(100):
        poll = rig.rack.poll()
        assert not poll.tripped
        rebooted |= poll.rebooted
        if rebooted:
            break
        time.sleep(0.05)
    assert list(rebooted) == [A]
    assert rig.rack.drive({A: 0.03}) == {}
    assert rig.box("ld1").emission_current_a == pytest.approx(0.03, rel=1e-9, abs=0)


def test_the_light_is_kept_by_small_changes(rig: Wire) -> None:
    switched_on(rig)
    rig.rack.set_mounts({B: 30.0})
    power_w = float(rig.rack.poll().values[B, POWER])
    rig.rack.hold_power({B: 0.97 * power_w})
    for _ in range(12):
        poll = rig.rack.poll()
        time.sleep(0.1)
    assert poll.values[B, POWER] == pytest.approx(0.97 * power_w, rel=0.02, abs=0)
    assert poll.set_a[B] < 0.1


def test_a_sweep_begins_and_ends_where_the_laser_was(rig: Wire) -> None:
    switched_on(rig, 0.08)
    seen = rig.rack.sweep(A, [0.0, 0.03, 0.06, 0.09])
    assert seen.current_a == pytest.approx([0.0, 0.03, 0.06, 0.09], rel=1e-3, abs=1e-6)
    assert np.diff(seen.power_w)[-1] > 0
    assert rig.box("ld1").emission_current_a == pytest.approx(0.08, rel=1e-9, abs=0)


def test_mounts_that_lasers_share_with_nobody_are_set_each_by_its_cooler(rig: Wire) -> None:
    assert rig.rack.set_mounts({A: 45.0, B: 55.0, C: 35.0}) == {}
    standing = rig.rack.standing()
    assert [standing[number].mount_c for number in (A, B, C)] == [45.0, 55.0, 35.0]


def test_made_safe_everything_is_off(rig: Wire) -> None:
    switched_on(rig)
    assert rig.rack.make_safe() == []
    assert [rig.box(name).emission_current_a for name in ("ld1", "ld2", "smu")] == [0.0, 0.0, 0.0]


def test_what_cannot_be_made_safe_is_told_and_the_others_are(rig: Wire) -> None:
    switched_on(rig)
    rig.inject("ld1", "deaf", seconds=30.0)
    left = rig.rack.make_safe()
    assert left
    assert all("ld1" in words for words in left)
    assert [rig.box(name).emission_current_a for name in ("ld2", "smu")] == [0.0, 0.0]


def test_every_missing_instrument_is_told_at_once() -> None:
    with wire(wired()) as rig:
        rig.rack.close()
        rig.do(lambda: [service.inject for service in rig.twin.services.values()])
        for name in ("ld1", "pm2"):
            rig.inject(name, "deaf", seconds=30.0)
        with pytest.raises(LinkError, match=r"2 of 6 instruments are missing: ld1: .* pm2: "):
            rig.rack.connect()
