"""gym-laser 0.1.0, the public environment for the same laser, in a virtual environment of its own."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lasercontrol import peer_steps
from lasercontrol.errors import CallerError

__all__ = ["FOLDER", "Peer", "PeerMissing", "install", "python_of"]

FOLDER = Path(".peer")
PACKAGE = "gym-laser==0.1.0"
TORCH = "torch==2.13.0"
# What its modules import; its own metadata pins releases of 2025 that exclude newer Pythons, and wants moviepy, which
# nothing imports.
NEEDS = ("gymnasium", "line_profiler", "matplotlib", "numpy", "pandas", "pillow", "pygame", "scipy")


class PeerMissing(CallerError):  # noqa: N818 — named by what happened
    """The peer is not installed, or does not run; the message says how to install it, or what it said."""


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def install(folder: Path = FOLDER, constraints: Path = Path("constraints.txt")) -> None:
    """Make the environment unless it is there; PeerMissing where pip fails, with its last line."""
    done = folder / "installed"
    if done.exists():
        return
    venv.create(folder, with_pip=True)
    pinned = ["-c", str(constraints)] if constraints.exists() else []
    for arguments in ([TORCH], [*pinned, *NEEDS], ["--no-deps", PACKAGE]):  # torch first: no other build is pulled in
        command = [str(python_of(folder)), "-m", "pip", "install", "-qq", "--no-input", *arguments]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — our own words
        if outcome.returncode:
            last = outcome.stderr.strip().splitlines()[-1:] or ["no word"]
            raise PeerMissing(f"{PACKAGE} could not be installed into {folder}: {last[0]}")
    done.write_text(f"{PACKAGE}\n", encoding="utf-8")


class Peer:
    """The peer's environment in a process of its own, one thread, waiting to be timed. Use as a context."""

    def __init__(self, folder: Path = FOLDER) -> None:
        python = python_of(folder)
        if not python.exists():
            raise PeerMissing(f"no peer at {folder}: `lasercontrol bench --peer` installs {PACKAGE} there")
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment = os.environ | one_thread | {"MPLBACKEND": "Agg", "SDL_VIDEODRIVER": "dummy"}
        self._process = subprocess.Popen(  # noqa: S603 — our own script
            [str(python), str(Path(peer_steps.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.versions: dict[str, str] = self._reply()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> int:
        """End its process; return the status that it ended with."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return self._process.wait()

    def cpu_s_per_step(self, steps: int) -> float:
        """Time so many of its steps."""
        assert self._process.stdin is not None  # noqa: S101 — opened above
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        return float(self._reply())

    def _reply(self) -> Any:
        """Its next line of JSON; pygame greets on standard output as well."""
        assert self._process.stdout is not None  # noqa: S101 — opened above
        for line in self._process.stdout:
            try:
                return json.loads(line)
            except json.JSONDecodeError:
                continue
        raise PeerMissing(f"{PACKAGE} does not run: its process ended with status {self.close()}")
