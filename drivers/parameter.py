"""Parameters of an instrument, one declaration each: its words, its unit, its range; every set is read back.

A driver reads like its manual. Values are in the unit that ends the parameter's name; `scale` says how many of the
instrument's units are one of ours.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, overload

from drivers.errors import NotObeyed, OutOfRange, OverRange, WrongReply
from drivers.link import Link

__all__ = ["Choice", "Device", "Measured", "Number", "Parameter", "Stepped", "Switch", "parameters_of"]

OVER_RANGE = 9.8e37
"""SCPI's 9.9E37 is infinity and 9.91E37 no number (SCPI-1999 volume 1, 7.2.1): no value, whatever the quantity."""

T = TypeVar("T")


class Device(Protocol):
    """What a parameter needs of its instrument: a link, a checked set, and a memory of what was set."""

    link: Link
    set_points: dict[str, Any]

    @property
    def name(self) -> str:
        """For messages."""

    def set(self, text: str) -> None:
        """Say something, and see that it was understood."""

    def ask_text(self, text: str) -> str:
        """An answer, without what the instrument puts around every answer."""

    def ask_number(self, text: str) -> float:
        """A finite number."""


class Parameter(Generic[T]):
    """One quantity of an instrument. `harmless`: asking for it changes nothing and takes no time."""

    harmless: ClassVar[bool] = True

    def __init__(self, word: str, *, ask: str | None = None, doc: str = "") -> None:
        self.word, self.question, self.__doc__ = word, ask or f"{word}?", doc
        self.name = word

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, device: None, owner: type) -> Self: ...
    @overload
    def __get__(self, device: Device, owner: type) -> T: ...
    def __get__(self, device: Device | None, owner: type) -> Self | T:
        return self if device is None else self.ask(device)

    def __set__(self, device: Device, value: T) -> None:
        text = self.written(device, value)
        with device.link.lock():
            device.set_points.pop(self.name, None)  # until it is read back, nobody knows
            device.set(text)
            found = self.ask(device)
            if not self.same(device, found, value):
                raise NotObeyed(
                    device.name, f"{self.name}: asked {self.shown(value)}, the instrument reports {self.shown(found)}."
                )
            device.set_points[self.name] = value

    def ask(self, device: Device) -> T:
        """The value as the instrument reports it."""
        raise NotImplementedError

    def written(self, device: Device, value: T) -> str:  # noqa: ARG002 — sub-classes look at it
        """The message that sets a value; OutOfRange for one that may not be."""
        raise OutOfRange(f"{device.name}: {self.name} can only be read; nothing was sent.")

    def same(self, device: Device, found: T, value: T) -> bool:  # noqa: ARG002 — a number needs the device
        """Whether a value read back is the one that was set."""
        return found == value

    def shown(self, value: T) -> str:
        """A value with its unit."""
        return str(value)


class Measured(Parameter[float]):
    """A number that is only read. Outside low to high it cannot be true: WrongReply; beyond range: OverRange."""

    def __init__(
        self,
        ask: str,
        *,
        unit: str,
        low: float = -float("inf"),
        high: float = float("inf"),
        scale: float = 1.0,
        doc: str = "",
    ) -> None:
        super().__init__(ask.removesuffix("?"), ask=ask, doc=doc)
        self.unit, self.low, self.high, self.scale = unit, low, high, scale

    def ask(self, device: Device) -> float:
        """The value in our unit."""
        reported = device.ask_number(self.question)
        value = self.checked(device, reported)
        if value is None:
            raise OverRange(device.name, f"{self.name}: the instrument reports {reported:g}, its code for over range.")
        return value

    def checked(self, device: Device, reported: float) -> float | None:
        """A reported number in our unit, None where it is the code for over range; WrongReply where it cannot be."""
        if abs(reported) >= OVER_RANGE:
            return None
        value = reported / self.scale
        if not self.low <= value <= self.high:
            device.link.doubt(f"{self.name} that cannot be")
            raise WrongReply(
                device.name,
                f"{self.name}: {value:g} {self.unit} cannot be; it lies in {self.low:g} to {self.high:g} {self.unit}.",
            )
        return value

    def shown(self, value: float) -> str:
        """With its unit."""
        return f"{value:.9g} {self.unit}".rstrip()


class Number(Measured):
    """A number that can be set, within low to high, to `resolution`; what is read back must be within that."""

    def __init__(
        self,
        word: str,
        *,
        unit: str,
        low: float,
        high: float,
        resolution: float,
        ask: str | None = None,
        scale: float = 1.0,
        form: str = "{word} {value:.9g}",
        bounded_by_device: bool = False,
        doc: str = "",
    ) -> None:
        super().__init__(ask or f"{word}?", unit=unit, scale=scale, doc=doc)
        self.word, self.form, self.resolution = word, form, resolution
        self.set_low, self.set_high, self.bounded_by_device = low, high, bounded_by_device

    def limits(self, device: Device) -> tuple[float, float]:
        """Least and greatest value that may be set: ours, and within them the instrument's own MIN and MAX."""
        if not self.bounded_by_device:
            return self.set_low, self.set_high
        low, high = (device.ask_number(f"{self.question} {end}") / self.scale for end in ("MIN", "MAX"))
        if low > high or low > self.set_high or high < self.set_low:
            device.link.doubt(f"limits of {self.name} that cannot be")
            raise WrongReply(device.name, f"{self.name}: limits of {low:g} to {high:g} {self.unit} cannot be.")
        return max(low, self.set_low), min(high, self.set_high)

    def written(self, device: Device, value: float) -> str:
        """The message; OutOfRange outside the limits, and for what is no number."""
        low, high = self.limits(device)
        if not low <= value <= high:  # written so that NaN is refused
            raise OutOfRange(
                f"{device.name}: {self.name}={value:g} {self.unit} is outside {low:g} to {high:g} {self.unit}; "
                f"nothing was sent."
            )
        return self.form.format(word=self.word, value=value * self.scale)

    def same(self, device: Device, found: float, value: float) -> bool:  # noqa: ARG002
        """Within the resolution, and rounding."""
        return abs(found - value) <= self.resolution + 1e-9 * abs(value)


class Stepped(Number):
    """A number that can be set to a few values only."""

    def __init__(
        self,
        word: str,
        steps: tuple[float, ...],
        *,
        unit: str,
        resolution: float,
        scale: float = 1.0,
        form: str = "{word} {value:.9g}",
        doc: str = "",
    ) -> None:
        low, high = min(steps), max(steps)
        super().__init__(word, unit=unit, low=low, high=high, resolution=resolution, scale=scale, form=form, doc=doc)
        self.steps = steps

    def written(self, device: Device, value: float) -> str:
        """The message; OutOfRange for a value between the steps."""
        if not any(abs(step - value) <= 1e-6 * abs(step) for step in self.steps):
            steps = ", ".join(f"{step:g}" for step in self.steps)
            raise OutOfRange(f"{device.name}: {self.name}={value:g} {self.unit} is none of {steps}; nothing was sent.")
        return super().written(device, value)


class Switch(Parameter[bool]):
    """On or off."""

    def __init__(self, word: str, *, on: str = "ON", off: str = "OFF", ask: str | None = None, doc: str = "") -> None:
        super().__init__(word, ask=ask, doc=doc)
        self.on, self.off = on, off

    def ask(self, device: Device) -> bool:
        """Whether it is on; 1, 0, ON, OFF and the instrument's own words are understood."""
        reply = device.ask_text(self.question)
        known = {"1": True, "0": False, "ON": True, "OFF": False, self.on.upper(): True, self.off.upper(): False}
        plain = reply.strip().upper().removeprefix("+")
        if plain not in known:
            device.link.doubt("an answer that is neither on nor off")
            raise WrongReply(device.name, f"{self.name}: to {self.question!r} came {reply[:80]!r}, neither on nor off.")
        return known[plain]

    def written(self, device: Device, value: bool) -> str:
        """The message; OutOfRange for what is no truth value."""
        if not isinstance(value, bool):
            raise OutOfRange(f"{device.name}: {self.name}={value!r} is neither True nor False; nothing was sent.")
        return f"{self.word} {self.on if value else self.off}"

    def shown(self, value: bool) -> str:
        """In words."""
        return "on" if value else "off"


class Choice(Parameter[str]):
    """One of a few names: name → the instrument's word. Its answer may be the word's long or short form."""

    def __init__(
        self,
        word: str,
        codes: Mapping[str, str],
        *,
        ask: str | None = None,
        answers: Mapping[str, str] | None = None,
        doc: str = "",
    ) -> None:
        super().__init__(word, ask=ask, doc=doc)
        self.codes = dict(codes)
        self.answers = {code.upper(): name for name, code in codes.items()} | {
            answer.upper(): name for answer, name in (answers or {}).items()
        }

    def ask(self, device: Device) -> str:
        """The name."""
        reply = device.ask_text(self.question)
        plain = reply.strip().strip('"').upper()
        if (name := self.answers.get(plain) or self.answers.get(plain.removeprefix("+"))) is None:
            device.link.doubt("an answer that is none of the choices")
            raise WrongReply(
                device.name, f"{self.name}: to {self.question!r} came {reply[:80]!r}, none of {', '.join(self.codes)}."
            )
        return name

    def written(self, device: Device, value: str) -> str:
        """The message; OutOfRange for a name that there is not."""
        if value not in self.codes:
            raise OutOfRange(
                f"{device.name}: {self.name}={value!r} is none of {', '.join(self.codes)}; nothing was sent."
            )
        return f"{self.word} {self.codes[value]}"


def parameters_of(kind: type) -> dict[str, Parameter[Any]]:
    """Every parameter of a driver, by name, in the order in which they are declared, those of its parents first."""
    found: dict[str, Parameter[Any]] = {}
    for parent in reversed(kind.__mro__):
        found |= {name: value for name, value in vars(parent).items() if isinstance(value, Parameter)}
    return found
