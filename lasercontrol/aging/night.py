"""A night in minutes: 64 lasers over the wire on the twin, failures, a lost link, a monitor that is killed.

The twin and the monitor are processes of their own, and both are the very commands that people type. What the monitor
says to systemd is listened to: so it is known what it had acknowledged when it was killed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lasercontrol.aging.night_log import log_checks
from lasercontrol.aging.night_plan import Check, Happening, checks_of, happenings
from lasercontrol.aging.telling import Monitored
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.config_file import find_config, load_aging
from lasercontrol.errors import BenchError, CallerError
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.twin.rehearsal import TwinProcess

__all__ = ["rehearse"]

LOOK_S = 0.1
DOWN_S = 1.0
"""For how long the monitor stays dead."""
LIMIT_S = 1500.0


class MonitorProcess:
    """`lasercontrol monitor` in a process of its own, with its acknowledged seq as it tells systemd."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        address = folder / f"notify-{time.monotonic_ns()}"
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(address))
        self._line.setblocking(False)
        self.acknowledged = -1
        self.output = folder / f"{address.name}.txt"
        command = [sys.executable, "-m", "lasercontrol", "monitor", *arguments, "--yes", "--json"]
        environment = {**os.environ, "NOTIFY_SOCKET": str(address)}
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)  # noqa: S603

    def heard(self) -> int:
        """The last seq that it said it had acknowledged."""
        while True:
            try:
                told = self._line.recv(4096).decode()
            except BlockingIOError:
                return self.acknowledged
            _, found, rest = told.partition("logged to seq ")
            if found:
                self.acknowledged = int(rest.partition(",")[0])

    def kill(self) -> int:
        """-9; the last seq that is known to have been acknowledged."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.heard()

    def ended(self) -> dict[str, Any]:
        """Wait for its end; its summary. BenchError with its last words where it failed."""
        code = self.process.wait(LIMIT_S)
        words = self.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if code != 0:
            raise BenchError(f"the monitor ended with {code}: {' '.join(words[-3:])}")
        summary: dict[str, Any] = json.loads(words[-1])
        return summary


def rehearse(name: str, *, out: Path | None, quiet: bool) -> Monitored:
    """The night; exit status 0 only where all that happened was found, and nothing else."""
    path = find_config("aging-night" if name == "aging-example" else name)
    config = load_aging(path)
    if not config.instruments or config.speed == 1.0:
        raise CallerError(f"{path}: a rehearsal needs instruments of the twin, and a speed.")
    say: Callable[[str], None] = (lambda _text: None) if quiet else (lambda text: print(text, flush=True))  # noqa: T201
    out = (out or config.log.out) / "night"
    out.mkdir(parents=True, exist_ok=True)
    free = config.model_copy(update={"twin": config.twin.model_copy(update={"free_ports": True})})
    with tempfile.TemporaryDirectory(prefix="lasercontrol-") as place, _twin(free, Path(place)) as twin:
        say(f"{len(config.lasers)} lasers on {len(config.instruments)} instruments, {config.speed:g} times our time")
        log, done, last_seq = _night(config, twin, Path(place), out, say)
    return _judged(config, log, done, last_seq, say)


@contextmanager
def _twin(config: AgingConfig, folder: Path) -> Iterator[TwinProcess]:
    with TwinProcess.started(config, folder) as twin:
        yield twin


def _night(
    config: AgingConfig, twin: TwinProcess, place: Path, out: Path, say: Callable[[str], None]
) -> tuple[Path, dict[str, float], int]:
    """Run it; the log's folder, when what happened (of the log's UTC), and what was acknowledged before the kill."""
    before = {*out.iterdir()}
    started_s = time.time()
    monitor = MonitorProcess([str(twin.config), "--out", str(out)], place)
    done: dict[str, float] = {}
    last_seq = -1
    log = None
    try:
        for each in happenings(config):
            _wait_until(twin, monitor, 3600.0 * each.at_h)
            log = log or _new_log(out, before)
            done[each.what] = _utc_s(log, config.speed)
            say(f"  {each.at_h:4.1f} h: {each.what}{f', {each.laser}' if each.laser else ''}")
            if each.does == "kill":
                last_seq = monitor.kill()
                time.sleep(DOWN_S)
                monitor = MonitorProcess([str(twin.config), "--resume", str(log)], place)
            elif each.request is not None:
                _asked(twin, each)
        summary = monitor.ended()
    finally:
        if monitor.process.poll() is None:
            monitor.process.kill()
            monitor.process.wait()
    say(f"  the monitor: {summary['why']}; {time.time() - started_s:.0f} s of our time")
    assert log is not None  # noqa: S101 — the plan is not empty
    return log, done, last_seq


def _asked(twin: TwinProcess, each: Happening) -> None:
    answer = twin.ask(**dict(each.request or {}))
    if "error" in answer:
        raise BenchError(f"the twin refuses {each.what}: {answer['error']}")


def _wait_until(twin: TwinProcess, monitor: MonitorProcess, until_s: float) -> None:
    while float(twin.ask(truth=True)["t_s"]) < until_s:
        monitor.heard()
        if monitor.process.poll() is not None:
            monitor.ended()
            raise BenchError("the monitor ended before the night did.")
        time.sleep(LOOK_S)


def _new_log(out: Path, before: set[Path]) -> Path:
    found = [path for path in out.iterdir() if path.is_dir() and path not in before]
    if len(found) != 1:
        raise BenchError(f"{out}: the monitor has begun {len(found)} logs, not one.")
    return found[0]


def _utc_s(log: Path, speed: float) -> float:
    """The test's UTC now, as the log's clock has it."""
    from lasercontrol.telemetry.log_reader import read_log

    schema, _ = read_log(log, on_problem=lambda _words: None)
    return schema.started_utc_s + (time.time() - schema.started_utc_s) * speed


def _judged(
    config: AgingConfig, log: Path, done: dict[str, float], last_seq: int, say: Callable[[str], None]
) -> Monitored:
    desk = AlarmDesk(log)
    try:
        alarms = desk.alarms(over=True)
    finally:
        desk.close()
    plan = happenings(config)
    failing = {each.laser for each in plan if each.request and "fail" in each.request}
    checks = [*checks_of(plan, done, alarms), *log_checks(log, last_seq, done, failing)]
    checks += [_replay(log), _report(log)]
    for check in checks:
        say(f"  {'well ' if check.well else 'WRONG'} {check.what}: {check.seen}")
    well = all(check.well for check in checks)
    verdict = "all that happened was found, and nothing else" if well else "NOT ALL WAS AS IT SHOULD BE"
    told = [{"what": check.what, "well": check.well, "seen": check.seen} for check in checks]
    summary = {"log": str(log), "well": well, "checks": told, "alarms": len(alarms)}
    return Monitored((f"{verdict}. The log is {log}, its page {log / 'report.html'}",), summary, 0 if well else 3)


def _replay(log: Path) -> Check:
    """The same alarms again, over the kill and the restart."""
    command = [sys.executable, "-m", "lasercontrol", "replay", str(log), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — this very program
    if done.returncode:
        return Check("a replay", False, done.stderr.strip()[-300:])
    told = json.loads(done.stdout.strip().splitlines()[-1])
    words = f"{told['steps']} steps of alarms over {told['rows']} rows"
    return Check("a replay gives the same alarms, byte for byte", told["same_as_live"] is True, words)


def _report(log: Path) -> Check:
    """The morning's report, as people ask for it."""
    page = log / "report.html"
    command = [sys.executable, "-m", "lasercontrol", "report", str(log), "--out", str(page), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — this very program
    if done.returncode:
        return Check("the report", False, done.stderr.strip()[-300:])
    told = json.loads(done.stdout.strip().splitlines()[-1])
    lasers = told.get("lasers", [])
    states: dict[str, int] = {}
    for laser in lasers:
        states[laser["state"]] = states.get(laser["state"], 0) + 1
    words = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return Check("the report", page.exists() and bool(lasers), words)
