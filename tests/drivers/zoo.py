"""One specimen of every driver, for the laws that all of them must keep. A driver without one fails those tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from drivers.aq6370 import AQ6370, AQ6373
from drivers.dazzler import Dazzler
from drivers.emulators.aq6370 import AQ6370Box
from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box
from drivers.emulators.digitizer import VoltageOverTime
from drivers.emulators.esp301 import ESP301Box
from drivers.emulators.faults import Fault
from drivers.emulators.ilx import ILXBox
from drivers.emulators.infiniivision import InfiniiVisionBox
from drivers.emulators.keithley2400 import Keithley2400Box
from drivers.emulators.keithley2450 import Keithley2450Box
from drivers.emulators.ldc500 import LDC500Box
from drivers.emulators.pm100 import PM100Box
from drivers.emulators.pty_server import PtyServer
from drivers.emulators.pulselink import PulseLinkBox
from drivers.emulators.rigol import RigolBox
from drivers.emulators.sc10 import SC10Box
from drivers.emulators.series4000 import Series4000Box
from drivers.emulators.tektronix import TektronixBox
from drivers.esp301 import ESP301
from drivers.example_plugin import ExampleShaper
from drivers.ilx import ILXController, ILXCurrentSource
from drivers.infiniivision import InfiniiVision
from drivers.instrument import Instrument
from drivers.keithley2400 import Keithley2400
from drivers.keithley2450 import Keithley2450
from drivers.ldc500 import LDC500
from drivers.pm100 import PM100
from drivers.pulselink import PulseLink
from drivers.rigol import RigolDS1000Z
from drivers.sc10 import SC10
from drivers.series4000 import ITC4000, LDC4000, TED4000
from drivers.tektronix import TektronixScope
from drivers.waveshaper import WaveShaper
from tests.drivers import shaper_stand
from tests.drivers.stand import FAST, connected


class Breakable(Protocol):
    """Something with faults on demand."""

    def inject(self, fault: Fault) -> None:
        """Make something go wrong."""

    def heal(self) -> None:
        """All is well again."""


Running = AbstractContextManager[tuple[Instrument, Breakable]]


@dataclass(frozen=True)
class Specimen:
    """A driver over the wire to its emulator.

    serve: (time-out in s) → driver and its breakable twin. read: a measured or set value through the driver, `truth`
    what it is at power-on. write: sets something and reads it back (None: the driver sets nothing). spared: faults that
    this instrument cannot have, each with the reason.
    """

    kind: type[Instrument]
    serve: Callable[[float], Running]
    read: Callable[[Any], float]
    truth: float
    write: Callable[[Any], None] | None
    spared: dict[str, str]


def over_tcp(kind: type[Instrument], box: Callable[[VirtualClock], Box], **options: Any) -> Callable[[float], Running]:
    """A way to serve a box on a socket; options are the driver's own."""

    @contextmanager
    def serve(timeout_s: float) -> Iterator[tuple[Instrument, Breakable]]:
        clock = VirtualClock(FAST)
        with connected(kind, box(clock), clock, timeout_s=timeout_s, reconnect_s=2.0, **options) as (driver, at):
            yield driver, at

    return serve


def over_pty(kind: type[Instrument], box: Callable[[VirtualClock], Box]) -> Callable[[float], Running]:
    """A way to serve a box on a serial line."""

    @contextmanager
    def serve(timeout_s: float) -> Iterator[tuple[Instrument, Breakable]]:
        clock = VirtualClock(FAST)
        with connected(kind, box(clock), clock, PtyServer, timeout_s=timeout_s, reconnect_s=2.0) as (driver, at):
            yield driver, at

    return serve


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda driver: setattr(driver, name, value)


def _white(wavelength_nm: Any) -> Any:
    """1 µW in every nm."""
    return np.full_like(wavelength_nm, 1e-6)


def _constant_v(level_v: float) -> VoltageOverTime:
    return lambda time_s: np.full_like(time_s, level_v)


def _mean_v(scope: Any) -> float:
    return float(scope.waveform().values.mean())


FLAGGED = {
    "interlock": "an oscilloscope drives nothing",
    "over_range": "a waveform is given, and says that it is saturated; held by the oscilloscope's own tests",
}


def _emit(source: Any) -> None:
    source.switch_on_s = 0.0
    source.current_a = 0.05
    source.output = True


def _move(stage: Any) -> None:
    stage.motor_on = True
    stage.move_to(1.0)


def _open_and_close(shutter: Any) -> None:
    shutter.open_shutter()
    shutter.close_shutter()


SPECIMENS: tuple[Specimen, ...] = (
    Specimen(
        PM100,
        over_tcp(PM100, lambda clock: PM100Box("meter", clock, lambda: 0.184)),
        read=lambda meter: meter.power_w,
        truth=0.184,
        write=_set("wavelength_nm", 515.0),
        spared={"interlock": "a power meter has none"},
    ),
    Specimen(
        ITC4000,
        over_tcp(ITC4000, lambda clock: Series4000Box("diode", clock, model="ITC4005")),
        read=lambda controller: controller.measured_temperature_c,
        truth=25.0,
        write=_set("current_a", 0.2),
        spared={},
    ),
    Specimen(
        LDC4000,
        over_tcp(LDC4000, lambda clock: Series4000Box("pump", clock, model="LDC4005", photodiode_a=lambda _: 2e-4)),
        read=lambda controller: controller.photodiode_current_a,
        truth=2e-4,
        write=_set("current_limit_a", 0.5),
        spared={},
    ),
    Specimen(
        TED4000,
        over_tcp(TED4000, lambda clock: Series4000Box("cooler", clock, model="TED4015")),
        read=lambda controller: controller.measured_temperature_c,
        truth=25.0,
        write=_set("temperature_c", 22.0),
        spared={"interlock": "a cooler has none"},
    ),
    Specimen(
        LDC500,
        over_tcp(LDC500, lambda clock: LDC500Box("diode", clock, lambda _: 1.8, lambda _: 2e-4)),
        read=lambda controller: controller.photodiode_current_a,
        truth=2e-4,
        write=_emit,
        spared={"over_range": "its manual knows no code for it"},
    ),
    Specimen(
        ILXController,
        over_tcp(ILXController, lambda clock: ILXBox("diode", clock, lambda _: 1.8, lambda _: 2e-4)),
        read=lambda controller: controller.photodiode_current_a,
        truth=2e-4,
        write=_emit,
        spared={"over_range": "its manual knows no code for it"},
    ),
    Specimen(
        ILXCurrentSource,
        over_tcp(ILXCurrentSource, lambda clock: ILXBox("diode", clock, lambda _: 1.8, lambda _: 2e-4, cooler=False)),
        read=lambda source: source.photodiode_current_a,
        truth=2e-4,
        write=_emit,
        spared={"over_range": "its manual knows no code for it"},
    ),
    Specimen(
        ESP301,
        over_pty(ESP301, lambda clock: ESP301Box("delay", clock)),
        read=lambda stage: stage.limits_mm[1] - stage.position_mm,
        truth=25.0,
        write=_move,
        spared={"over_range": "a position has none"},
    ),
    Specimen(
        SC10,
        over_pty(SC10, lambda clock: SC10Box("shutter", clock)),
        read=lambda shutter: shutter.open_ms + shutter.is_open,
        truth=1000.0,
        write=_open_and_close,
        spared={"over_range": "a shutter measures nothing"},
    ),
    Specimen(
        Keithley2400,
        over_tcp(Keithley2400, lambda clock: Keithley2400Box("source", clock)),
        read=lambda source: source.compliance_v,
        truth=21.0,
        write=_set("current_a", 0.2),
        spared={},
    ),
    Specimen(
        Keithley2450,
        over_tcp(Keithley2450, lambda clock: Keithley2450Box("source", clock)),
        read=lambda source: source.compliance_v,
        truth=21.0,
        write=_set("current_a", 0.2),
        spared={},
    ),
    Specimen(
        AQ6370,
        over_tcp(AQ6370, lambda clock: AQ6370Box("osa", clock, _white), sweep_limit_s=0.5),
        read=lambda osa: float(osa.spectrum().values.mean()),
        truth=1e-6,
        write=lambda osa: osa.configure(1030.0, 60.0, 0.5, 501),
        spared={"interlock": "an analyser has none", "over_range": "no code for it was seen in its manual"},
    ),
    Specimen(
        AQ6373,
        over_tcp(AQ6373, lambda clock: AQ6370Box("green", clock, _white, model="AQ6373"), sweep_limit_s=0.5),
        read=lambda osa: float(osa.spectrum().values.mean()),
        truth=1e-6,
        write=lambda osa: osa.configure(515.0, 40.0, 0.1, 501),
        spared={"interlock": "an analyser has none", "over_range": "no code for it was seen in its manual"},
    ),
    Specimen(
        PulseLink,
        over_tcp(PulseLink, lambda clock: PulseLinkBox("ac", clock, np.cos), settle_s=0.01, scan_s=0.001),
        read=lambda ac: ac.gain,
        truth=500.0,
        write=_set("scan_range_ps", 5.0),
        spared={"interlock": "an autocorrelator has none"},
    ),
    Specimen(
        WaveShaper,
        shaper_stand.waveshaper,
        read=lambda shaper: shaper.profile().frequency_thz[-1] + shaper.unit.start_thz,
        truth=293.6 + 288.5,
        write=lambda shaper: shaper.load_dispersion(1.0, 0.05, 0.0),
        spared={"over_range": "a shaper measures nothing", "interlock": "a shaper has none"},
    ),
    Specimen(
        Dazzler,
        shaper_stand.dazzler,
        read=lambda shaper: shaper.position_nm,
        truth=1030.0,
        write=lambda shaper: shaper.load_dispersion(0.1, 0.01, 0.0),
        spared={"over_range": "a shaper measures nothing", "interlock": "a shaper has none"},
    ),
    Specimen(
        ExampleShaper,
        shaper_stand.example,
        read=lambda shaper: shaper.dispersion[0],
        truth=0.01,
        write=lambda shaper: shaper.load_dispersion(0.1, 0.01, 0.0),
        spared={"over_range": "a shaper measures nothing", "interlock": "a shaper has none"},
    ),
    Specimen(
        InfiniiVision,
        over_tcp(InfiniiVision, lambda clock: InfiniiVisionBox("scope", clock, _constant_v(1.25))),
        read=_mean_v,
        truth=1.25,
        write=_set("points", 500),
        spared=FLAGGED,
    ),
    Specimen(
        RigolDS1000Z,
        over_tcp(RigolDS1000Z, lambda clock: RigolBox("scope", clock, _constant_v(0.4))),
        read=_mean_v,
        truth=0.4,
        write=_set("source", "channel 2"),
        spared=FLAGGED,
    ),
    Specimen(
        TektronixScope,
        over_tcp(TektronixScope, lambda clock: TektronixBox("scope", clock, _constant_v(0.4))),
        read=_mean_v,
        truth=0.4,
        write=_set("width", 1),
        spared=FLAGGED,
    ),
)
