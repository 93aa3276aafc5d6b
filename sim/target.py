"""Another pulse than the most intense one: how far from the best setting the knobs must stand to have it.

The knobs add to what is hidden of the compressor, so this departure depends on B alone. It is worked out for the
spectrum as measured, over a table of B, and holds for every laser of that spectrum wherever its optimum lies.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain import FastChain, Laser
from sim.grid import Grid
from sim.metrics import fwhm_ps
from sim.natural import refined_best
from sim.pulse import field, finer, intensity_of

__all__ = ["COARSE", "Table", "pulses", "stretched", "table_of"]

Floats = NDArray[np.floating[Any]]

N_FEW = 6
FINER = 16  # samples between two of the grid where a width must be right to 1e-4
COARSE = 4  # where it need not
N_SCAN, LEAST_STEP = 96, 6e-4  # settings that are tried on the way to a bound, the first at this share of the way
N_BISECTION = 18
ATTAINED = 0.005  # relative: a width that jumps over the wanted one does not attain it
LOST = 1e-3  # energy beyond the window, at which a pulse is no pulse on this grid any more


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Lasers of one spectrum that differ in B, rising, (m,), and their best settings (m, 3) within bounds (3,)."""

    chain: FastChain
    best: Floats
    low: Floats
    high: Floats

    @property
    def b_rad(self) -> Floats:
        """(m,)."""
        return np.asarray(self.chain.laser.b_rad)


def table_of(
    amplitude: Floats, stretcher: tuple[float, float, float], b_rad: Floats, low: Floats, high: Floats
) -> Table:
    """The table of a spectrum on the full grid, (n,), over B, (m,) and rising; equal bounds pin a knob at that value.

    Newton from one B to the next over a few of them, since the best setting moves little between them; then over all at
    once from the lines between those.
    """
    m = len(b_rad)
    lasers = Laser(
        amplitude=np.asarray(amplitude, dtype=np.float64),
        b_rad=np.asarray(b_rad, dtype=np.float64),
        offset=np.zeros((m, 3)),
        stretcher=stretcher,
    )
    few = np.unique(np.linspace(0, m - 1, N_FEW).round().astype(int))
    ends: list[Floats] = [np.clip(np.zeros((1, 3)), low, high)]
    for row in few:
        ends.append(refined_best(FastChain(lasers[row : row + 1]), ends[-1], low, high))
    columns = np.concatenate(ends[1:]).T
    start = np.stack([np.interp(lasers.b_rad, lasers.b_rad[few], column) for column in columns], axis=-1)
    chain = FastChain(lasers)
    return Table(chain, refined_best(chain, start, low, high), low, high)


def pulses(table: Table, setting: Floats, times: int = FINER) -> tuple[Floats, Grid]:
    """Intensities (m, n) at settings (m, 3), each of its own B, on a grid `times` finer."""
    dense, grid = finer(table.chain.spectrum_after(setting), table.chain.grid, times)
    return np.asarray(intensity_of(field(dense, grid))), grid


def stretched(table: Table, wanted_ps: float) -> tuple[Floats, Floats, Floats]:
    """Departures (m, 3) of GDD alone, upward, at which the full width at half maximum is first the wanted one.

    NaN where there is none before the bound or the end of the window, or where the width jumps over it. And the widths
    (m,) between which it must lie: of the best pulse, and the greatest on the way. Upward, since at 3 to 8 ps a given
    error of the knobs then changes the width less than on the other side, up to three times less at 5 ps.
    """
    way = _way(table)
    scan = np.concatenate([[0.0], np.geomspace(LEAST_STEP, 1.0, N_SCAN)])
    widths = np.stack([_widths(table, share * way, COARSE) for share in scan])
    least, most = _widths(table, 0.0 * way), widths.max(axis=0)
    above = widths >= wanted_ps
    first = np.maximum(above.argmax(axis=0), 1)
    low, high = scan[first - 1] * way, scan[first] * way
    for _ in range(N_BISECTION):
        middle = (low + high) / 2
        wide = _widths(table, middle) >= wanted_ps
        low, high = np.where(wide, low, middle), np.where(wide, middle, high)
    there = above.any(axis=0) & (np.abs(_widths(table, high) / wanted_ps - 1) < ATTAINED)
    return np.where(there, high, np.nan)[:, None] * np.array([1.0, 0.0, 0.0]), least, most


def _way(table: Table) -> Floats:
    """How far GDD may go up from each best setting, (m,): to its bound, or until light leaves the window."""
    share = np.linspace(1.0, 0.0, 65)[:, None]
    room = share * (table.high[0] - table.best[:, 0])
    lost = np.stack([table.chain.outside_fraction(_with_gdd(table, row)) for row in room])
    first = np.argmax(lost < LOST, axis=0)
    return np.asarray(room[first, np.arange(len(first))])


def _with_gdd(table: Table, gdd_ps2: Floats) -> Floats:
    return np.asarray(table.best + gdd_ps2[:, None] * np.array([1.0, 0.0, 0.0]))


def _widths(table: Table, gdd_ps2: Floats, times: int = FINER) -> Floats:
    return np.asarray(fwhm_ps(*pulses(table, _with_gdd(table, gdd_ps2), times)))
