"""The boxes of a rack's instruments: those of `drivers.emulators`, which read what the equations say."""

from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer, Box
from drivers.emulators.ilx import ILXBox
from drivers.emulators.keithley2400 import Keithley2400Box
from drivers.emulators.keithley2450 import Keithley2450Box
from drivers.emulators.ldc500 import LDC500Box
from drivers.emulators.pm100 import PM100Box
from drivers.emulators.series4000 import Series4000Box, diode_voltage_v, photodiode_current_a
from lasercontrol.aging.twin_diodes import CURRENT, MOUNT, PHOTODIODE, VOLTAGE, TwinDiodes
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.errors import ConfigError
from lasercontrol.twin.boxes import Emitting

__all__ = ["boxes_of"]

SMALLEST_MODEL_A = 1.0


class RackSourceBox(Series4000Box):
    """A Series 4000 controller whose readings are those of one laser of the rack."""

    def __init__(self, name: str, clock: VirtualClock, diodes: TwinDiodes, laser: int, *, model: str) -> None:
        self._diodes, self._laser = diodes, laser
        super().__init__(name, clock, model=model)

    def teach(self) -> None:
        """The manual's headers; what is measured is asked of the diodes."""
        super().teach()
        self._measures("CURRent[1]", lambda: self._seen(CURRENT))
        self._measures("VOLTage[1]", lambda: self._seen(VOLTAGE))
        self._measures("CURRent2", lambda: self._seen(PHOTODIODE))
        if self.model.cooler_a:
            self._measures("TEMPerature", lambda: self._seen(MOUNT))

    def answer(self, message: bytes) -> Answer:
        """What a message gives; what it has set is brought to the diodes at once."""
        answer = super().answer(message)
        if self._laser in self._diodes.flowing:
            self._diodes.bring(self._laser)
        return answer

    @property
    def goal_c(self) -> float | None:
        """Set temperature while the cooler is on."""
        return self._goal_c() if self.model.cooler_a and self._cooling else None

    def _seen(self, column: int) -> float:
        return self._diodes.value(self._laser, column)


def boxes_of(config: AgingConfig, diodes: TwinDiodes, clock: VirtualClock) -> dict[str, Box]:
    """Instrument → box, joined to the diodes. ConfigError for a driver that the twin of a rack has no box for."""
    boxes: dict[str, Box] = {}
    for number, laser in enumerate(config.lasers):
        place = laser.place
        if place is None:
            continue
        source = boxes[place.source] = _source(config, place.source, diodes, clock, number)
        if isinstance(source, Emitting):
            diodes.flowing[number] = lambda source=source: source.emission_current_a  # type: ignore[misc]
        if isinstance(source, RackSourceBox) and not place.cooler:
            diodes.cooling[number] = lambda source=source: source.goal_c  # type: ignore[misc]
        if place.meter:
            _require(config, place.meter, "pm100")
            boxes[place.meter] = PM100Box(place.meter, clock, lambda number=number: diodes.power_w(number))  # type: ignore[misc]
        if place.cooler:
            cooler = boxes.setdefault(place.cooler, _cooler(config, place.cooler, diodes, clock, number))
            if isinstance(cooler, RackSourceBox):
                diodes.cooling[number] = lambda cooler=cooler: cooler.goal_c  # type: ignore[misc]
    if config.chamber and config.chamber not in boxes:
        boxes[config.chamber] = _chamber(config, config.chamber, diodes, clock)
    return boxes


def _source(config: AgingConfig, name: str, diodes: TwinDiodes, clock: VirtualClock, laser: int) -> Box:
    small = config.lasers[laser].current_a * 1.6 <= SMALLEST_MODEL_A
    makers: dict[str, Callable[[], Box]] = {
        "itc4000": lambda: RackSourceBox(name, clock, diodes, laser, model="ITC4001" if small else "ITC4020"),
        "ldc4000": lambda: RackSourceBox(name, clock, diodes, laser, model="LDC4001" if small else "LDC4020"),
        "keithley2400": lambda: Keithley2400Box(name, clock),
        "keithley2450": lambda: Keithley2450Box(name, clock),
        "ldc500": lambda: LDC500Box(name, clock, diode_voltage_v, photodiode_current_a),
        "ilx-ldc": lambda: ILXBox(name, clock, diode_voltage_v, photodiode_current_a),
        "ilx-ldx": lambda: ILXBox(name, clock, diode_voltage_v, photodiode_current_a, cooler=False),
    }
    _require(config, name, *makers)
    return makers[config.instruments[name].driver]()


def _cooler(config: AgingConfig, name: str, diodes: TwinDiodes, clock: VirtualClock, laser: int) -> Box:
    _require(config, name, "ted4000")
    return _TedBox(name, clock, lambda: diodes.value(laser, MOUNT))


def _chamber(config: AgingConfig, name: str, diodes: TwinDiodes, clock: VirtualClock) -> Box:
    _require(config, name, "ted4000")
    return _TedBox(name, clock, lambda: diodes.readings().chamber_c)


class _TedBox(Series4000Box):
    """A temperature controller that shows what it is told."""

    def __init__(self, name: str, clock: VirtualClock, celsius: Callable[[], float]) -> None:
        self._celsius = celsius
        super().__init__(name, clock, model="TED4015")

    def teach(self) -> None:
        super().teach()
        self._measures("TEMPerature", self._celsius)

    @property
    def goal_c(self) -> float | None:
        return self._goal_c() if self._cooling else None


def _require(config: AgingConfig, name: str, *drivers: str) -> None:
    if (driver := config.instruments[name].driver) not in drivers:
        said = f"is {driver!r}, for which the twin of a rack has no box there; it has {', '.join(drivers)}."
        raise ConfigError("config", None, f"instruments.{name}.driver", said)
