"""What an operator sees while a session runs: one line per shot, and on a terminal the pulse itself.

A log file or a pipe gets plain lines; a terminal gets colours and a small plot that lives below them; `quiet` gets
nothing, so that a program that reads JSON is not disturbed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from lasercontrol.bench import Floats, Knob, Quality
from lasercontrol.record_content import ShotRow
from lasercontrol.shot import signal_of
from lasercontrol.sparkline import ASCII, BLOCKS, block_plot, resampled, sparkline
from lasercontrol.truth import Score
from sim.grid import FULL_GRID

__all__ = ["Progress"]

SHOWN_PS = 12.0  # half width of the pulse plot: seven transform limits, where the light of a bad start still is
PLOT_WIDTH, PLOT_ROWS, INLINE = 72, 6, 16
COLOURS = {Quality.OK: "", Quality.SUSPECT: "yellow", Quality.INVALID: "red"}


class _Console(Console):
    """A console whose viewer may leave (`| head`): that ends the view, never the run."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Progress:
    """Tells a session as it goes. `limit` is the transform-limited pulse over `FULL_GRID.time_ps`, if it is known."""

    def __init__(self, knobs: tuple[Knob, ...], shots: int, *, quiet: bool, limit: Floats | None = None) -> None:
        self.knobs, self.shots, self.limit = knobs, shots, limit
        self.console: Console = _Console(quiet=quiet, highlight=False, soft_wrap=True)
        self.glyphs = BLOCKS if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII
        self._live: Live | None = None
        self._yields: list[float] = []
        self._gain: float | None = None
        self._shown: Floats | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the plot on the screen while the block runs; a pipe needs none."""
        if self.console.quiet or not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, auto_refresh=False, transient=False) as self._live:
            yield
        self._live = None

    def say(self, text: str) -> None:
        """A sentence of its own."""
        self.console.print(Text(text, style="bold"))

    def shot(self, row: ShotRow, score: Score | None) -> None:
        """A line for the shot, and the plot below renewed."""
        invalid = row.reading.worst is Quality.INVALID
        self._yields.append(np.nan if invalid else float(signal_of(row.reading)))
        pulse = self._pulse(score)
        self._gain, self._shown = None, pulse
        inline = "" if self._live or pulse is None else "  " + sparkline(resampled(pulse, INLINE), self.glyphs)
        clipped = "  (clipped)" if row.clipped else ""
        expected = "" if row.expected_gain is None else f"  (expected {_percent(row.expected_gain)})"
        line = f"{self._place(row)}  {self._knobs(row)}  {self._figures(score)}{inline}{expected}{clipped}"
        self.console.print(Text(line.rstrip(), style=COLOURS[row.reading.worst]))
        for reason in row.reading.reasons:
            self.console.print(Text(f"         {row.reading.worst.name}: {reason}", style="dim"))
        if self._live:
            self._live.update(self._plot(pulse), refresh=True)

    def expect(self, gain: float | None) -> None:
        """What the agent expects of one more shot: below the plot until it is taken, then in the shot's own line."""
        self._gain = gain
        if self._live:
            self._live.update(self._plot(self._shown), refresh=True)

    def _place(self, row: ShotRow) -> str:
        return f"shot {row.index:>3}/{self.shots}  {row.phase:<7}"

    def _knobs(self, row: ShotRow) -> str:
        shown = zip(self.knobs, row.setting, strict=True)
        return "  ".join(f"{knob.name.rpartition('_')[0].upper()} {at:+8.3f} {knob.unit}" for knob, at in shown)

    def _figures(self, score: Score | None) -> str:
        signal = "no reading" if np.isnan(self._yields[-1]) else f"yield {self._yields[-1]:7.4g}"
        if score is None:
            return signal
        return (
            f"{signal}  {score.fwhm_ps:6.2f} ps  {score.strehl:5.3f} of limit  {score.reachable_fraction:5.3f} of best"
        )

    def _pulse(self, score: Score | None) -> Floats | None:
        """Intensity about its peak, in the stretch that is shown."""
        return None if score is None else _centred(score.intensity)

    def _plot(self, pulse: Floats | None) -> Group:
        lines = []
        if pulse is not None and self.limit is not None:
            top = float(self.limit.max())
            filled = block_plot(resampled(pulse, PLOT_WIDTH), PLOT_ROWS, self.glyphs, top)
            lines += [Text(line, style="cyan") for line in filled]
            lines.append(Text(f"pulse over ±{SHOWN_PS:g} ps; full height is the transform limit", style="dim"))
        lines.append(Text("yield  " + sparkline(self._yields[-PLOT_WIDTH:], self.glyphs), style="green"))
        if self._gain is not None:
            lines.append(Text(f"one more shot is expected to gain {_percent(self._gain)} in signal", style="dim"))
        return Group(*lines)


def _percent(gain: float) -> str:
    """A relative gain as people read it; a start in the dark gains more than anybody wants to see in per cent."""
    return f"{gain:+.1%}" if gain < 10 else f"{1 + gain:.3g} times"


def _centred(intensity: Floats) -> Floats:
    """The stretch of ±SHOWN_PS about the peak, shape (m,), wherever in the periodic window it sits."""
    half = round(SHOWN_PS / FULL_GRID.dt_ps)
    return np.roll(intensity, half - int(np.argmax(intensity)))[: 2 * half + 1]
