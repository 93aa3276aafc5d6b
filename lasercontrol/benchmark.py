"""How fast this machine is at it: CPU time on one thread, best of rounds, everything in one run.

Ratios to the peer come from rounds in which the two take turns, so that a busy machine slows both.
"""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console

from lasercontrol.benchmark_steps import LANES, Walk, stages_us, walks
from lasercontrol.benchmark_table import BARS, tables_of
from lasercontrol.benchmark_wire import wire_speed
from lasercontrol.course import follow
from lasercontrol.device_lanes import device_lanes
from lasercontrol.errors import CallerError
from lasercontrol.evaluate import readable_console
from lasercontrol.evaluate_agents import maker_of
from lasercontrol.peer import FOLDER, Peer, PeerMissing, install
from lasercontrol.scenario import scenario_for
from lasercontrol.trial import trial_of

__all__ = ["run"]

DEVICE_LANES = {"cuda": 4096, "torch-cpu": 64}
DEVICES = ("cpu", *DEVICE_LANES)


def run(
    *,
    device: str = "cpu",
    peer: bool = False,
    peer_folder: Path = FOLDER,
    rounds: int = 5,
    slice_s: float = 0.2,
    console: Console | None = None,
) -> dict[str, Any]:
    """Measure, show, return what the JSON holds.

    device: "cpu" (NumPy alone), "cuda", or "torch-cpu" for the device's lines on the processor. peer: install
    gym-laser where it is missing. rounds and slice_s: how long to measure. What could not be measured stands in
    `notes`, in words. Raises CallerError for another device.
    """
    if device not in DEVICES:
        raise CallerError(f"there is no device {device}; there are {', '.join(DEVICES)}")
    console = console or readable_console(as_json=False)
    notes: list[str] = []
    steps_s, peer_s, versions = _against_peer(peer, peer_folder, rounds, slice_s, notes, console)
    result: dict[str, Any] = {
        "steps_per_s": {name: 1 / seconds for name, seconds in steps_s.items()},
        "stages_us": {lanes: stages_us(int(lanes), rounds, slice_s) for lanes in ("1", str(LANES))},
        "estimator_s": {observe: _estimator_s(observe) for observe in ("frog", "shg")},
        "help_cpu_s": _help_cpu_s(),
        "peer": None if peer_s is None else versions | {"step_cpu_s": peer_s},
        "ratios": {} if peer_s is None else {name: peer_s / steps_s[name] for name in BARS},
        "device": _on_device(device, slice_s, notes),
        "wire": wire_speed(rounds, slice_s),
        "threads": os.environ.get("OMP_NUM_THREADS", "not limited"),
        "notes": notes,
    }
    for table in tables_of(result):
        console.print(table)
    for note in notes:
        console.print(note)
    return result


def _against_peer(
    wanted: bool, folder: Path, rounds: int, slice_s: float, notes: list[str], console: Console
) -> tuple[dict[str, float], float | None, dict[str, str]]:
    """CPU seconds per lane and step of ours, and per step of the peer's where it is installed; its versions."""
    timed = walks()
    episodes = {
        name: max(1, round(slice_s / (12 * walk.lanes * walk.cpu_s_per_step(1)))) for name, walk in timed.items()
    }
    with _peer(wanted, folder, notes, console) as peer:
        found = [
            _round(timed, episodes) | ({} if peer is None else {"peer": peer.cpu_s_per_step(4)}) for _ in range(rounds)
        ]
        versions = {} if peer is None else peer.versions
    best = {name: min(one[name] for one in found) for name in found[0]}
    return best, best.pop("peer", None), versions


def _round(timed: dict[str, Walk], episodes: dict[str, int]) -> dict[str, float]:
    plain = {name: walk.cpu_s_per_step(episodes[name]) for name, walk in timed.items()}
    batched = {name: walk for name, walk in timed.items() if walk.lanes > 1}
    return plain | {
        f"{name}_with_resets": walk.cpu_s_per_step(episodes[name], resets=True) for name, walk in batched.items()
    }


def _peer(wanted: bool, folder: Path, notes: list[str], console: Console) -> Peer | nullcontext[None]:
    """The peer, installed first where that is wanted; nothing, and a note, where it is not to be had."""
    try:
        if wanted:
            console.print(f"peer: {folder} (made if it is not there, which takes minutes)")
            install(folder)
        if wanted or folder.exists():
            return Peer(folder)
    except PeerMissing as error:
        notes.append(str(error))
        return nullcontext()
    notes.append("no peer installed, so no ratios: `lasercontrol bench --peer` installs gym-laser 0.1.0")
    return nullcontext()


def _estimator_s(observe: str) -> dict[str, float]:
    """CPU seconds of the estimator's decisions on three lasers of `wide`, and of what it makes once beforehand."""
    trial = trial_of(scenario_for("wide"), observe=observe, lasers=3, seed=7)
    course = follow(trial, "estimator", maker_of("estimator", trial), 8, lambda _: None)
    decisions = course.decision_s[1:]
    return {
        "decision_mean": float(decisions.mean()),
        "decision_greatest": float(decisions.max()),
        "setup": course.made_s + float(course.decision_s[0]),
    }


def _help_cpu_s() -> float | None:
    """CPU seconds of `lasercontrol --help`, the best of three; None where the system does not count its children's."""
    used = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "lasercontrol", "--help"], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        used.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(used) or None


def _on_device(device: str, slice_s: float, notes: list[str]) -> dict[str, Any] | None:
    if device == "cpu":
        return None
    try:
        import torch
    except ImportError:
        notes.append("torch is not installed (extra: train), so nothing was measured on it")
        return None
    if device == "cuda" and not torch.cuda.is_available():
        notes.append("device cuda: none was at hand, so nothing was measured on it")
        return None
    return device_lanes("cpu" if device == "torch-cpu" else device, lanes=DEVICE_LANES[device], slice_s=slice_s)
