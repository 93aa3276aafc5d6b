"""Newport motion controllers ESP300 and ESP301: a serial line, or a terminal server; one object is one axis.

Commands: ESP300 user's manual, section 3 (syntax 3-8, `TB` 3-138, `ID` 3-86, the serial line 3-4: 19200 baud as
delivered, 8N1); the drivers of PyMeasure, InstrumentKit, lantz, odemis and qudi agree with it. Answers end with CR LF
(lantz, qudi); commands end with CR. `VU?` is from InstrumentKit and lantz, `AU?` from InstrumentKit alone.

The manual has RTS/CTS on the line; this driver sends less than the controller's buffer holds before it waits for an
answer, and needs none.
"""

import re
import time
from contextlib import suppress
from typing import Any, Self

from drivers.errors import InstrumentError, NotReady, OutOfRange, Refused, SetPointLost, WrongReply
from drivers.instrument import Instrument, number
from drivers.link import Identity, Link, LinkSettings
from drivers.parameter import Device, Measured, Number, Switch
from drivers.shared_link import forget, join, shared

__all__ = ["ESP301"]

AXES = 3
MILLIMETRE = 2  # in the controller's list of units, `SN`
QUEUE_LENGTH = 10  # errors that the controller keeps (manual, `TB`)
HOME_S, STOP_S = 120.0, 10.0
SETTLE_S = 1.0
FURTHEST_MM = 1e5  # no stage is longer: what is beyond is no position


class _Position(Measured):
    def same(self, device: Device, found: float, value: float) -> bool:
        return abs(found - value) <= getattr(device, "tolerance_mm", 0.0)


class _Motion(Number):
    """A speed or an acceleration: set without a blank, up to what the controller allows this axis."""

    def __init__(self, word: str, most: str, *, unit: str, doc: str) -> None:
        super().__init__(
            word, unit=unit, low=1e-6, high=1e6, resolution=1e-6, form="{word}{value:.6f}", doc=doc,
        )  # fmt: skip
        self.most = most

    def limits(self, device: Device) -> tuple[float, float]:
        return self.set_low, min(self.set_high, device.ask_number(self.most))

    def same(self, device: Device, found: float, value: float) -> bool:
        return super().same(device, found, value) or abs(found - value) <= 1e-4 * abs(value)  # whole encoder counts


class _Motor(Switch):
    def ask(self, device: Device) -> bool:
        value = device.ask_number(self.question)
        if value not in {0, 1}:
            device.link.doubt("an answer that is neither on nor off")
            raise WrongReply(device.name, f"{self.name}: to {self.question!r} came {value:g}, neither 0 nor 1.")
        return value == 1

    def written(self, device: Device, value: bool) -> str:
        super().written(device, value)
        return self.on if value else self.off


class ESP301(Instrument):
    """One axis of an ESP301 whose unit is the millimetre. Axes of the same controller share one link.

    tolerance_mm: how far from its target a stage may rest. After power-on the motor is off, and the controller counts
    from wherever the stage stands until it is homed; that is never done by itself, since it moves the stage.
    """

    identity = Identity("VE?", r"ESP30[01]")
    talks = LinkSettings(write_end=b"\r", read_end=b"\r\n", timeout_s=2.0)
    baud = 19200
    confidence = "A"
    roles = ("stage",)
    at_power_loss = (
        "The motors lose their current and the axes rest where friction or a brake holds them: a vertical axis without "
        "one may fall. Afterwards the motors are off and positions count from wherever the stage stands until it is "
        "homed; neither is verified on an instrument."
    )

    position_mm = _Position(
        "TP?", unit="mm", low=-FURTHEST_MM, high=FURTHEST_MM, doc="Measure where the stage is, in mm."
    )
    slew_mm_per_s = _Motion("VA", "VU?", unit="mm/s", doc="Control the speed of moves, in mm/s.")
    acceleration_mm_per_s2 = _Motion("AC", "AU?", unit="mm/s²", doc="Control how fast moves begin, in mm/s².")
    deceleration_mm_per_s2 = _Motion("AG", "AU?", unit="mm/s²", doc="Control how fast moves end, in mm/s².")
    motor_on = _Motor("MO", on="MO", off="MF", doc="Control whether the motor has current.")

    def __init__(self, link: Link, axis: int = 1, name: str | None = None) -> None:
        if axis not in range(1, AXES + 1):
            raise OutOfRange(f"{link.name}: there is no axis {axis!r}; the controller has 1 to {AXES}.")
        super().__init__(link)
        self.axis, self.tolerance_mm = axis, 0.002
        self._name = name or f"{link.name} axis {axis}"
        self._unit_known_at: int | None = None
        join(link, self)

    @classmethod
    def at(cls, resource: str, *, name: str | None = None, backend: str = "@py", **options: Any) -> Self:
        """One axis (`axis`, 1 to 3) of the controller at a resource; nothing is opened yet.

        Axes at the same resource share a link, whose time-outs and log are those that its first axis was given.
        """
        axis = options.pop("axis", 1)
        made = super().at(resource, name=name, backend=backend, **options)
        return cls(shared(made.link, resource, backend), axis, name)

    @property
    def name(self) -> str:
        """What the axis is called in messages; a fault of the link carries the name of its first axis."""
        return self._name

    def disconnect(self) -> None:
        """Let the link go. Another axis of it opens it again when it is used; a new one gets a link of its own."""
        forget(self.link)
        super().disconnect()

    # ------------------------------------------------------------------------------------------ messages

    def ask_text(self, text: str) -> str:
        """The answer to a question about this axis, once it is known to count in millimetres."""
        reply = self.link.query(f"{self.axis}{text}")
        if self._unit_known_at != self.link.reopened:
            self._know_unit()
        return reply

    def set(self, text: str) -> None:
        """Command this axis, and read the controller's errors."""
        with self.link.lock():
            self.link.write(f"{self.axis}{text}")
            self.check()

    def check(self) -> None:
        """Read the controller's errors until there are no more; Refused with all of them, other axes' included."""
        found: list[str] = []
        while (error := self._next_error()) and len(found) <= QUEUE_LENGTH:
            found.append(error)
        if found:
            raise Refused(self.name, f"the controller reports {'; '.join(found)}.")

    # -------------------------------------------------------------------------------------------- moving

    @property
    def limits_mm(self) -> tuple[float, float]:
        """The software limits of the axis, as the controller has them."""
        with self.link.lock():
            low, high = self.ask_number("SL?"), self.ask_number("SR?")
        if not -FURTHEST_MM <= low < high <= FURTHEST_MM:
            self.link.doubt("limits that cannot be")
            raise WrongReply(self.name, f"limits of {low:g} and {high:g} mm cannot be.")
        return low, high

    @property
    def moving(self) -> bool:
        """Whether a motion is under way."""
        done = self.ask_number("MD?")
        if done not in {0, 1}:
            self.link.doubt("an answer that is neither moving nor done")
            raise WrongReply(self.name, f"to 'MD?' came {done:g}, neither 0 nor 1.")
        return done == 0

    @property
    def enabled(self) -> bool:
        """Whether the motor is on. After power-on it is off, and positions count from wherever the stage stands."""
        return self.motor_on

    def enable(self) -> None:
        """Switch the motor on, so that it holds and can move; nothing moves by that."""
        if not self.motor_on:
            self.motor_on = True

    def move_to(self, position_mm: float) -> None:
        """Move, and wait until the stage rests within the tolerance of its target.

        OutOfRange beyond the controller's limits; NotReady where it does not arrive in the time that such a move takes.
        """
        with self.link.lock():
            low, high = self.limits_mm
            if not low <= position_mm <= high:  # written so that NaN is refused
                raise OutOfRange(
                    f"{self.name}: position_mm={position_mm:g} mm is outside {low:g} to {high:g} mm; nothing was sent."
                )
            patience_s = self._duration_s(abs(position_mm - self.position_mm))
            self.set_points.pop("position_mm", None)
            self.set(f"PA{position_mm:.6f}")
        self._arrive(position_mm, 2 * patience_s + SETTLE_S)
        self.set_points["position_mm"] = position_mm

    def stop(self) -> None:
        """Stop at the set deceleration, and see that it rests; the motor stays on.

        A SetPointLost that shows meanwhile is raised when the stage rests, not instead.
        """
        self._halt("ST")

    def abort(self) -> None:
        """The emergency stop. What it does to the motor is configured in the controller (as delivered: off)."""
        self._halt("AB")

    def home(self, mode: int, timeout_s: float = HOME_S) -> None:
        """Search the origin: this moves the stage, maybe to its ends. NotReady where it does not end in time.

        mode: 0 the position 0, 1 home switch and index, 2 home switch, 3 and 4 the positive and negative limit, 5 and 6
        these with the index.
        """
        if mode not in range(7):
            raise OutOfRange(f"{self.name}: there is no home search {mode!r}, only 0 to 6; nothing was sent.")
        self.set_points.pop("position_mm", None)
        self.set(f"OR{mode}")
        self._rest(timeout_s)
        self.check()

    def problems(self) -> list[str]:
        """A stage outside its limits. A motor that is off is none: `enable` switches it on before a move."""
        found = []
        low, high = self.limits_mm
        if not low - self.tolerance_mm <= (here := self.position_mm) <= high + self.tolerance_mm:
            found.append(f"the stage is at {here:g} mm, outside its limits of {low:g} to {high:g} mm")
        return found

    # -------------------------------------------------------------------------------------------- details

    def _know_unit(self) -> None:
        known_at, unit = self.link.reopened, self.link.query(f"{self.axis}SN?")
        if number(unit) != MILLIMETRE:
            if number(unit) is None:
                self.link.doubt("an answer that is no unit")
            raise WrongReply(
                self.name, f"counts in the controller's unit {unit[:20]!r}, where {MILLIMETRE} (millimetre) is needed."
            )
        self._unit_known_at = known_at if known_at == self.link.reopened else None

    def _next_error(self) -> str:
        """An error, taken out of the queue; "" where there is none."""
        reply = self.link.query("TB?")
        if not (found := re.fullmatch(r"(\d+)\s*,\s*\d+\s*,\s*(.+)", reply)):
            self.link.doubt("an answer that is no error")
            raise WrongReply(self.name, f"to 'TB?' came {reply[:80]!r}, which is no error.")
        code, text = int(found[1]), found[2].strip()
        return f"{code} {text}" if code else ""

    def _duration_s(self, way_mm: float) -> float:
        slew, begin, end = self.slew_mm_per_s, self.acceleration_mm_per_s2, self.deceleration_mm_per_s2
        if not min(slew, begin, end) > 0:
            raise NotReady(self.name, f"a speed of {slew:g} mm/s with {begin:g} and {end:g} mm/s² moves nothing.")
        return way_mm / slew + slew / begin + slew / end

    def _arrive(self, target_mm: float, patience_s: float) -> None:
        """Wait for rest, then for the read-back: a stage may settle after the controller has ended the motion."""
        limit_s, pause_s = time.monotonic() + patience_s, 0.001
        self._rest(patience_s)
        settled_s = time.monotonic() + SETTLE_S
        while abs((here := self.position_mm) - target_mm) > self.tolerance_mm:
            if time.monotonic() > settled_s:
                self.check()  # the controller's own words, if it has any, say more
                raise NotReady(
                    self.name, f"rests at {here:.6g} mm, more than {self.tolerance_mm:g} mm from {target_mm:.6g} mm."
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.05)
            self._rest(limit_s - time.monotonic())

    def _rest(self, patience_s: float) -> None:
        """Ask whether it moves, at pauses that grow with the time that it has taken."""
        start_s = time.monotonic()
        while self.moving:
            if (taken_s := time.monotonic() - start_s) > patience_s:
                with suppress(InstrumentError):
                    self.set("ST")
                raise NotReady(self.name, f"has not come to rest after {taken_s:.3g} s; it was told to stop.")
            time.sleep(min(max(taken_s / 4, 0.001), 0.1))

    def _halt(self, command: str) -> None:
        self.set_points.pop("position_mm", None)
        lost: SetPointLost | None = None
        try:
            self.set(command)
        except SetPointLost as error:
            lost = error
            self.set(command)
        self._rest(STOP_S)
        if lost:
            raise lost
