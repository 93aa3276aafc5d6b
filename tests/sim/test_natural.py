"""Natural coordinates: equal cost in every direction, whatever the ridge."""

import numpy as np
import pytest

from sim.chain import FastChain, Laser
from sim.grid import FAST_GRID, FULL_GRID
from sim.natural import Floats, natural_root, refined_best
from sim.reachable import best_setting
from sim.spectrum import THREE_GAUSSIANS, lines_intensity, unit_energy_amplitude

SPAN = np.array([64.0, 196.0, 720.0])
AMPLITUDE = unit_energy_amplitude(lines_intensity(FULL_GRID.frequency_thz, THREE_GAUSSIANS), FULL_GRID)


def lasers(b_rad: list[float]) -> Laser:
    n = len(b_rad)
    return Laser(amplitude=np.repeat(AMPLITUDE[None], n, axis=0), b_rad=np.array(b_rad), offset=np.zeros((n, 3)))


@pytest.fixture(scope="module")
def one() -> tuple[Laser, Floats, Floats]:
    laser = lasers([2.0])
    best, _ = best_setting(laser, -SPAN / 2, SPAN / 2)
    return laser, best, natural_root(FastChain(laser), best, SPAN)


def peak(laser: Laser, setting: Floats) -> float:
    """At instants so close that none is missed."""
    spectrum = FastChain(laser).spectrum_after(setting)[0]
    lit = np.abs(spectrum) > 1e-5 * np.abs(spectrum).max()
    instants = np.arange(-1.5, 1.5, 0.002)
    field = np.exp(1j * np.outer(instants, FAST_GRID.omega_rad_per_ps[lit])) @ spectrum[lit]
    return float(np.max(np.abs(field) ** 2))


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, -1, 0.5), (-0.2, 1, 1)])
def test_a_small_way_there_and_back_costs_the_same_in_every_direction(
    one: tuple[Laser, Floats, Floats], direction: tuple[float, ...]
) -> None:
    laser, best, root = one
    u = 0.03 * np.array(direction) / np.linalg.norm(direction)
    way = np.linalg.solve(root.T, u) * SPAN
    peaks = [peak(laser, best + sign * way) for sign in (0, 1, -1)]
    cost = np.log(peaks[0]) - np.log(peaks[1:]).mean()  # what is odd in the way falls out
    assert cost == pytest.approx(0.03**2 / 2, rel=0.03, abs=0)


def test_a_dead_knob_has_a_tiny_coordinate(one: tuple[Laser, Floats, Floats]) -> None:
    laser, best, _ = one
    root = natural_root(FastChain(laser), best, np.array([64.0, 196.0, 0.095]))
    assert np.all(np.diag(root) > 0)
    assert root[2, 2] < 0.1


def test_newton_from_nearby_finds_what_the_search_finds() -> None:
    laser = lasers([1.0, 2.0, 3.4])
    best, _ = best_setting(laser, -SPAN / 2, SPAN / 2)
    start = best + np.array([0.1, -0.2, 1.0])
    found = refined_best(FastChain(laser), start, -SPAN / 2, SPAN / 2)
    root = natural_root(FastChain(laser), best, SPAN)
    assert np.abs((found - best) / SPAN @ root).max() < 0.05
