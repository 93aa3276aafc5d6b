"""The live rack under commands: safe at rest, truthful when lit, failing when told to."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.diode_families import FAMILIES
from sim.live_rack import DiodeRack, LiveLaser
from sim.rig import RigKind
from sim.wear import Mode
from tests.closeness import assert_close

CURRENT, METER, PHOTODIODE, VOLTAGE, MOUNT = range(5)


def lit(*lasers: LiveLaser, seed: int = 3) -> DiodeRack:
    """A rack with all outputs on at the rated point, settled."""
    rack = DiodeRack(lasers, seed=seed)
    for i, laser in enumerate(lasers):
        rack.set_mount(i, rack.rated_mount_c(i))
        if laser.drive == "power":
            rack.set_power(i, rack.rated_power_w(i))
        else:
            rack.set_current(i, rack.rated_current_a(i))
    rack.advance(60)
    for i in range(len(lasers)):
        rack.set_output(i, True)
    rack.advance(600)
    return rack


def test_a_rack_begins_dark_and_does_not_age_so() -> None:
    rack = DiodeRack([LiveLaser(mode=Mode.SUDDEN, onset_s=10)])
    rack.set_current(0, rack.rated_current_a(0))
    rack.advance(3600)
    readings = rack.readings()
    assert readings.values[0, CURRENT] == 0
    assert abs(readings.values[0, METER]) < 1e-5 * rack.rated_power_w(0)
    assert rack.loss()[0] == 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_lit_laser_shows_its_rated_point(family: str) -> None:
    rack = lit(LiveLaser(family=family), LiveLaser(family=family, drive="power"))
    readings = rack.readings()
    assert_close(readings.values[:, METER], [rack.rated_power_w(i) for i in (0, 1)], rel=0.02)
    assert_close(readings.values[:, CURRENT], [rack.rated_current_a(i) for i in (0, 1)], rel=0.02)
    assert_close(readings.values[:, MOUNT], rack.rated_mount_c(0), rel=0.01)
    assert not readings.quality.any()


def test_the_same_calls_give_the_same_readings_and_looking_changes_nothing() -> None:
    first, second = (lit(LiveLaser(mode=Mode.BOTH), LiveLaser(family="vcsel", drive="power")) for _ in range(2))
    once, again = first.readings(), first.readings()
    np.testing.assert_array_equal(once.values, again.values)
    first.advance(5)
    second.advance(5)
    np.testing.assert_array_equal(first.readings().values, second.readings().values)


def test_a_sudden_failure_comes_on_time() -> None:
    rack = lit(LiveLaser(mode=Mode.SUDDEN, onset_s=1000, size=0.7), LiveLaser())
    before = rack.readings().values
    rack.advance(1000 - rack.t_s - 1)
    assert rack.loss()[0] < 1e-4
    rack.advance(2)
    after = rack.readings().values
    assert after[0, METER] / before[0, METER] < 0.4
    assert after[0, PHOTODIODE] / before[0, PHOTODIODE] < 0.4
    assert_close(after[1, METER], before[1, METER], rel=0.02)


def test_steps_of_time_do_not_matter_to_wear_that_is_no_chance() -> None:
    """Up to the temperatures' own wander, which draws by its steps."""
    laser = LiveLaser(mode=Mode.RAPID, onset_s=1000, size=0.3, lasts_h=2.0)
    coarse, fine = lit(laser), lit(laser)
    coarse.advance(5400)
    for _ in range(180):
        fine.advance(30)
    assert_close(coarse.loss(), fine.loss(), rel=0.02)
    assert coarse.loss()[0] > 0.05


def test_more_stress_wears_faster() -> None:
    racks = [lit(LiveLaser(mode=Mode.THRESHOLD, onset_s=0, size=0.02)) for _ in range(2)]
    racks[1].set_mount(0, racks[1].rated_mount_c(0) + 20)
    for rack in racks:
        rack.advance(2 * 3600)
    assert racks[1].loss()[0] > 1.5 * racks[0].loss()[0] > 0.02


def test_constant_power_pays_with_current() -> None:
    rack = lit(LiveLaser(drive="power"))
    before = rack.readings().values[0]
    rack.fail(0, Mode.RAPID, size=0.05, lasts_h=0.5)
    rack.advance(3600)
    after = rack.readings().values[0]
    assert_close(after[METER], before[METER], rel=0.01)
    assert_close(after[CURRENT] / before[CURRENT] - 1, rack.loss()[0], rel=0.1)


def test_a_sweep_rises_from_a_threshold() -> None:
    rack = lit(LiveLaser())
    sweep = rack.sweep(0, np.linspace(0, rack.rated_current_a(0), 21))
    assert sweep.power_w[0] < 1e-4 * sweep.power_w[-1]
    assert_close(sweep.power_w[-1], rack.readings().values[0, METER], rel=0.01)
    assert np.all(np.diff(sweep.voltage_v) > 0)


def test_the_mains_take_all_outputs_and_do_not_bring_them_back() -> None:
    rack = lit(LiveLaser(), LiveLaser())
    rack.set_mains(False)
    rack.advance(1)
    assert np.isnan(rack.readings().values).all()
    assert (rack.readings().quality == 2).all()
    rack.set_output(0, True)
    rack.set_mains(True)
    rack.advance(1)
    assert not rack.output(0)
    assert np.all(rack.readings().values[:, CURRENT] == 0)


def test_a_drawn_cut_of_the_mains_does_the_same() -> None:
    rack = lit(LiveLaser())
    rack.disturb(RigKind.MAINS_CUT, start_s=rack.t_s + 10, end_s=rack.t_s + 20)
    rack.advance(15)
    assert np.isnan(rack.readings().values).all()
    rack.advance(15)
    assert rack.readings().values[0, CURRENT] == 0
    assert not rack.output(0)


@pytest.mark.parametrize(
    ("kind", "size", "moves"),
    [
        (RigKind.FIBRE_STEP, 0.8, {METER}),
        (RigKind.PHOTODIODE_STEP, 0.8, {PHOTODIODE}),
        (RigKind.TRANSIENT, -0.3, {CURRENT, METER, PHOTODIODE}),
    ],
)
def test_a_disturbance_touches_what_it_should(kind: RigKind, size: float, moves: set[int]) -> None:
    rack = lit(LiveLaser(), LiveLaser())
    rack.disturb(kind, start_s=rack.t_s + 1, laser=0, size=size)
    before = rack.readings().values
    rack.advance(2)
    change = np.abs(rack.readings().values / before - 1)
    assert {channel for channel in (CURRENT, METER, PHOTODIODE) if change[0, channel] > 0.1} == moves
    assert change[1].max() < 0.02


def test_stuck_and_dropped_channels() -> None:
    rack = lit(LiveLaser(), LiveLaser())
    rack.disturb(RigKind.STUCK, start_s=rack.t_s + 1, laser=0, channel=METER)
    rack.disturb(RigKind.DROPOUT, start_s=rack.t_s + 3, end_s=rack.t_s + 4, laser=1)
    seen = []
    for _ in range(5):
        rack.advance(1)
        seen.append(rack.readings())
    assert len({float(readings.values[0, METER]) for readings in seen}) == 1
    assert [bool(np.isnan(readings.values[1]).all()) for readings in seen] == [False, False, True, False, False]


def test_an_open_door_is_seen_by_the_chamber_and_little_by_the_mounts() -> None:
    rack = lit(LiveLaser())
    before = rack.readings()
    rack.disturb(RigKind.DOOR, start_s=rack.t_s, end_s=rack.t_s + 120, size=-5.0)
    rack.advance(120)
    during = rack.readings()
    assert -5.5 < during.chamber_c - before.chamber_c < -2
    assert abs(during.values[0, MOUNT] - before.values[0, MOUNT]) < 0.4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rack: rack.set_current(1, 0.1), IndexError, "lasers 0 to 0"),
        (lambda rack: rack.set_current(0, -0.1), ValueError, "0 or above"),
        (lambda rack: rack.set_power(0, float("nan")), ValueError, "0 or above"),
        (lambda rack: rack.set_mount(0, float("inf")), ValueError, "must be a number"),
        (lambda rack: rack.advance(0), ValueError, "must be over 0"),
        (lambda rack: rack.sweep(0, [0.0, 99.0]), ValueError, "currents must lie"),
        (lambda rack: rack.disturb(RigKind.CLOCK_STEP, start_s=0), ValueError, "no calendar"),
        (lambda rack: rack.disturb(RigKind.DOOR, start_s=5, end_s=5), ValueError, "no time at all"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_set(
    call: Callable[[DiodeRack], object], error: type[Exception], message: str
) -> None:
    rack = lit(LiveLaser())
    before = rack.readings().values
    with pytest.raises(error, match=message):
        call(rack)
    np.testing.assert_array_equal(rack.readings().values, before)


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ValueError, match="unknown families"):
        DiodeRack([LiveLaser(family="ruby")])


def test_currents_are_held_at_the_channels_limit() -> None:
    rack = lit(LiveLaser())
    rack.set_current(0, 10.0)
    rack.advance(1)
    assert_close(rack.readings().values[0, CURRENT], rack.limit_a(0), rel=1e-3)


def test_a_facet_is_destroyed_by_more_light_than_it_bears() -> None:
    rack = lit(LiveLaser(), LiveLaser())
    rack._wear.facet_w[0] = 0.9 * rack._fresh_w[0]
    rack.advance(10)
    assert rack.modes == (Mode.SUDDEN, Mode.HEALTHY)
    assert rack.loss()[0] > 0.4
