"""A link proves who answers, never takes one answer for another, and comes back after every fault."""

import threading
from itertools import pairwise

import pytest

from drivers import errors, link
from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.pm100 import PM100Box
from drivers.errors import (
    InstrumentError,
    LinkError,
    LinkLost,
    NotReachable,
    OutOfRange,
    ReplyTimeout,
    SetPointLost,
    WrongIdentity,
    WrongReply,
)
from drivers.link import Identity, Link, LinkSettings
from drivers.message_log import MessageLog
from drivers.pm100 import PM100
from tests.closeness import assert_close
from tests.drivers.fake_instrument import FakeInstrument
from tests.drivers.stand import FAST, connected, served

CLEARS = pytest.mark.parametrize("clears", [True, False], ids=["clears", "reopens"])


def linked(instrument: FakeInstrument, *, reconnect_s: float = 5.0, log: MessageLog | None = None) -> Link:
    """A link to a fake instrument, whose identity is MAKER,MODEL."""
    settings = LinkSettings(reconnect_s=reconnect_s)
    return Link(instrument.open, name="it", identity=Identity(pattern="maker,model"), settings=settings, log=log)


class Time:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        """Seconds."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.slept_s.append(seconds)
        self.now_s += seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(link, "time", found)
    return found


# ------------------------------------------------------------------------------------------------- identity


def test_nothing_is_opened_before_it_is_needed() -> None:
    instrument = FakeInstrument(clears=True)
    linked(instrument)
    assert instrument.opened == 0


def test_the_identity_is_asked_first_and_once() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    assert found.query("A?") == "answer to A?"
    assert found.query("B?") == "answer to B?"
    assert instrument.heard == ["*IDN?", "A?", "B?"]
    assert found.connect() == found.idn == "MAKER,MODEL,1,1"


def test_somebody_else_is_told_nothing_and_let_go() -> None:
    instrument = FakeInstrument(clears=True)
    instrument.idn = "OTHER,BOX,1,1"
    found = linked(instrument)
    with pytest.raises(WrongIdentity, match=r"it: says it is 'OTHER,BOX,1,1', where 'maker,model' is expected"):
        found.write("OUTP ON")
    assert instrument.heard == ["*IDN?"]
    assert found._port is None
    instrument.idn = "MAKER,MODEL,1,1"
    assert found.query("A?") == "answer to A?"


def test_who_answers_is_asked_again_after_a_loss() -> None:
    instrument = FakeInstrument(clears=False)
    found = linked(instrument)
    found.connect()
    found.doubt("a test says so")
    instrument.idn = "OTHER,BOX,1,1"
    with pytest.raises(WrongIdentity):
        found.query("A?")
    assert "A?" not in instrument.heard


# ------------------------------------------------------------------------------------------------- the errors


def test_every_error_is_the_worlds_but_the_callers_own() -> None:
    kinds = {name: getattr(errors, name) for name in errors.__all__}
    worlds = {name for name, kind in kinds.items() if issubclass(kind, InstrumentError)}
    assert worlds == set(kinds) - {"OutOfRange"}
    assert issubclass(OutOfRange, ValueError)
    links = {name for name, kind in kinds.items() if issubclass(kind, LinkError)}
    assert links == {"LinkError", "NotReachable", "LinkLost", "ReplyTimeout", "WrongReply", "WrongIdentity"}


def test_an_error_names_the_instrument() -> None:
    error = ReplyTimeout("meter", "no whole answer in time.")
    assert str(error) == "meter: no whole answer in time."
    assert error.instrument == "meter"


def test_the_docstring_draws_the_whole_tree() -> None:
    assert all(name in (errors.__doc__ or "") for name in errors.__all__)


# ---------------------------------------------------------------------------------------------------- doubt


@CLEARS
def test_a_late_answer_is_never_the_next_ones(clears: bool) -> None:
    instrument = FakeInstrument(clears=clears)
    found = linked(instrument)
    found.connect()
    instrument.late = True
    with pytest.raises(ReplyTimeout):
        found.query("A?")
    assert [found.query(f"{letter}?") for letter in "BCD"] == [f"answer to {letter}?" for letter in "BCD"]
    assert (instrument.cleared, instrument.opened) == ((1, 1) if clears else (0, 2))


@CLEARS
def test_control_c_in_the_middle_of_an_answer_leaves_nothing_behind(clears: bool) -> None:
    instrument = FakeInstrument(clears=clears)
    found = linked(instrument)
    found.connect()
    instrument.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        found.query("A?")
    assert found.query("B?") == "answer to B?"


@CLEARS
def test_an_answer_that_is_no_text_is_a_wrong_reply_and_leaves_doubt(clears: bool) -> None:
    instrument = FakeInstrument(clears=clears, answers=lambda asked: "µ" if asked == "A?" else "fine")
    found = linked(instrument)
    with pytest.raises(WrongReply, match="no text"):
        found.query("A?")
    assert found.query("B?") == "fine"
    assert instrument.heard == ["*IDN?", "A?", "*IDN?", "B?"]


def test_control_c_in_the_middle_of_a_clear_leaves_the_doubt() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    found.connect()
    instrument.late = True
    with pytest.raises(ReplyTimeout):
        found.query("A?")
    instrument.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        found.query("B?")
    assert found.query("C?") == "answer to C?"


def test_a_clear_that_fails_is_followed_by_a_new_connection() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    found.connect()
    found.doubt("a test says so")
    instrument.clear_fails = True
    assert found.query("A?") == "answer to A?"
    assert (instrument.cleared, instrument.opened) == (1, 2)


def test_what_cannot_be_sent_is_not_sent() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    with pytest.raises(WrongReply, match="cannot be sent"):
        found.write("WAV 1030 µm")
    assert instrument.heard == ["*IDN?"]


# -------------------------------------------------------------------------------------------- coming back


def test_a_new_connection_is_tried_with_growing_pauses(passing: Time) -> None:
    instrument = FakeInstrument(clears=False)
    found = linked(instrument, reconnect_s=30.0)
    found.connect()
    found.doubt("a test says so")
    instrument.away = 8
    assert found.query("A?") == "answer to A?"
    assert passing.slept_s[:4] == [0.05, 0.1, 0.2, 0.4]
    assert all(later >= earlier for earlier, later in pairwise(passing.slept_s))
    assert max(passing.slept_s) == link.LONGEST_PAUSE_S


def test_after_the_time_the_error_is_raised_and_then_one_try_is_enough(passing: Time) -> None:
    instrument = FakeInstrument(clears=False)
    found = linked(instrument, reconnect_s=3.0)
    instrument.away = 1000
    with pytest.raises(NotReachable):
        found.query("A?")
    assert sum(passing.slept_s) <= 3.0
    tried = instrument.away
    with pytest.raises(NotReachable):
        found.query("A?")
    assert instrument.away == tried - 1


def test_connect_tries_once(passing: Time) -> None:
    instrument = FakeInstrument(clears=False)
    instrument.away = 1
    with pytest.raises(NotReachable):
        linked(instrument).connect()
    assert not passing.slept_s


def test_what_is_said_first_is_said_on_every_new_connection() -> None:
    instrument = FakeInstrument(clears=False)
    found = linked(instrument)
    found.greet = lambda it: it.write("LOGIN")
    found.connect()
    found.doubt("a test says so")
    found.query("A?")
    assert instrument.heard == ["LOGIN", "*IDN?", "LOGIN", "*IDN?", "A?"]


@CLEARS
def test_set_points_are_verified_after_every_recovery_but_not_at_first(clears: bool) -> None:
    instrument = FakeInstrument(clears=clears)
    found = linked(instrument)
    found.verify = lambda: found.write("VERIFIED")
    found.connect()
    assert found.reopened == 0
    found.doubt("a test says so")
    found.query("A?")
    assert instrument.heard == ["*IDN?", "*IDN?", "VERIFIED", "A?"]
    assert found.reopened == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ReplyTimeout("it", "no answer.")])
def test_a_verification_that_was_cut_short_is_done_again(error: BaseException) -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    found.connect()
    found.doubt("a test says so")
    waiting = [error]
    done = []

    def verify() -> None:
        if waiting:
            raise waiting.pop()
        done.append(1)

    found.verify = verify
    with pytest.raises(type(error)):
        found.query("A?")
    assert found.query("A?") == "answer to A?"
    assert done == [1]


def test_a_lost_set_point_is_told_once_and_the_link_is_good() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    found.connect()
    found.doubt("a test says so")
    told = [SetPointLost("it", "current_a was 1 A and is 0 A.")]

    def verify() -> None:
        if told:
            raise told.pop()

    found.verify = verify
    with pytest.raises(SetPointLost):
        found.query("A?")
    assert found.query("A?") == "answer to A?"
    assert found.reopened == 1


# ------------------------------------------------------------------------------------- on a real connection


def meter_box(clock: VirtualClock) -> PM100Box:
    return PM100Box("meter", clock, lambda: 0.184)


def test_a_closed_port_is_not_reachable_at_connect() -> None:
    clock = VirtualClock(FAST)
    with served(meter_box(clock), clock) as at:
        resource = at.resource
    with pytest.raises(NotReachable, match=r"PM100: TCPIP::127\.0\.0\.1::\d+::SOCKET does not answer"):
        PM100.at(resource, reconnect_s=0.0).connect()


def test_a_power_cycle_is_told_as_a_lost_set_point_once() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, meter_box(clock), clock, timeout_s=2.0) as (meter, at):
        meter.averages, meter.wavelength_nm = 20, 515.0
        at.inject(Fault("restart", seconds=0.1))
        with pytest.raises(LinkLost):
            _ = [meter.power_w for _ in range(1000)]
        with pytest.raises(SetPointLost, match=r"averages was 20 and is 1; wavelength_nm was 515 nm and is 1064 nm"):
            _ = meter.power_w
        assert_close(meter.power_w, 0.184, rel=1e-7)
        assert meter.set_points == {"averages": 1.0, "wavelength_nm": 1064.0}


def test_a_set_point_that_is_still_there_is_not_told() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, meter_box(clock), clock, timeout_s=2.0) as (meter, at):
        meter.averages = 20
        at.inject(Fault("drop"))
        with pytest.raises(LinkLost):
            _ = meter.power_w
        assert_close(meter.power_w, 0.184, rel=1e-7)
        assert meter.link.reopened == 1


def test_a_set_point_lost_and_a_link_lost_while_it_is_read_again_is_told_all_the_same() -> None:
    clock = VirtualClock(FAST)
    box = meter_box(clock)
    with connected(PM100, box, clock, timeout_s=2.0) as (meter, at):
        meter.averages, meter.wavelength_nm = 20, 515.0
        at.stand.call(box.power_cycle)
        meter.link.doubt("a test says so")
        asked = meter.link.query
        waiting = [LinkLost("PM100", "the connection went away.")]

        def query(text: str) -> str:
            if text == "SENS:CORR:WAV?" and waiting:
                meter.link.doubt("a test says so")
                raise waiting.pop()
            return asked(text)

        meter.link.query = query  # type: ignore[assignment, method-assign]
        with pytest.raises(LinkLost):
            _ = meter.power_w
        with pytest.raises(SetPointLost, match=r"averages was 20 and is 1; wavelength_nm was 515 nm and is 1064 nm"):
            _ = meter.power_w


# -------------------------------------------------------------------------------------- whose turn it is


def test_a_lock_keeps_another_thread_out() -> None:
    instrument = FakeInstrument(clears=True)
    found = linked(instrument)
    found.connect()
    other = threading.Thread(target=lambda: found.query("OTHER?"))
    with found.lock():
        found.query("A?")
        other.start()
        other.join(0.05)
        assert other.is_alive()
        found.query("B?")
    other.join(10)
    assert instrument.heard == ["*IDN?", "A?", "B?", "OTHER?"]


def test_links_over_the_same_wire_take_turns_and_others_do_not() -> None:
    links = [
        Link(FakeInstrument(clears=True).open, name=name, identity=Identity(), wire=wire)
        for name, wire in (("first", "GPIB0"), ("second", "GPIB0"), ("third", "GPIB1"))
    ]
    finished: list[str] = []
    threads = [threading.Thread(target=lambda it=it: finished.append(it.connect() and it.name)) for it in links[1:]]
    with links[0].lock():
        for thread in threads:
            thread.start()
        threads[1].join(10)
        threads[0].join(0.05)
        assert finished == ["third"]
    threads[0].join(10)
    assert finished == ["third", "second"]


def test_patience_ends_with_its_block() -> None:
    found = linked(FakeInstrument(clears=True))
    before_s = found.settings.timeout_s
    within_s = []

    def fails() -> None:
        with found.patience(30.0):
            within_s.append(found.settings.timeout_s)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert within_s == [30.0]
    assert found.settings.timeout_s == before_s


def test_an_instrument_is_given_its_pause_between_messages(passing: Time) -> None:
    instrument = FakeInstrument(clears=True)
    settings = LinkSettings(pause_s=0.25)
    found = Link(instrument.open, name="it", identity=Identity(), settings=settings)
    found.query("A?")
    passing.now_s += 0.1
    found.query("B?")
    assert_close(passing.slept_s[1:], [0.25, 0.15], rel=1e-9)


def test_a_secret_stands_neither_in_the_log_nor_in_a_message() -> None:
    log = MessageLog()
    found = linked(FakeInstrument(clears=True, answers=lambda _: "é"), log=log)
    with pytest.raises(WrongReply) as caught:
        found.query("open sesame?", secret=True)
    assert "sesame" not in str(caught.value)
    assert not any(b"sesame" in message.data for message in log.messages)


def test_a_sign_of_life_is_given_also_where_the_instrument_is_silent_or_gone() -> None:
    clock, signs = VirtualClock(FAST), list[str]()
    with served(meter_box(clock), clock) as at:
        meter = PM100.at(at.resource, timeout_s=0.2, reconnect_s=0.0)
        meter.connect()
        meter.link.alive = lambda: signs.append("alive")
        _ = meter.wavelength_nm
        assert signs
        at.inject(Fault("deaf", seconds=30.0))
        signs.clear()
        with pytest.raises(ReplyTimeout):
            _ = meter.wavelength_nm
        assert signs
    signs.clear()
    with pytest.raises(LinkError):
        _ = meter.wavelength_nm
    assert signs
    meter.disconnect()
