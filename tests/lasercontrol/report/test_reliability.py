"""FIT, acceleration and lifetimes against their closed forms and known tables."""

import math

import numpy as np
import pytest

from lasercontrol.report.reliability import UseConditions, acceleration, fit_upper, lognormal_of
from tests.closeness import assert_close


@pytest.mark.parametrize(
    ("ea_ev", "use_c", "factor"),
    [(0.4, 25, 13.6), (0.5, 25, 26), (0.6, 25, 50), (0.7, 25, 96), (0.4, 40, 6.4), (0.7, 55, 8.0)],
)
def test_acceleration_to_85_degrees(ea_ev: float, use_c: float, factor: float) -> None:
    found = acceleration(UseConditions(use_c=use_c, ea_ev=ea_ev), 85.0)
    assert_close(np.array(found), np.array(factor), rel=0.01)


def test_the_current_counts_by_its_power() -> None:
    plain, doubled = UseConditions(), UseConditions(current_ratio=2.0, exponent=1.5)
    assert_close(np.array(acceleration(doubled, 80) / acceleration(plain, 80)), np.array(2**1.5), rel=1e-12)


def test_with_no_failure_the_bound_is_a_logarithm() -> None:
    """chi2 with two degrees of freedom is exponential: lambda = -ln(1 - confidence) / T."""
    for confidence in (0.6, 0.95):
        expected = -math.log(1 - confidence) / 1e6 * 1e9
        assert_close(np.array(fit_upper(0, 1e6, confidence)), np.array(expected), rel=1e-12)


def test_the_bound_is_where_so_few_failures_are_that_unlikely() -> None:
    """Poisson: P(at most r failures) = 1 - confidence at the bound."""
    hours, confidence = 2e5, 0.9
    mean = fit_upper(2, hours, confidence) / 1e9 * hours
    assert_close(np.array(math.exp(-mean) * (1 + mean + mean**2 / 2)), np.array(1 - confidence), rel=1e-9)


def test_no_hours_no_bound() -> None:
    assert math.isnan(fit_upper(0, 0.0, 0.95))


def test_the_mean_of_a_lognormal_law() -> None:
    rng = np.random.default_rng(1)
    law = lognormal_of(rng.lognormal(math.log(5000), 0.5, 200_000), 0)
    assert law is not None
    assert_close(np.array([law.median_h, law.sigma]), np.array([5000.0, 0.5]), rel=0.01)
    assert_close(np.array(law.mean_h), np.array(5000 * math.exp(0.125)), rel=0.01)
    assert lognormal_of(np.array([1.0, 2.0, np.nan]), 0) is None
