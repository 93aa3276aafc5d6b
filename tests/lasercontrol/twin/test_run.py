"""`lasercontrol twin`: up, told where everything is, and down again."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from drivers.errors import InstrumentError
from drivers.pm100 import PM100
from lasercontrol.config import Config
from lasercontrol.config_file import load_config
from lasercontrol.errors import BenchError, CallerError, ConfigError
from lasercontrol.twin.rehearsal import TwinProcess
from lasercontrol.twin.run import Twin, twin_config
from tests.drivers.stand import Stand
from tests.lasercontrol.twin.runs import PATIENCE_S, eventually, twin_settings


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.close()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def a_file(folder: Path, config: Config) -> Path:
    """The config as a person would have written it."""
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False), "utf-8")
    return path


# ------------------------------------------------------------------------------------------------------------- ports


def test_a_taken_port_of_an_instrument_is_a_sentence_and_leaves_nothing_behind(stand: Stand, taken: int) -> None:
    at = {"shutter": {"resource": f"TCPIP::127.0.0.1::{taken}::SOCKET"}}
    twin = Twin(twin_settings(lab={"instruments": at}), seed=1)
    with pytest.raises(BenchError, match=r"a port of the twin is taken \(.*\)"):
        stand.wait(twin.start())
    for name in ("osa", "meter"):  # those before it hang up again
        port = int(twin.boxes.addresses[name].split("::")[2])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_taken_control_port_is_a_sentence(stand: Stand, taken: int) -> None:
    with pytest.raises(BenchError, match="a port of the twin is taken"):
        stand.wait(Twin(twin_settings(twin={"control_port": taken}), seed=1).start())


def test_the_command_tells_a_taken_port_in_one_line(tmp_path: Path, taken: int) -> None:
    path = a_file(tmp_path, twin_settings(twin={"control_port": taken}))
    command = [sys.executable, "-m", "lasercontrol", "twin", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert "a port of the twin is taken (" in done.stderr


def test_everything_listens_on_this_machine_alone(stand: Stand) -> None:
    twin = Twin(twin_settings(), seed=1)
    stand.wait(twin.start())
    assert all("127.0.0.1" in address for address in twin.boxes.addresses.values())
    assert twin._server
    assert {server.getsockname()[0] for server in twin._server.sockets} == {"127.0.0.1"}
    stand.wait(twin.stop())


# ------------------------------------------------------------------------------------------------------ what it is told


def test_a_config_without_a_bench_is_refused() -> None:
    with pytest.raises(CallerError, match="the config has no `lab` section"):
        Twin(Config(), seed=1)


def test_a_fault_of_an_instrument_that_is_not_there_is_refused() -> None:
    faults = [{"instrument": "meter", "kind": "late"}, {"instrument": "eye", "kind": "late"}]
    with pytest.raises(ConfigError, match=r"twin\.faults\[1\]\.instrument: is 'eye'; the instruments are shaper, "):
        Twin(twin_settings(twin={"faults": faults}), seed=1)


def test_faults_come_on_a_timetable(stand: Stand) -> None:
    faults = [{"instrument": "meter", "kind": "drop", "after_s": 0.2, "count": 1_000_000}]
    twin = Twin(twin_settings(twin={"faults": faults}), seed=1)
    stand.wait(twin.start())
    meter = PM100.at(twin.boxes.addresses["meter"], timeout_s=0.5, reconnect_s=0.0)

    def fails() -> bool:
        with suppress(InstrumentError):
            return meter.power_w < 0
        return True

    eventually(fails, "the fault of the timetable")
    meter.disconnect()
    stand.wait(twin.stop())


def test_speed_and_port_of_the_command_line_win() -> None:
    config = twin_config("twin", speed=10.0, control_port=0)
    assert (config.twin.speed, config.twin.control_port) == (10.0, 0)
    with pytest.raises(ConfigError, match="--speed"):
        twin_config("twin", speed=0.0, control_port=None)


@pytest.mark.parametrize(("seed", "of_config", "used"), [(7, 3, 7), (None, 3, 3), (None, None, 1), (0, 3, 0)], ids=str)
def test_the_seed_is_the_callers_the_configs_or_1(seed: int | None, of_config: int | None, used: int) -> None:
    config = twin_settings(session={"seed": of_config})
    assert Twin(config, seed).seed == used


# --------------------------------------------------------------------------------------------------- what it tells


def test_the_rewritten_config_has_the_twins_addresses_and_its_own_light(stand: Stand, tmp_path: Path) -> None:
    told: dict[str, Any] = {"safety": {"switch_on": False, "switch_off": False}}
    twin = Twin(twin_settings(lab=told), seed=1)
    stand.wait(twin.start())
    twin.rewritten(tmp_path / "told.yaml")
    lab = load_config(tmp_path / "told.yaml").lab
    assert lab
    assert {name: at.resource for name, at in lab.instruments.items()} == dict(twin.boxes.addresses)
    assert (lab.safety.switch_on, lab.safety.switch_off) == (True, True)
    with pytest.raises(CallerError, match=r"--rewritten .*told\.yaml: cannot be written: File exists\."):
        twin.rewritten(tmp_path / "told.yaml")
    with pytest.raises(CallerError, match="cannot be written: No such file"):
        twin.rewritten(tmp_path / "nowhere" / "told.yaml")
    stand.wait(twin.stop())


@pytest.mark.parametrize("end", ["stop", "SIGINT"])
def test_the_command_serves_until_it_is_ended(tmp_path: Path, end: str) -> None:
    with TwinProcess.started(twin_settings(), tmp_path, seed=1) as twin:
        assert twin.ask(state=True)["pulse_energy"] == 0
        assert twin.ask(state=True)["addresses"]["meter"].startswith("TCPIP::127.0.0.1::")
        if end == "stop":
            assert twin.ask(stop=True) == {"ok": True}
        else:
            twin.process.send_signal(getattr(signal, end))
        assert twin.process.wait(PATIENCE_S) == 0
        assert twin.process.stdout
        assert twin.process.stdout.read().endswith("the twin is switched off.\n")
        with pytest.raises(BenchError, match="the twin's control port does not answer"):
            twin.ask(state=True)
