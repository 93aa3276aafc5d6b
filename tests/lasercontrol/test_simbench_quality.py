"""What a simulated reading says of itself where light leaves the window that it shows."""

import numpy as np
import pytest

from lasercontrol.bench import Knob, Quality
from lasercontrol.simbench import Instruments, SimBench
from sim.plant import Fidelity
from tests.gaussian import DEFAULT_RANGE, default_laser

SETTINGS = np.array([[1.0, 2.0, 3.0], [25.0, 40.0, 100.0], [32.0, 98.0, 360.0]])
"""0 %, 3 % and 12 % of the energy outside the fast window."""


def bench(fidelity: Fidelity) -> SimBench:
    knobs = tuple(
        Knob(name=name, unit=unit, low=-span / 2, high=span / 2, max_step=span / 4)
        for name, unit, span in zip(
            ("gdd_ps2", "tod_ps3", "fod_ps4"), ("ps²", "ps³", "ps⁴"), DEFAULT_RANGE, strict=True
        )
    )
    laser = default_laser(np.array([2.0, 2.0, 2.0]))
    return SimBench(laser, knobs, Instruments(), scale=np.ones(3), rng=np.random.default_rng(1), fidelity=fidelity)


@pytest.mark.parametrize(
    ("fidelity", "expected"),
    [
        (Fidelity.FAST, [Quality.OK, Quality.SUSPECT, Quality.OK]),  # the third is shown on the full grid
        (Fidelity.AUTO, [Quality.OK, Quality.OK, Quality.OK]),
        (Fidelity.FULL, [Quality.OK, Quality.OK, Quality.OK]),
    ],
)
def test_above_two_percent_outside_a_reading_is_suspect(fidelity: Fidelity, expected: list[Quality]) -> None:
    simulated = bench(fidelity)
    simulated.move(SETTINGS)
    reading = simulated.measure()
    assert reading.quality.tolist() == expected
    assert any("outside the window" in reason for reason in reading.reasons) == (Quality.SUSPECT in expected)


def test_one_seed_is_one_run_bit_for_bit() -> None:
    """And a second bench takes nothing from the first one's stream."""
    first, second = bench(Fidelity.FULL), bench(Fidelity.FULL)
    for shot in range(2):
        frames = []
        for simulated in (first, second):
            simulated.move(SETTINGS * (0.1 + 0.1 * shot))
            frames.append(simulated.measure().channels["frog"].values)
        assert (frames[0] == frames[1]).all()
