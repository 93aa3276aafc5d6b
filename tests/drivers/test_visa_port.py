"""Resource strings of every kind: what opens here works, and what cannot be opened here says why."""

import gc
import logging
from collections.abc import Iterator

import numpy as np
import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.faults import Fault
from drivers.emulators.hislip import HislipServer
from drivers.emulators.server import BoxServer
from drivers.errors import InstrumentError, LinkLost, NotReachable, OutOfRange, ReplyTimeout, SetPointLost, WrongReply
from drivers.instrument import ScpiInstrument
from drivers.link import Identity
from drivers.socket_port import SocketPort
from drivers.visa_port import VisaPort, open_visa, physical_link
from tests.drivers.stand import FAST, Served, connected, served

TRACE = np.arange(50_001, dtype="<f8")


class TraceBox(ScpiBox):
    """An instrument with a number, a long trace and a status byte."""

    idn = "MAKER,TRACE,1,1"

    def teach(self) -> None:
        """Its own headers."""
        data = TRACE.tobytes()
        self.tree.add("TRACe", query=lambda _: f"#{len(str(len(data)))}{len(data)}".encode() + data)
        self.tree.add("SHORt", query=lambda _: b"#3020ten bytes")
        self.number("LEVel", 1, low=0, high=10)


class Trace(ScpiInstrument):
    """Its driver."""

    identity = Identity(pattern="MAKER,TRACE")

    def level(self) -> float:
        """The number."""
        return self.ask_number("LEV?")


@pytest.fixture(params=[BoxServer, HislipServer], ids=["socket", "hislip"])
def wired(request: pytest.FixtureRequest) -> Iterator[tuple[Trace, Served]]:
    clock = VirtualClock(FAST)
    with connected(Trace, TraceBox("it", clock), clock, request.param, timeout_s=0.5) as found:
        yield found


@pytest.fixture
def hislip() -> Iterator[tuple[Trace, Served]]:
    clock = VirtualClock(FAST)
    with connected(Trace, TraceBox("it", clock), clock, HislipServer, timeout_s=0.5) as found:
        yield found


# pyvisa-py 0.8.1 forgets to close the first socket of a HiSLIP session that does not come about.
FORGETFUL = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def forgotten(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Have forgotten sockets die within the test, which a log of the failure would keep alive."""
    caplog.set_level(logging.CRITICAL, logger="pyvisa")
    yield
    gc.collect()


# ------------------------------------------------------------------------------------ what opens on this machine


def test_a_socket_resource_is_used_directly_and_hislip_through_visa() -> None:
    clock = VirtualClock(FAST)
    with served(TraceBox("it", clock), clock) as at, served(TraceBox("it", clock), clock, HislipServer) as other:
        ports = [open_visa(found.resource, name="it") for found in (at, other)]
        assert [type(port) for port in ports] == [SocketPort, VisaPort]
        assert [port.clears for port in ports] == [False, True]
        for port in ports:
            port.close()


def test_questions_sets_and_traces(wired: tuple[Trace, Served]) -> None:
    it, _ = wired
    assert it.connect() == "MAKER,TRACE,1,1"
    it.set("LEV 2.5")
    assert it.level() == 2.5
    for _ in range(3):
        assert np.array_equal(np.frombuffer(it.link.query_block("TRAC?"), "<f8"), TRACE)
    assert it.level() == 2.5


@pytest.mark.parametrize("kind", ["late", "half"])
def test_after_a_time_out_the_next_answer_is_the_right_one(kind: str, wired: tuple[Trace, Served]) -> None:
    it, at = wired
    it.set("LEV 2.5")
    at.inject(Fault(kind, seconds=0.7))  # type: ignore[arg-type]
    with pytest.raises(ReplyTimeout):
        it.link.query("*IDN?")
    assert it.level() == 2.5
    assert it.link.reopened == 1


def test_a_block_that_ends_early_is_never_a_trace(wired: tuple[Trace, Served]) -> None:
    it, _ = wired
    with pytest.raises((ReplyTimeout, WrongReply)):
        it.link.query_block("SHOR?")
    assert it.level() == 1.0


def test_a_lost_connection_is_told_and_comes_back(wired: tuple[Trace, Served]) -> None:
    it, at = wired
    it.connect()
    at.inject(Fault("drop"))
    with pytest.raises(LinkLost):
        it.level()
    assert it.level() == 1.0


@FORGETFUL
@pytest.mark.usefixtures("forgotten")
def test_a_restarted_server_is_found_again(wired: tuple[Trace, Served]) -> None:
    it, at = wired
    it.connect()
    at.inject(Fault("restart", seconds=0.2))
    for _ in range(50):
        try:
            it.level()
        except InstrumentError as error:
            assert not isinstance(error, SetPointLost)  # noqa: PT017 — nothing had been set
            break
    assert it.level() == 1.0
    assert it.link.reopened == 1


def test_hislip_is_cleared_without_a_new_connection(hislip: tuple[Trace, Served]) -> None:
    it, at = hislip
    it.connect()
    port = it.link._port
    at.inject(Fault("half"))
    with pytest.raises(ReplyTimeout):
        it.level()
    assert it.level() == 1.0
    assert it.link._port is port


def test_hislip_has_a_status_byte(hislip: tuple[Trace, Served]) -> None:
    it, _ = hislip
    it.link.write("NONSENSE")
    assert isinstance(port := it.link._port, VisaPort)
    assert it.level() == 1.0
    assert port._resource.read_stb() & 4


# ------------------------------------------------------------------------------------------- what does not open


def test_a_port_that_was_closed_is_not_reachable() -> None:
    clock = VirtualClock(FAST)
    with served(TraceBox("it", clock), clock) as at:
        resource = at.resource
    with pytest.raises(NotReachable, match=r"it: TCPIP::127\.0\.0\.1::\d+::SOCKET does not answer \(.+\)"):
        open_visa(resource, name="it")


@FORGETFUL
@pytest.mark.usefixtures("forgotten")
def test_a_hislip_port_that_was_closed_is_not_reachable() -> None:
    clock = VirtualClock(FAST)
    with served(TraceBox("it", clock), clock, HislipServer) as at:
        resource = at.resource
    with pytest.raises(NotReachable, match="does not answer"):
        open_visa(resource, name="it")


@pytest.mark.parametrize("resource", ["nonsense", "", "GPIB0", "TCPIP::::SOCKET", "USB::what", "5025"])
def test_what_is_no_resource_string_is_the_callers_mistake(resource: str) -> None:
    with pytest.raises(OutOfRange, match="is no VISA resource string"):
        open_visa(resource, name="it")


@pytest.mark.parametrize(
    ("resource", "package", "library"),
    [
        ("USB0::0x1313::0x8078::P0001234::INSTR", "usb", "PyUSB"),
        ("GPIB0::7::INSTR", "gpib", "gpib"),
        ("VICP::192.0.2.1", "pyvicp", "PyVICP"),
    ],
)
def test_a_library_that_is_not_installed_is_named(resource: str, package: str, library: str) -> None:
    try:
        __import__(package)
    except ImportError:
        with pytest.raises(OutOfRange, match=rf"it: '{resource}' cannot be opened on this machine: .*{library}"):
            open_visa(resource, name="it")
    else:
        pytest.skip(f"{package} is installed here")


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        ("", "the vendor's VISA library cannot be loaded"),
        ("@nobody", "'@nobody' VISA library cannot be loaded"),
        ("/nowhere/libvisa.so", "'/nowhere/libvisa.so' VISA library cannot be loaded"),
    ],
)
def test_a_visa_that_is_not_installed_is_the_callers_mistake(backend: str, told: str) -> None:
    from pyvisa.ctwrapper.highlevel import IVIVisaLibrary

    if not backend and IVIVisaLibrary.get_library_paths():
        pytest.skip("a vendor's VISA is installed here")
    with pytest.raises(OutOfRange, match=rf"it: {told} on this machine \(.+\); '@py' needs none"):
        open_visa("GPIB0::7::INSTR", name="it", backend=backend)


# ------------------------------------------------------------------------------------------------ whose wire


@pytest.mark.parametrize(
    ("resource", "wire"),
    [
        ("GPIB0::7::INSTR", "GPIB0"),
        ("GPIB::9::2::INSTR", "GPIB0"),
        ("gpib0::7::instr", "GPIB0"),
        ("GPIB12::7::INSTR", "GPIB12"),
        ("PRLGX-TCPIP::192.0.2.1::1234::INTFC", "PRLGX-TCPIP"),
        ("USB0::0x1313::0x8078::P0001234::INSTR", "USB0::0X1313::0X8078::P0001234"),
        ("USB::0x1313::0x8078::P0001234::0::INSTR", "USB0::0X1313::0X8078::P0001234"),
        ("ASRL/dev/ttyUSB0::INSTR", "ASRL/DEV/TTYUSB0"),
        ("ASRL3::INSTR", "ASRL3"),
        ("TCPIP::192.0.2.1::5025::SOCKET", "TCPIP0::192.0.2.1::5025"),
        ("TCPIP0::192.0.2.1::5025::SOCKET", "TCPIP0::192.0.2.1::5025"),
        ("TCPIP::192.0.2.1::hislip0,4880::INSTR", "TCPIP0::192.0.2.1::HISLIP0,4880::INSTR"),
        ("http://192.0.2.1", "HTTP://192.0.2.1"),
    ],
)
def test_a_resource_is_on_its_wire(resource: str, wire: str) -> None:
    assert physical_link(resource) == wire
