"""A small twin that is quick to tune, and runs of the real command as child processes, watched from outside."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config
from lasercontrol.twin.rehearsal import TwinProcess

__all__ = ["PATIENCE_S", "Run", "eventually", "is_dark", "twin_settings", "variant"]

PATIENCE_S = 90.0
"""Of every wait: no test depends on the speed of its machine, it only ends sooner on a fast one."""


def twin_settings(**changes: Any) -> Config:
    """The packaged twin, on free ports and with fewer delays; changes are merged into its sections.

    Its addresses are those of no machine (RFC 5737), so that the twin takes ports of its own.
    """
    values = load_config(find_config("twin")).model_dump(mode="json", exclude_none=True)
    for number, address in enumerate(values["lab"]["instruments"].values(), start=1):
        host = f"192.0.2.{number}"
        address["resource"] = f"http://{host}" if "http" in address["resource"] else f"TCPIP::{host}::5025::SOCKET"
    quick: dict[str, Any] = {
        "lab": {"diagnostics": {"frog": {"delays": 32, "both_sides": False}}, "reconnect_s": 0.5},
        "twin": {"control_port": 0},
    }
    return Config.model_validate(_merged(_merged(values, quick), changes))


def _merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Changes win; a mapping is merged key by key, and None takes its key away."""
    merged = dict(values)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


def variant(twin: TwinProcess, path: Path, **changes: Any) -> Path:
    """A config of a running twin with other settings, as a new file."""
    values = yaml.safe_load(twin.config.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(_merged(values, changes), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fails with `what` where it never does."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, f"never: {what}"
        time.sleep(0.02)


def is_dark(state: dict[str, Any]) -> bool:
    """Whether the twin's laser is safe in all three ways: no light, shutter closed, no current."""
    return (state["pulse_energy"], state["shutter_open"], state["source_energy"]) == (0.0, False, 0.0)


AT_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


class Run:
    """`lasercontrol WORDS` as a child process, with all that it says kept as it comes.

    keyboard: whether it runs at a terminal of its own, where somebody may `press` keys.
    """

    def __init__(self, folder: Path, *words: str | Path, keyboard: bool = False) -> None:
        self.folder, self.said = folder, list[str]()
        self._new, self._over = threading.Condition(), False
        command = [sys.executable, "-u", "-m", "lasercontrol", *map(str, words)]
        if keyboard:
            command = [sys.executable, "-c", AT_A_TERMINAL, *command]
        environment = {**os.environ, "LASERCONTROL_STATE": str(folder / "state")}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE if keyboard else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that it has said so far."""
        return "".join(self.said)

    def until(self, text: str) -> None:
        """Wait until it has said this; fails where it ends before."""
        with self._new:
            heard = self._new.wait_for(lambda: text in self.text or self._over, PATIENCE_S)
        assert heard, f"never said {text!r}: {self.text}"
        assert text in self.text, self.text

    def press(self, keys: str) -> None:
        """Press keys."""
        assert self.process.stdin
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def ended(self) -> tuple[int, str]:
        """Wait for its end: exit status, and all that it said."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return status, self.text

    def end(self) -> None:
        """Whatever became of it, it is gone after this."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._new:
                self.said.append(line)
                self._new.notify_all()
        with self._new:
            self._over = True
            self._new.notify_all()
