"""Thorlabs SC10 shutter controller: a serial line, 9600 baud, 8N1; it echoes what it hears and prompts with "> ".

Commands: SC10 operation manual, "Keywords (Commands and Queries)"; the drivers of InstrumentKit and Micro-Manager agree
with it on the line, the echo, the prompt, `ens`, `ens?` and `mode`. That an error is told as a line that begins with
"Command error" is from InstrumentKit and from Thorlabs' controllers of the same family.

Two traps. `ens` toggles: who sends it without having asked before may open what he meant to close. And `interlock?` is
1 where the interlock is tripped, the opposite of other instruments' answer.
"""

import re
import time

from drivers.errors import InterlockOpen, NotObeyed, NotReady, OutOfRange, Refused, SetPointLost, WrongReply
from drivers.instrument import Instrument
from drivers.link import Identity, LinkSettings
from drivers.parameter import Choice, Device, Number, Switch

__all__ = ["SC10"]

TRAVEL_S = 2.0  # heads of the SH series need some 10 ms; not verified for others


class _Choice(Choice):
    def written(self, device: Device, value: str) -> str:
        return super().written(device, value).replace(" ", "=", 1)


class _Enabled(Switch):
    def written(self, device: Device, value: bool) -> str:  # noqa: ARG002
        raise OutOfRange(f"{device.name}: use open_shutter() and close_shutter(), which look first; nothing was sent.")


class SC10(Instrument):
    """A shutter controller with one head. Open and closed are read from the controller, never remembered."""

    identity = Identity("id?", r"id\?\s+THORLABS SC10")
    talks = LinkSettings(write_end=b"\r", read_end=b"> ", timeout_s=1.0)
    baud = 9600
    confidence = "A"
    roles = ("shutter",)
    at_power_loss = (
        "Not verified. Heads of the SH series are said to close by a spring when the controller's mains fails; do not "
        "rely on it to block a beam. When power is back the driver reads every state again."
    )

    mode = _Choice(
        "mode",
        {"manual": "1", "auto": "2", "single": "3", "repeat": "4", "external gate": "5"},
        doc="Control what enabling does: in manual mode it opens, in the others it starts a sequence of openings.",
    )  # fmt: skip — one parameter, one block
    trigger = _Choice("trig", {"internal": "0", "external": "1"}, doc="Control what starts a sequence.")
    open_ms = Number(
        "open", unit="ms", low=1, high=999_999, resolution=0.5, form="{word}={value:.0f}",
        doc="Control for how many ms each opening of a sequence lasts.",
    )  # fmt: skip
    shut_ms = Number(
        "shut", unit="ms", low=1, high=999_999, resolution=0.5, form="{word}={value:.0f}",
        doc="Control for how many ms the shutter is closed between two openings of a sequence.",
    )  # fmt: skip

    enabled = _Enabled("ens", doc="Get whether the controller drives the shutter: in manual mode, to be open.")

    def connect(self) -> str:
        """Open the link and prove the identity; gives it, without the echo."""
        return super().connect().rpartition("\r")[2]

    def ask_text(self, text: str) -> str:
        """The line of an answer; Refused where it is an error, WrongReply where it is not one line."""
        lines = self._said(text)
        if len(lines) != 1:
            self.link.doubt("an answer that is not one line")
            raise WrongReply(self.name, f"to {text!r} came {lines!r}, where one line is expected.")
        return lines[0]

    def set(self, text: str) -> None:
        """Say something that changes the controller; WrongReply where more than its echo comes back."""
        if lines := self._said(text):
            self.link.doubt("an answer where none is expected")
            raise WrongReply(self.name, f"to {text!r} came {lines!r}, where nothing but the prompt is expected.")

    @property
    def is_open(self) -> bool:
        """Whether the shutter is open, from `closed?`."""
        return not self._flag("closed?")

    @property
    def interlock_closed(self) -> bool:
        """Whether the interlock lets the shutter open."""
        return not self._flag("interlock?")

    def open_shutter(self) -> None:
        """Open, and see that it is. InterlockOpen, NotReady where it cannot be or is not."""
        with self.link.lock():
            if (mode := self.mode) != "manual":
                raise NotReady(self.name, f"the mode is {mode}, where enabling does not just open; nothing was sent.")
            if not self.interlock_closed:
                raise InterlockOpen(self.name, "the interlock is tripped: the shutter stays closed; nothing was sent.")
            self._enable(True)
            self._await(open_=True)

    def close_shutter(self) -> None:
        """Close, and see that it is, in whatever mode. NotReady where it is not.

        A SetPointLost that shows meanwhile is raised when the shutter is closed, not instead.
        """
        lost: SetPointLost | None = None
        with self.link.lock():
            try:
                self._enable(False)
            except SetPointLost as error:
                lost = error
                self._enable(False)
            self._await(open_=False)
        if lost:
            raise lost

    def problems(self) -> list[str]:
        """A tripped interlock; another mode than manual."""
        found = []
        if not self.interlock_closed:
            found.append("the interlock is tripped: the shutter cannot open")
        if (mode := self.mode) != "manual":
            found.append(f"the mode is {mode}; this program needs manual")
        return found

    def _said(self, text: str) -> list[str]:
        """The lines that follow the echo."""
        reply = self.link.query(text)
        echo, *lines = [line.strip() for line in re.split(r"[\r\n]+", reply)]
        if echo != text:
            self.link.doubt("an answer to another question")
            raise WrongReply(self.name, f"to {text!r} came {reply[:80]!r}, which does not echo it.")
        if lines and lines[0].lower().startswith("command error"):
            raise Refused(self.name, f"refused {text!r}: {lines[0]}.")
        return lines

    def _flag(self, text: str) -> bool:
        reply = self.ask_text(text)
        if reply not in {"0", "1"}:
            self.link.doubt("an answer that is neither 0 nor 1")
            raise WrongReply(self.name, f"to {text!r} came {reply[:80]!r}, neither 0 nor 1.")
        return reply == "1"

    def _enable(self, wanted: bool) -> None:
        """`ens` is sent once, after a look at the state; whatever goes wrong, the next call looks again."""
        self.set_points.pop("enabled", None)  # until it is read back, nobody knows
        if self.enabled != wanted:
            self.set("ens")
            if self.enabled != wanted:
                raise NotObeyed(self.name, f"asked to be {'en' if wanted else 'dis'}abled, the controller is not.")
        self.set_points["enabled"] = wanted

    def _await(self, *, open_: bool) -> None:
        limit_s, pause_s = time.monotonic() + TRAVEL_S, 0.001
        while self.is_open != open_:
            if time.monotonic() > limit_s:
                word = "open" if open_ else "closed"
                raise NotReady(self.name, f"the shutter is not {word} after {TRAVEL_S:g} s, though it was told to be.")
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.05)
