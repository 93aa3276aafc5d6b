"""From a config to the task of training: the lasers that are drawn, what is shown of them, the knobs' reach."""

from dataclasses import dataclass, replace

import numpy as np

from lasercontrol.bench import Floats
from lasercontrol.config import Config
from lasercontrol.env import Lasers
from lasercontrol.laser_of import KnownLaser, known_laser
from lasercontrol.observation import ObservationSpec
from lasercontrol.scenario import Scenario, scenario_for
from lasercontrol.simulated import instruments_of, stretcher_of, with_knobs
from lasercontrol.training_settings import ReinforcementSettings
from lasercontrol.vector_env import PulseCompressionVectorEnv
from sim.chain import Laser
from sim.frog import FrogAxes
from sim.reachable import best_setting

__all__ = ["Task", "reachable_at", "task_of"]

N_TABLE = 9  # values of B at which the best reachable is computed; it is smooth


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Lasers of a scenario around a known one, and the length of an episode."""

    lasers: Lasers
    known: KnownLaser
    shots: int

    @property
    def scenario(self) -> Scenario:
        """Knobs, and the distribution of what is hidden."""
        return self.lasers.scenario

    @property
    def spec(self) -> ObservationSpec:
        """What is shown."""
        return self.lasers.spec

    def batch(self, lanes: int) -> PulseCompressionVectorEnv:
        """The environment with so many lasers side by side."""
        return PulseCompressionVectorEnv(lanes, lasers=self.lasers, shots=self.shots)


def task_of(config: Config, settings: ReinforcementSettings) -> Task:
    """The task of a config. Raises what `known_laser` raises."""
    known = known_laser(config.laser)
    scenario = with_knobs(scenario_for(config.scenario.name, known.amplitude), config, known)
    seen = settings.observation
    spec = ObservationSpec(
        shown=seen.shown,
        n_history=seen.n_history,
        n_frames=seen.n_frames,
        n_delay=seen.n_delay,
        n_frequency=seen.n_frequency,
    )
    axes = FrogAxes(n_delay=spec.n_delay, n_frequency=spec.n_frequency)
    instruments = replace(instruments_of(config.instruments), channels=spec.channels, axes=axes)
    lasers = Lasers(scenario, spec, instruments, known.amplitude, stretcher=stretcher_of(config))
    return Task(lasers, known, settings.shots or scenario.shots)


def reachable_at(task: Task, b_rad: Floats) -> Floats:
    """Strehl ratio within reach at these B, any shape, interpolated: of the known spectrum at the middle offset.

    Good to a few per cent of the true reachable of a drawn laser: to decide how hard training may be, not for scores.
    """
    scenario = task.scenario
    table = np.linspace(*scenario.b_range_rad, N_TABLE)
    middle = (np.array(scenario.offset_low) + np.array(scenario.offset_high)) / 2
    ranges = np.array([knob.range for knob in scenario.knobs])
    lasers = Laser(
        amplitude=np.broadcast_to(task.known.amplitude, (N_TABLE, len(task.known.amplitude))).copy(),
        b_rad=table,
        offset=np.broadcast_to(scenario.per_coefficient(middle * ranges), (N_TABLE, 3)).copy(),
        stretcher=task.lasers.stretcher,
        before_amplifier=scenario.before_amplifier,
    )
    low, high = (np.array([getattr(knob, end) for knob in scenario.knobs]) for end in ("low", "high"))
    _, reachable = best_setting(lasers, scenario.per_coefficient(low), scenario.per_coefficient(high))
    return np.asarray(np.interp(b_rad, table, reachable))
