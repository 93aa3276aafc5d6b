"""Whether a policy fits a bench: everything in which it does not, in words."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.policy_file import TraceAxes
from lasercontrol.bench import Floats
from lasercontrol.policy_fit import LEAST_OVERLAP, mismatches, overlap_of, spectrum_of
from lasercontrol.scenario import default_amplitude, draw_lasers, scenario_for
from sim.frog import FrogAxes
from sim.grid import FULL_GRID
from sim.spectrum import unit_energy_amplitude
from tests.closeness import assert_close
from tests.lasercontrol.policy_stand_in import fitting, site

WIDE = scenario_for("wide")


def bell(rms_thz: float) -> Floats:
    """Gaussian spectrum, as field amplitude on the full grid."""
    return np.asarray(unit_energy_amplitude(np.exp(-((FULL_GRID.frequency_thz / rms_thz) ** 2) / 2), FULL_GRID))


def test_a_policy_fits_the_bench_that_it_was_trained_for() -> None:
    assert mismatches(fitting(), site()) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": ("shg",)}, "it reads frog, and the bench shows shg"),
        ({"axes": FrogAxes(n_delay=32)}, "traces of 64 delays × 64 frequencies of 0.02344 THz, and the bench shows 32"),
        ({"knobs": WIDE.knobs[:1]}, "it turns gdd_ps2, tod_ps3, fod_ps4, and the bench has gdd_ps2"),
        ({"knobs": WIDE.knobs[::-1]}, "the bench has fod_ps4, tod_ps3, gdd_ps2"),
        (
            {"knobs": (replace(WIDE.knobs[0], before_amplifier=True), *WIDE.knobs[1:])},
            "its gdd_ps2 is behind the amplifier, and the bench has it before",
        ),
        ({"knobs": (replace(WIDE.knobs[0], unit="fs²"), *WIDE.knobs[1:])}, "gdd_ps2 in ps², and the bench in fs²"),
        (
            {"knobs": (replace(WIDE.knobs[0], low=-70.0), *WIDE.knobs[1:])},
            "gdd_ps2 reaches from -70 to 32 ps², and in training from -32 to 32; at most 2 times as far is",
        ),
        ({"stretcher": (-267.0, 0.0, 0.0)}, "the stretcher is another one: "),
        ({"b_range_rad": (4.0, 5.0)}, "B is 4 to 5 rad here, and was 1 to 3.5 rad in training"),
        ({"amplitude": bell(0.3)}, "the spectrum is another one: its overlap with the trained one is 0."),
    ],
)
def test_a_mismatch_is_named(change: dict[str, Any], said: str) -> None:
    found = mismatches(fitting(), site(**change))
    assert len(found) == 1
    assert said in found[0]


def test_everything_that_does_not_fit_is_named() -> None:
    tempo = scenario_for("tempo")
    assert len(mismatches(fitting(), site(knobs=tempo.knobs, channels=("shg",), b_range_rad=(4.0, 5.0)))) == 5


def test_smaller_ranges_and_a_stretcher_nearly_the_same_fit() -> None:
    narrow = tuple(replace(knob, low=knob.low / 3, high=knob.high / 2, max_step=1.0) for knob in WIDE.knobs)
    assert mismatches(fitting(), site(knobs=narrow, stretcher=(270.0, 0.0, 0.0))) == ()


@pytest.mark.parametrize(("channels", "fits"), [(("frog", "shg"), False), (("shg", "spectrum"), True)])
def test_frames_are_of_the_first_channel_that_an_agent_is_shown(channels: tuple[str, ...], fits: bool) -> None:
    of_yields = fitting(observe="shg", axes=None)
    assert (mismatches(of_yields, site(channels=channels)) == ()) == fits
    assert mismatches(replace(of_yields, kind="yields"), site(channels=channels)) == ()


def test_axes_that_a_policy_does_not_name_are_no_mismatch() -> None:
    assert mismatches(fitting(axes=None), site(axes=FrogAxes(32, 32))) == ()
    assert mismatches(fitting(axes=TraceAxes(64, 64, 0.03)), site()) != ()


def test_the_spectrum_as_a_manifest_shows_it_has_unit_energy_and_overlaps_with_itself() -> None:
    shown, (low, high) = spectrum_of(default_amplitude())
    assert_close(np.sum(np.square(shown)) * (high - low) / 63, 1.0, rel=1e-12)
    assert low < 0 < high
    assert_close(overlap_of(fitting(), default_amplitude()), 1.0, rel=1e-4)


def test_a_spectrum_as_badly_measured_as_in_training_fits_and_one_of_another_width_does_not() -> None:
    measured = draw_lasers(replace(WIDE, spectrum_error=0.1), 20, np.random.default_rng(0)).laser.amplitude
    assert min(overlap_of(fitting(), each) for each in measured) > LEAST_OVERLAP
    spectrum, spectrum_thz = spectrum_of(bell(0.12))
    trained = fitting(spectrum=spectrum, spectrum_thz=spectrum_thz)
    assert_close(overlap_of(trained, bell(0.12 * 1.3)), np.sqrt(2 * 1.3 / (1 + 1.3**2)), rel=1e-3)
    assert overlap_of(trained, bell(0.12 * 1.3)) < LEAST_OVERLAP


def test_only_a_policy_of_frames_takes_a_target() -> None:
    aimed = site(departure=lambda b_rad: b_rad[..., None] * np.zeros(3))
    assert mismatches(fitting(), aimed) == ()
    assert mismatches(fitting(kind="actor"), aimed)[0] == "it is of kind actor, which compresses and knows no target"
