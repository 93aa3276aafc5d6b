"""One agent on every laser of a trial, in lockstep: all lasers take their shot together, at full fidelity."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Agent, Shot, Travel
from lasercontrol.bench import Floats, Quality, fraction_of, setting_of
from lasercontrol.shot import features_of, lane_of, signal_of
from lasercontrol.simbench import COEFFICIENTS, SimBench
from lasercontrol.trial import Trial

__all__ = ["Course", "Lane", "Maker", "follow", "travel_of"]

T = TypeVar("T")

LANES = 32  # lasers in one batch: their FROG traces, before binning, take 35 MB
ROUNDING = 1e-9  # of a knob's range: what binary fractions may add to a step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """What an agent is made for: one laser of a trial.

    optimum: for who is told it, shape (k,), kept up to date as the laser drifts. amplitude: the spectrum as measured.
    """

    number: int
    seed: int
    travel: Travel
    optimum: Floats
    amplitude: Floats


Maker = Callable[[Lane], Agent]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What became of the lasers, shape (n, shots), and what it took.

    fraction: noise-free peak on the full grid at the setting of each shot, as a share of the best reachable.
    final: the same at the setting that the agent recommends in the end, shape (n,). violations: shots for which the
    agent asked for more than bounds and step allow. travel: way of all knobs together, in ranges, shape (n,).
    handed_over: how many lasers saw one agent take over from another. decision_s: CPU time of every decision, a reading
    taken in and a setting asked for; made_s: of making the first agent, with all that is loaded and built once.
    """

    agent: str
    trial: Trial
    fraction: Floats
    final: Floats
    travel: Floats
    violations: int
    handed_over: int
    decision_s: Floats
    made_s: float

    @property
    def shots(self) -> int:
        """The budget."""
        return int(self.fraction.shape[1])

    @property
    def task(self) -> tuple[str, str, float]:
        """What the agent was set: scenario, observation, noise."""
        return self.trial.scenario.name, self.trial.observe, self.trial.noise

    def shots_to(self, share: float) -> NDArray[np.int64]:
        """First shot at which each laser is at `share` of its best, shape (n,); the budget and one more if never."""
        there = self.fraction >= share
        return np.where(there.any(axis=1), np.argmax(there, axis=1) + 1, self.shots + 1)


def follow(trial: Trial, name: str, make: Maker, shots: int, passed: Callable[[float], object]) -> Course:
    """Let an agent of that name tune every laser; `passed` hears how many lasers have taken one more shot.

    `make` makes a new agent for each laser. Deterministic in all but the CPU times.
    """
    batches = [
        _Batch(trial, make, slice(first, min(first + LANES, trial.lasers))) for first in range(0, trial.lasers, LANES)
    ]
    parts = [batch.run(shots, passed) for batch in batches]
    return Course(
        agent=name,
        trial=trial,
        fraction=np.concatenate(parts),
        final=np.concatenate([batch.final() for batch in batches]),
        travel=np.concatenate([batch.travel for batch in batches]),
        violations=sum(batch.violations for batch in batches),
        handed_over=sum(batch.handed_over for batch in batches),
        decision_s=np.concatenate([batch.decision_s for batch in batches]),
        made_s=batches[0].first_agent_s,
    )


def travel_of(trial: Trial, start: Floats) -> Travel:
    """What the scenario's knobs allow from a start in native units, shape (k,)."""
    knobs = trial.scenario.knobs
    return Travel(fraction_of(start, knobs), np.array([knob.max_step / knob.range for knob in knobs]))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and its CPU time in all threads."""
    start_s = time.process_time()
    result = work()
    return result, time.process_time() - start_s


class _Batch:
    """Some lasers of a trial with their benches and agents."""

    def __init__(self, trial: Trial, make: Maker, lanes: slice) -> None:
        self.trial, self.knobs = trial, trial.scenario.knobs
        self.drifts = trial.scenario.drift_fraction > 0
        self.reachable = trial.reachable[lanes]
        self.optimum = trial.optimum[lanes].copy()  # the oracle's rows: kept up to date as the lasers drift
        self.bench: SimBench = trial.bench(lanes)
        self.here = fraction_of(self.bench.setting, self.knobs)
        self.travels = [travel_of(trial, start) for start in self.bench.setting]

        def agent(lane: int) -> Agent:
            number = lanes.start + lane
            return make(
                Lane(
                    number=number,
                    seed=trial.agent_seed(number),
                    travel=self.travels[lane],
                    optimum=self.optimum[lane],
                    amplitude=trial.amplitude(number),
                )
            )

        first, self.first_agent_s = _timed(lambda: agent(0))
        self.agents = [first, *(agent(lane) for lane in range(1, len(self.travels)))]
        self.ended = [False] * len(self.agents)
        self.ends = self.here.copy()
        self.travel = np.zeros(len(self.agents))
        self.violations = 0
        self.told_s = np.zeros(len(self.agents))
        self.decision_s: list[float] = []

    def run(self, shots: int, passed: Callable[[float], object]) -> Floats:
        """Shares of the best reachable, shape (lanes, shots)."""
        fraction = np.empty((len(self.agents), shots))
        for shot in range(shots):
            if shot:
                self._move([self._wish(lane) for lane in range(len(self.agents))])
            if all(self.ended) and np.abs(self.here - self.ends).max() < ROUNDING:
                fraction[:, shot:] = (self.bench.strehl(self.bench.setting) / self.reachable)[:, None]
                passed(len(self.agents) * (shots - shot))
                break
            self._measure()
            fraction[:, shot] = self.bench.strehl(self.bench.setting) / self.reachable
            passed(len(self.agents))
        return fraction

    @property
    def handed_over(self) -> int:
        """How many lasers saw a change of hands."""
        return sum(getattr(agent, "handed_over", None) is not None for agent in self.agents)

    def final(self) -> Floats:
        """Share of the best reachable at what each agent recommends, within the bounds, shape (lanes,)."""
        wishes = np.clip([agent.recommend() for agent in self.agents], -0.5, 0.5)
        return np.asarray(self.bench.strehl(setting_of(wishes, self.knobs)) / self.reachable)

    def _wish(self, lane: int) -> Floats:
        agent = self.agents[lane]
        if not self.ended[lane] and not self.drifts and agent.finished() is not None:
            self.ended[lane], self.ends[lane] = True, np.clip(agent.recommend(), -0.5, 0.5)
        if self.ended[lane]:  # a session would end here, at what is recommended
            return self.travels[lane].clipped(self.ends[lane], self.here[lane])
        wish, asked_s = _timed(agent.ask)
        self.decision_s.append(self.told_s[lane] + asked_s)
        allowed = self.travels[lane].clipped(wish, self.here[lane])
        self.violations += bool(np.abs(allowed - wish).max() > ROUNDING)
        return allowed

    def _move(self, settings: list[Floats]) -> None:
        before = self.here
        self.here = fraction_of(self.bench.move(setting_of(np.array(settings), self.knobs)), self.knobs)
        self.travel += np.abs(self.here - before).sum(axis=1)

    def _measure(self) -> None:
        offset = self.bench.plant.laser.offset
        reading = self.bench.measure()
        self._follow_drift(self.bench.plant.laser.offset - offset)
        signals, features = signal_of(reading), features_of(reading)
        for lane, agent in enumerate(self.agents):
            if self.ended[lane]:
                continue
            usable = bool(reading.quality[lane] < Quality.INVALID)
            shot = Shot(self.here[lane], float(signals[lane]), features[lane], usable, lane_of(reading, lane))
            _, self.told_s[lane] = _timed(partial(agent.tell, shot))

    def _follow_drift(self, change: Floats) -> None:
        """A knob behind the amplifier adds to its offset, so that the optimum moves the other way."""
        if self.drifts:
            columns = [COEFFICIENTS.index(knob.name) for knob in self.knobs]
            spans = np.array([knob.range for knob in self.knobs])
            self.optimum[:] = np.clip(self.optimum - change[:, columns] / spans, -0.5, 0.5)
