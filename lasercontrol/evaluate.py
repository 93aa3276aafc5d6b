"""Agents × scenarios × many lasers: how many shots each needs, all on the same lasers, starts and noise.

`shots_to_x` is the first shot whose true, noise-free, full-grid peak at the setting then applied is at least x of
the best that this laser's knobs reach; the reading at the start is shot 1; a laser that never gets there counts with
the budget and one more, in the medians too. Proposals are clipped to bounds and step, and the clipped ones counted;
the scenarios set no limit on the amplifier.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from agents.forward import ForwardModel
from agents.registry import CLASSICAL, NAMES
from lasercontrol.course import Course, follow
from lasercontrol.errors import CallerError
from lasercontrol.evaluate_plot import save_plot
from lasercontrol.evaluate_table import Row, row_of, tables_of
from lasercontrol.scenario import Scenario, scenario_for
from lasercontrol.trial import Trial, trial_of

__all__ = ["Question", "courses_of", "model_for", "readable_console", "run"]

OBSERVABLE = ("frog", "autocorrelation", "shg")
MODEL_SHOTS, CLASSICAL_SHOTS = 25, 200
TABLE_WIDTH = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is compared on what.

    shots: the budget; None is 200 for classical searches and 25 for the others, and the scenario's own where it
    drifts. spectrum_error: rms relative error of the spectrum as measured, None for the scenario's; noise: every
    noise of the diagnostics as a multiple of its usual size. The agents are told of neither. Raises CallerError for
    names that there are not and for numbers that make no sense.
    """

    agents: tuple[str, ...] = NAMES
    scenarios: tuple[str, ...] = ("wide",)
    observe: tuple[str, ...] = ("frog",)
    lasers: int = 50
    seed: int = 0
    shots: int | None = None
    spectrum_error: float | None = None
    noise: float = 1.0

    def __post_init__(self) -> None:
        _require_known(self.agents, NAMES, "agent")
        _require_known(self.observe, OBSERVABLE, "diagnostic with a second-harmonic signal")
        for name in self.scenarios:
            scenario_for(name)
        for what, value, least in (("lasers", self.lasers, 1), ("seed", self.seed, 0), ("shots", self.shots, 1)):
            if value is not None and value < least:
                raise CallerError(f"{what} must be at least {least}, got {value}")
        for what, size in (("spectrum error", self.spectrum_error), ("noise", self.noise)):
            if size is not None and not 0 <= size < 100:  # written so that NaN is refused
                raise CallerError(f"{what} must be 0 or more and below 100, got {size:g}")

    def scenario(self, name: str) -> Scenario:
        """A scenario, with the spectrum's error as asked for."""
        scenario = scenario_for(name)
        return scenario if self.spectrum_error is None else replace(scenario, spectrum_error=self.spectrum_error)

    def budget(self, agent: str, scenario: Scenario) -> int:
        """How many shots, the reading at the start included."""
        if self.shots is not None:
            return self.shots
        if scenario.drift_fraction:
            return scenario.shots
        return CLASSICAL_SHOTS if agent in CLASSICAL else MODEL_SHOTS


def run(
    question: Question, *, plot: Path | None = None, out: Path | None = None, console: Console | None = None
) -> dict[str, Any]:
    """Compare, show the table, write plot and JSON where they are wanted; return what the JSON holds.

    Raises CallerError where a file to be written exists already, since nothing is overwritten, or has no folder.
    """
    for path in (plot, out):
        if path is not None and path.exists():
            raise CallerError(f"{path} exists; nothing is overwritten")
        if path is not None and not path.parent.is_dir():
            raise CallerError(f"{path} cannot be written: there is no folder {path.parent}")
    console = console or readable_console(as_json=False)
    with Progress(console=console, transient=True) as progress:
        courses = list(courses_of(question, progress))
    rows: list[Row] = [row_of(course) for course in courses]
    result = {"question": asdict(question), "rows": rows}
    for table in tables_of(rows):
        console.print(table)
    if plot is not None:
        save_plot(courses, plot)
    if out is not None:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def readable_console(*, as_json: bool) -> Console:
    """Where people read: standard output, or standard error where that is for JSON; wide enough where it is a file."""
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = max(console.width, TABLE_WIDTH)
    return console


def courses_of(question: Question, progress: Progress) -> Iterator[Course]:
    """Every agent's course in every scenario under every observation."""
    for name in question.scenarios:
        scenario = question.scenario(name)
        for observe in question.observe:
            trial = trial_of(
                scenario, observe=observe, lasers=question.lasers, seed=question.seed, noise=question.noise
            )
            for agent in question.agents:
                shots = question.budget(agent, scenario)
                task = progress.add_task(f"{agent}, {name}, {observe}", total=shots * trial.lasers)
                yield follow(trial, agent, shots, model_for(trial), partial(progress.advance, task))
                progress.remove_task(task)


def model_for(trial: Trial) -> Callable[[], ForwardModel]:
    """The model of an agent that knows the spectrum as measured, with its usual error, and the scenario's ranges."""

    def made() -> ForwardModel:
        from lasercontrol.forward import LaserModel
        from lasercontrol.scenario import default_amplitude

        scenario = trial.scenario
        return LaserModel(
            default_amplitude(),
            scenario.knobs,
            observe=trial.observe,
            offset_reach=scenario.offset_reach,
            b_range_rad=scenario.b_range_rad,
        )

    return made


def _require_known(names: tuple[str, ...], known: tuple[str, ...], what: str) -> None:
    if unknown := [name for name in names if name not in known]:
        raise CallerError(f"there is no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    if not names:
        raise CallerError(f"name at least one {what} of {', '.join(known)}")
