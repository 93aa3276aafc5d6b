"""A Newport ESP301 with three linear stages, as the user's manual of the ESP300 describes it (section 3).

From the manual's pages: the syntax (a number, two letters in either case, a parameter; blanks ignored; `;` between
commands; a carriage return ends a line), `TB` and the queue of ten errors, `ID`, and the errors 9, 37 and 38. The other
error numbers and their texts are those that PyMeasure, InstrumentKit and qudi agree on. Not verified: which of them a
move beyond a limit, or with the motor off, gives; that positions count from 0 and motors are off after power-on; what
`AB` does to the motor. All modes of `OR` end at the same switch here, which is at 0 of the rail.
"""

import re
from collections import deque
from collections.abc import Callable, Sequence

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer
from drivers.emulators.motion import Path

__all__ = ["ESP301Box"]

TICK_S = 400e-6  # of the servo; time stamps count them
ERRORS = {
    0: "NO ERROR DETECTED",
    6: "COMMAND DOES NOT EXIST",
    7: "PARAMETER OUT OF RANGE",
    9: "AXIS NUMBER OUT OF RANGE",
    37: "AXIS NUMBER MISSING",
    38: "COMMAND PARAMETER MISSING",
    101: "PARAMETER OUT OF RANGE",
    104: "POSITIVE HARDWARE LIMIT DETECTED",
    105: "NEGATIVE HARDWARE LIMIT DETECTED",
    106: "POSITIVE SOFTWARE LIMIT DETECTED",
    107: "NEGATIVE SOFTWARE LIMIT DETECTED",
    110: "MAXIMUM VELOCITY EXCEEDED",
    111: "MAXIMUM ACCELERATION EXCEEDED",
    113: "MOTOR NOT ENABLED",
    129: "DIGITAL I/O INTERLOCK DETECTED",
}  # those of an axis as those of axis 1


class _Fault(Exception):  # noqa: N818 — a number for the queue
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Axis:
    """A stage: where it is on its rail, and what the controller makes of it."""

    def __init__(self, start_mm: float, travel_mm: tuple[float, float]) -> None:
        self.path, self.travel_mm = Path(start_mm), travel_mm
        self.power_on(origin_mm=start_mm)

    def power_on(self, origin_mm: float) -> None:
        self.motor = False
        self.origins = [(float("-inf"), origin_mm)]  # since when, where on the rail the counter is 0
        self.values = {
            "VA": 2.5, "VU": 5.0, "AC": 10.0, "AG": 10.0, "AU": 20.0, "SN": 2.0,
            "SL": self.travel_mm[0], "SR": self.travel_mm[1],
        }  # fmt: skip

    def counted_mm(self, time_s: float) -> float:
        return self.path.at(time_s)[0] - next(mm for since_s, mm in reversed(self.origins) if since_s <= time_s)

    def count_from(self, time_s: float, rail_mm: float) -> None:
        self.origins = [(float("-inf"), self.origins[-1][1]), (time_s, rail_mm)]


class ESP301Box:
    """The controller. `start_mm`: where the stages stand on their rails of `travel_mm` when it is switched on.

    Positions on the wire count from there until a stage is homed; limits are in those counts.
    """

    write_end: bytes = b"\r\n"
    read_ends: tuple[bytes, ...] = (b"\r",)

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        *,
        start_mm: Sequence[float] = (0.0, 0.0, 0.0),
        travel_mm: tuple[float, float] = (0.0, 25.0),
    ) -> None:
        self.name, self.clock = name, clock
        self.over_range = False
        self.interlocked = False
        self.axes = [_Axis(start, travel_mm) for start in start_mm]
        self.errors: deque[tuple[int, int]] = deque(maxlen=10)
        self._free_s = 0.0

    def position_mm(self, axis: int = 1) -> float:
        """Where a stage is on its rail now, whatever its counter says."""
        return self.axes[axis - 1].path.at(self.clock.now_s)[0]

    def power_cycle(self) -> None:
        """Motors off; the stages stay where they are, and that is 0 from now on."""
        now_s = self.clock.now_s
        for axis in self.axes:
            axis.path.brake(now_s, 1e6)
            axis.power_on(origin_mm=axis.path.at(now_s)[0])
        self.errors.clear()
        self._free_s = 0.0

    def greeting(self) -> bytes:
        """It says nothing unasked."""
        return b""

    def trip(self) -> None:
        """The interlock opens: every axis stops, its motor off, until `close_interlock` and `MO`."""
        self.interlocked = True
        for number, axis in enumerate(self.axes, start=1):
            self._let_go(axis, self.clock.now_s)
            self._note(100 * number + 29, self.clock.now_s)

    def close_interlock(self) -> None:
        """A person has closed it; motors stay off."""
        self.interlocked = False

    def answer(self, message: bytes) -> Answer:
        """Do the commands of a line in order. Each answer is a line of its own."""
        replies: list[str] = []
        self._free_s = max(self._free_s, self.clock.now_s)
        for command in message.decode("latin-1").strip().split(";"):
            if not (plain := re.sub(r"\s", "", command).upper()):
                continue
            try:
                if (reply := self._do(plain)) is not None:
                    replies.append(reply)
            except _Fault as fault:
                self._note(fault.code, self._free_s)
        data = "\r\n".join(replies).encode("latin-1")
        return Answer(data if replies else None, self._free_s)

    # ---------------------------------------------------------------------------------------- commands

    def _do(self, command: str) -> str | None:
        found = re.fullmatch(r"(\d*)([A-Z]{2})(.*)", command)
        if not found:
            raise _Fault(6)
        prefix, word, rest = found.groups()
        if (own := {"VE": self._version, "TB": self._message, "TE": self._code}.get(word)) is not None:
            return own()
        if word not in self._words():
            raise _Fault(6)
        if word == "AB" and not prefix:
            for axis in self.axes:
                self._let_go(axis, self._free_s)
            return None
        return self._words()[word](self._number(prefix), rest)

    def _number(self, prefix: str) -> int:
        if not prefix:
            raise _Fault(37)
        if not 1 <= int(prefix) <= len(self.axes):
            raise _Fault(9)
        return int(prefix)

    def _words(self) -> dict[str, Callable[[int, str], str | None]]:
        return {
            "PA": self._absolute, "PR": self._relative, "TP": self._position, "MD": self._done, "WS": self._wait,
            "ST": self._stop, "AB": self._abort, "MO": self._motor, "MF": self._motor_off, "OR": self._home,
            "DH": self._define_home, "ID": lambda number, _: f"TS50DC.5, SN126{number}", "DP": self._target,
        } | {word: self._setting(word) for word in self.axes[0].values}  # fmt: skip

    def _version(self) -> str:
        return "ESP301 Version 3.0.1 6/1/99"

    def _code(self) -> str:
        return str(self.errors.popleft()[0] if self.errors else 0)

    def _message(self) -> str:
        code, ticks = self.errors.popleft() if self.errors else (0, round(self.clock.now_s / TICK_S))
        return f"{code}, {ticks}, {ERRORS[code if code < 100 else 100 + code % 100]}"

    def _setting(self, word: str) -> Callable[[int, str], str | None]:
        most = {"VA": ("VU", 10), "AC": ("AU", 11), "AG": ("AU", 11)}.get(word)

        def done(number: int, rest: str) -> str | None:
            values = self.axes[number - 1].values
            if rest == "?":
                return f"{values[word]:.0f}" if word == "SN" else f"{values[word]:.6f}"
            value = _value(rest)
            if most and not 0 < value <= values[most[0]]:
                raise _Fault(100 * number + most[1])
            values[word] = value
            return None

        return done

    def _position(self, number: int, _: str) -> str:
        return f"{self.axes[number - 1].counted_mm(self._free_s):.6f}"

    def _target(self, number: int, _: str) -> str:
        axis = self.axes[number - 1]
        return f"{axis.counted_mm(max(axis.path.end_s, self._free_s)):.6f}"

    def _done(self, number: int, _: str) -> str:
        return str(int(self._free_s >= self.axes[number - 1].path.end_s))

    def _wait(self, number: int, rest: str) -> None:
        self._free_s = max(self._free_s, self.axes[number - 1].path.end_s) + (_value(rest) / 1e3 if rest else 0.0)

    def _absolute(self, number: int, rest: str) -> str | None:
        if rest == "?":
            return self._target(number, rest)
        axis, target_mm = self.axes[number - 1], _value(rest)
        for beyond, code in ((target_mm > axis.values["SR"], 6), (target_mm < axis.values["SL"], 7)):
            if beyond:
                raise _Fault(100 * number + code)
        self._go(number, target_mm + axis.path.at(self._free_s)[0] - axis.counted_mm(self._free_s))
        return None

    def _relative(self, number: int, rest: str) -> str | None:
        return self._absolute(number, f"{float(self._target(number, rest)) + _value(rest):.6f}")

    def _go(self, number: int, rail_mm: float) -> None:
        axis = self.axes[number - 1]
        if not axis.motor:
            raise _Fault(100 * number + 13)
        within_mm = min(max(rail_mm, axis.travel_mm[0]), axis.travel_mm[1])
        axis.path.brake(self._free_s, axis.values["AG"])
        axis.path.move(axis.path.end_s, within_mm, axis.values["VA"], axis.values["AC"], axis.values["AG"])
        if within_mm != rail_mm:
            raise _Fault(100 * number + (4 if rail_mm > within_mm else 5))

    def _stop(self, number: int, _: str) -> None:
        axis = self.axes[number - 1]
        axis.path.brake(self._free_s, axis.values["AG"])

    def _abort(self, number: int, _: str) -> None:
        self._let_go(self.axes[number - 1], self._free_s)

    def _let_go(self, axis: _Axis, time_s: float) -> None:
        axis.path.brake(time_s, 1e3)
        axis.motor = False

    def _motor(self, number: int, rest: str) -> str | None:
        if rest == "?":
            return str(int(self.axes[number - 1].motor))
        if self.interlocked:
            raise _Fault(100 * number + 29)
        self.axes[number - 1].motor = True
        return None

    def _motor_off(self, number: int, rest: str) -> str | None:
        if rest == "?":
            return self._motor(number, rest)
        self._let_go(self.axes[number - 1], self._free_s)
        return None

    def _home(self, number: int, rest: str) -> None:
        if rest and rest not in {"0", "1", "2", "3", "4", "5", "6"}:
            raise _Fault(100 * number + 1)
        axis = self.axes[number - 1]
        switch_mm = min(max(0.0, axis.travel_mm[0]), axis.travel_mm[1])
        self._go(number, switch_mm)
        axis.count_from(axis.path.end_s, switch_mm)

    def _define_home(self, number: int, rest: str) -> None:
        axis = self.axes[number - 1]
        axis.count_from(self._free_s, axis.path.at(self._free_s)[0] - (_value(rest) if rest else 0.0))

    def _note(self, code: int, time_s: float) -> None:
        self.errors.append((code, round(time_s / TICK_S)))


def _value(text: str) -> float:
    if not text:
        raise _Fault(38)
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(E[-+]?\d+)?", text):
        raise _Fault(7)
    return float(text)
