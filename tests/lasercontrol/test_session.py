"""One run: what is told to whom, where the knobs end, readings gone wrong and signals lost."""

import numpy as np
import pytest

from agents.nelder_mead import NelderMead
from agents.protocol import Agent, Travel
from lasercontrol.bench import Floats, Quality, fraction_of
from lasercontrol.errors import BenchLost
from lasercontrol.limits import AmplifierLimit, Limits
from lasercontrol.session import Exit
from lasercontrol.signals import Attention
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, RANGE, HillBench
from tests.lasercontrol.session_stand_in import STEP, Goer, session, stopping, top_of

# ------------------------------------------------------------------------------------------------ an ordinary run


def test_a_run_ends_at_the_best_confirmed_setting() -> None:
    bench = HillBench(width=0.1)
    run, notebook = session(bench, Goer(top_of(bench), patience=4))
    ending = run.run()
    assert ending.exit is Exit.DONE
    assert_close(bench.setting, bench.top, rel=1e-12)
    assert notebook.reason == "patience is over; the knobs are at the best confirmed setting"
    assert notebook.phases == ["start", "tune", "tune", "tune", "confirm"]
    assert "safe" not in bench.log


def test_a_change_of_hands_is_said_and_recorded_once() -> None:
    bench = HillBench(width=0.1)
    agent = Goer(top_of(bench), patience=6)
    agent.handed_over = "the model is wrong: a local simplex takes over"  # type: ignore[attr-defined]
    run, notebook = session(bench, agent)
    run.run()
    assert [text for kind, text in notebook.events if kind == "hand-over"] == [agent.handed_over]  # type: ignore[attr-defined]


def test_a_change_of_hands_before_the_first_move_is_said_too() -> None:
    bench = HillBench(width=0.1)
    agent = Goer(top_of(bench), patience=1)
    agent.handed_over = "no policy fits: the estimator takes over"  # type: ignore[attr-defined]
    run, notebook = session(bench, agent)
    run.run()
    assert ("hand-over", agent.handed_over) in notebook.events  # type: ignore[attr-defined]


class Hopeful(Goer):
    """Expects a tenth of the gain that it expected before."""

    def expected_gain(self) -> float | None:
        return 10.0 ** -len(self.told)


def test_what_is_expected_of_a_shot_is_kept_with_it_and_of_the_next_one_in_the_end() -> None:
    bench = HillBench(width=0.1)
    run, notebook = session(bench, Hopeful(top_of(bench), patience=3))
    ending = run.run()
    assert [row.expected_gain for row in notebook.rows] == [None, 0.1, 0.01, None]
    assert ending.expected_gain == 0.001
    assert notebook.expected == [0.1, 0.01]


# --------------------------------------------------------------------------------------------------------- to hold


def test_a_run_that_holds_goes_on_until_the_shots_are_spent() -> None:
    bench = HillBench(width=0.1)
    run, notebook = session(bench, Goer(top_of(bench), patience=3), shots=210, hold=True)
    ending = run.run()
    assert ending.reason == "out of shots; the knobs are at the setting that was held"
    assert notebook.phases == ["start", *["tune"] * 209]
    assert bench.log.count("move") == 2, "an actuator is not sent to where it stands"
    said = [text for kind, text in notebook.events if kind == "hold"]
    assert [text.split(":")[0] for text in said] == ["held for 100 shots"] * 2
    assert "the knobs moved 0 times, 0 ranges in all" in said[1]


def test_it_moves_when_the_agent_wants_and_ctrl_c_leaves_the_knobs() -> None:
    bench, attention = HillBench(width=0.1), Attention()

    class Follower(Goer):
        def ask(self) -> Floats:
            return top_of(bench) + (0.01 if len(self.told) > 5 else 0.0)

    notebook = stopping(attention, at=8)
    run, _ = session(
        bench, Follower(top_of(bench)), shots=50, hold=True, attention=attention, notebook=notebook, confirm_shots=3
    )
    ending = run.run()
    assert ending.exit is Exit.INTERRUPTED
    assert ending.reason == "Ctrl-C; the knobs are at the setting that was held"
    assert_close(bench.setting, bench.top + 0.01 * RANGE, rel=1e-9)


def test_who_holds_a_laser_that_has_gone_says_so() -> None:
    bench = HillBench(width=0.1)
    light = bench.light
    bench.light = lambda setting: light(setting) * (0.01 if len(notebook.rows) > 20 else 1.0)  # type: ignore[method-assign]
    run, notebook = session(bench, Goer(top_of(bench)), shots=40, hold=True)
    ending = run.run()
    assert ending.exit is Exit.NO_SIGNAL
    assert "the signal has gone" in ending.reason


def test_every_proposal_beyond_the_limits_is_clipped_and_counted() -> None:
    bench = HillBench()
    agent = Goer(np.array([0.45, 0.0]), patience=4)
    run, notebook = session(bench, agent, on_end="start")
    ending = run.run()
    assert [row.clipped for row in notebook.rows][:4] == [False, True, True, True]
    assert ending.limit_violations == 3
    assert_close([row.setting[0] for row in notebook.rows[:4]], [0.0, 6.0, 12.0, 18.0], rel=1e-12)
    assert notebook.summary == {"violations": 3}


def test_the_agent_is_told_where_the_knobs_really_were() -> None:
    bench = HillBench()
    agent = Goer(np.array([0.45, 0.0]), patience=3)
    session(bench, agent)[0].run()
    assert_close([shot.fraction[0] for shot in agent.told], [0.0, 0.1, 0.2], rel=1e-9)
    assert_close(agent.told[0].signal, bench.light(np.zeros(2)), rel=1e-12)


def test_out_of_shots_some_are_left_to_confirm() -> None:
    run, notebook = session(HillBench(noise=0.01), Goer(np.zeros(2)), shots=9)
    assert run.run().reason.startswith("out of shots")
    assert notebook.phases.count("confirm") == 1  # a single candidate has nothing to win
    assert len(notebook.rows) == 7


def test_start_is_where_the_knobs_end_if_the_config_says_so() -> None:
    bench = HillBench()
    run, notebook = session(bench, Goer(top_of(bench), patience=4), on_end="start")
    run.run()
    assert not bench.setting.any()
    assert notebook.reason.endswith("the knobs are at the start")


def test_a_lucky_reading_loses_against_new_ones() -> None:
    bench = HillBench()
    lucky = iter([1.0, 1.0, 3.0])  # the third reading, at a bad setting, is three times too bright

    class Wanderer(Goer):
        def ask(self) -> Floats:
            self.asked += 1
            return top_of(bench) if self.asked == 1 else np.array([-0.05, 0.0])

    light = bench.light
    bench.light = lambda setting: light(setting) * next(lucky, 1.0)  # type: ignore[method-assign]
    run, notebook = session(bench, Wanderer(top_of(bench), patience=3))
    run.run()
    assert notebook.phases.count("confirm") == 3
    assert_close(bench.setting, bench.top, rel=1e-9)


def test_no_move_of_a_run_is_longer_than_the_step() -> None:
    bench = HillBench(noise=0.02)
    seen = [bench.setting]
    move = bench.move

    def watched(setting: Floats) -> Floats:
        seen.append(np.array(setting))
        return move(setting)

    bench.move = watched  # type: ignore[method-assign]
    run, _ = session(bench, lambda start: NelderMead(Travel(start, STEP)), shots=60)
    run.run()
    steps = np.abs(np.diff(np.array(seen), axis=0)) / RANGE
    assert (steps <= STEP * (1 + 1e-9)).all()
    assert bench.light(bench.setting) > 0.95


def test_a_travel_ends_where_the_limits_end_it() -> None:
    bench = HillBench(top=np.array([-4.0, 0.0]))
    wall = AmplifierLimit(lambda setting: 1 + np.maximum(setting[..., 0], 0.0), 3.0, b95_rad=1.0, max_b_rad=50.0)
    run, notebook = session(
        bench, Goer(np.array([0.2, 0.0]), patience=4), limits=Limits(amplifier=wall), confirm_shots=0
    )
    run.run()
    assert bench.setting[0] == pytest.approx(2.0, rel=1e-2, abs=0)
    assert notebook.reason.endswith("on the way to the best setting, as far as the limits let them")


def test_knobs_that_do_not_follow_are_a_lost_bench() -> None:
    bench, attention = HillBench(top=np.array([6.0, 0.0])), Attention()
    agent = Goer(np.array([0.45, 0.0]))
    run, notebook = session(bench, agent, attention=attention, notebook=stopping(attention, at=5), shots=20)
    move = bench.move
    bench.move = lambda setting: move(setting) if len(notebook.rows) < 5 else bench.setting  # type: ignore[method-assign]
    with pytest.raises(BenchLost, match="the knobs do not follow"):
        run.run()
    assert bench.log[-1] == "safe"


# --------------------------------------------------------------------------------------------- readings gone wrong


def test_knobs_that_do_not_make_the_last_step_are_a_lost_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = HillBench(top=np.array([5.0, 0.0]))
    run, notebook = session(bench, Goer(top_of(bench), patience=4), confirm_shots=0, on_end="start")
    turn = bench.move

    def move(setting: Floats) -> Floats:
        return bench.setting if ("return", "going to the start.") in notebook.events else turn(setting)

    monkeypatch.setattr(bench, "move", move)
    with pytest.raises(BenchLost, match="the knobs do not follow"):
        run.run()
    assert bench.log[-1] == "safe"


def test_an_invalid_reading_is_taken_again_and_never_told_as_a_number() -> None:
    bench = HillBench(quality_of=lambda count: Quality.INVALID if count == 2 else Quality.OK)
    agent = Goer(top_of(bench), patience=4)
    run, notebook = session(bench, agent)
    run.run()
    assert [row.reading.worst for row in notebook.rows][2] is Quality.INVALID
    assert len(agent.told) == 4
    assert all(shot.usable for shot in agent.told)


def test_an_invalid_reading_twice_in_a_row_is_told_as_unusable() -> None:
    bench = HillBench(quality_of=lambda count: Quality.INVALID if count in {2, 3} else Quality.OK)
    agent = Goer(top_of(bench), patience=4)
    session(bench, agent)[0].run()
    assert [shot.usable for shot in agent.told] == [True, True, False, True]
    assert np.isnan(agent.told[2].signal)


def test_a_suspect_reading_is_told() -> None:
    bench = HillBench(quality_of=lambda _: Quality.SUSPECT)
    agent = Goer(top_of(bench), patience=3)
    session(bench, agent)[0].run()
    assert all(shot.usable for shot in agent.told)


def test_too_many_invalid_readings_are_a_lost_bench() -> None:
    bench = HillBench(quality_of=lambda count: Quality.INVALID if count > 1 else Quality.OK)
    run, notebook = session(bench, Goer(top_of(bench)), max_invalid=4, shots=30)
    with pytest.raises(BenchLost, match="4 INVALID readings in a row"):
        run.run()
    assert bench.log[-1] == "safe"
    assert notebook.reason.startswith("BenchLost")
    assert len(notebook.rows) == 6


# -------------------------------------------------------------------------------------------------- a lost signal


def test_a_dark_start_is_met_by_a_search_that_grows_outward() -> None:
    bench = HillBench(top=np.array([-14.0, 60.0]), width=0.05)
    starts = []

    def made(start: Floats) -> Agent:
        starts.append(start)
        return NelderMead(Travel(start, STEP))

    run, notebook = session(bench, made, shots=40)
    ending = run.run()
    assert ending.exit is Exit.DONE
    assert any("searching outward" in text for _, text in notebook.events)
    searched = [row for row in notebook.rows if row.phase == "search"]
    shells = [round(float(np.max(np.abs(row.asked) / (RANGE * STEP / 2)))) for row in searched]
    assert shells == sorted(shells)
    assert_close(starts[0], fraction_of(searched[-1].setting, KNOBS), rel=1e-12)
    assert bench.light(bench.setting) > 0.9


def test_a_search_in_vain_goes_back_to_the_start() -> None:
    bench = HillBench(top=np.array([1e4, 0.0]))
    run, notebook = session(bench, Goer(np.zeros(2)), search_shots=20)
    ending = run.run()
    assert ending.exit is Exit.NO_SIGNAL
    assert not bench.setting.any()
    assert len(notebook.rows) == 21
    assert notebook.reason == "no usable signal after 21 shots; the knobs are at the start"
