"""The method `yields` of `lasercontrol train`: a policy that sees nothing but the second-harmonic yield.

What is learned is the yield itself, over the way to the optimum and B. The agent (`agents.yield_policy`) turns it into
decisions; so any noise, any start and any scale may be met without having been trained on.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from agents.learning.frame_fit import Progress, Schedule
from agents.learning.onnx_export import exported, rounded
from agents.learning.yield_net import N_POINT, YieldNet, Yields, fit_yields, misfit_by_distance
from agents.policy_file import Manifest, TrainedKnob, save
from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.forward import LaserModel
from lasercontrol.laser_of import known_laser
from lasercontrol.policy_fit import spectrum_of
from lasercontrol.scenario import scenario_for
from lasercontrol.simulated import stretcher_of, with_knobs
from lasercontrol.training.frames_data import Known, root_of
from lasercontrol.training.run_folder import RunFolder
from lasercontrol.training.yields_data import best_table, draw_yields, yield_model
from lasercontrol.training_settings import TrainingSettings, YieldsSettings
from sim.detector import YieldMeter

__all__ = ["train"]

BATCH = 512
RATE = 4e-3
B_BEYOND = (0.4, 1.5)
"""Yields are learned from so many times the lowest B to so many times the highest: beliefs look beyond the range."""
N_TABLE = 25
N_PARITY = 513
MODEL_ERROR = 0.01
"""Of the log yield far from the optimum, on top of the noise. The laser's own spectrum makes 0.016, but the same for
all readings of a region, which moves the optimum less than noise of that size; 0.005 to 0.015 do equally well."""


def train(config: Config, folder: RunFolder, say: Callable[[str], None]) -> dict[str, Any]:
    """Train, and leave policy.onnx and policy.json in the folder; a summary.

    Raises what `known_laser` raises, and CallerError where the knobs are not those of this method.
    """
    training = config.training or TrainingSettings(method="yields")
    settings = training.yields or YieldsSettings()
    laser = known_laser(config.laser)
    scenario = with_knobs(scenario_for(config.scenario.name, laser.amplitude), config, laser)
    known = Known(scenario, laser.amplitude, stretcher_of(config))
    low, high = settings.b_range_rad
    model = yield_model(known, (B_BEYOND[0] * low, B_BEYOND[1] * high))
    begun, cpu = time.monotonic(), time.process_time()
    root = root_of(known)
    net, figures = _fitted(model, root, settings, training.seed, say)
    points = draw_yields(model, root, N_PARITY, np.random.default_rng([training.seed, 1])).points
    content, parity = exported(rounded(net), {"points": torch.from_numpy(points)}, ("log_yield", "slope"))
    figures = {
        "method": "yields",
        "seed": training.seed,
        "scenario": scenario.name,
        "config_hash": folder.config_hash,
        "parity": parity,
        "wall_s": round(time.monotonic() - begun, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        **figures,
    }
    manifest = _manifest(settings, known, _numbers(settings, known, model, root), figures)
    policy = save(folder.path / "policy", manifest, content)
    say(f"policy-{settings.name}: {len(content) / 1e3:.0f} kB in {folder.path}, {parity:.1e} from torch")
    return {"policy": str(policy.path), **figures}


def _fitted(
    model: LaserModel, root: Floats, settings: YieldsSettings, seed: int, say: Callable[[str], None]
) -> tuple[YieldNet, Mapping[str, Any]]:
    """A network on freshly drawn yields, a twentieth held out; figures of the training."""
    drawn = draw_yields(model, root, settings.points, np.random.default_rng([seed, 0]))
    data = Yields(*(torch.from_numpy(part) for part in (drawn.points, drawn.log_yield, drawn.slope)))
    say(f"{settings.points} yields")
    held = max(1, settings.points // 20)
    torch.manual_seed(seed)
    net = YieldNet(settings.widths)
    schedule = Schedule(steps=settings.steps, batch=BATCH, rate=RATE, every=max(1, settings.steps // 20))

    def told(progress: Progress) -> None:
        say(f"step {progress.step} of {settings.steps}: loss {progress.loss:.2e}")

    fit_yields(net, data.rows(slice(held, None)), schedule, torch.Generator().manual_seed(seed), told)
    rounded(net)
    misfit = misfit_by_distance(net, data.rows(slice(held)))
    say(f"held out: median error of the log yield, by the way: {misfit}")
    return net, {"yields": settings.points, "steps": settings.steps, "log_yield_error": misfit}


def _numbers(settings: YieldsSettings, known: Known, model: LaserModel, root: Floats) -> dict[str, tuple[float, ...]]:
    """What the agent needs besides the network; native units."""
    span = np.array([knob.range for knob in known.scenario.knobs])
    table = np.linspace(0.0, B_BEYOND[1] * settings.b_range_rad[1], N_TABLE)
    meter = YieldMeter()
    return {
        "root_native": tuple((np.diag(1 / span) @ root).ravel().tolist()),
        "reach_native": tuple((known.scenario.offset_reach * span).tolist()),
        "b_table_rad": tuple(table.tolist()),
        "shift_native": tuple(best_table(model, table).ravel().tolist()),
        "noise": (meter.relative_noise, meter.additive_noise, MODEL_ERROR),
    }


def _manifest(
    settings: YieldsSettings, known: Known, numbers: Mapping[str, tuple[float, ...]], figures: Mapping[str, Any]
) -> Manifest:
    shown, shown_thz = spectrum_of(known.amplitude)
    return Manifest(
        name=settings.name,
        kind="yields",
        observe="shg",
        knobs=tuple(
            TrainedKnob(knob.name, knob.unit, knob.low, knob.high, knob.before_amplifier)
            for knob in known.scenario.knobs
        ),
        spectrum=shown,
        spectrum_thz=shown_thz,
        stretcher=known.stretcher,
        b_range_rad=settings.b_range_rad,
        numbers=numbers,
        inputs={"points": (None, N_POINT)},
        outputs={"log_yield": (None,), "slope": (None, N_POINT)},
        training=figures,
    )
