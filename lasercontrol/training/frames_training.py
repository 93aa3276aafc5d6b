"""Training of a frame policy from drawn frames, supervised: no episode, no reward.

Frames of randomised lasers, fixed projections of them, two experts by maximum likelihood, a router, and the signal to
be expected; then one ONNX file that passed the parity gate, and its manifest's numbers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.learning.frame_fit import Samples, Schedule, fit_router, set_optics
from agents.learning.frame_net import Belief, FrameNet, Shape
from agents.learning.onnx_export import exported, rounded
from agents.learning.signal_net import SignalNet, fit_signal
from lasercontrol.bench import Floats
from lasercontrol.training.frames_data import Known, Recipe, root_of
from lasercontrol.training.frames_stages import JOB_LASERS, Job, drawn_samples, fit_both, pool

__all__ = ["Effort", "Made", "make"]

ROUTER = Schedule(steps=800, rate=2e-3)
N_PARITY = 257  # frames of the parity gate
N_PRINCIPAL = 16_000  # frames whose principal components are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is spent: lasers drawn, steps of each network, processes side by side."""

    lasers: int = 49_152
    far_steps: int = 64_000
    near_steps: int = 64_000
    signal_steps: int = 12_000
    batch: int = 256
    processes: int = 2


@dataclass(frozen=True, slots=True)
class Made:
    """The ONNX file, its parity, the natural root (3, 3) in fractions of the range, and figures of the training."""

    onnx: bytes
    parity: float
    root: Floats
    figures: dict[str, Any]


class _Policy(nn.Module):
    """What is exported: frames, and knobs where they matter, to a belief; points to the signal expected there."""

    def __init__(self, net: FrameNet, signal: SignalNet) -> None:
        super().__init__()
        self.net, self.signal = net, signal

    def forward(self, points: Tensor, frames: Tensor, knobs: Tensor | None = None) -> tuple[Tensor, ...]:
        """Log weights, means, log sharpness, skew, log signal."""
        belief: Belief = self.net(frames, knobs)
        return (*belief, self.signal(points))


def make(
    known: Known,
    recipe: Recipe,
    shape: Shape,
    effort: Effort,
    *,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
) -> Made:
    """Train from nothing; temporary files and logs of the experts go into the folder.

    Raises ParityError where the exported file does not compute what torch computes.
    """
    root = root_of(known)
    jobs = max(1, round(effort.lasers / JOB_LASERS))
    job = Job(known, recipe, root, seed, shape, lasers=effort.lasers // jobs)
    torch.manual_seed(seed)
    net, signal = FrameNet(shape), SignalNet()
    clock = _Clock(say)
    first = job.frames(0)
    set_optics(net.optics, torch.from_numpy(first.frame[:N_PRINCIPAL]))
    clock.said("projections")
    with pool(effort.processes) as workers:
        samples, log_signal = drawn_samples(workers, job, net, jobs, clock.every(jobs, "frames"))
        clock.said(f"{len(samples.truth)} frames of {jobs * job.lasers} lasers")
        schedules = {
            "far": Schedule(steps=effort.far_steps, batch=effort.batch),
            "near": Schedule(steps=effort.near_steps, batch=effort.batch),
        }
        shares = fit_both(workers, net, samples, schedules, seed=seed, folder=folder)
    clock.said(f"experts; held-out frames read to 5 % of the peak, by the way: {shares}")
    generator = torch.Generator().manual_seed(seed)
    fit_router(net, samples, ROUTER, generator)
    error = fit_signal(
        signal, samples.truth, log_signal, Schedule(steps=effort.signal_steps, batch=effort.batch), generator
    )
    clock.said(f"router and signal; median error of the log signal {error:.3f}")
    content, parity = _exported(net, signal, first.frame[:N_PARITY], first.knobs[:N_PARITY], samples)
    clock.said(f"ONNX file, {len(content) / 1e6:.1f} MB, {parity:.1e} from torch")
    figures = {"frames": len(samples.truth), "seconds": clock.seconds, "shares_read": shares, "log_signal_error": error}
    return Made(content, parity, root, figures)


def _exported(net: FrameNet, signal: SignalNet, frames: Floats, knobs: Floats, samples: Samples) -> tuple[bytes, float]:
    policy = rounded(_Policy(net, signal))
    inputs = {
        "points": samples.truth[: len(frames)],
        "frames": torch.from_numpy(np.asarray(frames, dtype=np.float32)),
    }
    if net.shape.n_knob:
        inputs["knobs"] = torch.from_numpy(np.asarray(knobs, dtype=np.float32))
    return exported(policy, inputs, ("log_weight", "mean", "log_sharpness", "skew", "log_signal"))


class _Clock:
    """Says what is done and how long it took."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.last = say, time.monotonic()
        self.seconds: dict[str, float] = {}

    def said(self, what: str) -> None:
        """A stage is over."""
        now = time.monotonic()
        self.seconds[what.split(";", maxsplit=1)[0]] = round(now - self.last, 1)
        self.say(f"{what} ({now - self.last:.0f} s)")
        self.last = now

    def every(self, total: int, what: str) -> Callable[[int], None]:
        """Says every tenth of a stage."""

        def told(done: int) -> None:
            if done % max(1, total // 10) == 0:
                self.say(f"{what}: {done} of {total} jobs ({time.monotonic() - self.last:.0f} s)")

        return told
