"""Thinning, the axis of time, markup and scales."""

import numpy as np
import pytest

from lasercontrol.report.axes import Axes, nice_ticks
from lasercontrol.report.markup import Markup, element
from lasercontrol.report.thinning import Thinned
from lasercontrol.report.time_axis import TimeAxis
from lasercontrol.report.times import Clock, duration
from lasercontrol.telemetry.row import Block
from tests.closeness import assert_close
from tests.lasercontrol.report.night_specimen import schema_of_night


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_thinning_does_not_depend_on_blocks_and_forgets_no_extreme(cut: int) -> None:
    rng = np.random.default_rng(3)
    time_s, values = np.arange(1000.0), rng.normal(size=(1000, 3))
    values[100:200, 1] = np.nan
    values[777, 2] = 50.0
    thinned = Thinned(3, 0.0, 1.0, points=40)
    for begin in range(0, 1000, cut):
        thinned.add(time_s[begin : begin + cut], values[begin : begin + cut])
    assert 40 <= len(thinned.time_s) <= 80
    assert thinned.count.sum() == np.isfinite(values).sum()
    assert np.nanmax(thinned.most) == 50.0
    weighted = np.nansum(thinned.mean * thinned.count, axis=0)
    assert_close(weighted, np.nansum(values, axis=0), rel=1e-9)


def test_a_stretch_without_a_value_is_a_hole() -> None:
    thinned = Thinned(1, 0.0, 1.0, points=10)
    thinned.add(np.array([0.0, 5.0]), np.array([[1.0], [2.0]]))
    assert np.isnan(thinned.mean[1:5, 0]).all()
    assert np.isnan(thinned.least[1:5, 0]).all()


def block(monotonic_s: list[float], utc_s: list[float]) -> Block:
    """Rows with nothing but times."""
    t = len(utc_s)
    empty = np.zeros((t, 12, 5), np.float32)
    times = np.arange(t), np.array(monotonic_s, float), np.array(utc_s, float)
    return Block(*times, empty, empty.astype(np.uint8), empty[:, :, 0].astype(np.uint8), empty[:, :1, 0])


def test_a_clock_that_is_set_folds_nothing() -> None:
    axis = TimeAxis(schema_of_night())  # a row every 20 s
    first = axis.times(block([5, 25, 45], [1000, 1020, 1040]))
    then = axis.times(block([65, 85], [1060 + 3600, 1080 + 3600]))
    assert first.tolist() + then.tolist() == [1000, 1020, 1040, 1060, 1080]
    assert [(gap.begin_utc_s, gap.what) for gap in axis.clock_set] == [(1040, "clock set")]
    assert axis.at(1080 + 3600) == 1080
    assert axis.gaps == []


def test_a_restart_goes_by_utc_and_leaves_a_gap() -> None:
    axis = TimeAxis(schema_of_night())
    axis.times(block([5000, 5020], [1000, 1020]))
    assert axis.times(block([3, 23], [1920, 1940])).tolist() == [1920, 1940]
    assert [(gap.begin_utc_s, gap.end_utc_s) for gap in axis.gaps] == [(1020, 1920)]
    assert axis.clock_set == []
    assert_close(axis.lit_h * 3600, np.array([50.0, 20.0]), rel=1e-12)


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "a < b & c", Markup("<br />")) == "<p>a &lt; b &amp; c<br /></p>"
    assert element("p", title='"><script>') == '<p title="&quot;&gt;&lt;script&gt;"></p>'
    assert element("p", "a\x00\u202eb") == "<p>a��b</p>", "what turns text around is shown as what it is"
    assert element("td", None, [1, "x"], class_=None) == "<td>1x</td>"


def test_ticks_are_round_and_inside() -> None:
    assert_close(np.array(nice_ticks((-0.12, 0.31), 5)), np.array([-0.1, 0.0, 0.1, 0.2, 0.3]), rel=1e-9)
    assert nice_ticks((0.0, 4000.0), 8) == [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000]
    assert nice_ticks((1.0, 1.0), 5) == []


def test_a_line_breaks_where_nothing_was_measured() -> None:
    axes = Axes(0, 0, 100, 100, (0.0, 4.0), (0.0, 1.0))
    line = axes.line(np.arange(5.0), np.array([0.0, 1.0, np.nan, 0.5, 2.0]), "x")
    assert 'd="M0.0 100.0L25.0 0.0M75.0 50.0L100.0 0.0"' in line, "and what is beyond the scale runs along its edge"


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.005, "18 s"), (0.25, "15 min"), (13.91, "13.9 h"), (1810.0, "1,810 h"), (357_803, "41 years")],
)
def test_durations_in_the_unit_that_suits_them(hours: float, words: str) -> None:
    assert duration(hours) == words


def test_ticks_of_a_night_are_whole_local_hours_through_a_change_of_summer_time() -> None:
    begin_s = 1_792_872_000.0  # 2026-10-24 22:00 in Berlin; the clocks go back at 3
    clock = Clock("Europe/Berlin", begin_s, begin_s + 10 * 3600, dated=True)
    ticks = [clock.tick(at) for at in clock.ticks(begin_s, begin_s + 10 * 3600, 12)]
    assert ticks == ["22:00", "23:00", "00:00", "01:00", "02:00", "02:00", "03:00", "04:00", "05:00", "06:00", "07:00"]
