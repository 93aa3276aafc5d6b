"""What a bench sees: every channel read by its instruments, in the shapes that a simulated bench has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivers.curve import Curve
from lasercontrol.bench import Channel, Quality
from lasercontrol.lab.frog_scan import FrogScan, on_bins
from lasercontrol.lab.roles import Autocorrelator, PowerMeter, Spectrometer
from lasercontrol.lab_settings import AutocorrelatorSettings, SpectrometerSettings, YieldSettings
from sim.constants import C_NM_PER_PS
from sim.frog import FrogAxes
from sim.grid import FULL_GRID

__all__ = ["AutocorrelationReader", "FrogReader", "Reader", "Seen", "SpectrumReader", "YieldReader"]

ENERGY_FLOOR = 1e-3  # of nominal: below it there is no pulse to divide by
DARKEST = 0.3  # shares of the trace's height that its ends may have before the scan counts as cut off


@dataclass(frozen=True, slots=True)
class Seen:
    """One channel of one shot, how far it may be trusted, and why not."""

    channel: Channel
    quality: Quality = Quality.OK
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """A diagnostic of the bench. prepare: once before the first shot. read: energy relative to nominal → what it shows.

    seconds_per_shot: about how long a reading takes.
    """

    read: Callable[[float], Seen]
    seconds_per_shot: Callable[[], float]
    prepare: Callable[[], None] = field(default=lambda: None)


def FrogReader(scan: FrogScan) -> Reader:  # noqa: N802 — one of the readers, as the others
    """A scanned FROG; doubtful where the scan says so."""

    def read(_: float) -> Seen:
        found = scan.scan()
        quality = Quality.SUSPECT if found.reasons else Quality.OK
        return Seen(found.channel, quality, found.reasons)

    return Reader(read, lambda: scan.seconds_per_shot, scan.prepare)


def AutocorrelationReader(  # noqa: N802
    device: Autocorrelator, settings: AutocorrelatorSettings, axes: FrogAxes
) -> Reader:
    """An autocorrelator, its curve centred and put onto the delays that the model has."""
    delay_ps = axes.delay_ps(FULL_GRID)

    def prepare() -> None:
        device.scan_range_ps = settings.scan_range_ps
        if not device.running:
            device.running = True

    def read(_: float) -> Seen:
        curve = device.autocorrelation()
        middle_ps = _middle(curve)
        values = np.interp(delay_ps + middle_ps, curve.axis, curve.values, left=0.0, right=0.0)
        reasons = []
        if curve.axis[0] > delay_ps[0] + middle_ps or curve.axis[-1] < delay_ps[-1] + middle_ps:
            height = curve.values.max()
            ends = max(curve.values[0], curve.values[-1]) / height if height > 0 else 0.0
            if ends > DARKEST:
                reasons.append(f"the autocorrelation is cut off at {ends:.0%} of its height: widen its scan range")
        if curve.saturated:
            reasons.append("the autocorrelation is saturated")
        quality = Quality.SUSPECT if reasons else Quality.OK
        return Seen(Channel(values, curve.value_unit, {"delay_ps": delay_ps}), quality, tuple(reasons))

    return Reader(read, lambda: device.seconds_per_shot, prepare)


def SpectrumReader(  # noqa: N802
    device: Spectrometer, settings: SpectrometerSettings, carrier_thz: float, axes: FrogAxes
) -> Reader:
    """The pulse's own spectrum, on the frequency bins of the FROG about the carrier."""

    def prepare() -> None:
        center_nm = C_NM_PER_PS / carrier_thz
        device.configure(center_nm, settings.span_nm, settings.resolution_nm, settings.points)

    def read(_: float) -> Seen:
        curve = device.spectrum()
        offsets_thz = axes.frequency_thz()
        per_nm = curve.values / settings.resolution_nm
        values = on_bins(curve.axis, per_nm, carrier_thz + offsets_thz, axes.bin_thz) / axes.bin_thz
        quality = Quality.SUSPECT if curve.saturated else Quality.OK
        reasons = ("the spectrum is saturated",) if curve.saturated else ()
        return Seen(Channel(values, "W/THz", {"offset_thz": offsets_thz}), quality, reasons)

    return Reader(read, lambda: device.seconds_per_shot, prepare)


def YieldReader(device: PowerMeter, settings: YieldSettings, carrier_thz: float) -> Reader:  # noqa: N802
    """A meter behind a doubling crystal; its reading goes as the energy squared, which is divided out."""

    def read(energy: float) -> Seen:
        value = device.power_w / settings.reference_w / max(energy, ENERGY_FLOOR) ** 2
        return Seen(Channel(np.asarray(value), "yield (arb.)"))

    return Reader(read, lambda: 0.1, lambda: device.prepare(round(C_NM_PER_PS / (2 * carrier_thz), 1)))


def _middle(curve: Curve) -> float:
    """Delay zero: the centroid of the squared autocorrelation, which is even about it."""
    weight: Any = np.maximum(curve.values, 0) ** 2
    return float(weight @ curve.axis / weight.sum()) if weight.sum() > 0 else 0.0


Readers = Mapping[str, Reader]
