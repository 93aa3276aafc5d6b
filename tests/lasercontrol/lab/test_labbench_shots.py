"""What a bench of instruments sees, what ends a run at once, and that nothing but emission goes off then."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.protocol import Agent
from drivers import errors as drivers
from drivers.errors import InstrumentError, NotObeyed, OverRange, Refused, ReplyTimeout
from lasercontrol.bench import Floats, Quality
from lasercontrol.config import SessionSettings
from lasercontrol.errors import BenchError, BenchLost, ConfigError, LinkError, SafetyError
from lasercontrol.lab.bench import REARM
from lasercontrol.lab.faults import PASSING
from lasercontrol.lab.latch import rearm
from lasercontrol.record import RecordHeader, RecordWriter, read_record
from lasercontrol.session import Exit, Session
from lasercontrol.signals import StopAsked
from tests.closeness import assert_close
from tests.lasercontrol.lab.frog_fakes import CARRIER_THZ, ZERO_MM, Arms, pulse
from tests.lasercontrol.lab.stand_in import Rig, rig
from tests.lasercontrol.session_stand_in import Goer, Notebook

pytestmark = pytest.mark.usefixtures("state")
OFF = ["shutter close", "pump ramp 0", "pump output off"]
FROG = {"frog": {"stage": "stage", "spectrometer": "osa", "delay_zero_mm": ZERO_MM, "delays": 16}}


def timeout(name: str = "meter") -> ReplyTimeout:
    return ReplyTimeout(name, "no whole answer in time.")


def frog_rig(arms: Arms, **settings: object) -> Rig:
    """A bench that looks at the arms; their light passes its shutter."""
    frog = {"frog": FROG["frog"] | settings}
    made = rig({"instruments": {"channels": ["frog"]}}, others=(arms.stage, arms.spectrometer), **frog)
    arms.stage.done = arms.spectrometer.done = made.log
    honest = arms.w_per_nm
    arms.spectrometer.density = lambda nm: honest(nm) * made.shutter.light
    return made


# --------------------------------------------------------------------------------------------------------- a shot


def test_a_shot_has_its_channels_and_the_mean_energy_of_before_and_after() -> None:
    made = rig()
    made.meter.watts = 0.95
    made.crystal.on_power = lambda: setattr(made.meter, "watts", 1.0)
    reading = made.bench.measure()
    assert_close(reading.energy, 0.975, rel=1e-12)
    assert_close(reading.channels["shg"].values, 0.5 / 0.95**2, rel=1e-12)
    assert (reading.worst, reading.reasons) == (Quality.OK, ())


def test_before_the_first_shot_the_meter_is_told_the_wavelength_once() -> None:
    made = rig()
    made.bench.measure()
    made.bench.measure()
    assert made.log.count("meter prepare") == 1
    assert_close(made.meter.wavelength_nm, 299792.458 / CARRIER_THZ, rel=1e-4)


def test_a_doubtful_channel_makes_a_doubtful_reading_with_the_reason() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    arms.spectrometer.saturated = True
    reading = made.bench.measure()
    assert reading.worst is Quality.SUSPECT
    assert reading.reasons == ("16 of 16 spectra of the FROG are saturated",)
    assert reading.channels["frog"].values.shape == (16, 64)


@pytest.mark.parametrize("kind", PASSING)
def test_a_fault_that_may_pass_makes_an_invalid_reading_without_channels_or_energy(
    kind: type[InstrumentError],
) -> None:
    made = rig()
    made.crystal.once["power?"] = [kind("crystal", "not now.")]
    reading = made.bench.measure()
    assert (reading.worst, reading.reasons, dict(reading.channels)) == (Quality.INVALID, ("crystal: not now.",), {})
    assert np.isnan(reading.energy)
    assert made.bench.fault_count == 1
    assert made.guarded.measure().worst is Quality.OK


def test_a_power_that_is_late_once_is_asked_again_wherever_it_is_asked() -> None:
    made = rig()
    made.meter.once["power?"] = [timeout()]
    made.bench.move(np.array([1.0, 0.0, 0.0]))
    made.meter.once["power?"] = [timeout()]
    assert made.bench.measure().worst is Quality.OK
    assert made.bench.fault_count == 2


def test_the_limits_let_an_invalid_reading_through_as_it_is() -> None:
    made = rig()
    made.meter.once["power?"] = [timeout(), timeout()]
    reading = made.guarded.measure()
    assert (reading.worst, reading.reasons) == (Quality.INVALID, ("meter: no whole answer in time.",))


@pytest.mark.parametrize("kind", [Refused, NotObeyed, drivers.SetPointLost])
def test_a_fault_that_stays_is_raised(kind: type[InstrumentError]) -> None:
    made = rig()
    made.crystal.once["power?"] = [kind("crystal", "never again.")]
    with pytest.raises(BenchError, match="crystal: never again"):
        made.bench.measure()


def test_the_cap_counts_shots_and_moves_together() -> None:
    made = rig(motion={"max_faults": 2})
    made.shaper.once["load"] = [timeout("shaper")]
    made.bench.move(np.zeros(3))
    made.crystal.once["power?"] = [timeout()]
    with pytest.raises(BenchLost, match=r"2 time-outs and unusable answers .* meter: no whole answer in time"):
        made.bench.measure()


def test_a_wish_is_heard_before_the_light_is_looked_at() -> None:
    made = rig()
    made.attention.terminate()
    with pytest.raises(StopAsked):
        made.bench.measure()
    assert made.log == []


def test_a_terminate_breaks_off_a_reading_at_once() -> None:
    made = rig()
    made.crystal.on_power = made.attention.terminate
    with pytest.raises(StopAsked):
        made.bench.measure()
    assert made.log[-1] == "crystal power?"


def test_a_terminate_breaks_off_a_spectrum_of_a_scan_at_once() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    honest, ended = arms.spectrometer.density, []

    def terminated(nm: Floats) -> Floats:
        if made.log.count("stage move") == 3:
            made.attention.terminate()
            ended.append("only later")
        return honest(nm)

    arms.spectrometer.density = terminated
    with pytest.raises(StopAsked):
        made.bench.measure()
    assert ended == []


def test_ctrl_c_ends_a_scan_before_its_next_delay() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    made.meter.on_power = lambda: made.attention.interrupt() if made.log.count("stage move") == 3 else None
    with pytest.raises(StopAsked):
        made.bench.measure()
    assert made.log.count("stage move") == 4  # the third power is asked before the fourth delay


# ------------------------------------------------------------------------------------------------------- the dark


def test_the_dark_is_looked_at_with_the_shutter_closed_and_it_is_opened_again() -> None:
    made = frog_rig(Arms(pulse()))
    made.bench.measure()
    dark = ["stage enable", "osa configure", "shutter close", *["osa spectrum?"] * 4, "shutter open"]
    assert made.log[:9] == ["meter prepare", *dark]
    assert made.shutter.light


def test_a_shutter_that_was_closed_stays_closed_after_the_dark() -> None:
    made = frog_rig(Arms(pulse()))
    made.shutter.light = False
    made.bench.measure()
    assert "shutter open" not in made.log


def test_a_spectrum_that_fails_in_the_dark_leaves_no_dark_run() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    arms.spectrometer.once["spectrum?"] = [timeout("osa")]
    assert made.bench.measure().worst is Quality.INVALID
    assert made.shutter.light
    reading = made.bench.measure()
    assert reading.worst is Quality.OK
    assert reading.channels["frog"].values.max() > 0.05  # the limit's, less nothing
    assert made.log.count("shutter close") == made.log.count("shutter open") == 2


def test_a_failure_that_stays_leaves_the_shutter_closed() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    arms.spectrometer.once["spectrum?"] = [Refused("osa", "no such trace.")]
    with pytest.raises(BenchError, match="no such trace"):
        made.bench.measure()
    assert not made.shutter.light


def test_a_scan_that_its_stage_cannot_make_is_refused_before_there_is_light() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    arms.stage.limits_mm = (12.5, 25.0)
    with pytest.raises(
        ConfigError, match=r"delay_zero_mm: the scan goes from 11\.6 to 13\.4 mm, and stage from 12\.5 to"
    ):
        made.composed()


def test_a_spectrometer_that_does_not_see_the_second_harmonic_is_refused_before_there_is_light() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    arms.spectrometer.wavelength_limits_nm = (600.0, 1700.0)
    with pytest.raises(ConfigError, match=r"second harmonic is at 515\.4 nm, and osa sees 600 to 1700 nm"):
        made.composed()


def test_a_window_narrower_than_the_trace_is_refused_before_there_is_light() -> None:
    with pytest.raises(ConfigError, match=r"span_nm: is 1\.2 nm; the trace's frequencies are 1\.33 nm wide"):
        frog_rig(Arms(pulse()), span_nm=1.2)


# ------------------------------------------------------------------------------------------------- what ends a run


def test_above_the_ceiling_emission_goes_off_at_once() -> None:
    made = rig()
    made.meter.watts = 1.31
    with pytest.raises(SafetyError, match=r"meter: 1\.31 W is above the ceiling of 1\.3 W; emission is off, and no"):
        made.bench.measure()
    assert made.log == ["meter prepare", "crystal prepare", "meter power?", *OFF]


def test_a_power_that_is_no_number_is_above_every_ceiling() -> None:
    made = rig()
    made.meter.watts = float("nan")
    with pytest.raises(SafetyError, match="nan W is above the ceiling"):
        made.bench.measure()
    assert made.done[-3:] == OFF


def test_the_ceiling_holds_after_the_reading_as_well() -> None:
    made = rig()
    made.crystal.on_power = lambda: setattr(made.meter, "watts", 2.0)
    with pytest.raises(SafetyError, match="2 W is above the ceiling"):
        made.bench.measure()


def test_the_ceiling_holds_at_every_delay_of_a_scan() -> None:
    arms = Arms(pulse())
    made = frog_rig(arms)
    honest = arms.spectrometer.density

    def brighter(nm: Floats) -> Floats:
        made.meter.watts = 2.0 if made.log.count("stage move") == 3 else 1.0
        return honest(nm)

    arms.spectrometer.density = brighter
    with pytest.raises(SafetyError, match="2 W is above the ceiling"):
        made.bench.measure()
    assert made.log.count("stage move") == 3


def test_the_ceiling_holds_at_every_step_of_a_move() -> None:
    made = rig(motion={"ramp_step": 0.05})
    made.shaper.on_load = lambda count: setattr(made.meter, "watts", 2.0 if count == 2 else 1.0)
    with pytest.raises(SafetyError, match="2 W is above the ceiling"):
        made.bench.move(np.array([0.5, 0.0, 0.0]) * made.bench.knobs[0].range * 0.9)
    assert len(made.shaper.loaded) == 2


def test_more_light_than_the_meter_can_tell_is_above_every_ceiling() -> None:
    made = rig()
    made.meter.once["power?"] = [OverRange("meter", "power is beyond its range.")]
    with pytest.raises(SafetyError, match="It counts as above the ceiling; emission is off"):
        made.bench.measure()
    assert made.done[-3:] == OFF


def test_an_energy_that_changes_during_a_reading_makes_it_invalid() -> None:
    made = rig()
    made.crystal.on_power = lambda: setattr(made.meter, "watts", 0.8)
    reading = made.bench.measure()
    assert reading.worst is Quality.INVALID
    assert reading.reasons == ("the energy went from 1 to 0.8 of nominal during the reading",)


def test_a_ceiling_that_could_not_be_kept_is_told_in_capitals() -> None:
    made = rig()
    made.meter.watts = 2.0
    made.shutter.broken, made.source.broken = {"close"}, {"output off"}
    with pytest.raises(
        SafetyError, match=r"above the ceiling of 1\.3 W; EMISSION MAY STILL BE ON: shutter is not closed"
    ):
        made.bench.measure()


def test_safe_is_emission_off_and_no_knob_moved() -> None:
    made = rig(coarse=({}, {}), fine={"side": "before"}, seed=True)
    made.bench.make_safe()
    assert made.log == OFF
    assert not made.shutter.light
    assert not made.source.flows


def test_what_cannot_be_made_safe_is_said() -> None:
    made = rig()
    made.shutter.broken = {"close"}
    with pytest.raises(SafetyError, match="shutter is not closed"):
        made.bench.make_safe()
    assert not made.source.flows


# ---------------------------------------------------------------------------------------------------- interlocks


@pytest.mark.parametrize("which", ["shutter", "source", "seed"])
def test_an_open_interlock_is_remembered_until_a_person_arms_the_bench_again(which: str, state: Path) -> None:
    made = rig(seed=True)
    device = getattr(made, which)
    assert made.bench.interlock() is None
    device.interlock = False
    opened = f"{device.name} reports its interlock open"
    assert made.bench.interlock() == f"{opened}; {REARM}"
    device.interlock = True
    assert made.bench.open_interlock() is None
    assert opened in str(made.bench.interlock())
    assert REARM in str(made.bench.interlock())
    assert opened in str(rig(seed=True).bench.interlock())  # also for the next run
    assert opened in json.loads((state / "fake" / "latch.json").read_text(encoding="utf-8"))["reason"]
    rearm("fake", "somebody", "the door was ajar")
    assert made.bench.interlock() is None


def test_a_source_that_goes_off_by_itself_is_a_trip() -> None:
    made = rig()
    made.source.flows = False
    assert made.bench.interlock() is None  # nobody said that there is light
    made.emission.expected = True
    assert made.bench.interlock() == f"pump has switched its output off by itself; {REARM}"
    made.source.flows = True
    assert "pump has switched its output off by itself" in str(made.bench.interlock())


def test_an_instrument_without_an_interlock_is_none_that_is_open() -> None:
    made = rig(seed=True)
    made.seed.interlock = None  # type: ignore[assignment]
    assert made.bench.interlock() is None


def test_an_interlock_that_cannot_be_read_counts_as_open_and_is_not_remembered() -> None:
    made = rig()
    made.source.broken = {"source interlock?"}
    assert "it cannot be read (pump: no answer" in str(made.bench.interlock())
    made.source.broken = set()
    assert made.bench.interlock() is None


def test_one_late_answer_of_an_interlock_is_none_that_is_open() -> None:
    made = rig()
    made.shutter.once["shutter interlock?"] = [timeout("shutter")]
    assert made.bench.interlock() is None
    assert made.bench.fault_count == 1


@pytest.mark.parametrize("act", [lambda guarded: guarded.move(np.zeros(3)), lambda guarded: guarded.measure()])
def test_behind_an_open_interlock_nothing_moves_and_nothing_is_seen(act: Callable[[object], object]) -> None:
    made = rig()
    made.source.interlock = False
    with pytest.raises(SafetyError, match=r"pump reports its interlock open; .*; emission is off, and nothing"):
        act(made.guarded)
    assert made.done == OFF


# ------------------------------------------------------------------------------------------------------ a session


def session(made: Rig, notebook: Notebook | RecordWriter, agent: Agent, shots: int = 6) -> Session:
    return Session(
        made.guarded,
        lambda _: agent,
        SessionSettings(confirm_shots=1),
        shots=shots,
        recorder=notebook,
        watcher=Notebook(),
        attention=made.attention,
        summary_of=lambda ending: {"violations": ending.limit_violations},
    )


def test_a_session_runs_on_such_a_bench_and_leaves_emission_as_it_was() -> None:
    made = rig()
    ending = session(made, Notebook(), Goer(np.array([0.1, 0.0, 0.0]))).run()
    assert ending.exit is Exit.DONE
    assert made.shutter.light
    assert made.source.flows


def test_an_invalid_reading_is_recorded_empty_and_taken_again(tmp_path: Path) -> None:
    made = rig()
    agent = Goer(np.array([0.1, 0.0, 0.0]), patience=3)
    readings = iter(range(100))

    def late_once() -> None:
        if next(readings) == 1:
            raise timeout("crystal")

    made.crystal.on_power = late_once
    texts = dict.fromkeys(("config_text", "operator", "laser_id", "notes"), "")
    header = RecordHeader(config={}, versions={}, seed=1, knobs=made.bench.knobs, channels=made.bench.channels, **texts)
    session(made, RecordWriter.create(tmp_path / "run.h5", header), agent).run()
    rows = read_record(tmp_path / "run.h5").shots
    qualities = [row.reading.worst for row in rows]
    assert qualities[:3] == [Quality.OK, Quality.INVALID, Quality.OK]
    assert not rows[1].reading.channels
    assert np.isnan(rows[1].reading.energy)
    assert rows[1].reading.reasons == ("crystal: no whole answer in time.",)
    assert all(shot.usable for shot in agent.told)


def test_a_bench_that_answers_no_more_is_lost_with_emission_off() -> None:
    made = rig()
    made.crystal.broken = {"power?"}
    notebook = Notebook()
    with pytest.raises(BenchLost, match="5 INVALID readings in a row"):
        session(made, notebook, Goer(np.zeros(3))).run()
    assert made.done[-3:] == OFF
    assert "emission is off" in notebook.reason


def test_a_bench_whose_shaper_is_gone_ends_the_run_with_emission_off() -> None:
    made = rig()
    made.shaper.broken = {"load"}
    with pytest.raises(LinkError, match="shaper: no answer"):
        session(made, Notebook(), Goer(np.array([0.1, 0.0, 0.0]))).run()
    assert made.done[-3:] == OFF
    assert made.done.count("shaper load") == 2
