"""The pulses of a session, for its picture: before and after, against the transform limit.

A simulated laser is built again from what its record holds, and its pulses are known. Of a real one, and of one that
drifts, is known what the instruments showed: the autocorrelation, as such or as the sum of a FROG over frequency.
"""

from dataclasses import dataclass

import numpy as np

from lasercontrol.bench import Channel, Floats, Quality
from lasercontrol.config import Config
from lasercontrol.errors import LaserControlError
from lasercontrol.laser_of import known_laser
from lasercontrol.record import Record, ShotRow
from lasercontrol.simulated import SimulatedLaser, build
from sim.autocorrelation import half_autocorrelation
from sim.grid import FULL_GRID, Grid
from sim.pulse import field, intensity_of

__all__ = ["Pulses", "first_and_last", "laser_of", "pulses_of"]

FINER = 8  # points of a drawn curve between two samples of the grid


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """Three curves over `time_ps`, shape (n,), the peak of `limit` being 1, and full widths at half maximum.

    A pulse keeps its height beside the limit, at equal energy; `seen` ones are autocorrelations, each of height 1.
    """

    time_ps: Floats
    before: Floats
    after: Floats
    limit: Floats | None
    widths_ps: tuple[float, float, float] | None
    seen: bool


def first_and_last(record: Record) -> tuple[ShotRow, ShotRow] | None:
    """The shots that show a session before and after: usable, the last of them where the knobs were left."""
    usable = [row for row in record.shots if row.reading.worst is not Quality.INVALID]
    if not usable:
        return None
    left = dict((record.summary or {}).get("setting", {}))
    goal = np.array([left.get(knob.name, np.nan) for knob in record.header.knobs])
    span = np.array([knob.range for knob in record.header.knobs])
    there = [row for row in usable if np.all(np.abs(row.setting - goal) < 1e-6 * span)]
    return usable[0], (there or usable)[-1]


def laser_of(record: Record) -> SimulatedLaser | None:
    """The simulated laser of a record with all that it hid; None where it cannot be had, or drifted away."""
    try:
        config = Config.model_validate(dict(record.header.config))
        if config.lab is not None:
            return None
        laser = build(config, record.header.seed)
    except (LaserControlError, ValueError):
        return None
    return None if laser.scenario.drift_fraction else laser


def pulses_of(first: ShotRow, last: ShotRow, record: Record, laser: SimulatedLaser | None) -> Pulses | None:
    """Known pulses where the laser is, seen ones else; None where no diagnostic shows any."""
    if laser:
        return _known(first, last, laser)
    if {"frog", "autocorrelation"} & set(first.reading.channels) & set(last.reading.channels):
        return _seen(first, last, record)
    return None


def _known(first: ShotRow, last: ShotRow, laser: SimulatedLaser) -> Pulses:
    truth = laser.truth
    before, after = truth.at(first.setting), truth.at(last.setting)
    top = truth.limit_intensity.max()
    return Pulses(
        time_ps=Grid(FULL_GRID.n * FINER, FULL_GRID.dt_ps / FINER).time_ps,
        before=_centred(before.intensity) / top,
        after=_centred(after.intensity) / top,
        limit=_centred(truth.limit_intensity) / top,
        widths_ps=(before.fwhm_ps, after.fwhm_ps, truth.limit_fwhm_ps),
        seen=False,
    )


def _centred(intensity: Floats) -> Floats:
    """The pulse with its peak at time zero; the window is periodic, and an absolute time is not measured.

    The light fills half of the grid's band, so its intensity fits into it and can be drawn between the samples.
    """
    dense = np.fft.irfft(np.fft.rfft(intensity) * FINER, intensity.size * FINER)
    return np.roll(np.maximum(dense, 0.0), dense.size // 2 - int(np.argmax(dense)))


def _seen(first: ShotRow, last: ShotRow, record: Record) -> Pulses:
    before, after = (_autocorrelation(row) for row in (first, last))
    delay_ps = np.asarray(before.axes["delay_ps"])
    return Pulses(
        time_ps=delay_ps,
        before=before.signal / before.signal.max(),
        after=after.signal / after.signal.max(),
        limit=_limit(delay_ps, record),
        widths_ps=None,
        seen=True,
    )


def _autocorrelation(row: ShotRow) -> Channel:
    channels = row.reading.channels
    if "autocorrelation" in channels:
        return channels["autocorrelation"]
    frog = channels["frog"]
    return Channel(frog.signal.sum(axis=-1), frog.unit, {"delay_ps": frog.axes["delay_ps"]})


def _limit(delay_ps: Floats, record: Record) -> Floats | None:
    """Autocorrelation of the transform limit of the spectrum as it is known, at some delays; None without one."""
    try:
        known = known_laser(Config.model_validate(dict(record.header.config)).laser)
    except (LaserControlError, ValueError):
        return None
    intensity = intensity_of(field(known.amplitude.astype(np.complex128), FULL_GRID))
    half = half_autocorrelation(intensity, FULL_GRID, FULL_GRID.n // 4)
    return np.asarray(np.interp(np.abs(delay_ps), np.arange(half.size) * FULL_GRID.dt_ps, half / half[0]))
