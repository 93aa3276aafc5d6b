"""What a driver raises, in the bench's words; and how many of them a run bears."""

import pytest

from drivers import errors as drivers
from lasercontrol import errors
from lasercontrol.lab.faults import PASSING, FaultCount, in_bench_words

KINDS = [
    (drivers.ReplyTimeout, errors.ReplyTimeout),
    (drivers.WrongReply, errors.WrongReply),
    (drivers.NotReachable, errors.LinkError),
    (drivers.LinkLost, errors.LinkError),
    (drivers.WrongIdentity, errors.LinkError),
    (drivers.InterlockOpen, errors.SafetyError),
    (drivers.Refused, errors.BenchError),
    (drivers.NotObeyed, errors.BenchError),
    (drivers.SetPointLost, errors.BenchError),
    (drivers.OverRange, errors.BenchError),
    (drivers.NotReady, errors.BenchError),
]


@pytest.mark.parametrize(("theirs", "ours"), KINDS)
def test_every_error_of_an_instrument_becomes_one_of_the_bench_with_its_words(
    theirs: type[drivers.InstrumentError], ours: type[errors.BenchError]
) -> None:
    with pytest.raises(errors.BenchError, match="osa: it smokes") as caught, in_bench_words():
        raise theirs("osa", "it smokes.")
    assert type(caught.value) is ours
    assert caught.value.exit_code == 3
    assert isinstance(caught.value.__cause__, theirs)


def test_no_error_of_an_instrument_is_forgotten_here() -> None:
    told = {theirs for theirs, _ in KINDS} | {drivers.InstrumentError, drivers.LinkError}
    named = [getattr(drivers, name) for name in drivers.__all__]
    assert {kind for kind in named if issubclass(kind, drivers.InstrumentError)} == told


def test_the_caller_s_mistake_stays_the_caller_s() -> None:
    refused = pytest.raises(errors.MoveRefused, match=r"an instrument's setting: asked 9 mm is too far")
    with refused as caught, in_bench_words():
        raise drivers.OutOfRange("9 mm is too far; nothing was sent.")
    assert caught.value.exit_code == 2


def test_what_is_no_error_of_an_instrument_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), in_bench_words():
        raise ZeroDivisionError


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    lasting = (
        drivers.Refused,
        drivers.NotObeyed,
        drivers.SetPointLost,
        drivers.InterlockOpen,
        drivers.WrongIdentity,
        drivers.NotReachable,
    )
    assert not any(issubclass(kind, PASSING) for kind in lasting)


def test_the_last_fault_that_is_borne_is_one_before_the_cap() -> None:
    count = FaultCount(3)
    assert count.note(drivers.ReplyTimeout("osa", "one.")) == "osa: one."
    count.note(drivers.ReplyTimeout("osa", "two."))
    cause = drivers.WrongReply("meter", "three.")
    with pytest.raises(errors.BenchLost, match=r"3 time-outs .* the last: meter: three\.") as caught:
        count.note(cause)
    assert caught.value.__cause__ is cause
    assert count.seen == 3
