"""The twin's control port: every request, and what is none."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from drivers.emulators.faults import KINDS
from drivers.errors import InstrumentError
from drivers.pm100 import PM100
from drivers.series4000 import ITC4000
from lasercontrol.twin.run import Twin
from tests.closeness import assert_close
from tests.drivers.stand import Stand
from tests.lasercontrol.twin.runs import eventually, twin_settings

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Twin, Stand]]:
    stand, twin = Stand(), Twin(twin_settings(), seed=1)
    stand.wait(twin.start())
    yield twin, stand
    stand.wait(twin.stop())
    stand.close()


@pytest.fixture
def twin(running: tuple[Twin, Stand]) -> Twin:
    return running[0]


@pytest.fixture
def ask(running: tuple[Twin, Stand]) -> Iterator[Ask]:
    """Ask as the port does; afterwards all is well again."""
    up, stand = running

    def asked(line: str | None = None, **request: Any) -> dict[str, Any]:
        told = line if line is not None else json.dumps(request)
        answer = stand.call(lambda: up.control.answer(told.encode()))
        assert json.loads(json.dumps(answer)) == answer
        return answer

    yield asked
    asked(heal="all")
    asked(close_interlock="pump")


def test_the_state_is_what_is_true(twin: Twin, ask: Ask) -> None:
    state = ask(state=True)
    assert state["pulse_energy"] == 0
    assert (state["shutter_open"], state["seeded"], state["source_energy"]) == (False, True, 0.0)
    assert state["setting"] == {"gdd_ps2": 0.0, "tod_ps3": 0.0, "fod_ps4": 0.0}
    assert state["addresses"] == dict(twin.boxes.addresses)
    assert abs(state["delay_ps"]) < 0.1


def test_the_score_is_the_lasers(twin: Twin, ask: Ask) -> None:
    assert ask(score=True) == twin.laser.score()
    assert 0 < ask(score=True)["reachable_fraction"] < 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "restart"])
def test_every_fault_is_taken(ask: Ask, kind: str) -> None:
    assert ask(inject="pump", kind=kind, seconds=0.0, count=2) == {"ok": True}


def test_a_fault_is_met_by_whoever_asks_and_healed(twin: Twin, ask: Ask) -> None:
    laser_on = twin.laser.parts
    laser_on.open, laser_on.energy = (lambda: True), (lambda: 1.0)
    meter = PM100.at(twin.boxes.addresses["meter"], timeout_s=0.3, reconnect_s=0.0)
    assert_close(meter.power_w, 1.0, rel=0.05)
    assert ask(inject="meter", kind="half", count=1000) == {"ok": True}
    with pytest.raises(InstrumentError):
        _ = meter.power_w
    assert ask(heal="meter") == {"ok": True}
    assert_close(meter.power_w, 1.0, rel=0.05)
    meter.disconnect()


def test_a_restart_forgets_settings_and_comes_back(twin: Twin, ask: Ask) -> None:
    meter = PM100.at(twin.boxes.addresses["meter"], timeout_s=0.5)
    fresh = meter.wavelength_nm
    meter.wavelength_nm = 515.0
    meter.disconnect()
    assert ask(inject="meter", kind="restart", seconds=0.05) == {"ok": True}

    def answers() -> bool:
        again = PM100.at(twin.boxes.addresses["meter"], timeout_s=0.5)
        try:
            return again.wavelength_nm == fresh
        except InstrumentError:
            return False
        finally:
            again.disconnect()

    eventually(answers, "the meter is back, as after power-on")


def test_an_interlock_trips_and_only_a_person_closes_it(twin: Twin, ask: Ask) -> None:
    pump = ITC4000.at(twin.boxes.addresses["pump"], timeout_s=0.5)

    def is_closed() -> bool:
        return pump.interlock_closed

    assert is_closed()
    ask(inject="pump", kind="interlock")
    ask(heal="all")
    assert not is_closed()
    assert ask(close_interlock="pump") == {"ok": True}
    assert is_closed()
    pump.disconnect()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "JSONDecodeError: "),
        ("state", "JSONDecodeError: "),
        ('"state"', "a request is a JSON object"),
        ("[1, 2]", "a request is a JSON object"),
        ("{}", "a request has inject, heal, close_interlock, state, score or stop; got nothing"),
        ('{"scores": true}', "a request has inject, heal, close_interlock, state, score or stop; got scores"),
        ('{"inject": "meter"}', "the request has no 'kind'"),
        ('{"inject": "eye", "kind": "late"}', "there is no instrument 'eye'; there are shaper, delay_stage, osa, "),
        ('{"inject": ["meter"], "kind": "late"}', "TypeError: "),
        ('{"inject": "meter", "kind": "smoke"}', "a fault is one of drop, late, half, garbage, "),
        ('{"inject": "meter", "kind": "late", "seconds": -1}', "seconds of 0 or more"),
        ('{"inject": "meter", "kind": "late", "seconds": NaN}', "seconds of 0 or more"),
        ('{"inject": "meter", "kind": "late", "seconds": "soon"}', "ValueError: could not convert"),
        ('{"inject": "meter", "kind": "late", "seconds": null}', "TypeError: "),
        ('{"inject": "meter", "kind": "late", "count": 0}', "a count of 1 or more"),
        ('{"inject": "meter", "kind": "late", "count": Infinity}', "OverflowError: "),
        ('{"heal": "eye"}', "there is no instrument 'eye'; there are shaper, "),
        ('{"close_interlock": "eye"}', "there is no instrument 'eye'; there are shaper, "),
        ('{"close_interlock": "meter"}', "TypeError: meter has no interlock"),
        ("[" * 100_000, "RecursionError: "),
    ],
)
def test_a_bad_request_is_answered_with_what_is_wrong(ask: Ask, line: str, said: str) -> None:
    answer = ask(line)
    assert list(answer) == ["error"]
    assert said in answer["error"]


def test_requests_come_line_by_line_over_the_wire(twin: Twin, ask: Ask) -> None:
    with socket.create_connection(("127.0.0.1", twin.control_port), timeout=10) as wire, wire.makefile("rwb") as port:
        port.write(b'{"state": true}\nnonsense\n{"heal": "all"}\n')
        port.flush()
        first, second, third = (json.loads(port.readline()) for _ in range(3))
    assert "pulse_energy" in first
    assert "error" in second
    assert third == {"ok": True}


def test_a_line_without_end_is_hung_up_on_and_the_twin_lives(twin: Twin, ask: Ask) -> None:
    # It is hung up on while it still talks.
    with socket.create_connection(("127.0.0.1", twin.control_port), timeout=10) as wire, suppress(ConnectionError):
        wire.sendall(b"x" * (1 << 17))
        assert wire.recv(1) == b""
    test_requests_come_line_by_line_over_the_wire(twin, ask)


def test_it_is_told_to_stop(twin: Twin, ask: Ask) -> None:
    assert ask(stop=True) == {"ok": True}
    assert twin.ended.is_set()
