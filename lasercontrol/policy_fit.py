"""Whether a policy was trained for the bench at hand, and in words where it was not.

A policy knows only what it was trained on: which channel it reads, which knobs it turns on which side of the amplifier,
and the spectrum, whose every trace looks different. A mismatch is no risk to the optics, which the limits guard; it is
a policy that reads every trace wrongly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from agents.policy_file import Manifest
from agents.policy_manifest import N_SPECTRUM
from lasercontrol.bench import Floats, Knob
from sim.frog import FrogAxes
from sim.grid import FULL_GRID

__all__ = ["Site", "mismatches", "overlap_of", "spectrum_of"]

FRAMED = ("frog", "autocorrelation", "shg")
"""Channels of which `lasercontrol.shot.features_of` shows an agent the first that there is."""

GREATEST_REACH = 2.0
"""A knob may reach as many times farther than it did in training."""

LEAST_OVERLAP = 0.995
"""Of two field spectra: densities 10 % rms apart overlap by 0.9992 in the median and by 0.996 at worst."""

GREATEST_STRETCH_ERROR = 0.05
"""Of the stretcher's dispersion anywhere in the spectrum: the stretched pulse, and so what B does, follows it."""

EDGE_ENERGY = 1e-5  # of the spectrum, beyond either end of what a manifest shows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """What a policy must fit: knobs, channels, axes of the traces, and the laser as it is known.

    amplitude: field on `FULL_GRID`, shape (n,), in FFT order. stretcher: ps², ps³, ps⁴. b_range_rad: what B may be.
    departure: of the wanted pulse from the most intense one, fractions of the ranges (..., k) from B (...); None where
    the most intense is wanted.
    """

    knobs: tuple[Knob, ...]
    channels: tuple[str, ...]
    amplitude: Floats
    stretcher: tuple[float, float, float]
    b_range_rad: tuple[float, float]
    axes: FrogAxes = FrogAxes()
    departure: Callable[[Floats], Floats] | None = None

    @property
    def span(self) -> Floats:
        """Range of each knob in its unit, shape (k,)."""
        return np.array([knob.range for knob in self.knobs])


def mismatches(manifest: Manifest, site: Site) -> tuple[str, ...]:
    """Everything in which a bench is not the one that a policy was trained for, a few words each; empty if it is."""
    return (
        *_of_target(manifest, site),
        *_of_channels(manifest, site),
        *_of_knobs(manifest, site.knobs),
        *_of_spectrum(manifest, site),
        *_of_b(manifest, site.b_range_rad),
    )


def spectrum_of(amplitude: Floats) -> tuple[tuple[float, ...], tuple[float, float]]:
    """Field amplitude on `FULL_GRID` as a manifest shows it: 64 numbers of unit energy, and the THz they span."""
    frequency_thz, field = _sorted(amplitude)
    energy = np.cumsum(field**2) / np.sum(field**2)
    low = frequency_thz[np.searchsorted(energy, EDGE_ENERGY)]
    high = frequency_thz[np.searchsorted(energy, 1 - EDGE_ENERGY)]
    at_thz = np.linspace(low, high, N_SPECTRUM)
    shown = np.interp(at_thz, frequency_thz, field)
    shown /= np.sqrt(np.sum(shown**2) * (at_thz[1] - at_thz[0]))
    return tuple(shown.tolist()), (float(low), float(high))


def overlap_of(manifest: Manifest, amplitude: Floats) -> float:
    """Overlap of the trained field spectrum with another one on `FULL_GRID`: 1 where they are the same."""
    from scipy.interpolate import CubicSpline

    frequency_thz, field = _sorted(amplitude)
    at_thz = np.linspace(*manifest.spectrum_thz, N_SPECTRUM)
    trained = np.nan_to_num(CubicSpline(at_thz, manifest.spectrum, extrapolate=False)(frequency_thz))
    return float(trained @ field / np.sqrt((trained @ trained) * (field @ field)))


def _sorted(amplitude: Floats) -> tuple[Floats, Floats]:
    return np.fft.fftshift(FULL_GRID.frequency_thz), np.fft.fftshift(amplitude).astype(np.float64)


def _of_target(manifest: Manifest, site: Site) -> Iterator[str]:
    if site.departure is not None and manifest.kind != "frames":
        yield f"it is of kind {manifest.kind}, which compresses and knows no target"


def _of_channels(manifest: Manifest, site: Site) -> Iterator[str]:
    shown = site.channels
    if manifest.kind == "frames":  # it is given the features, which are of one channel
        shown = tuple(name for name in FRAMED if name in site.channels)[:1]
    if manifest.observe not in shown:
        yield f"it reads {manifest.observe}, and the bench shows {', '.join(site.channels)}"
    elif manifest.axes is not None:
        theirs = (manifest.axes.n_delay, manifest.axes.n_frequency, manifest.axes.bin_thz)
        ours = (site.axes.n_delay, site.axes.n_frequency, site.axes.bin_thz)
        if theirs[:2] != ours[:2] or abs(theirs[2] - ours[2]) > 1e-6 * ours[2]:
            yield f"it reads traces of {_size(theirs)}, and the bench shows {_size(ours)}"


def _size(axes: tuple[int, int, float]) -> str:
    return f"{axes[0]} delays × {axes[1]} frequencies of {axes[2]:.4g} THz"


def _of_knobs(manifest: Manifest, knobs: tuple[Knob, ...]) -> Iterator[str]:
    theirs, ours = [knob.name for knob in manifest.knobs], [knob.name for knob in knobs]
    if theirs != ours:
        yield f"it turns {', '.join(theirs)}, and the bench has {', '.join(ours)}"
        return
    for trained, knob in zip(manifest.knobs, knobs, strict=True):
        if trained.unit != knob.unit:
            yield f"it turns {knob.name} in {trained.unit}, and the bench in {knob.unit}"
        if trained.before_amplifier != knob.before_amplifier:
            sides = ("before" if before else "behind" for before in (trained.before_amplifier, knob.before_amplifier))
            yield f"its {knob.name} is {' the amplifier, and the bench has it '.join(sides)}"
        middle, reach = (trained.high + trained.low) / 2, GREATEST_REACH * (trained.high - trained.low) / 2
        if knob.low < middle - reach or knob.high > middle + reach:
            yield (
                f"{knob.name} reaches from {knob.low:.4g} to {knob.high:.4g} {knob.unit}, and in training from "
                f"{trained.low:.4g} to {trained.high:.4g}; at most {GREATEST_REACH:g} times as far is known ground"
            )


def _of_spectrum(manifest: Manifest, site: Site) -> Iterator[str]:
    if (overlap := overlap_of(manifest, site.amplitude)) < LEAST_OVERLAP:
        yield f"the spectrum is another one: its overlap with the trained one is {overlap:.4f}, below {LEAST_OVERLAP:g}"
    edges_rad_per_ps = 2 * np.pi * np.linspace(*manifest.spectrum_thz, N_SPECTRUM)
    trained, here = (_dispersion_ps2(stretcher, edges_rad_per_ps) for stretcher in (manifest.stretcher, site.stretcher))
    if (error := float(np.max(np.abs(here - trained)) / np.max(np.abs(trained)))) > GREATEST_STRETCH_ERROR:
        yield f"the stretcher is another one: {error:.0%} off the trained one's, above {GREATEST_STRETCH_ERROR:.0%}"


def _dispersion_ps2(stretcher: tuple[float, float, float], omega_rad_per_ps: Floats) -> Floats:
    """Group-delay dispersion over the frequency."""
    gdd, tod, fod = stretcher
    return np.asarray(gdd + tod * omega_rad_per_ps + fod * omega_rad_per_ps**2 / 2)


def _of_b(manifest: Manifest, b_range_rad: tuple[float, float]) -> Iterator[str]:
    low, high = manifest.b_range_rad
    if b_range_rad[0] > high or b_range_rad[1] < low:
        here = f"{b_range_rad[0]:g} to {b_range_rad[1]:g} rad"
        yield f"B is {here} here, and was {low:g} to {high:g} rad in training"
