"""Which box stands for which instrument of a config, and how each is joined to the one laser."""

import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from drivers.emulators.aq6370 import AQ6370Box
from drivers.emulators.clock import VirtualClock
from drivers.emulators.dazzler import DazzlerBox, FolderServer
from drivers.emulators.device import Box
from drivers.emulators.esp301 import ESP301Box
from drivers.emulators.http_server import HttpServer
from drivers.emulators.ilx import ILXBox
from drivers.emulators.keithley2400 import Keithley2400Box
from drivers.emulators.keithley2450 import Keithley2450Box
from drivers.emulators.ldc500 import LDC500Box
from drivers.emulators.motion import Path as Motion
from drivers.emulators.pm100 import PM100Box
from drivers.emulators.pty_server import PtyServer
from drivers.emulators.pulselink import PulseLinkBox
from drivers.emulators.sc10 import SC10Box
from drivers.emulators.series4000 import Series4000Box, diode_voltage_v, photodiode_current_a
from drivers.emulators.server import BoxServer, Service
from drivers.emulators.waveshaper import TWIN_MODEL, WaveShaperBox
from lasercontrol.config import Config
from lasercontrol.errors import ConfigError
from lasercontrol.lab.coarse import CoarseStage
from lasercontrol.lab.frog_scan import MM_PER_PS
from lasercontrol.lab.phase import band_of
from lasercontrol.lab_settings import InstrumentAddress
from lasercontrol.twin.laser import TwinLaser
from sim.constants import C_NM_PER_PS
from sim.grid import FULL_GRID

__all__ = ["NOMINAL_A", "Boxes"]

SHAPER_SPAN_THZ = 5.0  # of the idealised shaper, about the carrier
SHAPER_REACH_PS = 450.0  # just below where its phase would step by π between two rows, 0.001 THz apart
ROOM_MM = 25.0
NOMINAL_A = 1.0
"""Current of nominal energy where the config names none."""


@runtime_checkable
class Emitting(Protocol):
    """A box with a diode."""

    @property
    def emission_current_a(self) -> float:
        """What flows; 0 with the output off."""


class Boxes:
    """The boxes of a bench and their services, one an address: axes of one controller share theirs.

    addresses: instrument → where it is to be reached; known when the services have started.
    """

    def __init__(self, config: Config, laser: TwinLaser, clock: VirtualClock) -> None:
        assert config.lab is not None  # noqa: S101 — the caller has looked
        self._config, self._lab, self._laser, self._clock = config, config.lab, laser, clock
        self.boxes: dict[str, Box] = {}
        self.services: dict[str, Service] = {}
        self._fitted: tuple[bytes, tuple[float, float, float]] | None = None
        by_address: dict[tuple[str, str], str] = {}
        for name, address in config.lab.instruments.items():
            first = by_address.setdefault((address.driver, address.resource), name)
            if first == name:
                self.boxes[name] = self._box(name, address)
                self.services[name] = self._service(name, address)
            else:
                self.boxes[name], self.services[name] = self.boxes[first], self.services[first]
        self._join()

    @property
    def addresses(self) -> Mapping[str, str]:
        """Instrument → resource."""
        return {name: service.resource for name, service in self.services.items()}

    # ---------------------------------------------------------------------------------------------- the boxes

    def _box(self, name: str, address: InstrumentAddress) -> Box:
        clock, laser = self._clock, self._laser
        makers: dict[str, Callable[[], Box]] = {
            "pm100": lambda: PM100Box(name, clock, self._power(name)),
            "aq6370": lambda: AQ6370Box(name, clock, self._density(name), model="AQ6370D"),
            "aq6373": lambda: AQ6370Box(name, clock, self._density(name), model="AQ6373"),
            "esp301": lambda: self._controller(address),
            "waveshaper": lambda: self._waveshaper(name),
            "dazzler": lambda: DazzlerBox(name, clock, self._folder(address)),
            "sc10": lambda: SC10Box(name, clock),
            "itc4000": lambda: Series4000Box(name, clock, model="ITC4020"),
            "ldc4000": lambda: Series4000Box(name, clock, model="LDC4020"),
            "keithley2400": lambda: Keithley2400Box(name, clock),
            "keithley2450": lambda: Keithley2450Box(name, clock),
            "ldc500": lambda: LDC500Box(name, clock, diode_voltage_v, photodiode_current_a),
            "ilx-ldc": lambda: ILXBox(name, clock, diode_voltage_v, photodiode_current_a),
            "ilx-ldx": lambda: ILXBox(name, clock, diode_voltage_v, photodiode_current_a, cooler=False),
            "ape-pulselink": lambda: PulseLinkBox(name, clock, laser.autocorrelation),
        }
        if address.driver not in makers:
            said = f"the twin has no box for {address.driver}; it has {', '.join(makers)}."
            raise ConfigError("config", None, f"lab.instruments.{name}.driver", said)
        return makers[address.driver]()

    def _waveshaper(self, name: str) -> WaveShaperBox:
        middle_thz = round(self._laser.carrier_thz, 3)
        return WaveShaperBox(
            name,
            self._clock,
            model=TWIN_MODEL,
            start_thz=middle_thz - SHAPER_SPAN_THZ / 2,
            stop_thz=middle_thz + SHAPER_SPAN_THZ / 2,
            reach_ps=SHAPER_REACH_PS,
        )

    def _controller(self, address: InstrumentAddress) -> ESP301Box:
        """A stage controller whose axes stand where their uses are at zero, counted from the end of the rail."""
        starts = [0.0, 0.0, 0.0]
        for axis, zero_mm in self._zeros(address.resource):
            starts[axis - 1] = zero_mm
        box = ESP301Box("stages", self._clock, travel_mm=(0.0, max(ROOM_MM, 2 * max(starts))))
        for rail, start_mm in zip(box.axes, starts, strict=True):
            rail.path = Motion(start_mm)
            rail.motor = True  # somebody homed it and switched it on
        return box

    def _zeros(self, resource: str) -> list[tuple[int, float]]:
        """(axis, position of zero) of every use of a stage at an address."""
        uses = [(coarse.stage, coarse.nominal_mm) for coarse in self._lab.actuators.coarse]
        if frog := self._lab.diagnostics.frog:
            uses.append((frog.stage, frog.delay_zero_mm))
        at = self._lab.instruments
        return [(int(at[name].options.get("axis", 1)), zero) for name, zero in uses if at[name].resource == resource]

    def _folder(self, address: InstrumentAddress) -> Path:
        path = Path(address.resource.removeprefix("dazzler://"))
        return path if path.is_dir() else Path(tempfile.mkdtemp(prefix="lasercontrol-dazzler-"))

    def _power(self, name: str) -> Callable[[], float]:
        shg = self._lab.diagnostics.shg
        return self._laser.second_harmonic_w if shg and shg.instrument == name else self._laser.power_w

    def _density(self, name: str) -> Callable[[Any], Any]:
        frog = self._lab.diagnostics.frog
        second = frog is not None and frog.spectrometer == name
        return self._laser.second_harmonic_w_per_nm if second else self._laser.fundamental_w_per_nm

    # -------------------------------------------------------------------------------------------- the services

    def _service(self, name: str, address: InstrumentAddress) -> Service:
        """On the port that the config names, where that is one of this machine; else on a free one."""
        box, clock = self.boxes[name], self._clock
        if isinstance(box, WaveShaperBox):
            return HttpServer(
                box,
                clock,
                host=self._config.twin.host,
                port=_port(address.resource.rpartition(":")[2], address.resource),
            )
        if isinstance(box, DazzlerBox):
            return FolderServer(box, clock)
        if address.resource.upper().startswith("ASRL"):
            return PtyServer(box, clock)
        parts = address.resource.split("::")
        return BoxServer(
            box, clock, host=self._config.twin.host, port=_port(parts[2] if len(parts) > 3 else "", address.resource)
        )

    # ------------------------------------------------------------------------------------------------ the join

    def _join(self) -> None:
        lab, parts = self._lab, self._laser.parts
        parts.before, parts.after = partial(self._made_on, "before"), partial(self._made_on, "after")
        parts.open = self._shutter(lab.safety.shutter)
        if lab.safety.seed_shutter:
            parts.seeded = self._shutter(lab.safety.seed_shutter)
        if lab.safety.source:
            source, nominal_a = self.boxes[lab.safety.source], lab.safety.current_a or NOMINAL_A
            if isinstance(source, Emitting):
                parts.energy = lambda: source.emission_current_a / nominal_a
        if lab.diagnostics.frog:
            frog = lab.diagnostics.frog
            zero_mm = frog.delay_zero_mm + self._config.twin.delay_zero_error_mm
            stage = self._position(frog.stage)
            parts.delay_ps = lambda: (stage() - zero_mm) / MM_PER_PS

    def _shutter(self, name: str) -> Callable[[], bool]:
        box = self.boxes[name]
        return (lambda: box.is_open) if isinstance(box, SC10Box) else (lambda: True)

    def _position(self, name: str) -> Callable[[], float]:
        box, axis = self.boxes[name], int(self._lab.instruments[name].options.get("axis", 1))
        assert isinstance(box, ESP301Box)  # noqa: S101 — the only stage there is
        return lambda: box.position_mm(axis)

    def _made_on(self, side: str) -> tuple[float, float, float]:
        """What the actuators on one side of the amplifier make together."""
        total, actuators = np.zeros(3), self._lab.actuators
        for settings, (stage, position) in zip(actuators.coarse, self._coarse, strict=True):
            if settings.side == side:
                total += stage.coefficients(position())
        if actuators.fine and actuators.fine.side == side:
            box = self.boxes[actuators.fine.instrument]
            assert isinstance(box, WaveShaperBox | DazzlerBox)  # noqa: S101 — the shapers there are
            total += np.array(self._fine(box))
        gdd, tod, fod = (float(value) for value in total)
        return gdd, tod, fod

    def _fine(self, box: WaveShaperBox | DazzlerBox) -> tuple[float, float, float]:
        """Worked out anew only when the profile changes: the fit is a millisecond."""
        key = box.column_rad.tobytes() if isinstance(box, WaveShaperBox) else str(sorted(box.panel.items())).encode()
        if self._fitted is None or self._fitted[0] != key:
            known = self._laser.simulated.known
            band = band_of(known.amplitude, FULL_GRID.omega_rad_per_ps)
            if isinstance(box, WaveShaperBox):
                self._fitted = key, box.coefficients(known.carrier_thz, band)
            else:
                self._fitted = key, box.coefficients(known.carrier_thz)
        return self._fitted[1]

    @cached_property
    def _coarse(self) -> list[tuple[CoarseStage, Callable[[], float]]]:
        carrier_nm = C_NM_PER_PS / self._laser.carrier_thz
        far = (-1e6, 1e6)
        return [
            (CoarseStage.from_settings(settings, far, carrier_nm), self._position(settings.stage))
            for settings in self._lab.actuators.coarse
        ]


def _port(text: str, resource: str) -> int:
    local = "127.0.0.1" in resource or "localhost" in resource
    return int(text) if local and text.isdigit() else 0
