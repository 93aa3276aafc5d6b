"""How far the fast chain agrees with the full one: the table of docs/decisions/0005, and `FastChain.trusted`."""

from pathlib import Path

import numpy as np
import pytest

from lasercontrol.config_file import find_config, load_config
from lasercontrol.laser_of import known_laser
from sim.array import cis
from sim.chain import STRETCHER, FastChain, FullChain, Laser
from sim.frog import FrogAxes, half_frog
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.metrics import peak_intensity
from sim.plant import Fidelity, Plant
from sim.pulse import field
from sim.reachable import best_setting
from tests.gaussian import DEFAULT_RANGE, default_amplitude, gaussian_amplitude, rough_spectra
from tests.strategies import Complex, Floats

LANES = 40
TEMPO_RANGE = np.array([64.4, 195.96, 0.09549])  # knobs of the published chain, full spans
ERRORS = {"smooth": (0.0, 0.05), "2 %": (0.02, 0.05), "10 %": (0.10, 0.05), "2 % fine": (0.02, 0.02)}
"""Departure from the default spectrum: rms, and correlation length in THz."""


def lasers(
    rng: np.random.Generator,
    spectrum: str,
    b_rad: Floats,
    offset: Floats | None = None,
    before: tuple[bool, bool, bool] = (False, False, False),
) -> Laser:
    error, correlation_thz = ERRORS[spectrum]
    return Laser(
        amplitude=rough_spectra(rng, b_rad.size, error, correlation_thz),
        b_rad=b_rad,
        offset=np.zeros((b_rad.size, 3)) if offset is None else offset,
        before_amplifier=before,
    )


def peak_error(fast: FastChain, full: FullChain, setting: Floats) -> Floats:
    peaks = (peak_intensity(chain.spectrum_after(setting), chain.grid) for chain in (fast, full))
    return np.asarray(np.abs(np.divide(*peaks) - 1))


def lost_overlap(fast: Complex, full: Complex) -> Floats:
    """1 - F of fast spectra (..., 512) with full ones (..., 4096): F = |⟨x|y⟩|²/⟨x|x⟩⟨y|y⟩."""
    x = full[..., ::8]
    overlap = np.abs((x.conj() * fast).sum(-1)) ** 2
    return np.asarray(1 - overlap / ((np.abs(x) ** 2).sum(-1) * (np.abs(fast) ** 2).sum(-1)))


# ------------------------------------------------------------------------- knobs behind the amplifier


@pytest.mark.parametrize(
    ("spectrum", "b_rad", "at_best", "within_2_percent", "within_10_percent"),
    [
        ("smooth", 0.0, 1e-8, 1e-4, 6e-3),
        ("smooth", 2.0, 1e-4, 2e-4, 6e-3),
        ("smooth", 3.5, 3e-4, 5e-4, 6e-3),
        ("smooth", 5.0, 6e-4, 1.1e-3, 7e-3),
        ("2 %", 2.0, 2e-4, 3e-4, 6e-3),
        ("2 %", 3.5, 5e-4, 5e-4, 6e-3),
        ("2 %", 5.0, 1.1e-3, 1.1e-3, 7e-3),
        ("10 %", 2.0, 4e-4, 5e-4, 8e-3),
        ("10 %", 3.5, 1e-3, 1e-3, 8e-3),
        ("10 %", 5.0, 2e-3, 3e-3, 9e-3),
        ("2 % fine", 2.0, 5e-4, 3e-3, 8e-3),
        ("2 % fine", 5.0, 3e-3, 6e-3, 1e-2),
    ],
)
def test_error_in_peak_behind_the_amplifier(
    rng: np.random.Generator,
    spectrum: str,
    b_rad: float,
    at_best: float,
    within_2_percent: float,
    within_10_percent: float,
) -> None:
    """Greatest of 40 lasers, at the best setting and at random residuals up to a share of the range of every knob."""
    laser = lasers(rng, spectrum, np.full(LANES, b_rad))
    fast, full = FastChain(laser), FullChain(laser)
    best, _ = best_setting(laser, -2 * DEFAULT_RANGE, 2 * DEFAULT_RANGE)
    for share, bound in ((0.0, at_best), (0.02, within_2_percent), (0.10, within_10_percent)):
        setting = best + rng.uniform(-share, share, best.shape) * DEFAULT_RANGE
        assert peak_error(fast, full, setting).max() < bound


@pytest.mark.parametrize(("b_rad", "near", "far"), [(1.0, 1e-5, 0.01), (2.0, 2e-5, 0.01), (5.0, 1e-4, 0.01)])
def test_overlap_and_frog(rng: np.random.Generator, b_rad: float, near: float, far: float) -> None:
    """1 - F within 2 % and within 10 % of range (there it is the energy that left), and traces within 1 % of peak."""
    laser = lasers(rng, "2 %", np.full(12, b_rad))
    fast, full = FastChain(laser), FullChain(laser)
    best, _ = best_setting(laser, -2 * DEFAULT_RANGE, 2 * DEFAULT_RANGE)
    for share, bound in ((0.02, near), (0.10, far)):
        setting = best + rng.uniform(-share, share, best.shape) * DEFAULT_RANGE
        spectra = fast.spectrum_after(setting), full.spectrum_after(setting)
        assert lost_overlap(*spectra).max() < bound
        traces = [half_frog(field(s, g), g, FrogAxes()) for s, g in zip(spectra, (FAST_GRID, FULL_GRID), strict=True)]
        assert (np.abs(traces[0] - traces[1]).max((1, 2)) / traces[1].max((1, 2))).max() < 0.012


@pytest.mark.parametrize(
    ("phi2_ps2", "lost", "peak"), [(50.0, 4.4e-4, 0.015), (100.0, 1.1e-4, 0.0077), (267.0, 1.5e-5, 0.0029)]
)
def test_the_second_order_beats_plain_b_times_spectrum(phi2_ps2: float, lost: float, peak: float) -> None:
    """Gaussian of 1.6 ps, B = 2, against what a phase of B S/S_max alone reaches, at K = φ₂ Δω² of 150 to 800."""
    stretcher = (phi2_ps2, 0.0, 0.0)
    amplitude = gaussian_amplitude(FULL_GRID, 1.6)
    laser = Laser(amplitude=amplitude, b_rad=np.asarray(2.0), offset=np.zeros(3), stretcher=stretcher)
    full, fast = FullChain(laser), FastChain(laser)
    plain = amplitude[::8] * cis(-2.0 * (amplitude[::8] / amplitude.max()) ** 2)
    spectra = [chain.spectrum_after(np.zeros(3)) for chain in (fast, full)]
    true = peak_intensity(spectra[1], FULL_GRID)
    assert 0.5 * lost < lost_overlap(plain, spectra[1]) < 2.5 * lost
    assert 0.7 * peak < 1 - peak_intensity(plain, FAST_GRID) / true < 1.3 * peak
    assert lost_overlap(spectra[0], spectra[1]) < lost / 5
    assert abs(peak_intensity(spectra[0], FAST_GRID) / true - 1) < peak / 5


# ------------------------------------------------------------------------------------- FastChain.trusted


@pytest.mark.parametrize("spectrum", ERRORS)
@pytest.mark.parametrize("before", [(False,) * 3, (True, False, False), (True,) * 3], ids=["behind", "gdd", "before"])
@pytest.mark.parametrize("knobs", ["default", "tempo"])
def test_whenever_trusted_the_peak_is_within_2_percent(
    rng: np.random.Generator, spectrum: str, before: tuple[bool, bool, bool], knobs: str
) -> None:
    """Any setting within bounds, offsets up to 0.2 of range, B up to 5, half of the lanes near their optimum."""
    span = DEFAULT_RANGE if knobs == "default" else TEMPO_RANGE
    count = 120
    offset = rng.uniform(-0.2, 0.2, (count, 3)) * span
    laser = lasers(rng, spectrum, rng.uniform(0.5, 5.0, count), offset, before)
    fast, full = FastChain(laser), FullChain(laser)
    near = rng.uniform(size=(count, 1)) ** 2 * rng.uniform(-0.5, 0.5, (count, 3)) * span - offset
    anywhere = rng.uniform(-0.5, 0.5, (count, 3)) * span
    setting = np.clip(np.where(np.arange(count)[:, None] % 2, near, anywhere), -span / 2, span / 2)
    trusted = np.asarray(fast.trusted(setting))
    assert peak_error(fast, full, setting)[trusted].max() < 0.02
    assert trusted.mean() > 0.3, "a fast chain that is never trusted is of no use"


@pytest.mark.parametrize("b_rad", [1.0, 2.0, 5.0])
def test_a_spectrum_as_a_spectrometer_wrote_it_is_too_rough_to_be_trusted(
    rng: np.random.Generator, shared_data: Path, b_rad: float
) -> None:
    """Rows 0.03 nm apart, with their noise: errors reach 7 % at B = 5, and none of it is trusted."""
    config = load_config(find_config("l1_pump")).laser
    source = config.spectrum.model_copy(update={"file": shared_data / "l1_pump_spectrum.csv"})
    amplitude = known_laser(config.model_copy(update={"spectrum": source})).amplitude
    laser = Laser(amplitude=np.tile(amplitude, (LANES, 1)), b_rad=np.full(LANES, b_rad), offset=np.zeros((LANES, 3)))
    fast, full = FastChain(laser), FullChain(laser)
    best, _ = best_setting(laser, -2 * DEFAULT_RANGE, 2 * DEFAULT_RANGE)
    setting = best + rng.uniform(-0.02, 0.02, best.shape) * DEFAULT_RANGE
    error = peak_error(fast, full, setting)
    assert not fast.trusted(setting).any()
    assert error.max() < 0.02 * b_rad
    assert error.max() > 0.005 * b_rad


def test_where_frequencies_bunch_in_time_the_fast_chain_is_not_trusted() -> None:
    """A knob before the amplifier that takes the local chirp to zero focuses the light of one frequency in time."""
    laser = Laser(
        amplitude=default_amplitude(FULL_GRID),
        b_rad=np.asarray(2.0),
        offset=np.zeros(3),
        before_amplifier=(True, True, True),
    )
    fast = FastChain(laser)
    assert fast.trusted(np.zeros(3))
    bunched = np.array([-STRETCHER[0] + 5.0, 0.0, 0.0])
    assert not FastChain(
        Laser(
            amplitude=laser.amplitude,
            b_rad=laser.b_rad,
            offset=-bunched,
            before_amplifier=laser.before_amplifier,
        )
    ).trusted(bunched)


def test_auto_takes_the_full_grid_where_fast_is_not_trusted(rng: np.random.Generator) -> None:
    """And so keeps 2 % in peak everywhere; yields follow."""
    offset = rng.uniform(-0.2, 0.2, (60, 3)) * DEFAULT_RANGE
    laser = lasers(rng, "2 %", rng.uniform(1.0, 5.0, 60), offset, (True, True, True))
    setting = rng.uniform(-0.5, 0.5, (60, 3)) * DEFAULT_RANGE
    auto, full, fast = (
        Plant(laser, kind, FrogAxes()).light(setting, ("shg",))
        for kind in (Fidelity.AUTO, Fidelity.FULL, Fidelity.FAST)
    )
    true = full.signals["shg"]
    assert np.abs(auto.signals["shg"] / true - 1).max() < 0.02
    assert np.abs(fast.signals["shg"] / true - 1).max() > 0.05


def test_a_finer_full_grid_changes_nothing() -> None:
    """4,096 points are the truth: 16,384 over the same band give the same peak to 1e-6 near the optimum."""
    peaks = []
    for n in (4096, 16384):
        grid = Grid(n, 0.5)
        laser = Laser(amplitude=default_amplitude(grid), b_rad=np.asarray(3.5), offset=np.zeros(3), grid=grid)
        peaks.append(peak_intensity(FullChain(laser).spectrum_after(np.array([3.0, -2.0, -8.0])), grid))
    assert abs(peaks[0] / peaks[1] - 1) < 1e-6
