"""An ILX LDC-3706 with its cooler, or an LDX-3232 without, as their manuals describe them.

Not in the pages that were read, and so a guess: the numbers of errors, what is kept over a power failure, and that the
output's current begins 2 s after the command. A unit of a message begins at the root or where the one before it ended
(LDX-3232 manual, page 23); several answers are joined by commas (LDC-3900 manual, page 70).
"""

from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.cooler import Cooler
from drivers.emulators.device import Answer, ScpiBox
from drivers.emulators.scpi import Call, ScpiError, decimal, flag, split_outside_quotes

__all__ = ["ILXBox"]

OUTPUT_DELAY_S, UPDATE_S = 2.0, 0.6
ERRORS = {-113: 123, -222: 201}  # and everything else is 101: guesses
INTERLOCK_ERROR = 501  # a guess
LIMITED, INTERLOCK, OUT_OF_TOLERANCE, ON = 1, 16, 512, 1024


class ILXBox(ScpiBox):
    """A laser diode of `voltage_v(current_a)` with a monitor of `photodiode_a(current_a)`, on 4 A or 500 mA."""

    joined_by = b","

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        voltage_v: Callable[[float], float],
        photodiode_a: Callable[[float], float],
        *,
        cooler: bool = True,
    ) -> None:
        self._voltage_v, self._photodiode_a, self._has_cooler = voltage_v, photodiode_a, cooler
        self.idn = "ILX Lightwave,LDC-3706,37061111,1.00-1.00" if cooler else "ILX Lightwave,LDX-3232,32321111,2.1"
        self.full_scale_ma = 500.0 if cooler else 4000.0
        self.interlock_closed = True
        super().__init__(name, clock)

    def teach(self) -> None:
        """Headers of the manuals, and the settings of power-on."""
        self.output, self._on_since_s, self._path = False, 0.0, ""
        self._sample, self._sampled_s = 0.0, -UPDATE_S
        self._hex = False
        tree = self.tree
        self._set_ma = self._pair("LASer:LDI", "LASer:SET:LDI", 0.0, 0.0, self.full_scale_ma)
        self._limit_ma = self.number("LASer:LIMit:I", 100.0, low=0, high=self.full_scale_ma, form="{:.2f}")
        self._limit_v = self.number("LASer:LIMit:V", 10.0, low=0, high=50, form="{:.1f}")
        tree.add("LASer:LDI", query=lambda _: f"{1e3 * self._measured_a():.2f}")
        tree.add("LASer:LDV", query=lambda _: f"{self._voltage_v(self._measured_a()):.3f}")
        for word in ("MDI", "IPD"):
            tree.add(f"LASer:{word}", query=lambda _: f"{1e6 * self._photodiode_a(self._measured_a()):.1f}")
        tree.add("LASer:OUTput", query=lambda _: str(int(self.output)), set=self._switch)
        self._mode = "ILBW"
        tree.add("LASer:MODE", query=lambda _: self._mode)
        for mode in ("ILBW", "IHBW", "MDP"):
            tree.add(f"LASer:MODE:{mode}", set=self._choose)
        tree.add("LASer:COND", query=lambda _: self._register(self._condition))
        tree.add("RADix", query=lambda _: "HEX" if self._hex else "DEC", set=self._set_radix)
        tree.add("ERRors", query=lambda _: self._all_errors())
        if self._has_cooler:
            self._teach_cooler()

    def _teach_cooler(self) -> None:
        tree = self.tree
        self.cooler = Cooler(self.clock, 25.0)
        self._pair("TEC:T", "TEC:SET:T", 25.0, 0.0, 99.9, self.cooler.aim)
        tree.add("TEC:T", query=lambda _: f"{self.cooler.temperature_c:.2f}")
        self.number("TEC:LIMit:THI", 60.0, low=0, high=199.9, form="{:.1f}")
        tree.add(
            "TEC:OUTput",
            query=lambda _: str(int(self.cooler.on)),
            set=lambda call: self.cooler.switch(flag(call.only())),
        )
        tree.add("TEC:COND", query=lambda _: self._register(ON if self.cooler.on else 0))

    def _pair(
        self,
        setter: str,
        getter: str,
        value: float,
        low: float,
        high: float,
        then: Callable[[float], None] = lambda _: None,
    ) -> Callable[[], float]:
        """A set point: one header sets it, another tells it."""
        held = [value]

        def put(call: Call) -> None:
            held[0] = decimal(call.only(), low=low, high=high)
            then(held[0])

        self.tree.add(setter, set=put)
        self.tree.add(getter, query=lambda _: f"{held[0]:.2f}")
        return lambda: held[0]

    # --------------------------------------------------------------------------------------------- the diode

    @property
    def emission_current_a(self) -> float:
        """What flows through the diode now, in A."""
        if not self.output or self.clock.now_s < self._on_since_s + OUTPUT_DELAY_S:
            return 0.0
        return min(self._set_ma(), self._limit_ma()) / 1e3

    def trip(self) -> None:
        """The interlock opens: the output goes off, an error is noted, and closing it switches nothing on."""
        self.interlock_closed = False
        if self.output:
            self.output = False
            self.errors.append(ScpiError(INTERLOCK_ERROR))

    def _measured_a(self) -> float:
        if self.clock.now_s >= self._sampled_s + UPDATE_S:
            self._sample, self._sampled_s = self.emission_current_a, self.clock.now_s
        return self._sample

    def _switch(self, call: Call) -> None:
        on = flag(call.only())
        if on and not self.interlock_closed:
            raise ScpiError(INTERLOCK_ERROR)
        if on and not self.output:
            self._on_since_s = self.clock.now_s
        self.output = on

    @property
    def _condition(self) -> int:
        flows = self.emission_current_a
        limited = LIMITED if self.output and self._set_ma() >= self._limit_ma() else 0
        settled = abs(flows - self._set_ma() / 1e3) <= 2e-4
        state = 0 if not self.output else ON | (0 if settled else OUT_OF_TOLERANCE)
        return limited | (0 if self.interlock_closed else INTERLOCK) | state

    # ------------------------------------------------------------------------------------------ the dialect

    def answer(self, message: bytes) -> Answer:
        """Each unit from the root, or from where the one before it ended."""
        replies, self._path = [], ""
        for unit in split_outside_quotes(message.decode("latin-1"), ";"):
            text = unit.strip()
            if text and (data := self._unit(text)) is not None:
                replies.append(data)
        return Answer(self.joined_by.join(replies) if replies else None)

    def _unit(self, text: str) -> bytes | None:
        head = text.partition(" ")[0].lstrip(":")
        waiting = len(self.errors)
        data = super().answer(f":{self._path}{text}".encode("latin-1") if self._path else text.encode("latin-1")).data
        if self._path and len(self.errors) > waiting and self.errors[-1].code == -113:
            self.errors.pop()
            data = super().answer(text.encode("latin-1")).data
        self._path = head.rpartition(":")[0] + ":" if ":" in head else ""
        return data

    def _choose(self, call: Call) -> None:
        self._mode = call.header.rpartition(":")[2].upper()

    def _set_radix(self, call: Call) -> None:
        self._hex = call.only().upper().startswith("H")

    def _register(self, value: int) -> str:
        return f"#H{value:X}" if self._hex else str(value)

    def _all_errors(self) -> str:
        codes = [str(ERRORS.get(error.code, error.code if error.code > 0 else 101)) for error in self.errors]
        self.errors.clear()
        return ",".join(codes) or "0"
