"""A session in one picture: pulse and FROG before and after, the knobs, and how good the pulse was at every shot."""

from collections.abc import Mapping
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lasercontrol.bench import Channel, Floats, Quality, fraction_of
from lasercontrol.errors import RecordError, RecordExists
from lasercontrol.record import Record, ShotRow
from lasercontrol.session_pulses import Pulses, first_and_last, laser_of, pulses_of
from lasercontrol.shot import signal_of
from lasercontrol.simulated import SimulatedLaser

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_session"]

# Okabe and Ito's colours, which every kind of colour vision tells apart.
BLUE, ORANGE, GREEN, RED, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
BEFORE, AFTER, INK, QUIET = RED, BLUE, "#222222", "#777777"
KNOB_STYLES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PINK, "D"), (SKY, "v"), (RED, "P"))
PHASE_SHADES = {"start": "#dcdcdc", "search": "#fbe6d4", "tune": "#ffffff", "confirm": "#e3eef6"}
SMALL, NORMAL, LARGE = 9, 10, 13
DIFFERS = 2e-3
"""Asked and read-back settings nearer than this share of the range are one point in the picture."""


def draw_session(record: Record, summary: Mapping[str, Any], target: str | PathLike[str]) -> None:
    """Write the picture of a record as a new PNG, 1800 pixels wide; `summary` is what the session came to.

    Raises RecordExists where there is a file, RecordError where none can be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    _draw(figure, record, summary)
    try:
        with Path(target).open("xb") as file:
            figure.savefig(file, format="png")
    except FileExistsError:
        raise RecordExists(target, "exists, and no picture is ever replaced.") from None
    except OSError as error:
        raise RecordError(target, f"the picture cannot be written: {error.strerror}.") from error


def _draw(figure: "Figure", record: Record, summary: Mapping[str, Any]) -> None:
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.08, hspace=0.03, wspace=0.03)  # type: ignore[union-attr, call-arg]
    figure.suptitle(_headline(record, summary), x=0.012, ha="left", fontsize=LARGE, color=INK)
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.12, 1))
    laser, ends = laser_of(record), first_and_last(record)
    if ends:
        _draw_ends(upper, *ends, record, laser)
    else:
        upper.text(0.5, 0.5, "no usable shot", ha="center", fontsize=LARGE, color=QUIET)
    if record.shots:
        left, right = lower.subplots(1, 2)
        _draw_knobs(left, record, laser)
        _draw_course(right, record, laser)


def _headline(record: Record, summary: Mapping[str, Any]) -> str:
    header = record.header
    who = summary.get("agent", "")
    return "  ·  ".join(
        part
        for part in (
            header.laser_id or "laser",
            f"{who} with {', '.join(header.channels)}" if who else ", ".join(header.channels),
            f"{len(record.shots)} shots",
            f"seed {header.seed}",
            header.operator,
        )
        if part
    )


# --------------------------------------------------------------------------------------------- before and after


def _draw_ends(figure: "Figure", first: ShotRow, last: ShotRow, record: Record, laser: SimulatedLaser | None) -> None:
    pulses = pulses_of(first, last, record, laser)
    frogs = [row.reading.channels["frog"] for row in (first, last) if "frog" in row.reading.channels]
    wide = [1.5] if pulses else []
    axes = list(figure.subplots(1, len(wide) + len(frogs), width_ratios=wide + [1.0] * len(frogs), squeeze=False)[0])
    if pulses:
        _draw_pulses(axes.pop(0), pulses)
    for axis, row, channel in zip(axes, (first, last), frogs, strict=False):
        _draw_frog(axis, row, channel)


def _draw_pulses(axis: "Axes", pulses: Pulses) -> None:
    names = ("before", "after", "transform limit")
    widths = [f", {width:.2f} ps" for width in pulses.widths_ps] if pulses.widths_ps else [""] * 3
    labels = [name + width for name, width in zip(names, widths, strict=True)]
    axis.fill_between(pulses.time_ps, pulses.before, color=BEFORE, alpha=0.22, linewidth=0)
    axis.plot(pulses.time_ps, pulses.before, color=BEFORE, linewidth=1.4, label=labels[0])
    axis.plot(pulses.time_ps, pulses.after, color=AFTER, linewidth=2.2, label=labels[1])
    if pulses.limit is not None:
        axis.plot(pulses.time_ps, pulses.limit, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=labels[2])
    half_ps = _reach_ps(pulses)
    axis.set(xlim=(-half_ps, half_ps), ylim=(0, 1.05))
    if pulses.seen:
        _style(axis, "Autocorrelation", "delay (ps)", "second harmonic / its peak")
    else:
        _style(axis, "Pulse", "time from the peak (ps)", "intensity / peak of the transform limit")
    _legend(axis, loc="upper right")


def _reach_ps(pulses: Pulses) -> float:
    """Half of the time axis: most of the pulse that came first, with the shortest still to be seen."""
    share = np.cumsum(pulses.before) / np.sum(pulses.before)
    low, high = np.interp((0.01, 0.99), share, pulses.time_ps)
    return float(np.clip(max(-low, high), 8.0, 30.0))


def _draw_frog(axis: "Axes", row: ShotRow, channel: Channel) -> None:
    from matplotlib.colors import PowerNorm

    delay_ps, frequency_thz = (np.asarray(channel.axes[name]) for name in ("delay_ps", "frequency_thz"))
    signal = np.clip(channel.signal / channel.signal.max(), 0, 1)
    image = axis.pcolormesh(
        delay_ps, frequency_thz, signal.T, cmap="magma", norm=PowerNorm(0.5, 0, 1), rasterized=True, shading="nearest"
    )
    _style(axis, f"FROG at shot {row.index}", "delay (ps)", "second harmonic, offset (THz)")
    bar = axis.figure.colorbar(image, ax=axis, ticks=(0, 0.04, 0.16, 0.36, 0.64, 1.0), pad=0.02, aspect=30)
    bar.ax.tick_params(labelsize=SMALL - 1, colors=INK, length=2)
    bar.outline.set_visible(False)  # type: ignore[operator]


# ------------------------------------------------------------------------------------------------ shot by shot


def _draw_knobs(axis: "Axes", record: Record, laser: SimulatedLaser | None) -> None:
    """Read-back as a line, what was asked as a ring where it is another place, a cross where the limits cut it."""
    shots = [row.index for row in record.shots]
    knobs = record.header.knobs
    asked, read = (fraction_of(table, knobs) for table in (record.asked, record.settings))
    clipped = np.array([row.clipped for row in record.shots])
    reach = max(0.05, 1.15 * float(np.abs(read).max()))
    for k, knob in enumerate(knobs):
        colour, marker = KNOB_STYLES[k % len(KNOB_STYLES)]
        label = f"{_short(knob.name)}  {record.settings[0, k]:+.3g} → {record.settings[-1, k]:+.3g} {knob.unit}"
        axis.plot(shots, read[:, k], color=colour, marker=marker, markersize=4.5, linewidth=1.4, label=label)
        elsewhere = np.abs(asked[:, k] - read[:, k]) > DIFFERS
        shown = np.clip(asked[:, k], -reach, reach)
        axis.plot(
            np.array(shots)[elsewhere], shown[elsewhere], marker, color=colour, markersize=6, markerfacecolor="none"
        )
        if laser:
            axis.axhline(fraction_of(laser.truth.best, knobs)[k], color=colour, linewidth=0.9, linestyle=":")
    axis.set_ylim(-reach, reach)
    _shade(axis, record)
    _style(axis, "Knobs", "shot", "departure from the middle / range")
    _legend(axis, loc="best")


def _draw_course(axis: "Axes", record: Record, laser: SimulatedLaser | None) -> None:
    shots = [row.index for row in record.shots]
    signals = np.array([_signal(row) for row in record.shots])
    if np.isfinite(signals).any():
        axis.plot(
            shots, signals / np.nanmax(signals), "o", color=QUIET, markersize=4, label="second harmonic, measured"
        )
    if laser:
        peak = np.asarray(laser.bench.strehl(record.settings)) / laser.truth.best_strehl
        axis.plot(shots, peak, color=AFTER, linewidth=2, label="peak / best reachable")
    axis.set_ylim(0, 1.08)
    _shade(axis, record)
    _style(axis, "Score", "shot", "fraction")
    _legend(axis, loc="lower right")


def _signal(row: ShotRow) -> float:
    return np.nan if row.reading.worst is Quality.INVALID else float(signal_of(row.reading))


def _short(name: str) -> str:
    return name.rpartition("_")[0].upper() or name


def _shade(axis: "Axes", record: Record) -> None:
    """The phases of a session as bands with their names."""
    axis.set_xlim(0.5, len(record.shots) + 0.5)
    for phase, run in groupby(record.shots, key=lambda row: row.phase):
        rows = list(run)
        axis.axvspan(rows[0].index - 0.5, rows[-1].index + 0.5, color=PHASE_SHADES.get(phase, "#f0f0f0"), zorder=0)


# ------------------------------------------------------------------------------------------------------- looks


def _style(axis: "Axes", title: str, x_label: str, y_label: str) -> None:
    axis.set_title(title, loc="left", fontsize=NORMAL + 1, color=INK, fontweight="bold")
    axis.set_xlabel(x_label, fontsize=NORMAL, color=INK)
    axis.set_ylabel(y_label, fontsize=NORMAL, color=INK)
    axis.tick_params(labelsize=SMALL, colors=INK, length=3)
    axis.spines[["top", "right"]].set_visible(False)


def _legend(axis: "Axes", loc: str) -> None:
    axis.legend(loc=loc, frameon=False, fontsize=SMALL + 0.5, labelcolor=INK)
