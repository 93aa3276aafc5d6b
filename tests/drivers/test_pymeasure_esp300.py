"""PyMeasure's ESP300, unmodified, against the emulated controller.

A fault of PyMeasure 0.16.0 that these tests go round: `ESP300.axes` looks at every attribute of the instrument, those
of SCPI included, so it asks a controller that knows no SCPI for `*IDN?` and more, and waits for each in vain; `enable`,
`disable` and `shutdown` of the controller are built on it. Axes are switched one by one here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.esp301 import ESP301Box
from drivers.emulators.pty_server import PtyServer
from drivers.emulators.server import BoxServer, Service
from tests.closeness import assert_close
from tests.drivers.stand import FAST, served

# PyMeasure warns of each of its drivers of which it does not know whether the instrument speaks SCPI
pytestmark = pytest.mark.filterwarnings("ignore:It is not known whether this device support SCPI:FutureWarning")
esp300 = pytest.importorskip("pymeasure.instruments.newport.esp300")
CARRIED = pytest.mark.parametrize("carrier", [BoxServer, PtyServer], ids=["tcp", "serial"])


@contextmanager
def controller(carrier: type[Service]) -> Iterator[tuple[Any, ESP301Box]]:
    """PyMeasure's driver on the wire, with the ends and the speed of a serial line."""
    clock = VirtualClock(FAST)
    box = ESP301Box("delay", clock)
    with served(box, clock, carrier) as at:
        ends = {"write_termination": "\r", "read_termination": "\r\n", "timeout": 2000, "visa_library": "@py"}
        device = esp300.ESP300(at.resource, asrl={"baud_rate": 19200}, **ends)
        try:
            yield device, box
        finally:
            device.adapter.close()


@CARRIED
def test_an_axis_is_enabled_moved_and_read(carrier: type[Service]) -> None:
    with controller(carrier) as (device, box):
        axis = device.x
        assert not axis.enabled
        axis.enable()
        assert axis.enabled
        axis.position = 12.5
        axis.wait_for_stop()
        assert_close(axis.position, 12.5, rel=1e-9)
        assert_close(box.position_mm(1), 12.5, rel=1e-9)
        assert axis.motion_done
        assert device.errors == []
        axis.disable()
        assert not axis.enabled


@CARRIED
def test_limits_units_and_home(carrier: type[Service]) -> None:
    with controller(carrier) as (device, box):
        axis = device.y
        assert axis.units == "millimeter"
        axis.left_limit, axis.right_limit = 1.0, 20.0
        assert (axis.left_limit, axis.right_limit) == (1.0, 20.0)
        axis.enable()
        axis.position = 4.0
        axis.wait_for_stop()
        axis.define_position(6.0)
        assert_close(axis.position, 6.0, rel=1e-9)
        axis.zero()
        assert axis.position == 0.0
        axis.home(1)
        axis.wait_for_stop()
        assert box.position_mm(2) == 0.0


@CARRIED
def test_errors_have_their_texts(carrier: type[Service]) -> None:
    with controller(carrier) as (device, _):
        device.x.position = 1.0
        device.write("1XX")
        texts = [str(error) for error in device.errors]
        assert texts == [
            "Newport ESP300 axis 1 reported the error: MOTOR NOT ENABLED",
            "Newport ESP300 reported the error: COMMAND DOES NOT EXIST",
        ]
        device.phi.position = 1.0
        device.clear_errors()
        assert device.error == 0
