"""What Hypothesis draws: grids, spectra, dispersions, pulses. One file, so that every law meets the same zoo."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.array import cis
from sim.dispersion import taylor_phase_rad
from sim.grid import Grid
from sim.spectrum import unit_energy_amplitude

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

WIDE_GRID = Grid(2048, 0.125)
"""8 THz and 256 ps: room for every spectrum and dispersion below, to rounding."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Amplitude (n,) in FFT order at unit energy on `WIDE_GRID`, and Taylor coefficients in ps², ps³, ps⁴."""

    amplitude: Floats
    coefficients: tuple[float, float, float]

    @property
    def phase_rad(self) -> Floats:
        """Phase of the coefficients, shape (n,)."""
        columns = (np.asarray(c) for c in self.coefficients)
        return np.asarray(taylor_phase_rad(WIDE_GRID.omega_rad_per_ps, *columns))

    @property
    def spectrum(self) -> Complex:
        """Complex spectrum, shape (n,)."""
        return np.asarray(self.amplitude * cis(-self.phase_rad))


def grids() -> st.SearchStrategy[Grid]:
    """Any grid that a test can afford."""
    return st.builds(Grid, st.integers(1, 12).map(lambda k: 2**k), st.floats(1e-4, 1e3))


@st.composite
def amplitudes(draw: st.DrawFn, grid: Grid = WIDE_GRID) -> Floats:
    """Field amplitudes of one to four Gaussian lines: asymmetric, split, broad or narrow, dark at the band's edges.

    The field and not the intensity is the sum, so that the spectrum is smooth in its valleys too and the pulse ends.
    """
    f = grid.frequency_thz / (grid.span_thz / 8)
    field = np.zeros(grid.n)
    for _ in range(draw(st.integers(1, 4))):
        height, centre, width = draw(st.floats(0.05, 1.0)), draw(st.floats(-0.8, 0.8)), draw(st.floats(0.25, 0.8))
        field += height * np.exp(-2 * np.log(2) * ((f - centre) / width) ** 2)
    return np.asarray(unit_energy_amplitude(field**2, grid))


def dispersions(scale: float = 1.0) -> st.SearchStrategy[tuple[float, float, float]]:
    """GDD, TOD, FOD in ps², ps³, ps⁴ whose delays stay inside `WIDE_GRID` for all the light of `amplitudes`."""
    return st.tuples(*(st.floats(-bound * scale, bound * scale) for bound in (1.5, 0.2, 0.03)))


def pulses(scale: float = 1.0) -> st.SearchStrategy[Pulse]:
    """A random spectrum with a random dispersion, on `WIDE_GRID`."""
    return st.builds(Pulse, amplitudes(), dispersions(scale))


@st.composite
def phases(draw: st.DrawFn, n: int = WIDE_GRID.n) -> Floats:
    """Any spectral phase in FFT order, shape (n,): a random one that varies over `detail` bins, up to 6 rad rms."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    detail, rms_rad = draw(st.floats(2.0, 200.0)), draw(st.floats(0.0, 6.0))
    bins = np.fft.fftfreq(n) * n
    noise = np.fft.ifft(np.fft.fft(rng.standard_normal(n)) * np.exp(-((bins * detail / n) ** 2) * 10)).real
    return np.asarray(noise * rms_rad / noise.std())
