"""What a run came to: of a simulated laser the truth, of a real one only what was measured."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.bench import Channel, Floats, Quality, Reading
from lasercontrol.config import Config
from lasercontrol.record_content import ShotRow
from lasercontrol.session import Ending, Exit
from lasercontrol.target import Target
from lasercontrol.telling import autocorrelation_fwhm_ps, sentences_of, shots_to, summary_of
from lasercontrol.truth import Score
from lasercontrol.tunable import TunableLaser
from tests.closeness import assert_close
from tests.gaussian import LN2
from tests.lasercontrol.bench_stand_in import KNOBS, HillBench
from tests.lasercontrol.lab.stand_in import lab_section

DELAY_PS = (np.arange(64) - 32) * 0.5
PATH = Path("run.h5")


def bell(fwhm_ps: float, middle_ps: float = 0.0) -> Floats:
    return np.asarray(np.exp(-4 * LN2 * ((DELAY_PS - middle_ps) / fwhm_ps) ** 2))


def autocorrelation(values: Floats, **given: Any) -> Channel:
    return Channel(values, "arb.", {"delay_ps": DELAY_PS}, **given)


def frog(fwhm_ps: float, height: float = 1.0) -> Channel:
    trace = height * bell(fwhm_ps)[:, None] * np.array([0.0, 1.0, 2.0, 1.0])
    return Channel(trace, "W", {"delay_ps": DELAY_PS, "frequency_thz": np.arange(4.0)})


def row(index: int, channels: dict[str, Channel], quality: Quality = Quality.OK, energy: float = 1.0) -> ShotRow:
    reading = Reading(channels, np.asarray(energy), np.asarray(quality, dtype=np.int8), (), 0.0, 0.0)
    return ShotRow(index, "tune", np.zeros(2), np.zeros(2), reading, False)


def ending(*rows: ShotRow) -> Ending:
    return Ending(Exit.DONE, "out of shots; the knobs are at the best setting", rows, np.array([1.5, -2.0]), 3)


def score(reachable_fraction: float) -> Score:
    return Score(
        strehl=0.8 * reachable_fraction, reachable_fraction=reachable_fraction, fwhm_ps=2.0, intensity=DELAY_PS
    )


def laser(truth: object = None, *, real: bool = True) -> TunableLaser:
    sections = {"lab": lab_section()} if real else {}
    bench = HillBench(knobs=KNOBS)
    made = SimpleNamespace(config=Config.model_validate(sections), bench=bench, seed=7, truth=truth)
    return cast("TunableLaser", made)


def told(*rows: ShotRow) -> dict[str, Any]:
    return summary_of(ending(*rows), laser(), [], PATH, shots=12)


# ------------------------------------------------------------------------------------------------------ the width


@given(fwhm_ps=st.floats(3.0, 12.0), middle_ps=st.floats(-3, 3), background=st.floats(0, 100))
def test_a_width_is_that_at_half_of_the_height(fwhm_ps: float, middle_ps: float, background: float) -> None:
    channel = autocorrelation(bell(fwhm_ps, middle_ps) + background, background=background)
    assert_close(autocorrelation_fwhm_ps(channel), fwhm_ps, rel=0.03)  # lines between samples half a picosecond apart


def test_the_width_of_a_frog_is_that_of_its_sum_over_frequency() -> None:
    assert_close(autocorrelation_fwhm_ps(frog(4.0)), 4.0, rel=0.01)


@pytest.mark.parametrize(
    "values", [bell(60.0), bell(4.0, -16.0), bell(4.0, 15.5), np.zeros(64), np.full(64, -1.0) - bell(4.0)]
)
def test_what_does_not_fall_to_half_within_the_scan_or_is_no_light_has_no_width(values: Floats) -> None:
    assert autocorrelation_fwhm_ps(autocorrelation(values)) is None


# ----------------------------------------------------------------------------------------------------- a real laser


def test_of_a_real_laser_no_truth_is_told() -> None:
    summary = told(row(1, {"frog": frog(8.0)}))
    assert not {"strehl", "reachable_fraction", "fwhm_ps", "shots_to_95"} & set(summary)
    assert (summary["bench"], summary["limit_violations"], summary["shots"]) == ("fake", 3, 1)
    assert summary["setting"] == {"gdd_ps2": 1.5, "tod_ps3": -2.0}


def test_the_gain_is_of_the_last_good_signal_over_the_first_at_equal_energy() -> None:
    rows = (row(1, {"frog": frog(8.0)}), row(2, {"frog": frog(4.0, height=6.0)}, energy=2.0))
    summary = told(*rows)
    assert_close(summary["signal_gain"], 6.0 / 4.0, rel=1e-3)
    assert_close(summary["autocorrelation_fwhm_ps"], [8.0, 4.0], rel=0.01)
    assert summary["invalid_readings"] == 0


def test_invalid_readings_are_counted_and_tell_nothing() -> None:
    bad = row(1, {}, Quality.INVALID, energy=float("nan"))
    summary = told(bad, row(2, {"frog": frog(8.0)}), row(3, {"frog": frog(4.0)}), replace(bad, index=4))
    assert summary["invalid_readings"] == 2
    assert_close(summary["autocorrelation_fwhm_ps"], [8.0, 4.0], rel=0.01)


def test_a_run_of_invalid_readings_alone_has_no_figures() -> None:
    summary = told(row(1, {}, Quality.INVALID))
    assert (summary["signal_gain"], summary["invalid_readings"]) == (None, 1)
    assert "autocorrelation_fwhm_ps" not in summary
    assert any("invalid  1 readings" in line for line in sentences_of(summary))


def test_a_start_in_the_dark_has_no_gain() -> None:
    dark = {"shg": Channel(np.asarray(0.0), "yield (arb.)")}
    assert told(row(1, dark), row(2, {"shg": Channel(np.asarray(0.5), "yield (arb.)")}))["signal_gain"] is None


def test_a_doubtful_reading_is_a_reading() -> None:
    assert told(row(1, {"frog": frog(8.0)}, Quality.SUSPECT))["invalid_readings"] == 0


def test_people_are_told_the_same_of_a_real_laser() -> None:
    lines = sentences_of(told(row(1, {"frog": frog(60.0)}), row(2, {"frog": frog(4.0, height=2.5)})))
    text = "\n".join(lines)
    assert lines[0] == "out of shots; the knobs are at the best setting."
    assert "signal   2.5 times that of the first good reading" in text
    assert "of the autocorrelation at half its height; at the start wider than the scan" in text
    assert "limits   3 proposals were clipped" in text
    assert "transform limit" not in text


# ------------------------------------------------------------------------------------------------- a simulated laser


class Known:
    """The truth of a laser whose best reachable pulse has 0.8 of its limit's peak."""

    best_strehl, limit_fwhm_ps = 0.8, 1.5

    def at(self, setting: Floats) -> Score:
        return score(0.97)


def test_of_a_simulated_laser_the_truth_is_told() -> None:
    scores = [score(0.5), score(0.96), score(0.97)]
    rows = [row(n, {"frog": frog(4.0)}) for n in (1, 2, 3)]
    summary = summary_of(ending(*rows), laser(Known(), real=False), scores, PATH, shots=12)
    assert (summary["bench"], summary["shots_to_95"], summary["reachable_fraction"]) == ("simulated", 2, 0.97)
    text = "\n".join(sentences_of(summary))
    assert "shots    3; 95 % of the best reachable at shot 2" in text
    assert "pulse    2.000 ps; the transform limit is 1.500 ps" in text


@pytest.mark.parametrize(
    ("fractions", "shots", "expected"),
    [([0.96, 0.5], 12, 1), ([0.5, 0.95], 12, 2), ([0.5] * 3, 12, 13), ([0.5] * 3, 2, 4)],
)
def test_the_first_shot_at_the_goal_or_one_more_than_there_were(
    fractions: list[float], shots: int, expected: int
) -> None:
    assert shots_to(0.95, [score(fraction) for fraction in fractions], shots) == expected


# ---------------------------------------------------------------------------------------------------------- a target


def wanted(**changes: Any) -> Target:
    given: dict[str, Any] = {
        "fwhm_ps": 2.5,
        "profile": None,
        "b_rad": np.array([1.0, 3.5]),
        "departure": np.zeros((2, 2)),
        "overlap": None,
        "autocorrelation_fwhm_ps": 3.6,
    }
    return Target(**(given | changes))


def test_of_a_simulated_laser_the_reached_duration_is_told_beside_the_wanted() -> None:
    rows = (row(1, {"frog": frog(8.0)}), row(2, {"frog": frog(4.0)}))
    summary = summary_of(ending(*rows), laser(Known(), real=False), [score(0.97)] * 2, PATH, shots=12, target=wanted())
    assert (summary["target_fwhm_ps"], summary["target_profile"], summary["target_error"]) == (2.5, None, -0.2)
    text = "\n".join(sentences_of(summary))
    assert "target   a pulse of 2.5 ps; the pulse has 2.000 ps, -20.0%" in text
    assert "best reachable" not in text


def test_of_a_real_laser_the_wanted_autocorrelation_is_told_beside_the_measured() -> None:
    rows = (row(1, {"frog": frog(8.0)}), row(2, {"frog": frog(4.0)}))
    summary = summary_of(ending(*rows), laser(), [], PATH, shots=12, target=wanted())
    assert "target_error" not in summary
    text = "\n".join(sentences_of(summary))
    assert "target   a pulse of 2.5 ps; its autocorrelation is 3.600 ps wide at half its height" in text
    assert "of the autocorrelation at half its height; at the start" in text
