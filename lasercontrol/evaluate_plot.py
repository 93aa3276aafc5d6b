"""Score against shots: the median over the lasers, and the bands that hold half of them and eight tenths."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lasercontrol.course import Course

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["colours_of", "save_plot"]

BANDS = ((10, 90, 0.10), (25, 75, 0.16))
"""Lower and upper percentile, and how dark."""

COLOURS = {
    "policy": "#d4880f",
    "estimator": "#c1272d",
    "oracle": "#000000",
    "nelder-mead": "#0071bc",
    "cma": "#6a8f1f",
    "random": "#8c8c8c",
    "bayesian": "#7b3fa0",
}
FURTHER = ("#1b9e9e", "#e86fa5", "#5b4636", "#3d5afe", "#00897b", "#9e9d24")
"""Of policies from files, in their order."""

IN_A_ROW = 4


def save_plot(courses: Sequence[Course], path: Path) -> None:
    """Write a PNG with a panel per scenario, observation and noise.

    Drawn is the best peak so far, noise-free, as a share of the best reachable; that is what the shots to 90, 95 and
    99 % are read from. In a scenario that drifts it is the peak at each shot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys(course.task for course in courses))
    n_column = min(len(panels), IN_A_ROW)
    n_row = -(-len(panels) // n_column)
    figure = Figure(figsize=(max(5.2 * n_column, 7.0) + 0.8, 3.8 * n_row + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_row, n_column, sharey=True, squeeze=False)
    colours = colours_of(tuple(dict.fromkeys(course.agent for course in courses)))
    for axis, panel in zip(axes.flat, panels, strict=False):
        _panel(axis, [course for course in courses if course.task == panel], colours)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("peak / best reachable")
    axes[0, 0].set_ylim(0, 1.02)
    lines = {course.agent: axes.flat[panels.index(course.task)] for course in courses}
    handles = {}
    for axis in lines.values():
        handles.update(dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True)))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=min(len(handles), 6), frameon=False
    )
    figure.savefig(path, dpi=150)


def colours_of(agents: tuple[str, ...]) -> dict[str, str]:
    """A colour for every agent: its own, or for a policy from a file the next one."""
    filed = [agent for agent in agents if agent not in COLOURS]
    return COLOURS | {agent: FURTHER[k % len(FURTHER)] for k, agent in enumerate(filed)}


def _panel(axis: "Axes", courses: Sequence[Course], colours: dict[str, str]) -> None:
    scenario, observe, noise = courses[0].task
    for course in courses:
        _draw(axis, course, colours[course.agent])
    longest = max(course.shots for course in courses)
    axis.set_xscale("log")
    axis.set_xlim(1, max(longest, 2))
    ticks = [t for t in (1, 2, 3, 5, 10, 20, 50, 100, 200, 300) if t <= longest]
    axis.set_xticks(ticks, [str(t) for t in ticks])
    axis.minorticks_off()
    axis.axhline(0.95, color="0.6", linewidth=0.8, linestyle=":")
    shown = "" if noise == 1 else f", noise x {noise:g}"
    axis.set_title(f"{scenario}, {observe}{shown}, {max(c.trial.lasers for c in courses)} lasers", fontsize=10)
    axis.set_xlabel("shot (the start is shot 1)")


def _draw(axis: "Axes", course: Course, colour: str) -> None:
    drifts = course.trial.scenario.drift_fraction > 0
    score = course.fraction if drifts else np.maximum.accumulate(course.fraction, axis=1)
    shots, knows = np.arange(1, course.shots + 1), course.agent == "oracle"
    for low, high, alpha in () if knows else BANDS:
        lower, upper = np.percentile(score, [low, high], axis=0)
        axis.fill_between(shots, lower, upper, color=colour, alpha=alpha, linewidth=0, step="post")
    axis.plot(
        shots,
        np.median(score, axis=0),
        color=colour,
        label=course.agent,
        linewidth=1.6,
        drawstyle="steps-post",
        linestyle="--" if knows else "-",
        zorder=3 if knows else 2,
    )
