"""Learning by reward: stretches of training, each followed by a scoring on held-out lasers and a checkpoint.

Every stretch begins with new lasers from a seed of its own, made of the run's seed and the steps done, so a run that
was interrupted at a checkpoint goes the way it would have gone.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.observation import Observation
from lasercontrol.scenario import HIDDEN
from lasercontrol.signals import Attention, Wish
from lasercontrol.training.algorithms import learner_of, measure_scales
from lasercontrol.training.checkpoint import Progress, latest, restored, saved, weights_of
from lasercontrol.training.curriculum import Widths, entropy_of, narrowed, start_widths, widened
from lasercontrol.training.held_out import HeldOut, Scores
from lasercontrol.training.lanes import Lanes
from lasercontrol.training.run_folder import RunFolder, config_hash, put_bytes, read_json, training_of
from lasercontrol.training.task import Task, reachable_at, task_of
from lasercontrol.training.traces import reduction_of
from lasercontrol.training_settings import ReinforcementSettings, TrainingSettings

__all__ = ["Ended", "Learning", "settings_of", "train"]

SCALES, LANES = range(2)  # streams of one seed
SCALE_LANES = 32


@dataclass(frozen=True, slots=True)
class Ended:
    """How a training ended: why, after how many steps, with which scores, last and best."""

    why: str
    steps: int
    scores: Scores | None
    best: dict[str, Any] | None
    interrupted: bool = False


@dataclass(slots=True)
class Learning:
    """A learner with its lasers: what `train` drives, and `export` takes the actor from."""

    config: Config
    task: Task
    lanes: Lanes
    learner: BaseAlgorithm
    widths: Widths | None
    kept: dict[str, Any] = field(default_factory=lambda: {"learn_s": 0.0, "env_s": 0.0, "episodes": 0})

    @classmethod
    def fresh(cls, config: Config) -> "Learning":
        """Fresh weights, nothing seen. ConfigError where the settings do not make a learner."""
        training, settings = settings_of(config)
        task = task_of(config, settings)
        curriculum = settings.curriculum
        shape = (task.spec.n_frames, task.spec.n_delay, task.spec.n_frequency)
        network = settings.network
        lanes = Lanes(
            task.batch(settings.lanes),
            reduction=reduction_of(network.images, shape, network.projections) if "frog" in task.spec.shown else None,
            hidden=network.critic_sees != "same",
            flat=training.method == "crossq",  # the library's takes no dictionary
            reward=settings.reward,
            reachable=None if curriculum is None else partial(_interpolated, *_table(task)),
        )
        learner = learner_of(training, settings, lanes)
        return cls(config, task, lanes, learner, None if curriculum is None else start_widths(curriculum))

    @property
    def settings(self) -> ReinforcementSettings:
        """Of the reinforcement."""
        return settings_of(self.config)[1]

    def begin(self) -> None:
        """Take the networks' scales from random shots of the whole ranges."""
        batch = self.task.batch(SCALE_LANES)
        measure_scales(self.learner, self.lanes, batch, _seed_of(self.config, SCALES, 0))

    def stretch(self, steps: int, callback: BaseCallback) -> None:
        """Learn for so many steps, on new lasers."""
        if self.widths is not None:
            self.lanes.draw_from(narrowed(self.task.scenario, self.widths))
        seed = _seed_of(self.config, LANES, self.learner.num_timesteps)
        self.lanes.seed(seed)
        self.learner.action_space.seed(seed)
        self.learner._last_obs = None  # noqa: SLF001 — the one way to make a learner begin its episodes anew
        self.lanes.forget()
        start_s = time.process_time()
        self.learner.learn(steps, callback=callback, reset_num_timesteps=False, log_interval=10)
        self.kept["learn_s"] += time.process_time() - start_s
        self.kept["env_s"] += self.lanes.env_s

    def act(self, observation: Observation) -> Floats:
        """The actor without noise, observations (n, ...) to actions (n, k); what only the critic sees is zeros."""
        shown = self.lanes.formed(observation, np.zeros((len(observation["knobs"]), len(HIDDEN))))
        actions, _ = self.learner.predict(shown, deterministic=True)
        return np.asarray(actions)

    def judge(self) -> None:
        """Widen or narrow the ranges once a window of episodes is over."""
        curriculum, shares = self.settings.curriculum, self.lanes.shares
        if curriculum is None or self.widths is None or len(shares) < curriculum.window:
            return
        success = float(np.mean(np.array(shares) >= curriculum.success_share))
        shares.clear()
        self.kept["success_rate"] = success
        self.widths = widened(self.widths, success, curriculum)
        self.lanes.draw_from(narrowed(self.task.scenario, self.widths))


class _Watch(BaseCallback):
    """Looks up after every step: is somebody asking for an end, is the curriculum due?"""

    def __init__(self, learning: Learning, attention: Attention, passed: Callable[[int], object]) -> None:
        super().__init__()
        self.learning, self.attention, self.passed = learning, attention, passed

    @property
    def asked_to_end(self) -> bool:
        """Whether there was a first Ctrl-C, or the system's terminate."""
        return self.attention.wish is not Wish.GO_ON

    def _on_step(self) -> bool:
        if self.attention.wish is Wish.STAY:  # a second Ctrl-C: no checkpoint either
            raise KeyboardInterrupt
        self.learning.judge()
        self.passed(self.num_timesteps)
        return not self.asked_to_end


def train(
    config: Config,
    folder: RunFolder,
    *,
    resume: bool,
    attention: Attention,
    passed: Callable[[int], object],
    say: Callable[[str], object],
) -> Ended:
    """Train to the config's steps or its goal; `passed` hears the steps done, `say` a line an evaluation.

    A first wish of `attention` ends it at a checkpoint. Raises ConfigError where the settings make no learner,
    InputFileError where a checkpoint to go on from is none of this config.
    """
    learning, key = Learning.fresh(config), config_hash(config)
    learner, settings = learning.learner, learning.settings
    if resume:
        _take_up(learning, restored(latest(folder), learner, key))
    else:
        learning.begin()
    learner.set_logger(configure(str(folder.path / "tensorboard"), ["tensorboard"]))
    held_out, watch = HeldOut(learning.task, settings.held_out), _Watch(learning, attention, passed)
    scores: Scores | None = None
    while learner.num_timesteps < settings.steps:
        learning.stretch(min(settings.held_out.every_steps, settings.steps - learner.num_timesteps), watch)
        if watch.asked_to_end:
            saved(folder, learner, _progress(learning), key)
            return replace(_ended("somebody asked for an end", learning, folder, scores), interrupted=True)
        scores = held_out.scores(learning.act)
        _record(learning, folder, scores, say)
        _keep_best(learning, folder, scores, key)
        saved(folder, learner, _progress(learning), key)
        if scores.meets(settings.goal):
            return _ended("the goal is met", learning, folder, scores)
    return _ended("the steps are done", learning, folder, scores)


def settings_of(config: Config) -> tuple[TrainingSettings, ReinforcementSettings]:
    """Training of a config, and its reinforcement. CallerError where there is no training."""
    training = training_of(config)
    return training, training.reinforcement or ReinforcementSettings()


def _record(learning: Learning, folder: RunFolder, scores: Scores, say: Callable[[str], object]) -> None:
    learner, kept = learning.learner, learning.kept
    episodes = learning.lanes.returns
    row: dict[str, Any] = {"steps": learner.num_timesteps, **scores.as_json()}
    row["mean_return"] = round(float(np.mean(episodes)), 5) if episodes else None
    row["cpu_s"], row["env_cpu_s"] = round(kept["learn_s"], 2), round(kept["env_s"], 2)
    if learning.widths is not None:
        row |= {"widths": asdict(learning.widths), "entropy_nats": round(entropy_of(learning.widths), 5)}
        row["success_rate"] = kept.get("success_rate")
    folder.add_metrics(row)
    for name, value in row.items():
        if isinstance(value, int | float) and name != "steps":
            learner.logger.record(f"held_out/{name}", value)
    learner.logger.dump(learner.num_timesteps)
    text = (
        f"{learner.num_timesteps} steps: {scores.share:.3f} of the best reachable at the last shot, median "
        f"{scores.median_shots:g} shots to 95 % (90th percentile {scores.p90_shots:g}, reached by {scores.reached:.0%})"
        f"; {kept['learn_s']:.0f} CPU s, {kept['env_s'] / max(kept['learn_s'], 1e-9):.0%} of it the environment"
    )
    if learning.widths is not None:
        text += f"; ranges {entropy_of(learning.widths):.2f} nats from whole"
    folder.say(text)
    say(text)


def _keep_best(learning: Learning, folder: RunFolder, scores: Scores, key: str) -> None:
    """The weights of the best evaluation, for `export`."""
    place = folder.path / "best.json"
    old = read_json(place) if place.is_file() else None
    if old is not None and scores.rank <= tuple(old["rank"]):
        return
    content, name = weights_of(learning.learner), f"best-{learning.learner.num_timesteps:09d}.pt"
    put_bytes(folder.path / name, content)
    told = {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "config_hash": key, "rank": scores.rank}
    folder.write_json("best.json", {**told, "steps": learning.learner.num_timesteps, "scores": scores.as_json()})
    for path in folder.path.glob("best-*.pt"):
        if path.name != name:
            path.unlink()


def _progress(learning: Learning) -> Progress:
    widths = None if learning.widths is None else asdict(learning.widths)
    kept = {**learning.kept, "shares": list(learning.lanes.shares)}
    return Progress(learning.learner.num_timesteps, widths, kept)


def _take_up(learning: Learning, progress: Progress) -> None:
    kept = dict(progress.kept)
    learning.lanes.shares += kept.pop("shares", [])
    learning.kept |= kept
    if progress.widths is not None:
        learning.widths = Widths(**progress.widths)


def _ended(why: str, learning: Learning, folder: RunFolder, scores: Scores | None) -> Ended:
    best = folder.path / "best.json"
    return Ended(why, learning.learner.num_timesteps, scores, read_json(best) if best.is_file() else None)


def _seed_of(config: Config, stream: int, steps: int) -> int:
    training, _ = settings_of(config)
    return int(np.random.SeedSequence([training.seed, stream, steps]).generate_state(1)[0] // 2)


def _table(task: Task) -> tuple[Floats, Floats]:
    b_rad = np.linspace(*task.scenario.b_range_rad, 64)
    return b_rad, reachable_at(task, b_rad)


def _interpolated(table: Floats, reachable: Floats, b_rad: Floats) -> Floats:
    return np.asarray(np.interp(b_rad, table, reachable))
