"""The stages of training a frame policy, each in processes of its own: frames to features, features to experts."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from agents.learning.frame_fit import NEARER, Progress, Samples, Schedule, fit_expert, shares_read
from agents.learning.frame_net import FrameNet, Shape
from lasercontrol.bench import Floats
from lasercontrol.training.frames_data import Frames, Known, Recipe, draw_frames

__all__ = ["Job", "drawn_samples", "fit_both", "pool"]

JOB_LASERS = 512
"""Lasers of one job: what is drawn depends on the seed and the number of jobs, not on the number of processes."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a process that draws frames is told."""

    known: Known
    recipe: Recipe
    root: Floats
    seed: int
    shape: Shape
    lasers: int = JOB_LASERS

    def frames(self, index: int) -> Frames:
        """Frames of job `index`."""
        rng = np.random.default_rng([self.seed, index])
        return draw_frames(self.known, self.recipe, self.root, self.lasers, rng)


@contextmanager
def pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes of one thread each."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_one_thread) as workers:
        yield workers


def drawn_samples(
    workers: ProcessPoolExecutor, job: Job, net: FrameNet, jobs: int, told: Callable[[int], None]
) -> tuple[Samples, torch.Tensor]:
    """Features in half precision, truth, and log signals (n,), of jobs 1 to `jobs`."""
    optics = {name: value.clone() for name, value in net.optics.state_dict().items()}
    parts: list[tuple[Any, Any, Any]] = []
    for done, part in enumerate(workers.map(_features, [(job, optics, index) for index in range(1, jobs + 1)]), 1):
        parts.append(part)
        told(done)
    features, truth, log_signal = (torch.from_numpy(np.concatenate(column)) for column in zip(*parts, strict=True))
    return Samples(features, truth), log_signal


def fit_both(
    workers: ProcessPoolExecutor,
    net: FrameNet,
    samples: Samples,
    schedules: dict[str, Schedule],
    *,
    seed: int,
    folder: Path,
) -> dict[str, list[float | None]]:
    """Fit the two experts side by side, in place; shares of held-out frames read, by the length of the way."""
    torch.save({"features": samples.features, "truth": samples.truth}, folder / "samples.pt")
    orders = [(name, net.shape, schedules[name], seed, folder) for name in ("far", "near")]
    shares = {}
    try:
        for name, (weights, read) in zip(("far", "near"), workers.map(_expert, orders), strict=True):
            getattr(net, name).load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
            shares[name] = read
    finally:
        (folder / "samples.pt").unlink(missing_ok=True)
    return shares


def _one_thread() -> None:
    torch.set_num_threads(1)


def _features(order: tuple[Job, dict[str, torch.Tensor], int]) -> tuple[Any, Any, Any]:
    job, optics, index = order
    net = FrameNet(job.shape)
    net.optics.load_state_dict(optics)
    drawn = job.frames(index)
    with torch.no_grad():
        parts = [net.optics(part) for part in torch.split(torch.from_numpy(drawn.frame), 2048)]
    features = torch.cat(parts)
    if job.shape.n_knob:
        features = torch.cat([features, torch.from_numpy(drawn.knobs)], dim=1)
    return features.half().numpy(), drawn.truth, drawn.log_signal


def _expert(
    order: tuple[Literal["far", "near"], Shape, Schedule, int, Path],
) -> tuple[dict[str, Any], list[float | None]]:
    name, shape, schedule, seed, folder = order
    stored = torch.load(folder / "samples.pt", weights_only=True, mmap=True)
    samples = Samples(stored["features"], stored["truth"])
    held = len(samples.truth) // 50
    fitting = Samples(samples.features[:-held], samples.truth[:-held]).between(*NEARER[name])
    torch.manual_seed(seed + len(name))  # "far" and "near" begin differently
    generator = torch.Generator().manual_seed(seed)
    expert = getattr(FrameNet(shape), name)
    with (folder / f"{name}.log").open("a", encoding="utf-8", buffering=1) as log:

        def told(progress: Progress) -> None:
            log.write(f"step {progress.step} loss {progress.loss:.4f}\n")

        fit_expert(expert, fitting, schedule, generator, told)
        read = shares_read(expert, Samples(samples.features[-held:], samples.truth[-held:]).between(*NEARER[name]))
        log.write(f"held out, shares read: {read}\n")
    return {key: value.numpy() for key, value in expert.state_dict().items()}, read
