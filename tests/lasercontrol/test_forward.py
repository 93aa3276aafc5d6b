import numpy as np
import pytest

from lasercontrol.forward import LaserModel
from lasercontrol.scenario import default_amplitude, scenario_for
from lasercontrol.shot import features_of
from lasercontrol.simbench import Instruments, SimBench
from sim.chain import Laser
from sim.plant import Fidelity
from tests.closeness import assert_close

KNOBS = scenario_for("wide").knobs
RANGE = np.array([knob.range for knob in KNOBS])


@pytest.fixture(scope="module")
def frog() -> LaserModel:
    return model("frog")


def model(observe: str) -> LaserModel:
    return LaserModel(default_amplitude(), KNOBS, observe=observe, offset_reach=np.full(3, 0.2), b_range_rad=(1.0, 3.5))


@pytest.mark.parametrize("observe", ["frog", "autocorrelation", "shg"])
def test_features_are_what_a_bench_shows_of_that_laser(observe: str, rng: np.random.Generator) -> None:
    """Up to a factor, 2 % of the peak: noise of the reading and the two fidelities."""
    asked = model(observe)
    hypothesis = asked.sample(1, rng) * [0.3, 0.3, 0.3, 1.0]
    laser = Laser(amplitude=default_amplitude(), b_rad=np.asarray(hypothesis[0, 3]), offset=hypothesis[0, :3] * RANGE)
    quiet = Instruments(channels=(observe,), energy_rms=0.0, meter_rms=0.0, delay_rms_ps=0.0)
    bench = SimBench(laser, KNOBS, quiet, scale=np.asarray(1.3), rng=rng, fidelity=Fidelity.FULL)
    seen, shown = features_of(bench.measure()), asked.features(np.zeros((1, 3)), hypothesis)[0]
    factor = seen @ shown / (shown @ shown)
    assert np.abs(seen - factor * shown).max() < 0.06 * seen.max()
    assert np.abs(seen - factor * shown).std() < 0.02 * seen.max()


def test_the_slope_of_the_signal_is_its_difference(rng: np.random.Generator) -> None:
    asked = model("shg")
    hypotheses, settings = asked.sample(40, rng) * [0.5, 0.5, 0.5, 1.0], rng.uniform(-0.1, 0.1, (40, 3))
    _, slope = asked.log_signal(settings, hypotheses)
    for column in range(4):
        step = 2e-3 * np.eye(4)[column]
        difference = (
            asked.log_signal(settings, hypotheses + step)[0] - asked.log_signal(settings, hypotheses - step)[0]
        ) / 4e-3
        assert np.corrcoef(difference, slope[:, column])[0, 1] > 0.99


def test_the_best_setting_undoes_the_offset_and_compensates_b(frog: LaserModel) -> None:
    low_b, high_b, moved = frog.best_setting(np.array([[0, 0, 0, 1.0], [0, 0, 0, 3.0], [0.1, -0.05, 0.02, 1.0]]))
    assert low_b[0] > 0, "SPM adds negative curvature, which positive GDD undoes"
    assert high_b[0] > 2 * low_b[0]
    assert_close(moved - low_b, [-0.1, 0.05, -0.02], rel=1e-9)


def test_the_signal_is_highest_near_the_best_setting(frog: LaserModel, rng: np.random.Generator) -> None:
    hypotheses = frog.sample(30, rng)
    best = frog.best_setting(hypotheses)
    there, _ = frog.log_signal(best, hypotheses)
    for scale in (0.01, 0.05):
        beside, _ = frog.log_signal(best + scale * rng.standard_normal(best.shape), hypotheses)
        assert np.all(beside < there + 0.02)  # the yield's summit is within 1 % of the peak's


def test_errors_of_the_spectrum_change_what_is_shown(frog: LaserModel) -> None:
    sure = np.array([[0.02, 0.0, 0.0, 2.0]])
    unsure = np.concatenate([sure, np.zeros((1, frog.nuisance_sigma.size))], axis=1)
    assert_close(frog.features(np.zeros((1, 3)), unsure), frog.features(np.zeros((1, 3)), sure), rel=1e-4)
    unsure[0, 4 + frog.nuisance_sigma.size // 2] = 0.1
    change = frog.features(np.zeros((1, 3)), unsure) - frog.features(np.zeros((1, 3)), sure)
    assert np.abs(change).max() > 0.005 * frog.features(np.zeros((1, 3)), sure).max()
