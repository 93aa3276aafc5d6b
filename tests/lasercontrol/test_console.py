"""What an operator sees: a line per shot in a log, colours and a plot on a terminal, nothing when quiet."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from lasercontrol.bench import Quality
from lasercontrol.console import Progress
from lasercontrol.record_content import ShotRow
from lasercontrol.truth import Score
from sim.grid import FULL_GRID
from tests.lasercontrol.bench_stand_in import KNOBS, reading

PULSE = np.exp(-(((FULL_GRID.time_ps - 40.0) / 1.5) ** 2))
SCORE = Score(strehl=0.5, reachable_fraction=0.55, fwhm_ps=2.5, intensity=PULSE)


def row(index: int, quality: Quality = Quality.OK, *, clipped: bool = False) -> ShotRow:
    """A shot of a yield meter."""
    return ShotRow(
        index, "tune", np.zeros(2), np.array([1.5, -20.0]), reading("shg", np.asarray(0.25), quality), clipped
    )


def shown(*rows: ShotRow, terminal: bool = False, quiet: bool = False, score: Score | None = SCORE) -> str:
    """All that is printed for some shots."""
    progress = Progress(KNOBS, 12, quiet=quiet, limit=PULSE)
    progress.console = Console(
        file=StringIO(), force_terminal=terminal, quiet=quiet, highlight=False, soft_wrap=True, width=140
    )
    with progress.shown():
        progress.say("hello")
        for each in rows:
            progress.shot(each, score)
    assert isinstance(progress.console.file, StringIO)
    return progress.console.file.getvalue()


def test_what_was_expected_stands_in_the_line_of_its_shot() -> None:
    gains = (0.0312, 17.8, None)
    lines = shown(*(replace(row(n), expected_gain=gain) for n, gain in enumerate(gains, start=1))).splitlines()
    assert lines[1].endswith("  (expected +3.1%)")
    assert lines[2].endswith("  (expected 18.8 times)")
    assert "expected" not in lines[3]


def test_on_a_terminal_the_next_shots_gain_is_shown_until_it_is_taken() -> None:
    progress = Progress(KNOBS, 12, quiet=False, limit=PULSE)
    progress.console = Console(file=StringIO(), force_terminal=True, highlight=False, soft_wrap=True, width=140)
    with progress.shown():
        progress.shot(row(1), SCORE)
        progress.expect(0.0312)
        assert isinstance(progress.console.file, StringIO)
        assert "one more shot is expected to gain +3.1% in signal" in progress.console.file.getvalue()
        progress.shot(row(2), SCORE)
    last_view = progress.console.file.getvalue().rpartition("full height is the transform limit")[2]
    assert "yield" in last_view
    assert "one more shot" not in last_view


def test_a_log_has_one_line_per_shot_with_knobs_in_their_units() -> None:
    lines = shown(row(1), row(2, clipped=True)).splitlines()
    assert lines[0] == "hello"
    assert lines[1].startswith(
        "shot   1/12  tune     GDD   +1.500 ps²  TOD  -20.000 ps³  yield    0.25    2.50 ps  0.500 of limit  0.550"
    )
    assert lines[2].endswith("(clipped)")
    assert len(lines) == 3


def test_a_bench_without_truth_shows_its_signal_alone() -> None:
    assert shown(row(1), score=None).splitlines()[1].endswith("yield    0.25")


def test_an_invalid_reading_shows_no_number() -> None:
    said = shown(row(1, Quality.INVALID))
    assert "no reading" in said
    assert "0.25" not in said


def test_a_terminal_has_the_pulse_wherever_it_sits_in_the_window() -> None:
    said = shown(row(1), terminal=True)
    assert "full height is the transform limit" in said
    assert "██" in said


def test_a_terminal_of_ascii_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", type("Old", (StringIO,), {"encoding": "ascii"})())
    assert "█" not in shown(row(1), terminal=True)


def test_quiet_is_quiet() -> None:
    assert shown(row(1), quiet=True, terminal=True) == ""
