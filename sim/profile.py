"""Pulses of a wanted profile: how like it a pulse is, and where the knobs must stand for the likest.

Like means ∫√(I·W)dt of two intensities of unit energy, at its best over shifts in time: 1 where they are equal, never
above. It does not care when a pulse comes, and not about the phase of the field.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from sim.chain import FastChain
from sim.grid import FAST_GRID, Grid
from sim.metrics import rms_duration_ps
from sim.natural import natural_root
from sim.target import Table, pulses

__all__ = ["PROFILE_GRID", "likeness", "overlap", "shaped"]

Floats = NDArray[np.floating[Any]]

TIMES = 2
PROFILE_GRID = Grid(FAST_GRID.n * TIMES, FAST_GRID.dt_ps / TIMES)
"""Where profiles are compared: twice as fine as the pulses' own grid, which holds their intensity without aliases."""

MUCH = 0.01
"""In overlap: by so much a later start must be better. Of two mirror images the one with GDD above the best wins."""

N_TRIAL = 300
FIRST_STEP, NEXT_STEP = 1.0, 0.3
"""Natural units: size of the first simplex, from a guess and from the neighbour's end."""


def overlap(intensity: Floats, profile: Floats) -> Floats:
    """How like a profile (n,) pulses (..., n) are, shape (...); of any height, on one periodic axis."""
    roots = [np.sqrt(each / each.sum(axis=-1, keepdims=True)) for each in (np.maximum(intensity, 0.0), profile)]
    ours, theirs = (np.fft.rfft(root) for root in roots)
    return np.asarray(np.fft.irfft(ours * np.conj(theirs), profile.shape[-1]).max(axis=-1))


def likeness(intensity: Floats, grid: Grid, profile: Floats) -> float:
    """How like a profile on `PROFILE_GRID` a pulse (n,) is, on a grid of `TIMES` its step.

    Light fills half of a grid's band, so its intensity fits into it and is known between the samples. The grid may be
    a longer one: where the profile does not reach, dark is wanted.
    """
    if grid.dt_ps != TIMES * PROFILE_GRID.dt_ps:
        raise ValueError(
            f"a pulse in steps of {grid.dt_ps:g} ps cannot be laid over steps of {PROFILE_GRID.dt_ps:g} ps"
        )
    dense = np.fft.irfft(np.fft.rfft(intensity) * TIMES, TIMES * len(intensity))
    return float(overlap(dense, np.pad(profile, (0, len(dense) - len(profile)))))


def shaped(table: Table, profile: Floats) -> tuple[Floats, Floats]:
    """Departures (m, 3) of all knobs at which the pulse is most like a profile on `PROFILE_GRID`, and how like, (m,).

    Several starts at the middle B; from there by small steps to every other: the departure is one smooth branch.
    """
    search, middle = _Search(table, profile), len(table.best) // 2
    departure, found = np.empty_like(table.best), np.empty(len(table.best))
    departure[middle], found[middle] = search.from_starts(middle)
    for row in (*range(middle + 1, len(table.best)), *range(middle - 1, -1, -1)):
        near = row - 1 if row > middle else row + 1
        departure[row], found[row] = search.climbed(row, departure[near], NEXT_STEP)
    return departure, found


@dataclass(frozen=True, eq=False)
class _Search:
    """A simplex in natural coordinates, within the bounds."""

    table: Table
    profile: Floats

    @cached_property
    def _to_native(self) -> Floats:
        """(3, 3): natural coordinates times this are a departure in the knobs' units; none of a knob that is pinned."""
        span = self.table.high - self.table.low
        return np.asarray(np.linalg.inv(natural_root(self.table.chain, self.table.best, span)) * span)

    def climbed(self, row: int, start: Floats, step: float) -> tuple[Floats, float]:
        """Departure (3,) and overlap where it ends that starts from a departure (3,)."""
        table, best = self.table, self.table.best[row]
        laser = table.chain.laser
        one = replace(table, chain=FastChain(replace(laser, b_rad=laser.b_rad[row : row + 1], offset=np.zeros((1, 3)))))

        def setting(u: Floats) -> Floats:
            return np.asarray(np.clip(best + start + u @ self._to_native, table.low, table.high))

        def miss(u: Floats) -> float:
            return -float(overlap(pulses(one, setting(u)[None], TIMES)[0], self.profile)[0])

        origin = np.zeros(3)
        simplex = np.concatenate([origin[None], step * np.eye(3)])
        end = minimize(
            miss,
            origin,
            method="Nelder-Mead",
            options={"initial_simplex": simplex, "maxfev": N_TRIAL, "xatol": 1e-2, "fatol": 1e-6},
        )
        return setting(np.asarray(end.x)) - best, -float(end.fun)

    def from_starts(self, row: int) -> tuple[Floats, float]:
        """The same from several guesses; a later one must be better by `MUCH`."""
        ends = [self.climbed(row, start, FIRST_STEP) for start in self._guesses(row)]
        departure, found = ends[0]
        for other, better in ends[1:]:
            if better > found + MUCH:
                departure, found = other, better
        return departure, found

    def _guesses(self, row: int) -> Floats:
        """Departures (s, 3) that broaden the pulse to the profile's rms duration, by one order alone or by two."""
        table, time_ps = self.table, PROFILE_GRID.time_ps
        own_ps = float(rms_duration_ps(time_ps, pulses(table, table.best, TIMES)[0][row]))
        extra_ps = np.sqrt(max(float(rms_duration_ps(time_ps, self.profile)) ** 2 - own_ps**2, 0.01))
        density, omega = table.chain.density, table.chain.grid.omega_rad_per_ps
        width = np.sqrt(density @ omega**2 / density.sum())
        # rms of ω, ω²/2 and ω³/6 over a Gaussian spectrum: group delay by a unit of each order
        alone = extra_ps / np.array([width, width**2 / np.sqrt(2), width**3 * np.sqrt(15) / 6])
        single = [side * row for row in np.eye(3) for side in (1.0, -1.0)]
        double = [np.array([side, tilt, 0.0]) * np.sqrt(0.5) for side in (1, -1) for tilt in (1, -1)]
        return np.asarray(np.array([single[0], np.zeros(3), *single[1:], *double]) * alone)
