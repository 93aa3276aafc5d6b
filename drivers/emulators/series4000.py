"""Thorlabs LDC, TED and ITC controllers of the Series 4000, as their SCPI programmers' reference manual has them.

The manual read tells no error number for an output that is kept off; -221 stands for it here. Nor does it tell what the
settings of power-on are: here they are the least that a diode can be given, with the limits at the model's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.plate import Plate
from drivers.emulators.scpi import ScpiError, flag

__all__ = ["Series4000Box", "diode_voltage_v", "photodiode_current_a"]

OVER_RANGE = "9.90000000E+37"
OHM = 2.0  # of the cooler


def diode_voltage_v(current_a: float) -> float:
    """A pump diode's forward voltage: a junction of 1.4 V and 50 mΩ."""
    return 1.4 + 0.05 * current_a if current_a > 0 else 0.0


def photodiode_current_a(current_a: float) -> float:
    """A monitor photodiode's current: nothing below the threshold of 0.1 A, 0.5 mA/A above."""
    return 5e-4 * max(0.0, current_a - 0.1)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its greatest diode current, compliance voltage and cooler current; 0 A where it lacks that side."""

    laser_a: float
    laser_v: float
    cooler_a: float


MODELS = {
    "LDC4001": Model(1.0, 10.0, 0.0),
    "LDC4005": Model(5.0, 12.0, 0.0),
    "LDC4020": Model(20.0, 11.0, 0.0),
    "TED4015": Model(0.0, 0.0, 15.0),
    "ITC4001": Model(1.0, 11.0, 8.0),
    "ITC4005": Model(5.0, 12.0, 15.0),
    "ITC4020": Model(20.0, 11.0, 15.0),
}


class Series4000Box(ScpiBox):
    """A controller of one of `MODELS`, with what its diode does given by two callables of the current in A.

    trip() opens the interlock, close_interlock() closes it; turn_key() and overheat() are a person's and the room's.
    """

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        *,
        model: str = "ITC4020",
        voltage_v: Callable[[float], float] = diode_voltage_v,
        photodiode_a: Callable[[float], float] = photodiode_current_a,
        ambient_c: float = 25.0,
        thermal_s: float = 2.0,
    ) -> None:
        self.model, self._voltage_v, self._photodiode_a = MODELS[model], voltage_v, photodiode_a
        boards = "/1.6.0" if self.model.cooler_a else ""
        self.idn = f"THORLABS,{model},M00200000,1.4.0/2.0.3{boards}"
        self.plate = Plate(clock, ambient_c, thermal_s)
        self._interlock_open = self._key_off = self._too_hot = False
        super().__init__(name, clock)

    # ---------------------------------------------------------------------------------------- the world outside

    @property
    def emission_current_a(self) -> float:
        """What flows through the diode, in A; 0 where the output is off."""
        self._watch()
        return self._flowing_a()

    def trip(self) -> None:
        """The interlock opens: the output goes off, and stays off until a person has closed it and switched on."""
        self._interlock_open = True
        self._shut("INTL")

    def close_interlock(self) -> None:
        """A person closes the interlock; the output stays off, and what has tripped is remembered."""
        self._interlock_open = False

    def turn_key(self, on: bool) -> None:
        """A person turns the key."""
        self._key_off = not on
        if not on:
            self._shut("KEYL")

    def overheat(self, hot: bool) -> None:
        """The controller becomes too hot, or cool again."""
        self._too_hot = hot
        if hot:
            self._shut("OTEM")

    # --------------------------------------------------------------------------------------------- the manual

    def teach(self) -> None:
        """Headers of the manual, and the settings of power-on."""
        self._output, self._cooling, self._unit = False, False, "C"
        self._tripped: set[str] = set()
        self.plate.head_for(self.plate.ambient_c)
        self.tree.add("STATus:MEASurement:CONDition", query=lambda _: str(self._condition()))
        if self.model.laser_a:
            self._teach_laser()
        if self.model.cooler_a:
            self._teach_cooler()

    def _teach_laser(self) -> None:
        most_a, most_v, tree = self.model.laser_a, self.model.laser_v, self.tree
        current = "SOURce[1]:CURRent"
        self._set_a = self.number(f"{current}[:LEVel][:IMMediate][:AMPLitude]", 0.0, low=0.0, high=most_a, unit="A")
        self._limit_a = self.number(f"{current}:LIMit[:AMPLitude]", most_a, low=most_a / 1000, high=most_a, unit="A")
        self._compliance_v = self.number("OUTPut[1]:PROTection:VOLTage", most_v, low=1.0, high=most_v, unit="V")
        self.number("OUTPut[1]:DELay", 0.0, low=0.0, high=10.0, unit="S")
        self.choice("OUTPut[1]:PROTection:EXTernal:MODE", "OFF", ("OFF", "PROTection", "ENABle"))
        self.choice("SOURce[1]:FUNCtion:MODE", "CURR", ("CURRent", "POWer"))
        self.choice("SOURce[1]:FUNCtion:SHAPe", "DC", ("DC", "PULSe"))
        tree.add(
            "OUTPut[1][:STATe]", query=lambda _: self._told(self._on()), set=lambda call: self._switch(call.only())
        )
        for long in ("INTLock", "KEYLock", "OTEMperature", "EXTernal", "INTernal", "VOLTage"):
            tree.add(
                f"OUTPut[1]:PROTection:{long}:TRIPped", query=self._trip_reader("".join(c for c in long if c.isupper()))
            )
        tree.add(f"{current}:LIMit:TRIPped", query=lambda _: self._told(self._limited()))
        self._measures("CURRent[1]", self._flow)
        self._measures("VOLTage[1]", lambda: self._voltage_v(self._flow()))
        self._measures("CURRent2", lambda: self._photodiode_a(self._flow()))

    def _teach_cooler(self) -> None:
        most_a, tree = self.model.cooler_a, self.tree
        self._goal_c = self.number(
            "SOURce2:TEMPerature[:SPOint]", 25.0, low=-55.0, high=150.0, unit="C", then=lambda _: self._steer()
        )
        self.number("SOURce2:CURRent:LIMit[:AMPLitude]", most_a, low=0.1, high=most_a, unit="A")
        tree.add("OUTPut2[:STATe]", query=lambda _: self._told(self._cooling), set=lambda call: self._cool(call.only()))
        self.choice("UNIT:TEMPerature", "C", ("C", "K", "F"), then=self._count_in)
        self._measures("TEMPerature", self._temperature)
        self._measures("CURRent3", self._cooler_a)
        self._measures("VOLTage3", lambda: OHM * self._cooler_a())
        self._measures("POWer4", lambda: OHM * self._cooler_a() ** 2)

    def _measures(self, header: str, value: Callable[[], float]) -> None:
        def answer() -> str:
            return OVER_RANGE if self.over_range else f"{value():.8E}"

        self.tree.add(f"MEASure[:SCALar]:{header}", query=lambda _: answer())

    # ---------------------------------------------------------------------------------------------- the diode

    def _switch(self, text: str) -> None:
        on = flag(text)
        if on and (self._interlock_open or self._key_off or self._too_hot):
            raise ScpiError(-221)
        if on:
            self._tripped.clear()
        self._output = on

    def _flow(self) -> float:
        self._watch()
        return self._flowing_a()

    def _on(self) -> bool:
        self._watch()
        return self._output

    def _flowing_a(self) -> float:
        return min(self._set_a(), self._limit_a()) if self._output else 0.0

    def _watch(self) -> None:
        """The protection's voltage: a diode that needs more is switched off."""
        if self._output and self._voltage_v(self._flowing_a()) > self._compliance_v():
            self._shut("VOLT")

    def _limited(self) -> bool:
        return self._output and self._set_a() > self._limit_a()

    def _shut(self, why: str) -> None:
        self._output = False
        self._tripped.add(why)

    def _trip_reader(self, why: str) -> Callable[[object], str]:
        return lambda _: self._told(why in self._tripped)

    @staticmethod
    def _told(is_so: bool) -> str:
        return str(int(is_so))

    def _condition(self) -> int:
        if self.model.laser_a:
            self._watch()
        laser = 8 * (bool(self.model.laser_a) and self._limited()) + 2 * ("VOLT" in self._tripped)
        return self._key_off + 4 * self._interlock_open + laser + 16384 * self._too_hot

    # --------------------------------------------------------------------------------------------- the cooler

    def _cool(self, text: str) -> None:
        self._cooling = flag(text)
        self._steer()

    def _steer(self) -> None:
        self.plate.head_for(self._goal_c() if self._cooling else self.plate.ambient_c)

    def _cooler_a(self) -> float:
        return 0.05 * (self.plate.ambient_c - self.plate.temperature_c) if self._cooling else 0.0

    def _count_in(self, unit: str) -> None:
        self._unit = unit

    def _temperature(self) -> float:
        celsius = self.plate.temperature_c
        return {"C": celsius, "K": celsius + 273.15, "F": 1.8 * celsius + 32}[self._unit]
