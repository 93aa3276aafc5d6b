"""Score against shots: the median over the lasers, and the band that holds half of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agents.registry import NAMES
from lasercontrol.course import Course

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["save_plot"]

BAND = (25, 75)
COLOURS = dict(zip(NAMES, ("#c1272d", "#000000", "#0071bc", "#6a8f1f", "#8c8c8c"), strict=True))


def save_plot(courses: Sequence[Course], path: Path) -> None:
    """Write a PNG with a panel per scenario and observation.

    Drawn is the best peak so far, noise-free, as a share of the best reachable; that is what the shots to 90, 95 and
    99 % are read from. In a scenario that drifts it is the peak at each shot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys((c.trial.scenario.name, c.trial.observe) for c in courses))
    figure = Figure(figsize=(5.2 * len(panels) + 0.8, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        mine = [c for c in courses if (c.trial.scenario.name, c.trial.observe) == panel]
        for course in mine:
            _draw(axis, course)
        longest = max(course.shots for course in mine)
        axis.set_xscale("log")
        axis.set_xlim(1, max(longest, 2))
        ticks = [t for t in (1, 2, 3, 5, 10, 20, 50, 100, 200, 300) if t <= longest]
        axis.set_xticks(ticks, [str(t) for t in ticks])
        axis.minorticks_off()
        axis.axhline(0.95, color="0.6", linewidth=0.8, linestyle=":")
        axis.set_title(f"{panel[0]}, {panel[1]}, {mine[0].trial.lasers} lasers", fontsize=10)
        axis.set_xlabel("shot (the start is shot 1)")
    axes[0].set_ylim(0, 1.02)
    axes[0].set_ylabel("peak / best reachable: median, middle half")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(path, dpi=150)


def _draw(axis: "Axes", course: Course) -> None:
    drifts = course.trial.scenario.drift_fraction > 0
    score = course.fraction if drifts else np.maximum.accumulate(course.fraction, axis=1)
    shots = np.arange(1, course.shots + 1)
    low, middle, high = np.percentile(score, [BAND[0], 50, BAND[1]], axis=0)
    colour, knows = COLOURS[course.agent], course.agent == "oracle"
    if not knows:
        axis.fill_between(shots, low, high, color=colour, alpha=0.15, linewidth=0, step="post")
    axis.plot(
        shots,
        middle,
        color=colour,
        label=course.agent,
        linewidth=1.6,
        drawstyle="steps-post",
        linestyle="--" if knows else "-",
        zorder=3 if knows else 2,
    )
