"""A session in one picture: pulse and FROG before and after, the knobs, and how good the pulse was at every shot."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Channel, Quality, fraction_of
from lasercontrol.errors import RecordError, RecordExists
from lasercontrol.record import Record, ShotRow
from lasercontrol.session_pulses import Pulses, first_and_last, laser_of, pulses_of
from lasercontrol.shot import signal_of
from lasercontrol.simulated import SimulatedLaser

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

__all__ = ["draw_session"]

# Okabe and Ito's colours, which every kind of colour vision tells apart.
BLUE, ORANGE, GREEN, RED, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
BEFORE, AFTER, INK, QUIET = RED, BLUE, "#222222", "#777777"
KNOB_STYLES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PINK, "D"), (SKY, "v"), (RED, "P"))
PHASE_SHADES = {"start": "#ebebeb", "search": "#fbe6d4", "tune": "#ffffff", "confirm": "#e3eef6"}
SMALL, NORMAL, LARGE = 9, 10, 13
LEFT, RIGHT, LONGEST = 0.055, 0.985, 170
UPPER = {"left": LEFT, "right": RIGHT, "bottom": 0.535, "top": 0.85, "wspace": 0.22}
LOWER = {"left": LEFT, "right": RIGHT, "bottom": 0.07, "top": 0.41, "wspace": 0.36}
DIFFERS_PERCENT = 0.2
"""Asked and read-back settings nearer than this share of the range are one point in the picture."""
ABOVE: dict[str, Any] = {
    "loc": "lower right",
    "bbox_to_anchor": (1.0, 0.985),
    "ncols": 3,
    "frameon": False,
    "fontsize": SMALL,
    "labelcolor": INK,
    "columnspacing": 1.2,
    "handlelength": 1.6,
}


def draw_session(record: Record, summary: Mapping[str, Any], target: str | PathLike[str]) -> None:
    """Write the picture of a record as a new PNG, 1800 pixels wide; `summary` is what the session came to.

    Raises RecordExists where there is a file, RecordError where none can be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), dpi=150, facecolor="white")
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
    lines = ((0.975, _headline(record, summary), LARGE, INK), (0.94, _result(summary), NORMAL, INK))
    for height, text, size, colour in (*lines, (0.912, _shortened(record.exit_reason or "not ended"), SMALL, QUIET)):
        figure.text(LEFT, height, text, fontsize=size, color=colour, va="center")
    laser, ends = laser_of(record), first_and_last(record)
    if ends:
        _draw_ends(figure, ends, record, laser)
    else:
        figure.text(0.5, 0.7, "no usable shot", ha="center", fontsize=LARGE, color=QUIET)
    if record.shots:
        left, right = figure.subplots(1, 2, gridspec_kw=LOWER)
        _draw_knobs(left, record, laser, ends[1] if ends else record.shots[-1])
        _draw_course(right, record, laser)


def _headline(record: Record, summary: Mapping[str, Any]) -> str:
    header, who, shots = record.header, summary.get("agent"), len(record.shots)
    seen = ", ".join(header.channels)
    parts = (
        header.laser_id or "laser",
        f"{who} with {seen}" if who else seen,
        f"{shots} shot{'s' if shots != 1 else ''}",
        f"seed {header.seed}",
        header.operator,
        datetime.fromtimestamp(record.start_utc_s, UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    return "  ·  ".join(part for part in parts if part)


def _result(summary: Mapping[str, Any]) -> str:
    """What the session came to, as far as it is known."""
    sentences = {
        "fwhm_ps": "{fwhm_ps:.2f} ps",
        "fwhm_tl_ps": "transform limit {fwhm_tl_ps:.2f} ps",
        "strehl": "peak {strehl:.3f} of the limit's",
        "reachable_fraction": "{reachable_fraction:.3f} of the best reachable",
    }
    parts = [sentence.format(**summary) for key, sentence in sentences.items() if summary.get(key) is not None]
    return ", ".join(parts or _measured(summary))


def _measured(summary: Mapping[str, Any]) -> list[str]:
    """Of a real laser, what its instruments showed."""
    parts = []
    if summary.get("signal_gain") is not None:
        parts.append(f"signal {summary['signal_gain']:.3g} times that of the first good reading")
    widths = summary.get("autocorrelation_fwhm_ps")
    if widths and widths[1] is not None:
        parts.append(f"autocorrelation {widths[1]:.2f} ps wide")
    return parts


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


# --------------------------------------------------------------------------------------------- before and after


def _draw_ends(figure: "Figure", ends: tuple[ShotRow, ShotRow], record: Record, laser: SimulatedLaser | None) -> None:
    frogs = {row.index: row.reading.channels["frog"] for row in ends if "frog" in row.reading.channels}
    pulses = [pulses_of(*ends, record, laser), None if frogs or not laser else pulses_of(*ends, record, None)]
    shown = [pulse for pulse in pulses if pulse]
    widths = [1.45] * len(shown) + [1.0] * len(frogs)
    if not widths:
        figure.text(0.5, 0.7, "no diagnostic shows a pulse", ha="center", fontsize=LARGE, color=QUIET)
        return
    axes = list(figure.subplots(1, len(widths), width_ratios=widths, squeeze=False, gridspec_kw=UPPER)[0])
    for axis, pulse in zip(axes, shown, strict=False):
        _draw_pulses(axis, pulse)
    for axis, (index, channel) in zip(axes[len(shown) :], frogs.items(), strict=True):
        _draw_frog(axis, index, channel, last=axis is axes[-1])


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
    axis.legend(
        loc="upper left",
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handlelength=1.1,
        handletextpad=0.5,
        borderaxespad=0.2,
    )


def _reach_ps(pulses: Pulses) -> float:
    """Half of the time axis: most of the pulse that came first, with the shortest still to be seen."""
    share = np.cumsum(pulses.before) / np.sum(pulses.before)
    low, high = np.interp((0.01, 0.99), share, pulses.time_ps)
    return float(np.clip(max(-low, high), 8.0, 16.0))


def _draw_frog(axis: "Axes", index: int, channel: Channel, *, last: bool) -> None:
    from matplotlib.colors import PowerNorm

    delay_ps, frequency_thz = (np.asarray(channel.axes[name]) for name in ("delay_ps", "frequency_thz"))
    signal = np.clip(channel.signal / channel.signal.max(), 0, 1)
    image = axis.pcolormesh(
        delay_ps, frequency_thz, signal.T, cmap="magma", norm=PowerNorm(0.5, 0, 1), rasterized=True, shading="nearest"
    )
    _style(axis, f"FROG, shot {index}", "delay (ps)", "second harmonic, offset (THz)")
    if last:
        _explain_colours(axis, image)


def _explain_colours(axis: "Axes", image: "QuadMesh") -> None:
    bar = axis.figure.colorbar(
        image, cax=axis.inset_axes((0.62, 1.035, 0.38, 0.022)), orientation="horizontal", ticks=(0, 0.1, 0.5, 1.0)
    )
    bar.ax.xaxis.set_ticks_position("top")
    bar.ax.set_xticklabels(["0", "0.1", "0.5", "peak"])
    bar.ax.tick_params(labelsize=SMALL - 1, colors=INK, length=2, pad=1)
    bar.outline.set_visible(False)


# ------------------------------------------------------------------------------------------------ shot by shot


def _draw_knobs(axis: "Axes", record: Record, laser: SimulatedLaser | None, left: ShotRow) -> None:
    """Read-back as a line; a ring where something else was asked for; dots where the best reachable lies."""
    knobs, shots = record.header.knobs, _shots(record)
    asked, read = (100 * fraction_of(table, knobs) for table in (record.asked, record.settings))
    best = 100 * fraction_of(laser.truth.best, knobs) if laser else None
    reach = max(2.0, 1.12 * float(np.abs(read).max()), 1.12 * float(np.abs(best).max()) if best is not None else 0.0)
    labels = []
    for k, knob in enumerate(knobs):
        colour, marker = KNOB_STYLES[k % len(KNOB_STYLES)]
        axis.plot(shots, read[:, k], color=colour, marker=marker, markersize=4, linewidth=1.4)
        elsewhere = np.abs(asked[:, k] - read[:, k]) > DIFFERS_PERCENT
        rings = np.clip(asked[elsewhere, k], -reach, reach)
        axis.plot(shots[elsewhere], rings, marker, color=colour, markersize=6, markerfacecolor="none", clip_on=False)
        axis.vlines(shots[elsewhere], read[elsewhere, k], rings, color=colour, linewidth=0.8)
        if best is not None:
            axis.axhline(best[k], color=colour, linewidth=1, linestyle=":")
        first, last = (_number(row.setting[k]) for row in (record.shots[0], left))
        labels.append((read[-1, k], f"{_short(knob.name)} {last} {knob.unit}\nfrom {first}", colour))
    axis.set_ylim(-reach, 1.2 * reach)
    _label_ends(axis, labels, reach)
    _style(axis, "Knobs", "shot", "% of the range, from its middle")
    _shade(axis, record)
    _explain(axis, asked_elsewhere=bool((np.abs(asked - read) > DIFFERS_PERCENT).any()), best=best is not None)


def _label_ends(axis: "Axes", labels: list[tuple[float, str, str]], reach: float) -> None:
    """Names at the right end of the lines, pushed apart where they would overlap."""
    gap, floor = 0.27 * reach, -np.inf
    ordered = sorted(labels)
    room = reach - gap * (len(ordered) - 1)
    for n, (at, text, colour) in enumerate(ordered):
        floor = min(max(at, floor + gap), room + gap * n)
        axis.annotate(
            text,
            (1.0, floor),
            xycoords=axis.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=colour,
        )


def _explain(axis: "Axes", *, asked_elsewhere: bool, best: bool) -> None:
    from matplotlib.lines import Line2D

    ring = Line2D([], [], color=QUIET, marker="o", markerfacecolor="none", linestyle="", label="asked, cut by limits")
    dots = Line2D([], [], color=QUIET, linestyle=":", linewidth=1.2, label="best reachable")
    handles = [handle for handle, shown in ((ring, asked_elsewhere), (dots, best)) if shown]
    if handles:
        axis.legend(handles=handles, **ABOVE)


def _draw_course(axis: "Axes", record: Record, laser: SimulatedLaser | None) -> None:
    """The signal that an agent goes by, and the peak that it cannot see, where that is known."""
    shots, signals = _shots(record), np.array([_signal(row) for row in record.shots])
    invalid = np.array([row.reading.worst is Quality.INVALID for row in record.shots])
    if laser:
        peak = 100 * np.asarray(laser.bench.strehl(record.settings)) / laser.truth.best_strehl
        axis.plot(shots, peak, color=AFTER, linewidth=2, label="peak / best reachable")
    if np.isfinite(signals).any():
        scaled = 100 * signals / np.nanmax(signals)
        axis.plot(shots, scaled, "o", color=INK, markersize=4, label="signal / greatest seen")
    if invalid.any():
        axis.plot(shots[invalid], np.zeros(invalid.sum()), "x", color=RED, clip_on=False, label="invalid reading")
    axis.set_ylim(0, 124)
    axis.set_yticks(range(0, 101, 20))
    _style(axis, "Score" if laser else "Signal", "shot", "share (%)")
    _shade(axis, record)
    axis.legend(**ABOVE)


def _signal(row: ShotRow) -> float:
    return np.nan if row.reading.worst is Quality.INVALID else float(signal_of(row.reading))


def _shots(record: Record) -> NDArray[np.int_]:
    return np.array([row.index for row in record.shots])


def _short(name: str) -> str:
    """A knob's name without its unit."""
    return name.rpartition("_")[0].upper() or name


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _shade(axis: "Axes", record: Record) -> None:
    """The phases of a session as bands with their names; that of one shot among many stands upright."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axis.set_xlim(0.5, len(record.shots) + 0.5)
    for phase, run in groupby(record.shots, key=lambda row: row.phase):
        rows = list(run)
        low, high = rows[0].index - 0.5, rows[-1].index + 0.5
        axis.axvspan(low, high, color=PHASE_SHADES.get(phase, "#f0f0f0"), zorder=0, linewidth=0)
        narrow = high - low < 0.09 * len(record.shots)
        axis.text(
            (low + high) / 2,
            0.985,
            phase,
            transform=axis.get_xaxis_transform(),
            rotation=90 if narrow else 0,
            ha="center",
            va="top",
            fontsize=SMALL - 1,
            color=QUIET,
        )


# ------------------------------------------------------------------------------------------------------- looks


def _style(axis: "Axes", title: str, x_label: str, y_label: str) -> None:
    axis.set_title(title, loc="left", fontsize=NORMAL + 1, color=INK, fontweight="bold", y=1.03, pad=0)
    axis.set_xlabel(x_label, fontsize=NORMAL, color=INK)
    axis.set_ylabel(y_label, fontsize=NORMAL, color=INK)
    axis.tick_params(labelsize=SMALL, colors=INK, length=3)
    axis.spines[["top", "right"]].set_visible(False)
