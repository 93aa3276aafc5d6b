"""The method `frames` of `lasercontrol train`: a frame policy for the config's laser and scenario."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from agents.learning.frame_net import Shape
from agents.policy_file import Manifest, TraceAxes, TrainedKnob, save
from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.laser_of import known_laser
from lasercontrol.policy_fit import spectrum_of
from lasercontrol.scenario import Scenario, scenario_for
from lasercontrol.simulated import stretcher_of, with_knobs
from lasercontrol.training.frames_data import Known, Recipe
from lasercontrol.training.frames_training import Effort, Made, make
from lasercontrol.training.run_folder import RunFolder
from lasercontrol.training_settings import FramesSettings, TrainingSettings
from sim.frog import FrogAxes

__all__ = ["train"]

N_OUT = 4  # numbers of a point: three natural coordinates and B
N_SKEW = 6


def train(config: Config, folder: RunFolder, say: Callable[[str], None]) -> dict[str, Any]:
    """Train, and leave policy.onnx and policy.json in the folder; a summary. Raises what `known_laser` raises."""
    training = config.training or TrainingSettings(method="frames")
    settings = training.frames or FramesSettings()
    known = known_laser(config.laser)
    scenario = with_knobs(scenario_for(config.scenario.name, known.amplitude), config, known)
    begun, cpu = time.monotonic(), time.process_time()
    made = make(
        Known(scenario, known.amplitude, stretcher_of(config)),
        recipe_of(settings),
        shape_of(settings),
        effort_of(settings),
        seed=training.seed,
        folder=folder.path,
        say=say,
    )
    figures = {
        "method": "frames",
        "seed": training.seed,
        "scenario": scenario.name,
        "config_hash": folder.config_hash,
        "parity": made.parity,
        "wall_s": round(time.monotonic() - begun, 1),
        "cpu_s_of_parent": round(time.process_time() - cpu, 1),
        **made.figures,
    }
    manifest = _manifest(settings, scenario, known.amplitude, stretcher_of(config), made, figures)
    policy = save(folder.path / "policy", manifest, made.onnx)
    say(f"policy-{settings.name}: {len(made.onnx) / 1e6:.1f} MB in {folder.path}")
    return {"policy": str(policy.path), **figures}


def recipe_of(settings: FramesSettings) -> Recipe:
    """What is drawn."""
    return Recipe(
        b_range_rad=settings.b_range_rad,
        as_usual=settings.as_usual,
        spectrum_errors=settings.spectrum_errors,
        noises=settings.noises,
        rippled=settings.rippled,
        ripples_rad=settings.ripples_rad,
        shots=settings.shots,
        batch=min(Recipe().batch, settings.lasers),
    )


def shape_of(settings: FramesSettings) -> Shape:
    """Sizes of the networks, for traces of the default axes."""
    axes = FrogAxes()
    return Shape(
        n_delay=axes.n_delay // 2,
        n_frequency=axes.n_frequency,
        n_feature=settings.projections,
        n_knob=3 if settings.sees_knobs else 0,
        far_width=settings.far_width,
        near_width=settings.near_width,
    )


def effort_of(settings: FramesSettings) -> Effort:
    """How much is spent."""
    return Effort(
        lasers=settings.lasers,
        far_steps=settings.far_steps,
        near_steps=settings.near_steps,
        signal_steps=settings.signal_steps,
        processes=settings.processes,
    )


def _manifest(
    settings: FramesSettings,
    scenario: Scenario,
    amplitude: Floats,
    stretcher: tuple[float, float, float],
    made: Made,
    figures: dict[str, Any],
) -> Manifest:
    axes, shape = FrogAxes(), shape_of(settings)
    shown, shown_thz = spectrum_of(amplitude)
    span = np.array([knob.range for knob in scenario.knobs])
    inputs: dict[str, tuple[int | None, ...]] = {
        "points": (None, N_OUT),
        "frames": (None, shape.n_delay * shape.n_frequency),
    }
    if settings.sees_knobs:
        inputs["knobs"] = (None, len(scenario.knobs))
    k = 2 * shape.n_component
    return Manifest(
        name=settings.name,
        kind="frames",
        observe="frog",
        axes=TraceAxes(axes.n_delay, axes.n_frequency, axes.bin_thz),
        knobs=tuple(
            TrainedKnob(knob.name, knob.unit, knob.low, knob.high, knob.before_amplifier) for knob in scenario.knobs
        ),
        spectrum=shown,
        spectrum_thz=shown_thz,
        stretcher=stretcher,
        b_range_rad=settings.b_range_rad,
        numbers={"root_native": tuple((np.diag(1 / span) @ made.root).ravel().tolist())},
        inputs=inputs,
        outputs={
            "log_weight": (None, k),
            "mean": (None, k, N_OUT),
            "log_sharpness": (None, k, N_OUT),
            "skew": (None, k, N_SKEW),
            "log_signal": (None,),
        },
        training=figures,
    )
