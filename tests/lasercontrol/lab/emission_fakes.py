"""A shutter and sources of current that keep what was done to them, in order."""

from drivers.errors import ReplyTimeout


class FakeDevice:
    """Keeps in `done` what was done to it; `broken` is what it does not do any more."""

    def __init__(self, name: str, done: list[str]) -> None:
        self.name, self.done = name, done
        self.broken: set[str] = set()

    def connect(self) -> str:
        return self.name

    def disconnect(self) -> None:
        """Nothing is connected."""

    def problems(self) -> list[str]:
        return []

    def state(self) -> dict[str, object]:
        return {}

    def do(self, what: str) -> None:
        self.done.append(what)
        self.require(what)

    def require(self, what: str) -> None:
        if what in self.broken:
            raise ReplyTimeout(self.name, f"no answer to {what!r}.")


class FakeShutter(FakeDevice):
    """A shutter."""

    def __init__(self, done: list[str], *, is_open: bool = True) -> None:
        super().__init__("shutter", done)
        self.light, self.interlock = is_open, True

    @property
    def is_open(self) -> bool:
        self.require("is open?")
        return self.light

    @property
    def interlock_closed(self) -> bool | None:
        self.do("shutter interlock?")
        return self.interlock

    def open_shutter(self) -> None:
        self.do("open")
        self.light = True

    def close_shutter(self) -> None:
        self.do("close")
        self.light = False


class FakeSource(FakeDevice):
    """A source of current without a TEC."""

    def __init__(self, done: list[str], *, on: bool = True) -> None:
        super().__init__("pump", done)
        self.flows, self.set_a, self.interlock = on, 2.0 * on, True

    @property
    def current_a(self) -> float:
        self.require("current?")
        return self.set_a

    @current_a.setter
    def current_a(self, current_a: float) -> None:
        self.do(f"set {current_a:g}")
        self.set_a = current_a

    @property
    def output(self) -> bool:
        self.require("output?")
        return self.flows

    @output.setter
    def output(self, on: bool) -> None:
        self.do("output on" if on else "output off")
        self.flows = on

    @property
    def interlock_closed(self) -> bool:
        self.do("source interlock?")
        return self.interlock

    @property
    def measured_current_a(self) -> float:
        return self.set_a * self.flows

    def ramp_to(self, current_a: float) -> None:
        self.do(f"ramp {current_a:g}")
        self.set_a = current_a


class CooledSource(FakeSource):
    """A source with a TEC, a limit and a range; `temperatures` come one after the other, the last one stays."""

    temperatures: list[float]
    limit_a = 5.0
    cooled = False
    temperature_c = 25.0

    @property
    def tec(self) -> bool:
        return self.cooled

    @tec.setter
    def tec(self, on: bool) -> None:
        self.do("tec on" if on else "tec off")
        self.cooled = on

    @property
    def measured_temperature_c(self) -> float:
        self.do("temperature?")
        return self.temperatures.pop(0) if len(self.temperatures) > 1 else self.temperatures[0]

    @property
    def current_limit_a(self) -> float:
        self.do("limit?")
        return self.limit_a

    @property
    def current_limits_a(self) -> tuple[float, float]:
        return 0.1, self.limit_a
