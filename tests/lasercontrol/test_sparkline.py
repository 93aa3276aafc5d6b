"""Curves of characters."""

import numpy as np

from lasercontrol.sparkline import ASCII, BLOCKS, block_plot, resampled, sparkline


def test_zero_is_empty_and_the_greatest_is_full() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == " ▄█"
    assert sparkline([0.0, 0.5, 1.0], ASCII) == " =@"


def test_no_number_shows_as_a_question() -> None:
    assert sparkline([1.0, np.nan]) == "█?"
    assert sparkline([]) == ""


def test_a_plot_is_filled_from_below() -> None:
    assert block_plot(np.array([0.0, 1.0, 2.0]), rows=2) == ["  █", " ██"]


def test_a_narrow_peak_survives_a_narrow_terminal() -> None:
    values = np.zeros(1000)
    values[617] = 1.0
    assert resampled(values, 10).tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert len(resampled(values[:3], 10)) == 3
    assert len(BLOCKS) == len(ASCII)
