"""Everything once over the wire: twin up, doctor, optimize, twin down; and the score beside the simulator's own.

The twin runs in a process of its own, and the run is the very command that an operator types.
"""

import json
import math
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from lasercontrol.config import Config
from lasercontrol.errors import BenchError, CallerError
from lasercontrol.optimize import Call, Outcome, optimize
from lasercontrol.twin.run import DEFAULT_SEED

__all__ = ["TwinProcess", "rehearse"]

START_S, STOP_S = 60.0, 10.0
NOISE = 0.01
"""Two runs that differ by their noise alone end within this of each other, as fractions of the best reachable."""


class TwinProcess:
    """A twin in a process of its own, with a control port; made by `started`."""

    def __init__(self, process: "subprocess.Popen[str]", config: Path, port: int) -> None:
        self.process, self.config, self.port = process, config, port

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request to the control port (`lasercontrol.twin.control`). BenchError where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=STOP_S) as wire:
                wire.sendall(json.dumps(request).encode() + b"\n")
                with wire.makefile("rb") as answers:
                    answer: dict[str, Any] = json.loads(answers.readline())
        except (OSError, ValueError) as error:
            raise BenchError(f"the twin's control port does not answer: {error}") from error
        return answer

    @classmethod
    @contextmanager
    def started(cls, config: BaseModel, folder: Path, seed: int | None = None) -> Iterator["TwinProcess"]:
        """Up while the block runs, on the ports of the config; `config` of it has the twin's own addresses."""
        asked, told = folder / "asked.yaml", folder / "twin.yaml"
        asked.write_text(
            yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False), encoding="utf-8"
        )
        command = [sys.executable, "-m", "lasercontrol", "twin", str(asked), "--rewritten", str(told)]
        command += [] if seed is None else ["--seed", str(seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 — this very program
        try:
            yield cls(process, told, _port_of(process))
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _port_of(process: "subprocess.Popen[str]") -> int:
    """Read what the twin says of itself until it is up."""
    assert process.stdout is not None  # noqa: S101 — asked for above
    port, end_s = 0, time.monotonic() + START_S
    for line in process.stdout:
        if "control port" in line:
            port = int(line.rpartition(":")[2])
        if "the config with these addresses" in line:
            return port
        if time.monotonic() > end_s:
            break
    raise BenchError("the twin did not start.")


def rehearse(config: Config, *, seed: int | None, out: Path, quiet: bool) -> Outcome:
    """The whole of it; exit status 0 only where the doctor finds all well and both scores agree within the noise."""
    from lasercontrol.config_file import load_config
    from lasercontrol.doctor import examine, sentences_of

    if config.lab is None:
        raise CallerError("the config has no `lab` section: there are no instruments to be stood in for.")
    seed = next(known for known in (seed, config.session.seed, DEFAULT_SEED) if known is not None)
    with (
        tempfile.TemporaryDirectory(prefix="lasercontrol-") as folder,
        TwinProcess.started(config, Path(folder), seed) as twin,
    ):
        before = examine(load_config(twin.config))
        if not quiet:
            print("\n".join(sentences_of(before)), flush=True)  # noqa: T201 — a rehearsal is told as it goes
        wire = optimize(Call(config=str(twin.config), seed=seed, out=out, yes=True, quiet=quiet))
        score = twin.ask(score=True)
    alone = optimize(Call(config=str(_simulated(config, out)), seed=seed, out=out, quiet=True))
    return _compared(before.ok, wire, score, alone)


def _simulated(config: Config, out: Path) -> Path:
    """The same config without its bench, beside the records."""
    path = out / "simulated.yaml"
    told = config.model_dump(mode="json", exclude_none=True)
    del told["lab"]
    path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _compared(well: bool, wire: Outcome, score: dict[str, Any], alone: Outcome) -> Outcome:
    over_wire, in_process = float(score["reachable_fraction"]), float(alone.summary["reachable_fraction"])
    same = math.isfinite(over_wire) and abs(over_wire - in_process) <= NOISE
    done = well and same and wire.exit_code == 0
    verdict = "the same within the noise" if same else f"MORE THAN {NOISE:g} APART"
    truth = (
        f"the twin knows: {over_wire:.4f} of the best reachable over the wire, {in_process:.4f} in process with the "
        f"same seed; {verdict}."
    )
    summary = wire.summary | {"over_wire": score, "in_process": alone.summary, "doctor_ok": well, "same": same}
    return Outcome((*wire.sentences, truth), summary, 0 if done else 3)
