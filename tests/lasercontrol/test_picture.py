"""The picture of a session is drawn from any record, says what it shows, and touches nothing else."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from lasercontrol.errors import RecordError, RecordExists
from lasercontrol.picture import _draw, draw_session
from lasercontrol.record import Record
from tests.lasercontrol.record_specimen import HEADER, invalid, record_of, row, simulated

ROOT = Path(__file__).parents[2]
RESULT = {"agent": "estimator", "fwhm_ps": 1.634, "fwhm_tl_ps": 1.579, "strehl": 0.93, "reachable_fraction": 0.991}


def drawn(record: Record, summary: Mapping[str, Any] = RESULT) -> Figure:
    """The picture before it is written."""
    figure = Figure(figsize=(12, 8))
    _draw(figure, record, summary)
    return figure


def titles(figure: Figure) -> list[str]:
    return [axis.get_title(loc="left") for axis in figure.axes]


def words(figure: Figure) -> str:
    """All text outside the panels."""
    return "\n".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (("frog",), ["Pulse", "FROG, shot 1", "FROG, shot 3", "Knobs", "Score"]),
        (("frog", "spectrum"), ["Pulse", "FROG, shot 1", "FROG, shot 3", "Knobs", "Score"]),
        (("autocorrelation",), ["Pulse", "Autocorrelation", "Knobs", "Score"]),
        (("shg",), ["Pulse", "Knobs", "Score"]),
    ],
)
def test_panels_follow_what_was_seen(channels: tuple[str, ...], expected: list[str]) -> None:
    assert titles(drawn(simulated(*channels))) == expected


def test_without_the_truth_only_what_was_seen_is_drawn() -> None:
    figure = drawn(simulated("frog", scenario="hold"))
    assert titles(figure) == ["Autocorrelation", "FROG, shot 1", "FROG, shot 3", "Knobs", "Signal"]
    assert "best reachable" not in [text.get_text() for text in _legend_of(figure, "Signal")]


def _legend_of(figure: Figure, title: str) -> list[Any]:
    axis = figure.axes[titles(figure).index(title)]
    legend = axis.get_legend()
    return list(legend.get_texts()) if legend else []


def test_the_picture_says_what_the_session_came_to() -> None:
    text = words(drawn(replace(simulated("shg"), exit_reason="out of shots")))
    assert "estimator with shg  ·  3 shots  ·  seed 1  ·  2023-11-14 22:13 UTC" in text
    assert "1.63 ps, transform limit 1.58 ps, peak 0.930 of the limit's, 0.991 of the best reachable" in text
    assert "out of shots" in text


def test_knobs_are_named_with_their_units() -> None:
    record = simulated("shg")
    figure = drawn(record)
    texts = [text.get_text() for text in figure.axes[titles(figure).index("Knobs")].texts]
    best = f"{record.shots[-1].setting[0]:.3g}".replace("-", "−")
    assert f"GDD {best} ps²\nfrom 0" in texts
    assert {"start", "tune"} <= set(texts)


def test_names_of_knobs_do_not_overlap() -> None:
    record = simulated("shg")
    same = [replace(each, setting=record.shots[0].setting) for each in record.shots]
    figure = drawn(replace(record, shots=tuple(same), summary=None))
    axis = figure.axes[titles(figure).index("Knobs")]
    heights = sorted(text.xy[1] for text in axis.texts if "from" in text.get_text())  # type: ignore[attr-defined]
    assert len(heights) == 3
    assert np.diff(heights).min() > 0.1 * np.ptp(axis.get_ylim())
    assert min(heights) >= axis.get_ylim()[0]
    assert max(heights) <= axis.get_ylim()[1]


def test_what_the_limits_cut_is_marked() -> None:
    record = simulated("shg")
    wished = record.shots[1].asked + np.array([100.0, 0.0, 0.0])
    cut = replace(record.shots[1], asked=wished, clipped=True)
    figure = drawn(replace(record, shots=(record.shots[0], cut, record.shots[2])))
    assert "asked, cut by limits" in [text.get_text() for text in _legend_of(figure, "Knobs")]
    assert "asked, cut by limits" not in [text.get_text() for text in _legend_of(drawn(record), "Knobs")]


def test_invalid_readings_are_crosses_and_no_numbers() -> None:
    figure = drawn(invalid(simulated("frog"), 1))
    assert titles(figure)[:3] == ["Pulse", "FROG, shot 2", "FROG, shot 3"]
    assert "invalid reading" in [text.get_text() for text in _legend_of(figure, "Score")]


@pytest.mark.parametrize("shots", [1, 2, 200])
def test_any_number_of_shots_is_drawn(shots: int) -> None:
    assert "Knobs" in titles(drawn(simulated("shg", shots=shots)))


def test_sessions_that_came_to_nothing_are_drawn() -> None:
    record = simulated("frog")
    assert "no usable shot" in words(drawn(invalid(record, 1, 2, 3), {}))
    assert "no usable shot" in words(drawn(replace(record, shots=(), exit_reason=None, summary=None), {}))
    assert "not ended" in words(drawn(replace(record, exit_reason=None), {}))


def test_a_bench_that_is_no_simulation_is_drawn() -> None:
    rows = tuple(row(index, channels=("shg",)) for index in (1, 2, 3))
    record = record_of(replace(HEADER, config={"lab": 1}), rows, None)
    figure = drawn(record, {})
    assert titles(figure) == ["Knobs", "Signal"]
    assert "no diagnostic shows a pulse" in words(figure)


def test_the_file_is_a_picture_and_global_state_is_left_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    draw_session(simulated("frog"), RESULT, tmp_path / "run.png")
    image = imread(tmp_path / "run.png")
    assert image.shape[:2] == (1200, 1800)
    assert image[..., :3].std() > 0.1
    assert dict(mpl.rcParams) == before


def test_a_picture_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "run.png").write_bytes(b"mine")
    with pytest.raises(RecordExists, match=r"run\.png: exists, and no picture is ever replaced"):
        draw_session(simulated("shg"), RESULT, tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes() == b"mine"
    with pytest.raises(RecordError, match="the picture cannot be written: No such file or directory"):
        draw_session(simulated("shg"), RESULT, tmp_path / "nowhere" / "run.png")


def test_no_window_and_no_matplotlib_before_it_is_needed() -> None:
    program = "import sys, lasercontrol.picture; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
