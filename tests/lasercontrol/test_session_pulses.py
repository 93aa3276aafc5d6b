"""The pulses of a session: known where the laser is simulated, seen where it is not, never mixed up."""

from dataclasses import replace

import numpy as np
import pytest

from lasercontrol.session_pulses import first_and_last, laser_of, pulses_of
from tests.closeness import assert_close
from tests.lasercontrol.record_specimen import invalid, simulated


def test_before_is_the_first_shot_and_after_where_the_knobs_were_left() -> None:
    record = simulated("shg")
    back_at_start = {
        knob.name: float(at) for knob, at in zip(record.header.knobs, record.shots[0].setting, strict=True)
    }
    ends = first_and_last(record)
    assert ends
    assert [row.index for row in ends] == [1, 3]
    ends = first_and_last(replace(record, summary={"setting": back_at_start}))
    assert ends
    assert [row.index for row in ends] == [1, 1]


def test_without_a_summary_after_is_the_last_usable_shot() -> None:
    ends = first_and_last(replace(invalid(simulated("shg"), 1, 3), summary=None))
    assert ends
    assert [row.index for row in ends] == [2, 2]


def test_where_every_reading_is_invalid_there_is_nothing_to_show() -> None:
    assert first_and_last(invalid(simulated("shg"), 1, 2, 3)) is None


def test_known_pulses_keep_their_height_beside_the_limit() -> None:
    record = simulated("shg")
    laser = laser_of(record)
    assert laser
    pulses = pulses_of(record.shots[0], record.shots[-1], record, laser)
    assert pulses
    assert pulses.limit is not None
    assert pulses.widths_ps
    assert not pulses.seen
    assert_close(pulses.limit.max(), 1.0, rel=1e-3)
    assert_close(pulses.after.max(), laser.truth.best_strehl, rel=1e-3)
    assert_close(pulses.before.max(), laser.truth.at(record.shots[0].setting).strehl, rel=1e-3)
    for curve, width_ps in zip((pulses.after, pulses.limit), pulses.widths_ps[1:], strict=True):
        step_ps = pulses.time_ps[1] - pulses.time_ps[0]
        assert np.count_nonzero(curve > curve.max() / 2) * step_ps == pytest.approx(width_ps, rel=0.05, abs=0)
        assert pulses.time_ps[np.argmax(curve)] == 0
        assert_close(curve.sum(), pulses.limit.sum(), rel=1e-3)  # at equal energy


def test_the_laser_of_a_record_is_the_one_that_was_tuned() -> None:
    record = simulated("shg")
    laser = laser_of(record)
    assert laser
    assert_close(laser.truth.best, record.shots[-1].setting, rel=1e-12)


def test_a_laser_that_drifts_is_not_known() -> None:
    assert laser_of(simulated("frog", scenario="hold")) is None


def test_a_record_of_which_the_config_cannot_be_built_is_not_known() -> None:
    record = simulated("shg")
    assert laser_of(replace(record, header=replace(record.header, config={"laser": {"colour": 3}}))) is None
    lost = {"laser": {"spectrum": {"file": "/nowhere.csv", "amplified": True}}}
    assert laser_of(replace(record, header=replace(record.header, config=lost))) is None


@pytest.mark.parametrize("channel", ["frog", "autocorrelation"])
def test_seen_pulses_are_autocorrelations(channel: str) -> None:
    record = simulated(channel)
    pulses = pulses_of(record.shots[0], record.shots[-1], record, None)
    assert pulses
    assert pulses.seen
    assert pulses.limit is not None
    assert pulses.widths_ps is None
    middle = np.abs(pulses.time_ps) < 4
    assert np.abs(pulses.after - pulses.limit)[middle].max() < 0.12  # the best reachable is near the limit
    assert np.abs(pulses.before - pulses.limit)[middle].max() > 0.3


def test_a_frog_sums_to_the_autocorrelation() -> None:
    frog, plain = (simulated(channel) for channel in ("frog", "autocorrelation"))
    curves = [pulses_of(record.shots[0], record.shots[-1], record, None) for record in (frog, plain)]
    assert curves[0]
    assert curves[1]
    assert np.abs(curves[0].before - curves[1].before).max() < 0.1


def test_a_yield_alone_shows_no_pulse() -> None:
    record = simulated("shg")
    assert pulses_of(record.shots[0], record.shots[-1], record, None) is None


def test_without_a_known_spectrum_there_is_no_limit() -> None:
    record = simulated("frog")
    lost = replace(record, header=replace(record.header, config={"colour": 3}))
    pulses = pulses_of(lost.shots[0], lost.shots[-1], lost, None)
    assert pulses
    assert pulses.limit is None
