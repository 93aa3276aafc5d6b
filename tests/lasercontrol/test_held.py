"""What is said of a laser that is held."""

import numpy as np

from lasercontrol.bench import Quality
from lasercontrol.held import held
from lasercontrol.record_content import ShotRow
from tests.lasercontrol.bench_stand_in import KNOBS, reading


def row(signal: float, gdd_ps2: float, quality: Quality = Quality.OK) -> ShotRow:
    return ShotRow(1, "tune", np.zeros(2), np.array([gdd_ps2, 0.0]), reading("shg", np.asarray(signal), quality), False)


def test_signal_and_way_are_told() -> None:
    rows = [row(1.0, 0.0), row(1.5, 6.0), row(0.5, 6.0), row(9.0, 0.0, Quality.INVALID)]
    signal = "signal 1 in the mean, 0.500 of that at the least"
    assert held(rows, KNOBS) == f"held for 4 shots: {signal}; the knobs moved 2 times, 0.2 ranges in all."


def test_a_single_shot_and_one_without_a_reading_are_told_too() -> None:
    assert "moved 0 times, 0 ranges" in held([row(1.0, 0.0)], KNOBS)
    assert "without a usable reading" in held([row(1.0, 0.0, Quality.INVALID)], KNOBS)
