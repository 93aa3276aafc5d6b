"""Agents × scenarios × many lasers: how many shots each needs, all on the same lasers and starts.

`shots_to_x` is the first shot whose true, noise-free, full-grid peak at the setting then applied is at least x of
the best that this laser's knobs reach; the reading at the start is shot 1; a laser that never gets there counts with
the budget and one more, in medians and means too. Proposals are clipped to bounds and step, and the clipped ones
counted; the scenarios set no limit on the amplifier.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from lasercontrol.course import Course, follow
from lasercontrol.errors import CallerError
from lasercontrol.evaluate_agents import BAYESIAN, NAMES, budget_of, maker_of, require_known
from lasercontrol.evaluate_plot import save_plot
from lasercontrol.evaluate_row import rows_of
from lasercontrol.evaluate_table import tables_of
from lasercontrol.lab_time import seconds_with
from lasercontrol.scenario import Scenario, scenario_for
from lasercontrol.trial import Trial, trial_of

__all__ = ["Question", "courses_of", "readable_console", "run"]

OBSERVABLE = ("frog", "autocorrelation", "shg")
TABLE_WIDTH = 130
USUAL = tuple(name for name in NAMES if name != BAYESIAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is compared on what.

    shots: the budget; None is 200 for classical searches, 60 for Bayesian optimisation and 25 for the others, and the
    scenario's own where it drifts. spectrum_error: rms relative error of the spectrum as measured, None for the
    scenario's; noise: every noise of the diagnostics as multiples of its usual size, one comparison for each. The
    agents are told of neither. against: the agent that others are paired with. lasers_bayesian: how many lasers of them
    Bayesian optimisation meets, which takes most of a second a decision. shot_seconds: lab time per shot, by way of
    measuring. Raises CallerError for names that there are not and for numbers that make no sense.
    """

    agents: tuple[str, ...] = USUAL
    scenarios: tuple[str, ...] = ("wide",)
    observe: tuple[str, ...] = ("frog",)
    lasers: int = 50
    seed: int = 0
    shots: int | None = None
    spectrum_error: float | None = None
    noise: tuple[float, ...] = (1.0,)
    against: str = "estimator"
    lasers_bayesian: int = 20
    shot_seconds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.agents)
        _require_known(self.observe, OBSERVABLE, "diagnostic with a second-harmonic signal")
        for name in self.scenarios:
            scenario_for(name)
        whole = (("lasers", self.lasers, 1), ("seed", self.seed, 0), ("shots", self.shots, 1))
        for what, value, least in (*whole, ("lasers of bayesian", self.lasers_bayesian, 1)):
            if value is not None and value < least:
                raise CallerError(f"{what} must be at least {least}, got {value}")
        if not self.noise:
            raise CallerError("noise needs at least one number, a multiple of its usual size")
        for what, size in (("spectrum error", self.spectrum_error), *(("noise", size) for size in self.noise)):
            if size is not None and not 0 <= size < 100:  # written so that NaN is refused
                raise CallerError(f"{what} must be 0 or more and below 100, got {size:g}")
        seconds_with(self.shot_seconds)

    def scenario(self, name: str) -> Scenario:
        """A scenario, with the spectrum's error as asked for."""
        scenario = scenario_for(name)
        return scenario if self.spectrum_error is None else replace(scenario, spectrum_error=self.spectrum_error)

    def budget(self, agent: str, scenario: Scenario) -> int:
        """How many shots, the reading at the start included."""
        return self.shots or (scenario.shots if scenario.drift_fraction else budget_of(agent))


def run(
    question: Question, *, plot: Path | None = None, out: Path | None = None, console: Console | None = None
) -> dict[str, Any]:
    """Compare, show the tables, write plot and JSON where they are wanted; return what is said, without every laser.

    The JSON file holds every laser's shots and final fraction too. Raises CallerError where a file to be written exists
    already, since nothing is overwritten, or has no folder.
    """
    for path in (plot, out):
        if path is not None and path.exists():
            raise CallerError(f"{path} exists; nothing is overwritten")
        if path is not None and not path.parent.is_dir():
            raise CallerError(f"{path} cannot be written: there is no folder {path.parent}")
    console = console or readable_console(as_json=False)
    with Progress(console=console, transient=True) as progress:
        courses = list(courses_of(question, progress))
    seconds = seconds_with(question.shot_seconds)
    rows = rows_of(courses, question.against, seconds)
    result = {"question": asdict(question), "seconds_per_shot": seconds, "rows": rows}
    for table in tables_of(rows):
        console.print(table)
    if plot is not None:
        save_plot(courses, plot)
    if out is not None:
        text = json.dumps(result | {"courses": [_each(course) for course in courses]}, indent=1)
        out.write_text(text + "\n", encoding="utf-8")
    return result


def readable_console(*, as_json: bool) -> Console:
    """Where people read: standard output, or standard error where that is for JSON; wide enough where it is a file."""
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = max(console.width, TABLE_WIDTH)
    return console


def courses_of(question: Question, progress: Progress) -> Iterator[Course]:
    """Every agent's course in every scenario under every observation and noise."""
    for name in question.scenarios:
        scenario = question.scenario(name)
        drawn = trial_of(scenario, observe=question.observe[0], lasers=question.lasers, seed=question.seed)
        for trial in (drawn.seen_by(observe, noise) for observe in question.observe for noise in question.noise):
            for agent in question.agents:
                yield _course(question, agent, trial, progress)


def _course(question: Question, agent: str, trial: Trial, progress: Progress) -> Course:
    trial = trial.first(question.lasers_bayesian) if agent == BAYESIAN else trial
    shots = question.budget(agent, trial.scenario)
    task = progress.add_task(f"{agent}, {trial.scenario.name}, {trial.observe}", total=shots * trial.lasers)
    course = follow(trial, agent, maker_of(agent, trial), shots, partial(progress.advance, task))
    progress.remove_task(task)
    return course


def _each(course: Course) -> dict[str, Any]:
    """What became of every laser."""
    scenario, observe, noise = course.task
    shots = {f"shots_{label}": course.shots_to(label / 100).tolist() for label in (90, 95, 99)}
    final = [round(float(share), 5) for share in course.final]
    return {"agent": course.agent, "scenario": scenario, "observe": observe, "noise": noise, **shots, "final": final}


def _require_known(names: tuple[str, ...], known: tuple[str, ...], what: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise CallerError(f"there is no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    if not names:
        raise CallerError(f"name at least one {what} of {', '.join(known)}")
