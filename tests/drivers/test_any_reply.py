"""Every driver, whatever it is answered: one of `drivers.errors`, or a value that the answer really says."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.dazzler import Dazzler
from drivers.errors import InstrumentError, OutOfRange, ReplyTimeout
from drivers.instrument import Instrument
from drivers.parameter import Choice, Measured, Number, Parameter, Stepped, Switch, parameters_of
from tests.drivers.zoo import SPECIMENS, Specimen

WIRED = [specimen for specimen in SPECIMENS if specimen.kind is not Dazzler]  # whose answers are files
ONE_BY_ONE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

REPLIES = (
    st.binary(max_size=30).map(lambda data: data.replace(b"\n", b""))
    | st.text("0123456789.eE+-, ", max_size=14).map(str.encode)
    | st.floats(allow_nan=True).map(lambda value: f"{value:.8E}".encode())
    | st.integers(-9, 9).map(lambda value: str(value).encode())
    | st.sampled_from(
        [b"ON", b"OFF", b"9.9E37", b"-9.91E37", b"1E400", b"nan", b"-inf", b"1_0", b"0x1F", b'"W"', b"#13abc"]
    )
)


class Parrot:
    """A port that answers everything with the same bytes, as a text and as the bytes of a block."""

    clears = True

    def __init__(self) -> None:
        self.reply = b""

    def send(self, message: bytes) -> None:
        """Whatever."""

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:
        """The bytes."""
        return self.reply

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """As many of them as there are."""
        if count > len(self.reply):
            raise ReplyTimeout("parrot", "no whole answer in time.")
        return self.reply[:count]

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Nothing follows."""

    def clear(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""


Answered = tuple[Any, Callable[[bytes], None]]


@contextmanager
def parroting(specimen: Specimen) -> Iterator[Answered]:
    """A driver, and what sets the bytes that it hears from now on; who answers is beyond doubt."""
    with specimen.serve(1.0) as (driver, _):
        driver.connect()
        driver.disconnect()
        parrot, link = Parrot(), driver.link

        def answer(reply: bytes) -> None:
            parrot.reply = reply
            link._open_port, link._port, link._doubt = lambda: parrot, parrot, None
            driver.set_points.clear()

        yield driver, answer
        link._port = None


@pytest.fixture(params=WIRED, ids=lambda specimen: specimen.kind.__name__)
def answered(request: pytest.FixtureRequest) -> Iterator[tuple[Specimen, Answered]]:
    with parroting(request.param) as found:
        yield request.param, found


@pytest.fixture
def no_waiting(answered: tuple[Specimen, Answered], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and time limits pass at once, from when the driver has met its instrument."""
    skipped_s = [0.0]
    real_s = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real_s() + skipped_s[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: skipped_s.__setitem__(0, skipped_s[0] + seconds))


def told(work: Callable[[], Any]) -> Any:
    """What the work gives; None for an error of ours. An instrument may say that it allows nothing: OutOfRange."""
    try:
        return work()
    except (InstrumentError, OutOfRange):
        return None


def plain(reply: bytes) -> str:
    """A reply as text, without what surrounds it."""
    return reply.decode("ascii", "replace").strip("\r\n\0 \t").strip()


def says(reply: bytes, parameter: Parameter[Any], value: Any) -> bool:
    """Whether a reply, read without the driver's help, says this value."""
    if type(parameter) not in {Measured, Number, Stepped, Switch, Choice}:
        return True  # a kind of its driver's own, held by its driver's tests
    if isinstance(parameter, Measured):
        return math.isfinite(value) and abs(float(plain(reply)) / parameter.scale - value) <= 1e-12 * abs(value)
    if isinstance(parameter, Switch):
        own = parameter.on if value else parameter.off
        return plain(reply).upper() in ({"1", "+1", "ON"} if value else {"0", "+0", "OFF"}) | {own.upper()}
    return isinstance(parameter, Choice) and value in parameter.codes


@ONE_BY_ONE
@given(reply=REPLIES)
def test_a_parameter_is_what_the_answer_says_or_an_error(reply: bytes, answered: tuple[Specimen, Answered]) -> None:
    specimen, (driver, answer) = answered
    for parameter in parameters_of(specimen.kind).values():
        answer(reply)
        value = told(lambda it=parameter: it.ask(driver))  # type: ignore[misc]
        if value is not None and specimen.kind.ask_text is Instrument.ask_text:
            assert says(reply, parameter, value), f"{parameter.name}: {reply!r} was taken for {value!r}"


@ONE_BY_ONE
@given(reply=REPLIES)
@pytest.mark.usefixtures("no_waiting")
def test_no_reply_makes_a_reading_fail_otherwise_than_with_our_errors(
    reply: bytes, answered: tuple[Specimen, Answered]
) -> None:
    specimen, (driver, answer) = answered
    for work in (lambda: specimen.read(driver), driver.problems, driver.state, driver.check):
        answer(reply)
        value = told(work)
        assert not isinstance(value, float) or math.isfinite(value)


@ONE_BY_ONE
@given(reply=REPLIES)
@pytest.mark.usefixtures("no_waiting")
def test_no_reply_makes_a_set_look_obeyed_that_was_not_confirmed(
    reply: bytes, answered: tuple[Specimen, Answered]
) -> None:
    specimen, (driver, answer) = answered
    answer(reply)
    if specimen.write:
        told(lambda: specimen.write(driver))  # type: ignore[misc]
    assert all(value is not None for value in driver.set_points.values())
