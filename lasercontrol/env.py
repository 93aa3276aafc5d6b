"""The Gymnasium environment: an agent turns the knobs of one bench and is paid for light.

Pure functions of a move and of its reward stand first; `PulseCompressionEnv` is a thin shell that keeps the bench, the
setting and the generator. It runs on any `Bench`; without one it draws a new simulated laser for every episode.
Importing this module registers `lasercontrol/PulseCompression-v0`, alone and as a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from lasercontrol.bench import Bench, Floats, Knob
from lasercontrol.env_picture import picture_of
from lasercontrol.errors import CallerError
from lasercontrol.observation import Observation, ObservationSpec, Past, Seen, blank_past, look, space_of, spec_of
from lasercontrol.scenario import Drawn, Scenario, build_bench, draw_lasers, hidden_of, scenario_for
from lasercontrol.simbench import Instruments, SimBench
from sim.chain import STRETCHER
from sim.frog import FrogAxes
from sim.plant import Fidelity

__all__ = ["ENV_ID", "Lasers", "PulseCompressionEnv", "Reach", "moved", "privileged_info", "register", "reward_of"]

ENV_ID = "lasercontrol/PulseCompression-v0"

BenchFactory = Callable[[np.random.Generator], Bench]


class Reach(NamedTuple):
    """What the knobs allow, each of shape (k,) in native units."""

    low: Floats
    high: Floats
    max_step: Floats

    @classmethod
    def of(cls, knobs: tuple[Knob, ...]) -> Self:
        """The reach of these knobs."""
        low, high, max_step = np.array([(knob.low, knob.high, knob.max_step) for knob in knobs], dtype=np.float64).T
        return cls(low, high, max_step)

    def fraction(self, setting: Floats) -> Floats:
        """A setting, shape (..., k), in fractions of the range from its middle, -0.5 to 0.5; clipped to that."""
        share = (setting - self.low) / (self.high - self.low)
        return np.asarray(np.minimum(np.maximum(share, 0.0), 1.0) - 0.5)


def moved(setting: Floats, action: Floats, reach: Reach) -> Floats:
    """The setting that an action asks for, shapes (..., k): a share of the greatest step, ended by the bounds."""
    return np.asarray(np.minimum(np.maximum(setting + action * reach.max_step, reach.low), reach.high))


def reward_of(before: Floats, after: Floats) -> Floats:
    """Gain in log signal, shape (...). It telescopes: an episode is paid the log of what it gained in all.

    Signals are measured, and end at the floor of `ObservationSpec`: below it there is noise, and noise is not paid.
    """
    return np.asarray(after - before)


@dataclass(frozen=True, slots=True)
class Lasers:
    """Where simulated lasers come from: a scenario around a spectrum as measured, seen by instruments."""

    scenario: Scenario
    spec: ObservationSpec
    instruments: Instruments = field(default_factory=Instruments)
    measured_amplitude: Floats | None = None
    fidelity: Fidelity = Fidelity.FAST
    stretcher: tuple[float, float, float] = STRETCHER

    @classmethod
    def named(cls, scenario: Scenario | str, spec: ObservationSpec, measured_amplitude: Floats | None = None) -> Self:
        """Lasers of a scenario, with the channels and trace size that the observation wants."""
        task = scenario_for(scenario, measured_amplitude) if isinstance(scenario, str) else scenario
        axes = FrogAxes(n_delay=spec.n_delay, n_frequency=spec.n_frequency)
        return cls(task, spec, Instruments(channels=spec.channels, axes=axes), measured_amplitude)

    def draw(self, n: int, rng: np.random.Generator) -> Drawn:
        """`n` lasers."""
        return draw_lasers(self.scenario, n, rng, self.measured_amplitude, self.stretcher)

    def bench(self, drawn: Drawn, rng: np.random.Generator) -> SimBench:
        """A bench around them."""
        return build_bench(drawn, self.scenario, self.instruments, rng, self.fidelity)

    def __call__(self, rng: np.random.Generator) -> SimBench:
        """A bench with one new laser."""
        return self.bench(self.draw(1, rng)[0], rng)


class PulseCompressionEnv(gymnasium.Env[Observation, Floats]):
    """One bench, one episode of `shots` readings; the reading at the start is the first of them.

    Action: Box(-1, 1, (k,)), the change of each knob as a share of its greatest step. Observation: see
    `lasercontrol.observation`. Nothing terminates an episode; it is truncated when the shots are spent.

    scenario: name or value; it gives the knobs and, without `shots`, the budget. observe: names of diagnostics, or the
    whole `ObservationSpec`. bench_factory: called at every reset
    with the environment's generator; the bench must have the scenario's knobs by number. privileged: put the true
    Strehl ratio and the hidden plant into `info`, for critics and scores; only a simulated bench has them.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012 — Gymnasium's own type

    def __init__(
        self,
        scenario: Scenario | str = "wide",
        *,
        observe: ObservationSpec | str | Sequence[str] = "frog",
        measured_amplitude: Floats | None = None,
        bench_factory: BenchFactory | None = None,
        shots: int | None = None,
        privileged: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.observed = spec_of(observe)
        lasers = Lasers.named(scenario, self.observed, measured_amplitude)
        self.shots = shots or lasers.scenario.shots
        self.privileged, self.render_mode = privileged, render_mode
        self._factory: BenchFactory = bench_factory or lasers
        self._n_knob = len(lasers.scenario.knobs)
        self.observation_space: spaces.Space[Any] = space_of(self.observed, self._n_knob)
        self.action_space = spaces.Box(-1.0, 1.0, (self._n_knob,), np.float32)
        self.bench: Bench | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """A new bench, and its first shot. Raises CallerError where the bench does not fit the spaces."""
        super().reset(seed=seed, options=options)
        self.bench = self._fitting(self._factory(self.np_random))
        self._reach = Reach.of(self.bench.knobs)
        self._setting, self._shot = self.bench.setting, 1
        blank = blank_past(self.observed, self._n_knob, ())
        self._seen = self._looked(self.bench, np.zeros(self._n_knob), blank)
        return self._seen.observation, self._info()

    def step(self, action: Floats) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Move the knobs as far as bounds and step allow, take a shot."""
        if self.bench is None:
            raise CallerError("step was called before reset: there is no bench yet")
        action = np.minimum(np.maximum(action, -1.0), 1.0)
        self._setting = self.bench.move(moved(self._setting, action, self._reach))
        before, self._seen = self._seen, self._looked(self.bench, action, self._seen.past)
        self._shot += 1
        reward = float(reward_of(before.log_signal, self._seen.log_signal))
        return self._seen.observation, reward, False, self._shot >= self.shots, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """The last shot as a picture, shape (height, width, 3), where `render_mode` is "rgb_array"."""
        if self.render_mode != "rgb_array" or self.bench is None:
            return None
        return picture_of(self._seen.observation)

    def _looked(self, bench: Bench, action: Floats, past: Past) -> Seen:
        reading = bench.measure()
        self._quality = int(reading.quality.max())
        return look(self.observed, reading, self._reach.fraction(self._setting), action, past)

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"shot": self._shot, "quality": self._quality}
        return info | privileged_info(self.bench) if self.privileged else info

    def _fitting(self, bench: Bench) -> Bench:
        missing = set(self.observed.channels) - set(bench.channels)
        if len(bench.knobs) != self._n_knob or missing:
            raise CallerError(
                f"the bench has {len(bench.knobs)} knobs and shows {', '.join(bench.channels)}; the environment was "
                f"made for {self._n_knob} knobs and {', '.join(self.observed.channels)}"
            )
        return bench


def privileged_info(bench: Bench | None) -> dict[str, Any]:
    """True Strehl ratio, shape (...), and hidden plant, (..., 5). CallerError where the bench is no simulation."""
    if not isinstance(bench, SimBench):
        raise CallerError("privileged information exists only of a simulated bench: nobody knows a real laser's plant")
    return {"strehl": bench.strehl(bench.setting), "hidden": hidden_of(bench)}


def register() -> None:
    """Make the environment known to Gymnasium, once."""
    if ENV_ID not in gymnasium.registry:
        gymnasium.register(
            ENV_ID,
            entry_point="lasercontrol.env:PulseCompressionEnv",
            vector_entry_point="lasercontrol.vector_env:PulseCompressionVectorEnv",
        )


register()
