"""Every emulated instrument, whatever it is told: an answer, silence or an error of its own, never a crash.

A box that raises would hang up, and a driver's test would see a lost link where a real instrument says an error.
"""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.dazzler import Dazzler
from drivers.emulators.device import Answer, Box, ScpiBox
from drivers.emulators.scpi import Tree
from tests.drivers.stand import Served
from tests.drivers.zoo import SPECIMENS, Specimen

VALUES = (
    "",
    "?",
    " ?",
    " MIN",
    "? MAX",
    " 1",
    " 0",
    " -1",
    " 1E400",
    " -1e-400",
    " 1.5",
    " NAN",
    " INF",
    " ON",
    " maybe",
    ' "text"',
    " 1,2",
    "? 1,2,3",
    "? TRA",
    "? TRA,0,0",
    " 999999999999",
    " ,",
    " 1030NM",
    " 65MA",
    " 'open",
)


def headers_of(tree: Tree) -> list[str]:
    """Every header that a tree knows, in one of its spellings."""
    found: list[str] = []

    def walk(node: object, path: list[str]) -> None:
        for name, child in {id(child): (name, child) for name, child in node.children.items()}.values():  # type: ignore[attr-defined]
            found.append(":".join([*path, name]))
            walk(child, [*path, name])

    walk(tree._root, [])
    return found


WIRED = [specimen for specimen in SPECIMENS if specimen.kind is not Dazzler]  # which reads files, not messages


@pytest.fixture(params=WIRED, ids=lambda specimen: specimen.kind.__name__)
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    specimen: Specimen = request.param
    with specimen.serve(1.0) as (_, at):
        if not isinstance(at, Served):
            pytest.skip("nothing is sent to it")
        yield at.server.box


def told(box: Box, message: bytes) -> None:
    """Tell it; what it gives must be an answer."""
    answer = box.answer(message)
    assert isinstance(answer, Answer)
    assert answer.data is None or isinstance(answer.data, bytes)


def test_every_header_takes_every_kind_of_value(box: Box) -> None:
    if not isinstance(box, ScpiBox):
        pytest.skip("it has no tree of headers")
    headers = headers_of(box.tree)
    assert len(headers) > 12
    for header in headers:
        for value in VALUES:
            told(box, f"{header}{value}".encode())
    shuffled = random.Random(7)  # noqa: S311 — the same in every run
    for _ in range(300):
        units = [shuffled.choice(headers) + shuffled.choice(VALUES) for _ in range(3)]
        told(box, ";".join(units).encode())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    message=st.binary(max_size=60)
    | st.text(alphabet="*IDNSTBE?:;1234 .,-+APOMVWRDT\r\"'#", max_size=30).map(str.encode)
)
def test_any_bytes_are_answered_or_refused(message: bytes, box: Box) -> None:
    told(box, message)
    told(box, b"1" + message)


def test_it_comes_back_from_whatever_happens_to_it(box: Box) -> None:
    for message in (b"*IDN?", b"\xff\xfe", b"", b";;;", b"?" * 1000, b"9" * 5000):
        told(box, message)
    box.trip()
    box.over_range = True
    box.power_cycle()
    told(box, b"*IDN?")
