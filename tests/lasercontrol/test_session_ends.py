"""What happens when somebody or something stops a run, and how it goes on."""

import numpy as np
import pytest

from agents.nelder_mead import NelderMead
from agents.protocol import Agent, Travel
from lasercontrol.bench import Floats, Quality, setting_of
from lasercontrol.errors import LinkError, SafetyError
from lasercontrol.limits import GuardedBench, Limits
from lasercontrol.record_content import ShotRow
from lasercontrol.session import Ending, Exit
from lasercontrol.signals import Attention
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, HillBench
from tests.lasercontrol.session_stand_in import STEP, Goer, Notebook, session, stopping, top_of

# ----------------------------------------------------------------------------------------------- stops from outside


def test_ctrl_c_in_a_dark_search_goes_back_to_the_start_and_not_to_the_brightest_noise() -> None:
    bench, attention = HillBench(top=np.array([70.0, 0.0])), Attention()
    run, notebook = session(bench, Goer(np.zeros(2)), attention=attention, notebook=stopping(attention, at=6))
    ending = run.run()
    assert ending.exit is Exit.INTERRUPTED
    assert any(row.setting.any() for row in notebook.rows)
    assert not bench.setting.any()
    assert "at the start" in ending.reason


def test_the_first_ctrl_c_goes_back_to_the_best_setting_seen() -> None:
    bench, attention = HillBench(top=np.array([6.0, 0.0])), Attention()
    run, notebook = session(
        bench, Goer(np.array([0.45, 0.0])), attention=attention, notebook=stopping(attention, at=5), shots=20
    )
    ending = run.run()
    assert ending.exit is Exit.INTERRUPTED
    assert len(notebook.rows) == 5
    assert_close(bench.setting[0], 6.0, rel=1e-9)
    assert bench.log[-4:] == ["measure", "move", "move", "move"]  # 24 to 6 ps² in steps of 6
    assert notebook.reason == "Ctrl-C; the knobs are at the best setting seen"


def test_a_second_ctrl_c_leaves_the_knobs_where_they_are() -> None:
    bench, attention = HillBench(), Attention()
    run, notebook = session(
        bench, Goer(np.array([0.45, 0.0])), attention=attention, notebook=stopping(attention, at=4, times=2)
    )
    assert run.run().exit is Exit.INTERRUPTED
    assert bench.log[-1] == "measure"
    assert notebook.reason == "Ctrl-C twice; the knobs stay where they are"


def test_a_second_ctrl_c_on_the_way_back_ends_it() -> None:
    bench, attention = HillBench(top=np.array([6.0, 0.0])), Attention()
    run, notebook = session(
        bench, Goer(np.array([0.45, 0.0])), attention=attention, notebook=stopping(attention, at=5), shots=20
    )
    move = bench.move

    def interrupted(setting: Floats) -> Floats:
        if len(notebook.rows) == 5:
            attention.interrupt()
        return move(setting)

    bench.move = interrupted  # type: ignore[method-assign]
    assert run.run().exit is Exit.INTERRUPTED
    assert_close(bench.setting[0], 18.0, rel=1e-9)  # one step of three


def test_terminate_switches_emission_off_and_moves_no_knob() -> None:
    bench, attention = HillBench(), Attention()
    notebook = Notebook(lambda index: attention.terminate() if index == 3 else None)
    run, _ = session(bench, Goer(top_of(bench)), attention=attention, notebook=notebook)
    ending = run.run()
    assert ending.exit is Exit.MADE_SAFE
    assert bench.log[-2:] == ["measure", "safe"]
    assert notebook.reason == "terminated from outside; emission is off, and no knob was moved"


@pytest.mark.parametrize("last", [1, 10])
def test_a_wish_during_the_last_shot_is_not_missed(last: int) -> None:
    """Shot 10 is the last one, and the knobs then stand where they shall end: nothing is left to be done."""
    bench, attention = HillBench(), Attention()
    notebook = Notebook(lambda n: attention.terminate() if n == last else None)
    run, _ = session(bench, Goer(top_of(bench)), shots=10, notebook=notebook, attention=attention)
    ending = run.run()
    assert (ending.exit, bench.log[-2:]) == (Exit.MADE_SAFE, ["measure", "safe"])
    assert len(notebook.rows) == last


def test_a_terminal_that_was_closed_does_not_keep_the_record_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def say(text: str) -> None:
        raise OSError(5, text)

    bench, attention = HillBench(), Attention()
    notebook = Notebook(lambda n: attention.terminate() if n == 2 else None)
    monkeypatch.setattr(notebook, "say", say)
    ending = session(bench, Goer(top_of(bench)), notebook=notebook, attention=attention)[0].run()
    assert (ending.exit, bench.log[-1]) == (Exit.MADE_SAFE, "safe")
    assert notebook.reason == ending.reason


def test_a_pause_waits_until_somebody_goes_on() -> None:
    bench, attention = HillBench(), Attention()
    notebook = Notebook(lambda index: attention.toggle_pause() if index == 2 else None)
    waited = []

    def wait() -> None:
        waited.append(len(notebook.rows))
        attention.toggle_pause()

    attention.wait_while_paused = wait  # type: ignore[method-assign]
    run, _ = session(bench, Goer(top_of(bench), patience=3), attention=attention, notebook=notebook)
    assert run.run().exit is Exit.DONE
    assert waited == [2]
    assert [text for kind, text in notebook.events if kind == "pause"] == [
        "paused; the laser stays as it is.",
        "going on.",
    ]


# ------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    "fault", [LinkError("the camera does not answer"), SafetyError("over power"), ZeroDivisionError("ours")]
)
def test_a_fault_makes_safe_closes_the_record_and_is_told(fault: Exception) -> None:
    bench = HillBench()

    def failing(count: int) -> float:
        if count == 3:
            raise fault
        return 1.0

    bench.energy_of = failing
    run, notebook = session(bench, Goer(top_of(bench)))
    with pytest.raises(type(fault)):
        run.run()
    assert bench.log[-1] == "safe"
    assert bench.log[-2] == "measure"
    assert notebook.reason == f"{type(fault).__name__}: {fault} (emission is off)"
    assert len(notebook.rows) == 3


def test_a_bench_that_cannot_be_made_safe_is_shouted_about() -> None:
    bench = HillBench(energy_of=lambda count: 1 / (1 - count))

    def broken() -> None:
        raise LinkError("no answer")

    bench.make_safe = broken  # type: ignore[method-assign]
    run, notebook = session(bench, Goer(top_of(bench)))
    with pytest.raises(ZeroDivisionError):
        run.run()
    assert "EMISSION MAY STILL BE ON: make_safe failed (no answer)" in notebook.reason


def test_a_move_refused_on_the_way_is_no_wrong_call() -> None:
    bench = HillBench()
    run, notebook = session(bench, Goer(np.array([np.nan, 0.0])))
    with pytest.raises(SafetyError, match="in the middle of a run: GDD: asked no number, allowed -30 to 30 ps²"):
        run.run()
    assert bench.log[-1] == "safe"
    assert notebook.reason.startswith("MoveRefused: ")


@pytest.mark.parametrize(("works", "said"), [(True, "emission is off"), (False, "EMISSION MAY STILL BE ON")])
def test_an_error_says_whether_emission_is_off(works: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make_safe() -> None:
        raise LinkError("no answer")

    bench = lost_at_shot_4(HillBench())
    if not works:
        monkeypatch.setattr(bench, "make_safe", make_safe)
    with pytest.raises(LinkError, match="gone") as caught:
        session(bench, Goer(top_of(bench)))[0].run()
    assert caught.value.__notes__[0].startswith(said)


def lost_at_shot_4(bench: HillBench) -> HillBench:
    def quality_of(count: int) -> Quality:
        if count == 3:
            raise LinkError("gone")
        return Quality.OK

    bench.quality_of = quality_of
    return bench


class Gone(GuardedBench):
    """A bench that cannot even say where its knobs are, once it is lost."""

    @property
    def setting(self) -> Floats:
        if self._bench.log[-1] == "safe":  # type: ignore[attr-defined]
            raise LinkError("no answer")
        return super().setting


def test_a_bench_without_a_setting_does_not_keep_the_record_open(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = lost_at_shot_4(HillBench())
    run, notebook = session(bench, Goer(top_of(bench)))
    monkeypatch.setattr(run, "bench", Gone(bench, Limits()))
    with pytest.raises(LinkError, match="gone"):
        run.run()
    assert notebook.reason == "LinkError: gone (emission is off)"


def test_a_summary_that_cannot_be_made_does_not_keep_the_record_open(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = lost_at_shot_4(HillBench())
    run, notebook = session(bench, Goer(top_of(bench)))
    monkeypatch.setattr(run, "summary_of", lambda ending: 1 / 0)
    with pytest.raises(LinkError, match="gone"):
        run.run()
    assert (notebook.reason, notebook.summary) == ("LinkError: gone (emission is off)", {})


def test_a_record_that_cannot_be_written_makes_safe() -> None:
    bench, notebook = HillBench(), Notebook()

    def full(row: ShotRow) -> None:
        raise OSError(28, "No space left on device")

    notebook.append = full  # type: ignore[method-assign]
    with pytest.raises(OSError, match="No space left"):
        session(bench, Goer(top_of(bench)), notebook=notebook)[0].run()
    assert bench.log == ["measure", "safe"]


# -------------------------------------------------------------------------------------------------------- resume


def finished_run(agent: Agent, shots: int, bench: HillBench | None = None) -> tuple[Ending, HillBench]:
    """A run without confirmation, so that a longer one passes through the same shots."""
    bench = bench or HillBench()
    return session(bench, agent, shots=shots, confirm_shots=0)[0].run(), bench


def test_a_resumed_run_goes_on_as_if_it_had_never_stopped() -> None:
    def searching() -> NelderMead:
        return NelderMead(Travel(np.zeros(2), STEP))

    whole, bench_of_whole = finished_run(searching(), 30)
    part, _ = finished_run(searching(), 13)
    bench = HillBench()
    run, notebook = session(bench, searching(), shots=30, confirm_shots=0)
    ending = run.run(part.rows)
    assert len(ending.rows) == 30
    assert bench.log.count("measure") == 17
    assert_close([row.setting for row in ending.rows], [row.setting for row in whole.rows], rel=1e-12)
    assert_close(bench.setting, bench_of_whole.setting, rel=1e-12)
    assert [row.index for row in notebook.rows] == list(range(1, 31))


def test_a_resumed_run_tells_its_agent_what_the_first_one_told() -> None:
    bench = HillBench(quality_of=lambda count: Quality.INVALID if count in {2, 4, 5} else Quality.OK)
    first, second = Goer(top_of(bench), patience=5), Goer(top_of(bench), patience=5)
    ending, _ = finished_run(first, 12, bench)
    session(HillBench(), second, shots=12, confirm_shots=0)[0].run(ending.rows)
    assert [(shot.usable, *shot.fraction) for shot in second.told] == [(s.usable, *s.fraction) for s in first.told]
    assert second.asked == first.asked


def test_a_search_is_resumed_where_it_stood() -> None:
    dark = HillBench(top=np.array([1e4, 0.0]))
    ending, _ = session(dark, Goer(np.zeros(2)), search_shots=5)[0].run(), None
    bench = HillBench(top=np.array([-14.0, 60.0]), width=0.05)
    run, notebook = session(bench, lambda start: Goer(start, patience=1), search_shots=60)
    run.run(ending.rows)
    searched = [tuple(row.asked) for row in notebook.rows if row.phase == "search"]
    assert len(set(searched)) == len(searched) > 5
    assert_close(setting_of(np.zeros(2), KNOBS) + 1, [1.0, 1.0], rel=1e-12)


# -------------------------------------------------------------------------------------------------------- a target


def test_with_a_target_a_run_ends_at_what_is_believed_and_not_at_the_brightest() -> None:
    bench = HillBench()
    goal = top_of(bench) + np.array([0.3, 0.0])
    run, notebook = session(bench, Goer(goal, patience=8), shots=12, target_fwhm_ps=3.0)
    ending = run.run()
    assert ending.exit is Exit.DONE
    assert ending.reason == "patience is over; the knobs are at the setting believed nearest to the target"
    assert_close(bench.setting, setting_of(goal, KNOBS), rel=1e-9)
    assert notebook.phases.count("confirm") == 1


def test_a_wanted_pulse_may_be_faint_if_it_is_light() -> None:
    bench = HillBench(top=np.zeros(2), setting=np.zeros(2))
    goal = np.array([0.45, 0.0])
    run, _ = session(bench, Goer(goal, patience=8), shots=12, target_fwhm_ps=9.0)
    assert run.run().exit is Exit.DONE
    assert bench.light(bench.setting) < 0.1


def test_ctrl_c_goes_to_what_is_believed_of_the_target() -> None:
    bench, attention = HillBench(), Attention()
    goal = top_of(bench) + np.array([0.3, 0.0])
    notebook = stopping(attention, at=3)
    run, _ = session(bench, Goer(goal), notebook=notebook, attention=attention, target_fwhm_ps=3.0)
    ending = run.run()
    assert ending.reason == "Ctrl-C; the knobs are at the setting believed nearest to the target"
    assert_close(bench.setting, setting_of(goal, KNOBS), rel=1e-9)
