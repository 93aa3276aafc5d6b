"""APE pulseCheck autocorrelators with a USB port, through APE's program pulseLink: a TCP socket, mostly at port 51123.

The socket is pulseLink's, not the instrument's: the program must run, with its port switched on (Extras, TCP); an open
driver reports that this must be done again after the instrument was switched off.

Commands: PyMeasure's driver (pull request 1549, tried on an instrument by its author, and written with the manual), and
the drivers of two laboratories; the manual itself was not seen. PyMeasure writes `WORD=value`, the others `WORD value`.

What it does in its own way: it drops what is said in the first second of a connection; it takes settings over some time
after they were sent, and those of the detector only when another command follows; it pads answers with NUL; it knows
part of SCPI only, has no error queue, and answers a question that it does not know with "Parser error".
"""

import re
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from drivers.curve import Curve
from drivers.errors import NotObeyed, NotReady, OutOfRange, WrongReply
from drivers.instrument import Instrument
from drivers.link import Identity, Link, LinkSettings
from drivers.parameter import Device, Number, Parameter, Stepped, Switch

__all__ = ["PulseLink"]

T = TypeVar("T")

FOLLOW_S, AGAIN_S, POLL_S = 3.0, 0.5, 0.02
"""For how long a set may take; after how long it is sent once more; how often is looked."""

FS_PER_PS = 1000.0
AVERAGES = (1, 2, 4, 8, 16)  # in the order in which STATUS:AVERAGE counts them
SIGNAL_TOO_HIGH = 2  # of *ERR?, as all below from PyMeasure's driver
DATA_PROBLEMS: Mapping[int, str] = {
    1: "the signal is too low",
    2: "the signal is too high",
    4: "there is no peak",
    8: "the autocorrelation is not symmetric",
    16: "the dynamic range is too low",
    32: "the scan range is too small",
    64: "the offset is negative",
}
STATE_PROBLEMS: Mapping[int, str] = {
    1: "pulseLink is not connected to the instrument",
    32: "the delay drive is switched off",
    128: "pulseLink reports an error of its own",
    256: "the firmware reports an error",
}  # bits of *OPER?


class _Followed(Parameter[T]):
    """A parameter that is taken over later: it is read until it follows, and sent again now and then."""

    def __set__(self, device: Device, value: T) -> None:
        text = self.written(device, value)
        with device.link.lock():
            device.set_points.pop(self.name, None)
            limit_s = time.monotonic() + FOLLOW_S
            while True:
                device.set(text)
                if self.same(device, found := self._after_a_while(device, value), value):
                    break
                if time.monotonic() > limit_s:
                    told = f"asked {self.shown(value)}, the instrument still reports {self.shown(found)}"
                    raise NotObeyed(device.name, f"{self.name}: {told} after {FOLLOW_S:g} s.")
            device.set_points[self.name] = value

    def _after_a_while(self, device: Device, value: T) -> T:
        """What is reported as soon as it follows, or after AGAIN_S."""
        limit_s = time.monotonic() + AGAIN_S
        while not self.same(device, found := self.ask(device), value) and time.monotonic() < limit_s:
            time.sleep(POLL_S)
        return found


class _FollowedNumber(_Followed[float], Number):
    pass


class _FollowedStepped(_Followed[float], Stepped):
    pass


class _FollowedSwitch(_Followed[bool], Switch):
    def written(self, device: Device, value: bool) -> str:
        return super().written(device, value).replace(" ", "=")


class _Averages(_FollowedStepped):
    """Set by its place in AVERAGES; answered by a name with the number in brackets, `Low (2)`, or `Off`."""

    def ask(self, device: Device) -> float:
        reply = device.ask_text(self.question)
        found = re.fullmatch(r"off|[a-z ]+\((2|4|8|16)\)", reply.strip().lower())
        if not found:  # a bare number may be a place or a count
            device.link.doubt("an answer that is no averaging")
            raise WrongReply(device.name, f"{self.name}: to {self.question!r} came {reply[:80]!r}, which is none.")
        return float(found.group(1) or 1)

    def written(self, device: Device, value: float) -> str:
        super().written(device, value)
        return f"{self.word}={AVERAGES.index(round(value))}"


class PulseLink(Instrument):
    """An APE pulseCheck behind pulseLink.

    Delays are in ps: two independent open drivers say so (confidence A). Which number of a pair is the delay, they do
    not agree on: it is the one that rises. Intensities are in units of the instrument's own.
    """

    identity = Identity(pattern=r"APE\b.*pulse")
    talks = LinkSettings(write_end=b"\r\n", timeout_s=5.0, block_end_s=0.05)
    roles = ("autocorrelator",)
    confidence = "B"
    at_power_loss = (
        "Measures nothing, emits nothing. pulseLink loses the instrument and its TCP port may have to be switched on "
        "by hand; what settings the instrument keeps is not verified."
    )

    running = _FollowedSwitch("STATUS:START", on="1", off="0", doc="Control whether it scans and measures.")
    scan_range_ps = _FollowedStepped(
        "MOTOR:SCANRANGE", (0.15, 0.5, 1.5, 5, 15, 50, 150), unit="ps", resolution=1e-6, scale=FS_PER_PS,
        form="{word}={value:.0f}",
        doc="Control the range of delays, 0.15 to 150 ps in steps; not every instrument has all of them.",
    )  # fmt: skip
    averages = _Averages(
        "STATUS:AVERAGE", AVERAGES, unit="", resolution=0.5,
        doc="Control how many scans make a displayed trace: 1, 2, 4, 8 or 16; the raw trace is one scan.",
    )  # fmt: skip
    gain = _FollowedNumber(
        "DETECTOR:GAIN", unit="", low=300, high=1000, resolution=0.5, form="{word}={value:.0f}",
        doc="Control the gain of the detector, 300 to 1000 in units of the instrument's own.",
    )  # fmt: skip

    def __init__(self, link: Link, *, settle_s: float = 1.0, scan_s: float = 0.2, displayed: bool = False) -> None:
        """Build.

        settle_s: silence at the beginning of a connection. scan_s: how long a scan takes; pulseLink shows the rate, and
        0.2 s is not verified. displayed: read the trace that pulseLink shows, averaged and perhaps filtered, instead of
        the raw one.
        """
        super().__init__(link)
        if not (settle_s >= 0 and scan_s > 0):
            raise OutOfRange(f"{link.name}: settle_s={settle_s:g} must be 0 or more, scan_s={scan_s:g} over 0.")
        self.scan_s, self.displayed = scan_s, displayed
        link.greet = lambda _: time.sleep(settle_s)

    @property
    def seconds_per_shot(self) -> float:
        """Two scans, so that one of them has begun after the question; for a displayed trace, each `averages` times."""
        return 2 * self.scan_s * (self.set_points.get("averages", 1) if self.displayed else 1)

    @property
    def fwhm_ps(self) -> float:
        """Full width at half maximum of the autocorrelation itself, in ps; WrongReply where it has none."""
        return self.ask_number("ACF:FWHM?")

    def autocorrelation(self) -> Curve:
        """A trace that was begun after the call, over ps; NotReady where it does not scan or has no data.

        saturated: as far as it says itself that the signal is too high.
        """
        with self.link.lock():
            if not self.running:
                raise NotReady(self.name, "it does not scan; set running to True.")
            time.sleep(self.seconds_per_shot)
            block = self.link.query_block("ACF:DACF?" if self.displayed else "ACF:DATA?")
            problems = round(self.ask_number("*ERR?"))
        if len(block) < 32 or len(block) % 16:
            raise NotReady(self.name, f"it has no autocorrelation, but says {bytes(block[:80])!r}.")
        return self._curve(np.frombuffer(block, "<f8").reshape(-1, 2), saturated=bool(problems & SIGNAL_TOO_HIGH))

    def problems(self) -> list[str]:
        """What it says of itself and of its signal; a scan that stands still."""
        state, data = round(self.ask_number("*OPER?")), round(self.ask_number("*ERR?"))
        found = [words for bit, words in STATE_PROBLEMS.items() if state & bit]
        if not self.running:  # what is wrong with its data shows when it scans
            return found
        return found + [words for bit, words in DATA_PROBLEMS.items() if data & bit]

    def _curve(self, pairs: Any, *, saturated: bool) -> Curve:
        steps = np.diff(pairs, axis=0)
        rises = (steps > 0).all(axis=0)
        if rises.sum() != 1 or not np.isfinite(pairs).all():
            self.link.doubt("an answer that is no autocorrelation")
            raise WrongReply(
                self.name, f"{len(pairs)} pairs came of which not one column alone rises, as a delay does."
            )
        delay = int(rises.argmax())
        return Curve(pairs[:, delay].copy(), pairs[:, 1 - delay].copy(), "ps", "arb", saturated)
