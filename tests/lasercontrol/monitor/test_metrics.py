"""/metrics: the text format, and who may read it."""

import http.client
import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lasercontrol.alarm_settings import MetricsSettings
from lasercontrol.errors import CallerError, LinkError
from lasercontrol.monitor.metrics import Figure, MetricsServer, exposition

FIGURES = (
    Figure("lasercontrol_rows_total", "Rows acknowledged.", "counter", 12.0),
    Figure("lasercontrol_alarms", "Alarms by state.", by={(("state", "firing"), ("way", 'a"b\\\n')): 3.0}),
)


def test_the_format() -> None:
    assert exposition([*FIGURES, Figure("x", "y", value=math.nan), Figure("z", "y", value=math.inf)]) == (
        "# HELP lasercontrol_rows_total Rows acknowledged.\n"
        "# TYPE lasercontrol_rows_total counter\n"
        "lasercontrol_rows_total 12.0\n"
        "# HELP lasercontrol_alarms Alarms by state.\n"
        "# TYPE lasercontrol_alarms gauge\n"
        'lasercontrol_alarms{state="firing",way="a\\"b\\\\\\n"} 3.0\n'
        "# HELP x y\n# TYPE x gauge\nx NaN\n"
        "# HELP z y\n# TYPE z gauge\nz +Inf\n"
    )


@contextmanager
def served(settings: MetricsSettings) -> Iterator[int]:
    server = MetricsServer(settings, lambda: FIGURES)
    try:
        yield server.port
    finally:
        server.close()


def asked(port: int, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request(method, path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def test_it_serves_this_machine_alone() -> None:
    with served(MetricsSettings(port=0)) as port:
        status, body = asked(port)
        assert (status, body.decode()) == (200, exposition(FIGURES))
        assert asked(port, Host="localhost:9464")[0] == 200
        assert asked(port, Host="rack.attacker.example")[0] == 403
        assert asked(port, "/")[0] == 404
        assert asked(port, method="POST")[0] == 501


def test_a_token_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER", "t0ken")
    with served(MetricsSettings(port=0, token_from="env:READER", host_names=("rack7",))) as port:  # noqa: S106 — where
        assert asked(port)[0] == 401
        assert asked(port, Authorization="Bearer t0kem")[0] == 401
        assert asked(port, Authorization="Bearer t0ken")[0] == 200
        assert asked(port, Authorization="Bearer t0ken", Host="RACK7:9464")[0] == 200


def test_other_machines_need_one() -> None:
    with pytest.raises(ValueError, match="needs token_from"):
        MetricsSettings(host="192.0.2.1")
    with pytest.raises(CallerError, match="empty or missing"):
        MetricsServer(MetricsSettings(port=0, token_from="env:LASERCONTROL_NONE"), lambda: ())  # noqa: S106 — where


def test_a_port_that_is_taken_is_said() -> None:
    with served(MetricsSettings(port=0)) as port, pytest.raises(LinkError, match="nothing was switched on"):
        MetricsServer(MetricsSettings(port=port), lambda: ())
