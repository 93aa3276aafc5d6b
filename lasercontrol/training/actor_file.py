"""A trained actor as a policy on disk: its network with the scales in it, and a manifest that says what it is shown."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from torch import Tensor, nn

from agents.learning.onnx_export import exported, rounded
from agents.policy_file import Manifest, TraceAxes, TrainedKnob
from lasercontrol.actor import STEP, observation_json
from lasercontrol.errors import CallerError
from lasercontrol.observation import space_of
from lasercontrol.policy_fit import spectrum_of
from lasercontrol.scenario import HIDDEN
from lasercontrol.training.algorithms import random_shots
from lasercontrol.training.lanes import FROG, HIDDEN_KEY
from lasercontrol.training.reinforcement import Learning
from lasercontrol.training.run_folder import config_hash
from lasercontrol.training.task import Task
from lasercontrol.training.traces import TRACES
from sim.frog import FrogAxes

__all__ = ["Deterministic", "actor_file"]

N_PARITY = 256  # shots on which torch and onnxruntime are compared
PARITY_SEED = 4


class Deterministic(nn.Module):
    """Observations by key, as the environment gives them, to the action without noise, (n, k) in -1 to 1."""

    def __init__(self, learner: BaseAlgorithm, keys: tuple[str, ...]) -> None:
        super().__init__()
        self.keys = keys
        policy: Any = copy.deepcopy(learner.policy).eval()
        self.reduction = getattr(policy, "reduction", None)
        self.ppo = not hasattr(policy, "actor")
        if self.ppo:
            self.features, self.body, self.head = (
                policy.pi_features_extractor,
                policy.mlp_extractor.policy_net,
                policy.action_net,
            )
        else:
            actor = policy.actor
            self.features, self.body, self.head = actor.features_extractor, actor.latent_pi, actor.mu

    def forward(self, *values: Tensor) -> Tensor:
        """Arrays in the order of `keys`."""
        shown = dict(zip(self.keys, values, strict=True))
        if FROG in shown:
            traces = shown.pop(FROG) / 255
            shown |= {FROG: traces} if self.reduction is None else {TRACES: self.reduction(traces)}
        shown[HIDDEN_KEY] = (shown["knobs"][:, :1] * 0).repeat(1, len(HIDDEN))  # blank to every actor
        mean: Tensor = self.head(self.body(self.features(shown)))
        return mean.clamp(-1, 1) if self.ppo else torch.tanh(mean)


def actor_file(
    learning: Learning, name: str, *, scores: tuple[Mapping[str, Any], ...], facts: Mapping[str, Any]
) -> tuple[bytes, Manifest, float]:
    """Network, manifest, and the greatest difference to torch. ParityError where that is too great.

    facts: what the manifest's `training` holds besides. CallerError where it reads more than one channel.
    """
    task = learning.task
    if len(task.spec.channels) != 1:
        raise CallerError(f"a policy on disk reads one channel; this one reads {', '.join(task.spec.channels)}.")
    shots = random_shots(task.batch(16), N_PARITY, PARITY_SEED)
    keys = tuple(space_of(task.spec, len(task.scenario.knobs)).spaces)
    inputs = {key: torch.from_numpy(shots[key]).float() for key in keys}
    network, difference = exported(rounded(Deterministic(learning.learner, keys)), inputs, (STEP,))
    return network, _manifest(learning, name, inputs, scores, facts), difference


def _manifest(
    learning: Learning,
    name: str,
    inputs: Mapping[str, Tensor],
    scores: tuple[Mapping[str, Any], ...],
    facts: Mapping[str, Any],
) -> Manifest:
    task, knobs = learning.task, learning.task.scenario.knobs
    spectrum, spectrum_thz = spectrum_of(task.known.amplitude)
    training: dict[str, Any] = {"observation": observation_json(task.spec), "scenario": task.scenario.name}
    training |= {"config_hash": config_hash(learning.config), **facts}
    manifest = Manifest(
        name=name,
        kind="actor",
        observe=task.spec.channels[0],
        knobs=tuple(TrainedKnob(k.name, k.unit, k.low, k.high, k.before_amplifier) for k in knobs),
        spectrum=spectrum,
        spectrum_thz=spectrum_thz,
        stretcher=task.lasers.stretcher,
        b_range_rad=task.scenario.b_range_rad,
        inputs={key: (None, *values.shape[1:]) for key, values in inputs.items()},
        outputs={STEP: (None, len(knobs))},
        numbers={"max_step": tuple(knob.max_step for knob in knobs)},
        training=training,
        scores=scores,
    )
    return replace(manifest, axes=_axes(task)) if "frog" in task.spec.channels else manifest


def _axes(task: Task) -> TraceAxes:
    axes: FrogAxes = task.lasers.instruments.axes
    return TraceAxes(axes.n_delay, axes.n_frequency, axes.bin_thz)
