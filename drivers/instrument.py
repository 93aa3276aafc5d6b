"""What every driver is: a link, an identity, an error queue that is read after every set, and set points remembered.

A driver is built without its instrument: nothing is sent before the first exchange.
"""

import math
import re
from dataclasses import replace
from typing import Any, ClassVar, Self

from drivers.errors import Refused, SetPointLost, WrongReply
from drivers.link import Identity, Link, LinkSettings
from drivers.message_log import MessageLog
from drivers.parameter import Parameter, parameters_of
from drivers.port import Port
from drivers.visa_port import open_visa, physical_link

__all__ = ["Instrument", "ScpiInstrument", "number"]

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def number(text: str) -> float | None:
    """A finite decimal number as instruments write one (IEEE 488.2, 7.7.2), None for all else: no nan, no 1_000."""
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.inf
    return value if math.isfinite(value) else None


class Instrument:
    """A driver over a link. Sub-classes state what they are, and declare parameters (`drivers.parameter`).

    roles: what a bench can use the instrument as (`lasercontrol.lab.roles`). confidence: of the command set, "A" the
    vendor's manual, or two independent open drivers agree; "B" one open driver; "C" not verified. at_power_loss: what
    the instrument does when its mains fails, for SAFETY.md.
    """

    identity: ClassVar[Identity] = Identity()
    talks: ClassVar[LinkSettings] = LinkSettings()
    baud: ClassVar[int | None] = None
    roles: ClassVar[tuple[str, ...]] = ()
    confidence: ClassVar[str] = "C"
    at_power_loss: ClassVar[str] = ""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.set_points: dict[str, Any] = {}
        link.verify = self.verify_set_points

    @classmethod
    def at(
        cls,
        resource: str,
        *,
        name: str | None = None,
        backend: str = "@py",
        timeout_s: float | None = None,
        reconnect_s: float | None = None,
        log: MessageLog | None = None,
        **options: Any,
    ) -> Self:
        """The driver of the instrument at a resource (mostly a VISA resource string); nothing is opened yet.

        options: what this driver's constructor wants to know besides; TypeError for one that it does not know.
        """
        called = name or cls.__name__
        talks = replace(
            cls.talks,
            timeout_s=cls.talks.timeout_s if timeout_s is None else timeout_s,
            reconnect_s=cls.talks.reconnect_s if reconnect_s is None else reconnect_s,
        )

        def opener() -> Port:
            return cls.opened(resource, name=called, backend=backend)

        link = Link(opener, name=called, identity=cls.identity, settings=talks, wire=physical_link(resource), log=log)
        return cls(link, **options)

    @classmethod
    def opened(cls, resource: str, *, name: str, backend: str) -> Port:
        """A new connection; drivers of instruments that VISA does not reach open their own (`drivers.http_port`)."""
        return open_visa(resource, name=name, backend=backend, baud=cls.baud)

    @property
    def name(self) -> str:
        """What the instrument is called in messages."""
        return self.link.name

    def connect(self) -> str:
        """Open the link and prove the identity; gives it. Nothing is set."""
        return self.link.connect()

    def disconnect(self) -> None:
        """Let the link go; the instrument stays as it is."""
        self.link.close()

    def check(self) -> None:
        """Raise Refused for whatever error the instrument holds; here: it has no error queue."""

    def set(self, text: str) -> None:
        """Say something that changes the instrument, and see that it was understood."""
        with self.link.lock():
            self.link.write(text)
            self.check()

    def ask_text(self, text: str) -> str:
        """The answer to a question; drivers whose instrument puts more around it (an echo, say) take that off here."""
        return self.link.query(text)

    def ask_number(self, text: str) -> float:
        """A finite number; WrongReply for anything else, and the link is in doubt."""
        reply = self.ask_text(text)
        value = number(reply)
        if value is None:
            self.link.doubt("an answer that is no number")
            raise WrongReply(self.name, f"to {text!r} came {reply[:80]!r}, which is no number.")
        return value

    def verify_set_points(self) -> None:
        """Read again what was set before the link was lost; SetPointLost where any of it is not what it was.

        What is found counts as known afterwards: the error is raised once.
        """
        lost, changed = [], {}
        for parameter_name, expected in list(self.set_points.items()):
            parameter = getattr(type(self), parameter_name)
            if isinstance(parameter, Parameter) and not parameter.same(self, found := parameter.ask(self), expected):
                lost.append(f"{parameter_name} was {parameter.shown(expected)} and is {parameter.shown(found)}")
                changed[parameter_name] = found
        self.set_points |= changed  # only now: the link may be lost again before all is read, and nobody was told
        if lost:
            raise SetPointLost(self.name, f"after the link was lost: {'; '.join(lost)}.")

    def problems(self) -> list[str]:
        """What is wrong with the instrument now, in words, from questions alone; for `lasercontrol doctor`."""
        return []

    def state(self) -> dict[str, Any]:
        """What the instrument reports of itself, name with unit → value, from questions alone: every parameter."""
        known = parameters_of(type(self))
        return {name: parameter.ask(self) for name, parameter in known.items() if parameter.harmless}


class ScpiInstrument(Instrument):
    """An instrument with SCPI's error queue (SCPI-1999 volume 2, 21.8)."""

    error_query: ClassVar[str] = "SYST:ERR?"

    def check(self) -> None:
        """Read the error queue until it is empty; Refused with all that was in it."""
        found: list[str] = []
        while not (reply := self.link.query(self.error_query)).startswith(("0,", "+0,", "-0,")) and len(found) < 20:
            if not re.match(r"[-+]?\d+\s*,", reply):
                self.link.doubt("an answer that is no error of a queue")
                raise WrongReply(self.name, f"to {self.error_query!r} came {reply[:80]!r}, which is no error's number.")
            found.append(reply)
        if found:
            raise Refused(self.name, f"refused what it was told: {'; '.join(found)}.")
