"""The laser at two fidelities: signs, limits, offsets, gradients. How far fast agrees with full: test_fidelity."""

from collections.abc import Callable
from dataclasses import replace
from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.array import Array, detached
from sim.chain import STRETCHER, Chain, FastChain, FullChain, Laser, single_precision
from sim.dispersion import taylor_phase_rad
from sim.frog import FrogAxes, half_frog
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.metrics import peak_intensity, rms_duration_ps, shg_yield, strehl
from sim.pulse import field, intensity_of
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, FS, LN2, default_amplitude, default_laser, gaussian_amplitude

Convert = Callable[[Array], Array]
NOWHERE = np.zeros(3)
both_fidelities = pytest.mark.parametrize("chain_of", [FullChain, FastChain], ids=["full", "fast"])
Make = Callable[[Laser], Chain]


def converted(laser: Laser, asarray: Convert) -> Laser:
    """The same laser in the arrays of a backend."""
    own = {name: asarray(getattr(laser, name)) for name in ("amplitude", "offset")}
    return replace(laser, **own, b_rad=asarray(laser.b_rad).reshape(laser.b_rad.shape))


def relative_peak(chain: Chain, setting: Array) -> Array:
    return detached(peak_intensity(chain.spectrum_after(setting), chain.grid) / chain.limit_peak)


def random_lasers(rng: np.random.Generator, *shape: int, knobs_before: bool = False) -> Laser:
    offset = rng.uniform(-0.1, 0.1, (*shape, 3)) * DEFAULT_RANGE
    return default_laser(rng.uniform(1.0, 3.5, shape), offset, knobs_before=knobs_before)


# ---------------------------------------------------------------------------------- what must come out


@both_fidelities
def test_without_b_and_offset_the_pulse_is_transform_limited(chain_of: Make, asarray: Convert) -> None:
    chain = chain_of(converted(default_laser(0.0), asarray))
    assert_close(relative_peak(chain, asarray(NOWHERE)), 1.0, rel=1e-8)


@both_fidelities
@pytest.mark.parametrize("knobs_before", [False, True])
def test_the_setting_cancels_the_offset(chain_of: Make, asarray: Convert, knobs_before: bool) -> None:
    offset = np.array([3.0, -8.0, 20.0])
    chain = chain_of(converted(default_laser(0.0, offset, knobs_before=knobs_before), asarray))
    assert_close(relative_peak(chain, asarray(-offset)), 1.0, rel=1e-6)
    assert relative_peak(chain, asarray(NOWHERE)) < 0.4


@both_fidelities
def test_offset_and_setting_act_alike_and_with_the_sign_of_the_phase(chain_of: Make, asarray: Convert) -> None:
    departure = np.array([2.0, -5.0, 9.0])
    moved = chain_of(converted(default_laser(2.0), asarray)).spectrum_after(asarray(departure))
    born = chain_of(converted(default_laser(2.0, departure), asarray)).spectrum_after(asarray(NOWHERE))
    assert np.abs(detached(moved) - detached(born)).max() < 1e-9
    chain = chain_of(default_laser(0.0))
    phase = taylor_phase_rad(chain.grid.omega_rad_per_ps, *departure[:, None])[0]
    lit = np.abs(chain.grid.frequency_thz) < 0.2
    turned = np.angle(chain.spectrum_after(departure) * np.exp(1j * phase))
    assert np.abs(turned[lit]).max() < 1e-9


@both_fidelities
def test_ripple_is_a_phase_of_the_compressor(chain_of: Make) -> None:
    ripple = taylor_phase_rad(FULL_GRID.omega_rad_per_ps, *np.array([[3.0], [2.0], [5.0]]))[0]
    rippled = chain_of(replace(default_laser(1.5), ripple_rad=ripple)).spectrum_after(NOWHERE)
    departed = chain_of(default_laser(1.5)).spectrum_after(np.array([3.0, 2.0, 5.0]))
    lit = np.abs(rippled) > 1e-3 * np.abs(rippled).max()  # in the tails a departure leaves the window, and a ripple not
    assert np.abs(rippled - departed)[lit].max() < 1e-9


@both_fidelities
def test_b_turns_the_centre_by_minus_1_85_ps2_per_radian(chain_of: Make, asarray: Convert) -> None:
    """φ_NL = +B S/S_max, whose curvature at the centre of a Gaussian is -8 ln2 B/Δω², Δω = 4 ln2/τ."""
    b_rad, fwhm = 0.5, 1.6
    laser = Laser(
        amplitude=asarray(gaussian_amplitude(FULL_GRID, fwhm)),
        b_rad=asarray(b_rad)[0],
        offset=asarray(NOWHERE),
        stretcher=(STRETCHER[0], 0.0, 0.0),
    )
    chain = chain_of(laser)
    ω = np.fft.fftshift(chain.grid.omega_rad_per_ps)
    phase = -np.unwrap(np.angle(np.fft.fftshift(detached(chain.spectrum_after(asarray(NOWHERE))))))
    centre = np.abs(ω) < 0.3
    bend = 2 * np.polynomial.polynomial.polyfit(ω[centre], phase[centre], 6)[2]
    assert_close(bend, -b_rad * fwhm**2 / (2 * LN2), rel=5e-3)
    assert_close(fwhm**2 / (2 * LN2), 1.85, rel=2e-3)
    density = np.exp(-4 * LN2 * (ω * fwhm / (4 * LN2)) ** 2)  # S/S_max
    lit = density > 0.05
    turned = phase[lit] - phase[ω == 0] + b_rad
    assert np.abs(turned - b_rad * density[lit]).max() < 5e-3 * b_rad


def test_self_phase_modulation_lowers_the_reachable_peak_as_published() -> None:
    """At the nominal setting 0.90 of the limit at B = 1 and 0.65 at 2: close to the peers' laser of other spectrum."""
    peaks = relative_peak(FullChain(default_laser(np.array([1.0, 2.0]))), np.zeros((2, 3)))
    assert_close(peaks, [0.904, 0.66], rel=0.03)


@both_fidelities
@pytest.mark.parametrize("b_rad", [0.0, 2.0, 5.0])
def test_energy_is_kept(chain_of: Make, b_rad: float, asarray: Convert) -> None:
    """Exactly on the full grid; the second order of the fast chain moves light about and loses 1e-4 of it."""
    chain = chain_of(converted(default_laser(b_rad), asarray))
    after = detached(intensity_of(chain.spectrum_after(asarray(np.array([2.0, 5.0, -9.0]))))).sum()
    assert_close(after * chain.grid.df_thz, 1.0, rel=1e-12 if chain_of is FullChain else 2e-4)


# -------------------------------------------------------------------------------- before the amplifier


@pytest.mark.parametrize("gdd_ps2", [-32.0, -10.0, 16.0, 32.0])
def test_a_shorter_stretched_pulse_is_more_intense(gdd_ps2: float) -> None:
    """Peak in the amplifier as 1/φ₂, and B with it."""
    setting = np.array([gdd_ps2, 0.0, 0.0])
    ratio = STRETCHER[0] / (STRETCHER[0] + gdd_ps2)
    before, after = (FullChain(default_laser(2.0, knobs_before=where)) for where in (True, False))
    assert_close(before.amplifier_ratio(setting), ratio, rel=2e-2)
    assert_close(after.amplifier_ratio(setting), 1.0, rel=1e-12)
    spm = [FastChain(replace(before.laser, offset=-s)).spectrum_after(s) for s in (setting, NOWHERE)]
    centre = np.argmax(np.abs(spm[1]))
    turn = [np.angle(s[centre]) for s in spm]
    assert_close(turn[0] / turn[1], ratio, rel=2e-2)


def test_behind_the_amplifier_a_knob_leaves_b_alone() -> None:
    chain = FullChain(default_laser(2.0))
    one, other = (np.abs(chain.spectrum_after(np.array([gdd, 0.0, 0.0]))) for gdd in (0.0, 32.0))
    assert np.abs(one - other).max() < 1e-12


# --------------------------------------------------------------------------------- energy out of the window


def test_the_wrapped_delay_of_strong_fod_is_noticed() -> None:
    """30 fs and 5e6 fs⁴: in 4 ps the tails beyond 3.44 rms widths wrap and the rms duration reads 3 % short."""
    for window_fs, wraps in ((4096, True), (65536, False)):
        grid = Grid(window_fs, 1 * FS)
        laser = Laser(
            amplitude=gaussian_amplitude(grid, 30 * FS),
            b_rad=np.asarray(0.0),
            offset=NOWHERE,
            grid=grid,
            stretcher=(0.0, 0.0, 0.0),
        )
        setting = np.array([0.0, 0.0, 5e6 * FS**4])
        edge = (6 * grid.window_ps / 2 / setting[2]) ** (1 / 3)  # FOD ω³/6 = half a window
        expected = erfc(edge * 30 * FS / sqrt(8 * LN2) * 2 / sqrt(2))
        assert (expected > 5e-4) == wraps
        for chain in (FullChain(laser), FastChain(laser, grid)):
            if wraps:
                assert_close(chain.outside_fraction(setting), expected, rel=0.1)
            else:
                assert abs(chain.outside_fraction(setting)) < 1e-12
        shown = intensity_of(field(FastChain(laser, grid).spectrum_after(setting), grid))
        assert_close(rms_duration_ps(grid.time_ps, shown), (184.0 if wraps else 195.53) * FS, rel=1e-3)


@pytest.mark.parametrize(
    ("reach", "quantile", "share"), [(0.2, 0.5, 0.005), (0.2, 0.9, 0.018), (0.5, None, 0.12)], ids=str
)
def test_the_fast_window_holds_what_it_should(
    rng: np.random.Generator, reach: float, quantile: float | None, share: float
) -> None:
    """256 ps and the default spectrum: 0.5 % outside in the median of `wide`, 1.8 % at 90 %, 12 % at all bounds."""
    chain = FastChain(default_laser(0.0))
    if quantile is None:
        assert_close(chain.outside_fraction(reach * DEFAULT_RANGE), share, rel=0.1)
    else:
        lost = chain.outside_fraction(rng.uniform(-reach, reach, (2000, 3)) * DEFAULT_RANGE)
        assert_close(np.quantile(lost, quantile), share, rel=0.3)


def test_a_tail_beyond_the_window_is_left_out_and_not_wrapped() -> None:
    """5 % of the energy outside: pulse and FROG are the full chain's less what left, and far from a wrapped one's."""
    setting = 0.5 * DEFAULT_RANGE / 2
    fast, full = FastChain(default_laser(0.0)), FullChain(default_laser(0.0))
    lost = float(fast.outside_fraction(setting))
    assert 0.04 < lost < 0.06
    whole = field(full.spectrum_after(setting), FULL_GRID)
    truth = intensity_of(whole)[np.abs(FULL_GRID.time_ps + 0.25) < FAST_GRID.window_ps / 2]
    true_frog = half_frog(whole, FULL_GRID, FrogAxes())
    departures = []
    for spectrum in (fast.spectrum_after(setting), full.spectrum_after(setting)[::8]):
        shown = field(spectrum, FAST_GRID)
        departures.append(np.abs(intensity_of(shown) - truth).sum() * FAST_GRID.dt_ps)
        departures.append(np.abs(half_frog(shown, FAST_GRID, FrogAxes()) - true_frog).max() / true_frog.max())
    left_out, frog_left_out, wrapped, frog_wrapped = departures
    assert_close((np.abs(fast.spectrum_after(setting)) ** 2).sum() * FAST_GRID.df_thz, 1 - lost, rel=1e-6)
    assert left_out < 0.05
    assert wrapped > 0.15
    assert frog_left_out < 0.012
    assert frog_wrapped > 0.03


# ----------------------------------------------------------------------------------- batch and precision


@both_fidelities
@pytest.mark.parametrize("knobs_before", [False, True])
def test_a_batch_is_a_loop(chain_of: Make, asarray: Convert, rng: np.random.Generator, knobs_before: bool) -> None:
    lasers = converted(random_lasers(rng, 3, knobs_before=knobs_before), asarray)
    setting = asarray(rng.uniform(-0.1, 0.1, (3, 3)) * DEFAULT_RANGE)
    together = chain_of(lasers)
    for lane in range(3):
        alone = chain_of(lasers[lane])
        difference = detached(together.spectrum_after(setting)[lane]) - detached(alone.spectrum_after(setting[lane]))
        assert np.abs(difference).max() < 1e-11
        assert_close(together.limit_peak[lane], alone.limit_peak, rel=1e-13)


@both_fidelities
def test_many_settings_meet_one_laser(chain_of: Make, rng: np.random.Generator) -> None:
    chain = chain_of(default_laser(2.0))
    settings_ = rng.uniform(-0.1, 0.1, (2, 4, 3)) * DEFAULT_RANGE
    assert np.abs(chain.spectrum_after(settings_)[1, 2] - chain.spectrum_after(settings_[1, 2])).max() < 1e-12
    assert chain.outside_fraction(settings_).shape == (2, 4)


@both_fidelities
@pytest.mark.parametrize("knobs_before", [False, True])
def test_both_libraries_agree(chain_of: Make, rng: np.random.Generator, knobs_before: bool) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    lasers = random_lasers(rng, 4, knobs_before=knobs_before)
    setting = rng.uniform(-0.2, 0.2, (4, 3)) * DEFAULT_RANGE
    numpy_chain, torch_chain = chain_of(lasers), chain_of(converted(lasers, lambda a: torch.asarray(np.array(a))))
    pair = numpy_chain.spectrum_after(setting), detached(torch_chain.spectrum_after(torch.asarray(setting)))
    assert np.abs(pair[0] - pair[1]).max() < 1e-10
    for one, other in zip(
        numpy_chain.shown_after(setting), torch_chain.shown_after(torch.asarray(setting)), strict=True
    ):
        assert np.abs(one - detached(other)).max() < 1e-10


@pytest.mark.parametrize("knobs_before", [False, True])
def test_single_precision_is_good_to_1e_4(rng: np.random.Generator, knobs_before: bool) -> None:
    """Residual phases are some 100 rad, of which float32 keeps 1e-5; the 5,000 rad of the stretcher are never in it."""
    lasers = random_lasers(rng, 20, knobs_before=knobs_before)
    setting = -lasers.offset + rng.uniform(-0.1, 0.1, (20, 3)) * DEFAULT_RANGE
    narrow = FastChain(single_precision(lasers))
    assert narrow.spectrum_after(setting.astype(np.float32)).dtype == np.complex64
    peaks = relative_peak(narrow, setting.astype(np.float32))
    assert_close(peaks, relative_peak(FastChain(lasers), setting), rel=1e-4)


@settings(max_examples=20)
@given(departure=st.tuples(*(st.floats(-0.3 * r, 0.3 * r) for r in DEFAULT_RANGE)), b_rad=st.floats(0.0, 5.0))
def test_no_setting_beats_the_transform_limit(departure: tuple[float, float, float], b_rad: float) -> None:
    chain = FastChain(default_laser(b_rad))
    assert strehl(chain.spectrum_after(np.array(departure)), FAST_GRID) <= 1 + 1e-5


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("knobs_before", [False, True])
@pytest.mark.parametrize("b_rad", [0.0, 2.0])
@pytest.mark.parametrize("setting", [(0.0, 0.0, 0.0), (3.0, -5.0, 9.0)], ids=["flat", "chirped"])
def test_gradients_are_right_at_zero_as_elsewhere(
    knobs_before: bool, b_rad: float, setting: tuple[float, float, float]
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    laser = default_laser(b_rad, knobs_before=knobs_before)
    fixed = {"amplitude": torch.asarray(laser.amplitude), "before_amplifier": laser.before_amplifier}

    def figures(knobs: Array, b: Array, offset: Array) -> Array:
        chain = FastChain(Laser(**fixed, b_rad=b, offset=offset))
        spectrum = chain.spectrum_after(knobs)
        duration = rms_duration_ps(torch.asarray(chain.grid.time_ps), intensity_of(field(spectrum, chain.grid)))
        return torch.stack([peak_intensity(spectrum, chain.grid), shg_yield(spectrum, chain.grid), duration])

    inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (setting, b_rad, (0.0, 0.0, 0.0))]
    assert torch.autograd.gradcheck(figures, inputs, eps=1e-5, atol=1e-6, rtol=1e-5)


def test_gradients_pass_the_full_chain() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    amplitude = torch.asarray(default_amplitude(FULL_GRID))

    def figures(knobs: Array, b: Array) -> Array:
        chain = FullChain(Laser(amplitude=amplitude, b_rad=b, offset=torch.zeros(3, dtype=torch.float64)))
        return torch.log(shg_yield(chain.spectrum_after(knobs), chain.grid))

    for b_rad in (0.0, 2.0):
        inputs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ((0.0, 0.0, 0.0), b_rad)]
        assert torch.autograd.gradcheck(figures, inputs, eps=1e-5, atol=1e-6, rtol=1e-5)


# ------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("name", ["amplitude", "b_rad", "offset"])
def test_a_laser_of_other_than_real_numbers_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=rf"Laser\.{name} must be a real floating array, got"):
        replace(default_laser(1.0), **{name: getattr(default_laser(1.0), name) + 0j})


def test_grids_of_different_time_steps_are_refused() -> None:
    with pytest.raises(ValueError, match=r"differ in their time step: 0\.25, 0\.5 ps"):
        FastChain(default_laser(1.0), Grid(512, 0.25))


@both_fidelities
def test_a_chain_of_another_offset_is_the_chain_of_the_other_laser(
    chain_of: Callable[[Laser], FullChain | FastChain], rng: np.random.Generator
) -> None:
    laser = random_lasers(rng, 2)
    moved = replace(laser, offset=laser.offset + 3.0)
    setting = rng.uniform(-0.1, 0.1, (2, 3)) * DEFAULT_RANGE
    chain = chain_of(laser)
    before = chain.spectrum_after(setting)
    assert np.abs(chain.with_laser(moved).spectrum_after(setting) - chain_of(moved).spectrum_after(setting)).max() == 0
    assert np.abs(chain.spectrum_after(setting) - before).max() == 0
