"""A box that is sent messages and answers: what every emulated instrument is, and what SCPI adds to it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.scpi import Call, ScpiError, Tree, decimal, flag, word

__all__ = ["Answer", "Box", "Guard", "Guarded", "ScpiBox"]

QUEUE_LENGTH = 20  # errors kept; then -350 (SCPI-1999 volume 2, 21.8.1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, without its end; None is silence. not_before_s: virtual time before which it is not sent."""

    data: bytes | None
    not_before_s: float = 0.0


class Box(Protocol):
    """An emulated instrument. `over_range` and `trip` and `power_cycle` are there for faults on demand."""

    name: str
    write_end: bytes
    read_ends: tuple[bytes, ...]
    over_range: bool

    def answer(self, message: bytes) -> Answer:
        """What a message gives; its end is off already."""

    def greeting(self) -> bytes:
        """What a new connection is greeted with; b"" for nothing. Every new connection begins here."""

    def trip(self) -> None:
        """The interlock opens; emission goes off and stays off until a person has closed it and switched on."""

    def power_cycle(self) -> None:
        """All settings as after power-on."""


Guard = Callable[[bytes], Answer | None]
"""What stands between one connection and the box: the answer to a message, or None to let it through."""


@runtime_checkable
class Guarded(Protocol):
    """A box that knows one connection from another, as one with a login does."""

    def guard(self) -> Guard:
        """What each message of a new connection is shown to first."""


class ScpiBox:
    """An instrument with a SCPI tree, an error queue, status registers and the commands of IEEE 488.2.

    Sub-classes teach `tree` in `teach`, which is also called by every power-on. `busy_until_s` is when the operation
    under way ends, which `*OPC?` and `*WAI` wait for; `hear_after_s` is when a deaf spell ends.
    """

    write_end: bytes = b"\n"
    read_ends: tuple[bytes, ...] = (b"\n",)
    idn: str = "NOBODY,BOX,0,0"
    joined_by: bytes = b";"

    def __init__(self, name: str, clock: VirtualClock) -> None:
        self.name, self.clock = name, clock
        self.over_range = False
        self.tree = Tree()
        self.power_cycle()

    def power_cycle(self) -> None:
        """All settings as after power-on."""
        self.tree.clear()
        self.errors: deque[ScpiError] = deque()
        self.esr, self.ese, self.sre = 128, 0, 0  # 128: power on
        self.busy_until_s = self.hear_after_s = 0.0
        self._complete_at_s: float | None = None
        self._not_before_s = 0.0
        self.tree.add("*IDN", query=lambda _: self.idn)
        self.tree.add("*CLS", set=lambda _: self.clear_status())
        self.tree.add("*RST", set=lambda _: self.reset())
        self.tree.add("*OPC", query=lambda _: self._when_done("1"), set=lambda _: self._complete_later())
        self.tree.add("*WAI", set=lambda _: self._wait())
        self.tree.add("*TST", query=lambda _: "0")
        self.tree.add("*ESR", query=lambda _: self._read_esr())
        self.tree.add("*ESE", query=lambda _: str(self.ese), set=lambda call: self._mask("ese", call))
        self.tree.add("*SRE", query=lambda _: str(self.sre & ~64), set=lambda call: self._mask("sre", call))
        self.tree.add("*STB", query=lambda _: str(self.status_byte()))
        self.tree.add("SYSTem:ERRor[:NEXT]", query=lambda _: self.next_error())
        self.tree.add("SYSTem:VERSion", query=lambda _: "1999.0")
        self.teach()

    def teach(self) -> None:
        """Add the instrument's own headers to `tree`, and put its settings to what they are after power-on."""

    def reset(self) -> None:
        """`*RST`: settings as after power-on; errors and status stay (IEEE 488.2, 10.32)."""
        kept = self.errors, self.esr, self.ese, self.sre
        self.power_cycle()
        self.errors, self.esr, self.ese, self.sre = kept

    def trip(self) -> None:
        """No interlock here."""

    def greeting(self) -> bytes:
        """SCPI instruments say nothing before they are asked."""
        return b""

    # ------------------------------------------------------------------------------------------- messages

    def answer(self, message: bytes) -> Answer:
        """Do every unit of a message in order; what they give, joined. An error ends the message."""
        replies: list[bytes] = []
        self._not_before_s = self.hear_after_s
        try:
            text = message.decode("ascii").strip()
            for call, handler in self.tree.calls(text):
                reply = handler(call)
                if reply is not None:
                    replies.append(reply if isinstance(reply, bytes) else reply.encode("ascii"))
        except UnicodeDecodeError:
            self.fail(ScpiError(-101))
        except ScpiError as error:
            self.fail(error)
        return Answer(self.joined_by.join(replies) if replies else None, self._not_before_s)

    def fail(self, error: ScpiError) -> None:
        """Put an error into the queue and flag its kind in the event register (IEEE 488.2, 11.5.1)."""
        kind = {1: 32, 2: 16, 3: 8, 4: 4}.get(-error.code // 100, 8)
        self.esr |= kind
        if len(self.errors) >= QUEUE_LENGTH:
            self.errors[-1] = ScpiError(-350)
        else:
            self.errors.append(error)

    def next_error(self) -> str:
        """The oldest error, taken out of the queue."""
        return self.told(self.errors.popleft()) if self.errors else '+0,"No error"'

    def told(self, error: ScpiError) -> str:
        """An error as this vendor writes it."""
        return f'{error.code:+d},"{error.text}"'

    def clear_status(self) -> None:
        """`*CLS`: queue and event registers empty, and `*OPC` forgotten (IEEE 488.2, 10.3)."""
        self.errors.clear()
        self.esr = 0
        self._complete_at_s = None

    def status_byte(self) -> int:
        """Bit 2: errors wait; bit 5: an enabled event; bit 6: a reason for service."""
        byte = (4 if self.errors else 0) | (32 if self.events() & self.ese else 0)
        return byte | (64 if byte & self.sre else 0)

    def events(self) -> int:
        """The event register as it is now: bit 0 comes when what `*OPC` waits for has ended."""
        if self._complete_at_s is not None and self.clock.now_s >= self._complete_at_s:
            self.esr, self._complete_at_s = self.esr | 1, None
        return self.esr

    def _read_esr(self) -> str:
        value, self.esr = self.events(), 0
        return str(value)

    def _complete_later(self) -> None:
        self._complete_at_s = self.busy_until_s

    def _mask(self, register: str, call: Call) -> None:
        setattr(self, register, round(decimal(call.only(), low=0, high=255)))

    def _when_done(self, reply: str) -> str:
        self._wait()
        return reply

    def _wait(self) -> None:
        """Nothing that follows in this message is answered before the operation under way has ended."""
        self._not_before_s = max(self._not_before_s, self.busy_until_s)

    # ------------------------------------------------------------------------------------ settings in one line

    def number(
        self,
        pattern: str,
        value: float,
        *,
        low: float,
        high: float,
        unit: str = "",
        form: str = "{:.8E}",
        then: Callable[[float], None] | None = None,
    ) -> Callable[[], float]:
        """A setting that is a number, with MIN, MAX, DEF and `then` after every set; gives its reader."""
        held, default = [value], value

        def ask(call: Call) -> str:
            names = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high, "DEF": default, "DEFAULT": default}
            if not call.arguments:
                return form.format(held[0])
            if (which := call.only().upper()) not in names:
                raise ScpiError(-224)
            return form.format(names[which])

        def put(call: Call) -> None:
            held[0] = decimal(call.only(), unit=unit, low=low, high=high, default=default)
            if then:
                then(held[0])

        self.tree.add(pattern, query=ask, set=put)
        return lambda: held[0]

    def switch(self, pattern: str, value: bool, *, then: Callable[[bool], None] | None = None) -> Callable[[], bool]:
        """A setting that is on or off, asked as 1 or 0; gives its reader."""
        held = [value]

        def put(call: Call) -> None:
            held[0] = flag(call.only())
            if then:
                then(held[0])

        self.tree.add(pattern, query=lambda _: str(int(held[0])), set=put)
        return lambda: held[0]

    def choice(
        self, pattern: str, value: str, choices: tuple[str, ...], *, then: Callable[[str], None] | None = None
    ) -> Callable[[], str]:
        """A setting that is one of some words, asked as its short form; gives its reader, which says the short form."""
        held = [value]

        def put(call: Call) -> None:
            held[0] = "".join(letter for letter in word(call.only(), choices) if not letter.islower())
            if then:
                then(held[0])

        self.tree.add(pattern, query=lambda _: held[0], set=put)
        return lambda: held[0]
