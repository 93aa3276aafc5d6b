"""A post-pulse before the amplifier is a pre-pulse behind the compressor: self-phase modulation mirrors it.

In the stretched pulse the two beat, and the beat is written into the nonlinear phase: 2 B √r S(ω)/S_max cos ωτ. To
first order that scatters the field into ±τ with the amplitude B √r ∫A S/S_max / ∫A. For a Gaussian the integrals give
1/√3, so the pre-pulse has the ratio B² r/3.
"""

from collections.abc import Callable

import numpy as np
import pytest

from sim.array import Array, cis
from sim.dispersion import taylor_phase_rad
from sim.grid import FULL_GRID
from sim.pulse import field, intensity_of, spectrum_of
from tests.closeness import assert_close

STRETCH_PS2 = 267.422
DELAY_PS = 20.0  # the beat's period of 0.3 rad/ps is five times what the stretch can resolve
ω = FULL_GRID.omega_rad_per_ps
AMPLITUDE = np.exp(-2 * np.log(2) * (ω / 1.733) ** 2)  # Gaussian with a transform limit of 1.6 ps


def pre_pulse_ratio(post_pulse_ratio: float, B: float, asarray: Callable[[Array], Array]) -> float:
    """Intensity at -τ over that at 0 after stretcher, self-phase modulation and compressor on the full grid."""
    pair = AMPLITUDE * (1 + np.sqrt(post_pulse_ratio) * np.exp(-1j * ω * DELAY_PS))
    zero, gdd = asarray(0.0), asarray(STRETCH_PS2)
    stretch_rad = taylor_phase_rad(asarray(ω), gdd, zero, zero)[0]
    stretched = field(asarray(pair) * cis(-stretch_rad), FULL_GRID)
    intensity = intensity_of(stretched)
    spectrum = spectrum_of(stretched * cis(-B * intensity / intensity.max()), FULL_GRID)
    compressed = np.asarray(intensity_of(field(spectrum * cis(stretch_rad), FULL_GRID)))
    centre, steps = FULL_GRID.n // 2, round(DELAY_PS / FULL_GRID.dt_ps)
    return float(compressed[centre - steps] / compressed[centre])


@pytest.mark.parametrize("post_pulse_ratio", [1e-4, 1e-3])
@pytest.mark.parametrize("B", [0.1, 0.3, 1.0])
def test_a_post_pulse_makes_a_pre_pulse(post_pulse_ratio: float, B: float, asarray: Callable[[Array], Array]) -> None:
    factor = pre_pulse_ratio(post_pulse_ratio, B, asarray) / (B**2 * post_pulse_ratio)
    assert 0.29 <= factor <= 0.345


def test_the_factor_is_a_third_for_small_b(asarray: Callable[[Array], Array]) -> None:
    assert_close(pre_pulse_ratio(1e-8, 0.05, asarray) / (0.05**2 * 1e-8), 1 / 3, rel=5e-3)


def test_without_self_phase_modulation_there_is_none(asarray: Callable[[Array], Array]) -> None:
    assert pre_pulse_ratio(1e-3, 0.0, asarray) < 1e-18  # rounding
