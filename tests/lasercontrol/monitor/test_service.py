"""What systemd is told, over its own kind of socket."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lasercontrol.monitor.service import Service

UNIT = Path(__file__).parents[3] / "configs" / "lasercontrol-monitor.service"

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd is of Linux")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(10)
        yield line


def service(manager: socket.socket, **more: str) -> Service:
    return Service({"NOTIFY_SOCKET": manager.getsockname(), **more})


def test_it_says_ready_status_and_stopping(manager: socket.socket) -> None:
    made = service(manager)
    made.ready("64 lasers")
    made.stopping()
    assert manager.recv(200) == b"READY=1\nSTATUS=64 lasers"
    assert manager.recv(200) == b"STOPPING=1"


def test_life_is_said_with_samples_and_not_oftener_than_needed(manager: socket.socket) -> None:
    made = service(manager, WATCHDOG_USEC="80000000", WATCHDOG_PID=str(os.getpid()))
    assert made.watchdog_s == 80
    for _ in range(5):
        made.fed("row 1")
    assert manager.recv(200) == b"WATCHDOG=1\nSTATUS=row 1"
    made._fed_s -= 11.0
    made.fed("row 1")
    assert manager.recv(200) == b"WATCHDOG=1\nSTATUS=row 1"
    manager.settimeout(0.0)
    with pytest.raises(BlockingIOError):
        manager.recv(200)


def test_a_status_stays_on_one_line(manager: socket.socket) -> None:
    service(manager).ready("two\nREADY=0")
    assert manager.recv(200) == b"READY=1\nSTATUS=two READY=0"


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0lasercontrol-test-{os.getpid()}")
        Service({"NOTIFY_SOCKET": f"@lasercontrol-test-{os.getpid()}"}).fed()
        assert line.recv(200) == b"WATCHDOG=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_nobody_listens_and_nothing_happens(environment: dict[str, str]) -> None:
    made = Service(environment)
    made.ready("here")
    made.fed()
    assert made.watchdog_s is None


def test_another_process_is_watched(manager: socket.socket) -> None:
    assert service(manager, WATCHDOG_USEC="30000000", WATCHDOG_PID="1").watchdog_s is None


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "WatchdogSec=30",
        "Restart=on-failure",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ReadWritePaths=/var/lib/lasercontrol",
    ],
)
def test_the_unit_says(line: str) -> None:
    assert re.search(rf"^{re.escape(line)}$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
