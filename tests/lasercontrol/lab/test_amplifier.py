"""The amplifier sees what stands before it, and only that; nothing moves that would shorten its pulse too much."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lasercontrol.bench import Floats
from lasercontrol.config import LaserSettings
from lasercontrol.errors import MoveRefused, SafetyError
from lasercontrol.lab.amplifier import stands_before
from lasercontrol.laser_of import known_laser
from sim.chain import FullChain, Laser
from tests.closeness import assert_close
from tests.lasercontrol.lab.stand_in import Rig, rig

STRICT = {"limits": {"max_amplifier_ratio": 1.05}}  # 12.5 ps² of the stretcher's 267
BEFORE, AFTER = {"side": "before"}, {"side": "after"}
GEARED = {"mm_per_mm": 4.0}  # a stage that makes ±21.8 ps² of GDD
REACH_PS = 40.0  # of the shaper where there are stages: about 21 ps² of GDD
FEW = settings(max_examples=10)

pytestmark = pytest.mark.usefixtures("state")
wishes = st.tuples(st.floats(-16, 16), st.floats(-48, 48), st.floats(-170, 170)).map(np.array)


def fine_before() -> Rig:
    return rig(STRICT, fine=BEFORE, coarse=(AFTER | GEARED,), seed=True, reach_ps=REACH_PS)


def coarse_before(**given: Any) -> Rig:
    return rig(STRICT, fine=AFTER, coarse=(BEFORE | GEARED,), reach_ps=REACH_PS, **given)


def both_before(**given: Any) -> Rig:
    return rig(STRICT, fine=BEFORE, coarse=(BEFORE | GEARED,), seed=True, reach_ps=REACH_PS, **given)


@pytest.fixture(scope="module")
def chain() -> FullChain:
    """The laser that the benches know, every coefficient before the amplifier."""
    known = known_laser(LaserSettings())
    laser = Laser(amplitude=known.amplitude, b_rad=np.ones(()), offset=np.zeros(3), before_amplifier=(True, True, True))
    return FullChain(laser)


def ratio_of(made: Rig, setting: Floats) -> float:
    limit = made.parts.limits.amplifier
    assert limit is not None
    return float(limit.ratio(setting))


@pytest.mark.parametrize(
    ("fine", "coarse", "stands"), [(BEFORE, AFTER, True), (AFTER, BEFORE, True), (AFTER, AFTER, False)]
)
def test_only_what_stands_before_it_needs_a_guard(
    fine: dict[str, str], coarse: dict[str, str], stands: bool, chain: FullChain
) -> None:
    made = rig(fine=fine, coarse=(coarse,), seed=True)
    assert made.config.lab is not None
    assert stands_before(made.config.lab) == stands
    assert (made.parts.limits.amplifier is not None) == stands
    assert {knob.before_amplifier for knob in made.bench.knobs} == {stands}


@pytest.fixture(scope="module")
def rigs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rig]]:
    """One of each, for laws about the guard alone: nothing is moved."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LASERCONTROL_STATE", str(tmp_path_factory.mktemp("state")))
        yield {"fine": fine_before(), "coarse": coarse_before(), "both": both_before()}


@FEW
@given(wish=wishes)
def test_with_everything_before_it_the_ratio_is_that_of_the_chain(
    rigs: dict[str, Rig], chain: FullChain, wish: Floats
) -> None:
    assert_close(ratio_of(rigs["both"], wish), chain.amplifier_ratio(wish), rel=1e-9)


@pytest.mark.parametrize("which", ["fine", "coarse"])
@FEW
@given(wish=wishes, at_mm=st.floats(0, 50))
def test_the_ratio_counts_the_part_before_it_whoever_makes_it(
    rigs: dict[str, Rig], chain: FullChain, which: str, wish: Floats, at_mm: float
) -> None:
    guard, phase = rigs[which].bench._actuators.amplifier, rigs[which].bench.phase
    assert guard is not None
    guard.here_mm = np.array([at_mm])
    if phase.ratio(wish) > 1:  # where the guard of the reach speaks
        return
    parts = phase.allocated(wish, guard.here_mm)
    before = parts.fine if which == "fine" else phase.coarse(parts.positions_mm)
    assert_close(ratio_of(rigs[which], wish), chain.amplifier_ratio(before), rel=1e-12)


def test_the_ratio_of_a_batch_is_that_of_its_settings() -> None:
    made = both_before()
    batch = np.array([[[0.0, 0.0, 0.0], [-10.0, 5.0, 0.0]], [[12.0, 0.0, 30.0], [-20.0, 0.0, 0.0]]])
    ratios = np.asarray(made.parts.limits.amplifier.ratio(batch))  # type: ignore[union-attr]
    assert ratios.shape == (2, 2)
    assert_close(ratios, [[ratio_of(made, setting) for setting in row] for row in batch], rel=1e-12)


def test_less_stretch_is_a_higher_peak() -> None:
    made = both_before()
    assert ratio_of(made, np.array([-10.0, 0.0, 0.0])) > 1.03 > ratio_of(made, np.zeros(3))
    assert ratio_of(made, np.array([10.0, 0.0, 0.0])) < 0.97


def test_a_shaper_before_it_is_refused_where_it_shortens_the_stretched_pulse_too_much() -> None:
    made = fine_before()
    with pytest.raises(MoveRefused, match=r"amplifier peak: asked 1\.063 times nominal at 100% of the ramp"):
        made.guarded.move(np.array([-15.9, 0.0, 0.0]))
    assert made.done == []
    assert made.asked == []


def test_a_stage_before_it_is_refused_where_it_shortens_the_stretched_pulse_too_much() -> None:
    made = coarse_before()
    made.guarded.move(np.array([-15.9, 0.0, 0.0]))
    made.log.clear()
    with pytest.raises(MoveRefused, match=r"amplifier peak: asked 1\.0[5-9]\d* times nominal at 100% of the ramp"):
        made.guarded.move(np.array([-31.8, 0.0, 0.0]))
    assert made.done == []


def test_the_same_is_no_matter_behind_it() -> None:
    made = rig(STRICT, fine=AFTER, coarse=(AFTER,), reach_ps=REACH_PS)
    made.guarded.move(np.array([-15.9, 0.0, 0.0]))
    assert made.done == ["stage0 enable", "shaper load"]


def test_a_shaper_behind_it_may_do_what_one_before_it_may_not() -> None:
    made = coarse_before()
    made.guarded.move(np.array([-15.9, 0.0, 0.0]))
    assert made.done == ["stage0 enable", "shaper load"]  # the stage before the amplifier stayed


def test_a_bench_by_itself_asks_before_every_step_and_moves_nothing_beyond_the_bound() -> None:
    made = both_before(motion={"ramp_step": 0.05})
    with pytest.raises(SafetyError, match=r"amplifier peak: 1\.0\d* times nominal at the next step of the ramp"):
        made.bench.move(np.array([-30.0, 0.0, 0.0]))  # past the guards of a run
    assert len(made.shaper.loaded) > 1  # as far as it was harmless
    assert min(gdd for gdd, _, _ in made.shaper.loaded) > -13.0


def test_the_guard_knows_where_the_stages_went(chain: FullChain) -> None:
    made = coarse_before()
    made.guarded.move(np.array([15.9, 0.0, 0.0]))
    made.guarded.move(np.array([30.0, 0.0, 0.0]))
    made.guarded.move(np.array([15.9, 0.0, 0.0]))
    assert made.stages[0].at_mm != 25.0  # it stays where it went: the shaper reaches
    before = made.bench.phase.coarse(np.array([made.stages[0].at_mm]))
    assert_close(ratio_of(made, made.bench.setting), chain.amplifier_ratio(before), rel=1e-9)


@pytest.mark.parametrize("wish", [[-30.0, 0.0, 0.0], [-14.0, 40.0, 0.0]])
def test_a_clipped_wish_is_let_through(wish: list[float]) -> None:
    made = fine_before()
    allowed, clipped = made.guarded.clip(np.array(wish))
    made.guarded.move(allowed)
    assert clipped
    assert 1.03 < ratio_of(made, made.bench.setting) <= 1.05
