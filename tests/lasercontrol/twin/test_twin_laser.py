"""The twin's one laser against the simulator's: the same pulse, seen by other instruments."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lasercontrol.config import Config
from lasercontrol.lab.frog_scan import on_bins
from lasercontrol.twin.laser import DARK_W_PER_NM, SECOND_HARMONIC_W, TwinLaser
from sim.constants import C_NM_PER_PS
from sim.frog import FrogAxes, half_frog
from sim.grid import FULL_GRID
from tests.closeness import assert_close
from tests.lasercontrol.twin.runs import twin_settings

QUIET: dict[str, Any] = {
    "instruments": {
        "meter_rms": 0.0,
        "yield_rms": 0.0,
        "dark_yield": 0.0,
        "pixel_noise": 0.0,
        "delay_rms_ps": 0.0,
    },
    "twin": {"background": 0.0},
}
SEED = 4
SETTING = (-3.0, 8.0, -40.0)


def quiet(**changes: Any) -> Config:
    """A config of a twin without noise."""
    return Config.model_validate(twin_settings(**QUIET).model_dump(mode="json", exclude_none=True) | changes)


@pytest.fixture
def laser() -> TwinLaser:
    """A twin without noise, somewhere in its range."""
    laser = TwinLaser(quiet(), SEED)
    laser.parts.after = lambda: SETTING
    return laser


def green_nm(laser: TwinLaser, points: int = 2001) -> NDArray[np.float64]:
    """Wavelengths about the second harmonic."""
    middle_nm = C_NM_PER_PS / (2 * laser.carrier_thz)
    return np.linspace(middle_nm - 1.0, middle_nm + 1.0, points)


# ----------------------------------------------------------------------------------------------------- what is true


@pytest.mark.parametrize("setting", [(0.0, 0.0, 0.0), SETTING, (20.0, -60.0, 300.0)])
def test_the_score_is_the_simulators_truth(laser: TwinLaser, setting: tuple[float, float, float]) -> None:
    laser.parts.after = lambda: setting
    told, truth = laser.score(), laser.simulated.truth.at(np.array(setting))
    assert_close(told["strehl"], truth.strehl, rel=1e-9)
    assert_close(told["reachable_fraction"], truth.reachable_fraction, rel=1e-9)
    assert_close(told["fwhm_ps"], truth.fwhm_ps, rel=1e-9)
    assert tuple(told["setting"].values()) == setting


def test_at_the_best_setting_the_score_is_1(laser: TwinLaser) -> None:
    gdd, tod, fod = (float(value) for value in laser.simulated.truth.best)
    laser.parts.after = lambda: (gdd, tod, fod)
    assert_close(laser.score()["reachable_fraction"], 1.0, rel=1e-9)


def test_knobs_before_the_amplifier_change_its_b() -> None:
    each = [
        {"name": name, "low": -reach, "high": reach, "before_amplifier": True}
        for name, reach in (("gdd_ps2", 20.0), ("tod_ps3", 60.0), ("fod_ps4", 200.0))
    ]
    laser = TwinLaser(quiet(knobs={"each": each}), SEED)
    laser.parts.before = lambda: SETTING
    truth = laser.simulated.truth.at(np.array(SETTING))
    assert_close(laser.score()["strehl"], truth.strehl, rel=1e-6)
    laser.parts.before, laser.parts.after = (lambda: (0.0, 0.0, 0.0)), (lambda: SETTING)
    assert abs(laser.score()["strehl"] / truth.strehl - 1) > 1e-4


def test_actuators_on_both_sides_add_up(laser: TwinLaser) -> None:
    laser.parts.before, laser.parts.after = (lambda: (1.0, 2.0, 3.0)), (lambda: (10.0, 20.0, 30.0))
    assert laser.setting() == (11.0, 22.0, 33.0)


@pytest.mark.parametrize(
    ("is_open", "seeded", "energy", "left"),
    [(True, True, 0.8, 0.8), (False, True, 0.8, 0.0), (True, False, 0.8, 0.0), (True, True, 0.0, 0.0)],
)
def test_light_passes_what_is_open(laser: TwinLaser, is_open: bool, seeded: bool, energy: float, left: float) -> None:
    laser.parts.open, laser.parts.seeded, laser.parts.energy = (lambda: is_open), (lambda: seeded), (lambda: energy)
    assert laser.pulse_energy == left
    assert laser.power_w() == left


# ----------------------------------------------------------------------------------------------------- what is seen


def test_a_row_of_the_frog_at_zero_delay_sums_to_the_yield(laser: TwinLaser) -> None:
    wavelength_nm = green_nm(laser)
    summed_w = np.trapezoid(laser.second_harmonic_w_per_nm(wavelength_nm), wavelength_nm)
    assert_close(summed_w, laser.second_harmonic_w(), rel=1e-3)


def test_the_autocorrelation_at_zero_delay_is_the_yield_and_is_even(laser: TwinLaser) -> None:
    delay_ps = np.linspace(-8, 8, 33)
    seen = laser.autocorrelation(delay_ps)
    assert_close(seen[16], laser.second_harmonic_w() / SECOND_HARMONIC_W, rel=1e-9)
    assert seen.argmax() == 16
    assert_close(seen[:16], seen[:16:-1], rel=1e-9)


def test_the_frog_summed_over_wavelengths_is_the_autocorrelation(laser: TwinLaser) -> None:
    wavelength_nm = green_nm(laser)
    for delay_ps in (-3.3, 0.7, 2.0):
        laser.parts.delay_ps = lambda: delay_ps  # noqa: B023 — asked for within the turn
        summed = np.trapezoid(laser.second_harmonic_w_per_nm(wavelength_nm), wavelength_nm) / SECOND_HARMONIC_W
        assert_close(summed, laser.autocorrelation(np.array([delay_ps]))[0], rel=5e-3)


def test_a_scanned_frog_is_the_simulators(laser: TwinLaser) -> None:
    axes = FrogAxes()
    wanted = half_frog(laser._field(laser.sides()), FULL_GRID, axes) * float(laser.simulated.bench.scale)
    bins_thz, wavelength_nm = 2 * laser.carrier_thz + axes.frequency_thz(), green_nm(laser, 4001)
    for step in (0, 1, 7):
        laser.parts.delay_ps = lambda: step * FULL_GRID.dt_ps  # noqa: B023 — asked for within the turn
        row = on_bins(wavelength_nm, laser.second_harmonic_w_per_nm(wavelength_nm), bins_thz, axes.bin_thz)
        seen = row / SECOND_HARMONIC_W * laser._limit_yield
        assert np.abs(seen - wanted[step]).max() < 0.01 * wanted[step].max()


def test_the_spectrum_holds_the_power_about_the_carrier(laser: TwinLaser) -> None:
    middle_nm = C_NM_PER_PS / laser.carrier_thz
    wavelength_nm = np.linspace(middle_nm - 6, middle_nm + 6, 6001)
    density = laser.fundamental_w_per_nm(wavelength_nm)
    assert_close(np.trapezoid(density, wavelength_nm), laser.power_w(), rel=1e-2)
    assert_close(wavelength_nm @ density / density.sum(), middle_nm, rel=1e-3)


def test_the_second_harmonic_goes_as_the_energy_squared(laser: TwinLaser) -> None:
    whole = laser.second_harmonic_w()
    laser.parts.energy = lambda: 0.5
    assert_close(laser.second_harmonic_w(), whole / 4, rel=1e-12)
    assert_close(laser.power_w(), 0.5, rel=1e-12)


def test_in_the_dark_a_spectrometer_shows_its_own_electronics(laser: TwinLaser) -> None:
    laser.parts.open = lambda: False
    assert_close(laser.second_harmonic_w_per_nm(green_nm(laser)), DARK_W_PER_NM, rel=1e-12)


def test_stray_light_is_seen_with_the_shutter_closed() -> None:
    laser = TwinLaser(quiet(twin={"background": 0.01}), SEED)
    laser.parts.open = lambda: False
    assert laser.second_harmonic_w_per_nm(green_nm(laser)).min() > 10 * DARK_W_PER_NM


def test_noise_is_as_large_as_configured_and_the_same_for_the_same_seed() -> None:
    config = quiet(instruments={"meter_rms": 0.05})
    first, second = (TwinLaser(config, SEED) for _ in range(2))
    readings = np.array([first.power_w() for _ in range(2000)])
    assert_close(readings.std(), 0.05, rel=0.1)
    assert_close(readings.mean(), 1.0, rel=0.01)
    assert [second.power_w() for _ in range(2000)] == readings.tolist()
