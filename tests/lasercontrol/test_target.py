"""The target of a run: a departure over B, and refusals with quantity, value and bound."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lasercontrol.bench import Knob
from lasercontrol.config import SessionSettings
from lasercontrol.errors import CallerError
from lasercontrol.scenario import default_amplitude, scenario_for
from lasercontrol.target import Target, target_of
from sim.chain import STRETCHER, FullChain, Laser
from sim.grid import FULL_GRID
from sim.metrics import fwhm_ps
from sim.pulse import field, finer, intensity_of
from sim.reachable import best_setting
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, LN2, gaussian_amplitude

KNOBS = scenario_for("wide").knobs


def target(*, knobs: tuple[Knob, ...] = KNOBS, b_range_rad: tuple[float, float] = (1.0, 3.5), **wanted: Any) -> Target:
    found = target_of(
        SessionSettings(**wanted),
        amplitude=default_amplitude(),
        knobs=knobs,
        b_range_rad=b_range_rad,
        stretcher=STRETCHER,
    )
    assert found is not None
    return found


def profile_file(folder: Path, fwhm_ps: float) -> Path:
    time_ps = np.arange(-20, 20.1, 0.1)
    path = folder / "wanted.csv"
    rows = [f"{t:.3f},{np.exp(-4 * LN2 * (t / fwhm_ps) ** 2):.6f}" for t in time_ps]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_without_a_target_there_is_none() -> None:
    given = {"amplitude": default_amplitude(), "knobs": KNOBS, "b_range_rad": (1.0, 3.5), "stretcher": STRETCHER}
    assert target_of(SessionSettings(), **given) is None  # type: ignore[arg-type]


def test_the_departure_makes_the_wanted_duration_on_the_full_grid() -> None:
    wanted, b_rad = target(target_fwhm_ps=3.0), np.array([1.3, 2.0, 3.2])
    lasers = Laser(amplitude=np.tile(default_amplitude(), (3, 1)), b_rad=b_rad, offset=np.zeros((3, 3)))
    best, _ = best_setting(lasers, -DEFAULT_RANGE / 2, DEFAULT_RANGE / 2)
    spectrum, grid = finer(FullChain(lasers).spectrum_after(best + wanted(b_rad) * DEFAULT_RANGE), FULL_GRID, 8)
    assert_close(fwhm_ps(intensity_of(field(spectrum, grid)), grid), 3.0, rel=0.02)
    assert wanted.in_words == "a pulse of 3 ps"
    assert wanted.overlap_with(np.ones(FULL_GRID.n)) is None
    assert wanted.autocorrelation_fwhm_ps is not None
    assert 3.0 < wanted.autocorrelation_fwhm_ps < 6.0


def test_a_known_b_is_a_range_too() -> None:
    wanted = target(target_fwhm_ps=3.0, b_range_rad=(2.0, 2.0))
    assert wanted(np.array(2.0)).shape == (3,)


def test_the_departure_is_of_the_knobs_that_there_are() -> None:
    few = (KNOBS[2], KNOBS[0])
    wanted = target(target_fwhm_ps=3.0, knobs=few)
    departure = wanted(np.array([1.0, 3.0]))
    assert departure.shape == (2, 2)
    assert not departure[:, 0].any()
    assert np.all(departure[:, 1] > 0)


@pytest.mark.parametrize(
    ("wanted_ps", "said"),
    [
        (1.0, "a duration of 1 ps is wanted (target_fwhm_ps), and the most intense pulse lasts up to 1.668 ps already"),
        (
            1.64,
            "the most intense pulse lasts up to 1.668 ps already, and no shorter one is looked for; nothing was mov",
        ),
        (300.0, "and the knobs stretch it to no more than "),
        (
            15.0,
            "no GDD makes it: the width jumps from below to above, since the pulse breaks in two; nothing was moved",
        ),
    ],
)
def test_a_duration_out_of_reach_is_refused_with_its_bound(wanted_ps: float, said: str) -> None:
    with pytest.raises(CallerError) as refused:
        target(target_fwhm_ps=wanted_ps)
    assert said in str(refused.value)


def test_without_a_knob_that_stretches_a_duration_is_refused() -> None:
    with pytest.raises(
        CallerError, match=r"there is no knob gdd_ps2 that would stretch the pulse; nothing was moved\."
    ):
        target(target_fwhm_ps=3.0, knobs=KNOBS[1:])


def test_a_profile_within_reach_is_met_by_all_knobs(tmp_path: Path) -> None:
    wanted = target(target_profile=profile_file(tmp_path, 3.0), b_range_rad=(1.0, 1.2))
    assert wanted.overlap is not None
    assert wanted.overlap > 0.97
    assert np.abs(wanted(np.array(1.1))[:2]).min() > 0
    pulse = np.asarray(intensity_of(field(gaussian_amplitude(FULL_GRID, 3.0) + 0j, FULL_GRID)))
    assert_close(wanted.overlap_with(pulse), 1.0, rel=1e-3)
    assert wanted.in_words.startswith("the profile of the file, which the knobs can meet to an overlap of 0.9")


def test_a_profile_out_of_reach_is_refused_with_the_overlap(tmp_path: Path) -> None:
    narrow = replace(KNOBS[0], low=-1.0, high=1.0, max_step=1.0)
    with pytest.raises(CallerError, match=r"out of the knobs' reach: .* by 0\.\d{3}, and 0\.9 is the least"):
        target(target_profile=profile_file(tmp_path, 0.5), knobs=(narrow,), b_range_rad=(1.0, 1.2))
