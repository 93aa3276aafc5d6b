"""Yokogawa optical spectrum analysers AQ6370 (600 to 1700 nm) and AQ6373 (350 to 1200 nm): GPIB, or a socket at 10001.

Commands: remote control manual IM AQ6370C-17EN (status registers: 6-7 and 6-8); PyMeasure, InstrumentKit and open
drivers of several laboratories agree with it. Messages to it end with LF, which GPIB and socket both take; answers end
with LF on GPIB and CR LF on a socket. Whether a binary trace has an end on a socket is not known: both are taken.

On a socket it wants a login: `OPEN "user"`, `AUTHENTICATE CRAM-MD5.`, the password in plain text, `READY` (or `ready`:
firmwares differ). Anybody who can listen on that network reads the password.

The offset of its amplifiers is taken anew every 10 minutes, and for those 30 s it neither hears nor answers (manual,
"Setting the timeout time"). So the time-out is 40 s. An experiment that may not be held up so sets `auto_offset` to
False and either gives `zero_every_s` or calls `zero_between_sweeps` when it suits.
"""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from drivers.curve import Curve
from drivers.errors import NotReady, OutOfRange, Refused
from drivers.instrument import Instrument
from drivers.link import Identity, Link, LinkSettings
from drivers.osa_trace import SIZES, Floats, level_unit, numbers_of, watts
from drivers.parameter import Choice, Number, Stepped, Switch

__all__ = ["AQ6370", "AQ6373"]

NM = 1e-9  # it counts in metres
ERRORS: Mapping[int, str] = {
    32: "command error: a word it does not know",
    16: "execution error: a value it cannot take, or not now",
    8: "an error of the device",
    4: "query error",
}  # bits of *ESR? (IEEE 488.2, 11.5.1)
SWEEP_DONE = 1  # bit 0 of the operation status registers
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 0.1
DEAF_S = 30.0
SECONDS_PER_1001_POINTS: Mapping[str, float] = {
    "NHLD": 0.2, "NAUT": 0.5, "NORM": 1.0, "MID": 2.0, "HIGH1": 5.0, "HIGH2": 20.0, "HIGH3": 75.0,
}  # fmt: skip
"""How long a sweep takes at speed 2x, as an order of magnitude and not verified: until one has been measured."""


class _AQ637x(Instrument):
    """What the analysers of this family share.

    The end of a sweep is bit 0 of the operation *event* register, which `*CLS` clears before the sweep and which stays
    set until it is read (manual, 6-8): it can only mean this sweep. The condition register may still tell of the sweep
    before. What is read is gone: where the answer is lost the sweep is overdue, never taken for another. Errors are
    looked for in `*ESR?`: the error buffer holds the latest one only.

    Levels: it gives dBm where its level axis is logarithmic and W where it is linear; the axis is asked for with every
    trace, never changed, and dBm are made W. -210 dBm is its word for no light, or none measured: 0 W.

    wanted_format: how traces are sent, as of the next one: REAL64, or REAL32 (whose wavelengths come in steps of
    0.0001 nm), or ASCII.
    """

    talks = LinkSettings(timeout_s=40.0, reconnect_s=60.0, block_end_s=0.1)
    roles = ("spectrometer",)
    at_power_loss = (
        "Emits nothing. It wants a login again, its data format is ASCII and its auto-offset on, and the driver says "
        "which set points are lost; what else it remembers is not verified."
    )
    limits_nm: ClassVar[tuple[float, float]]

    points = Number(
        ":SENS:SWE:POIN", unit="", low=101, high=50_001, resolution=0.5, form="{word} {value:.0f}",
        doc="Control how many samples a sweep takes; 101 to 50001.",
    )  # fmt: skip
    sensitivity = Choice(
        ":SENS:SENS",
        {"NHLD": "0", "NAUT": "1", "MID": "2", "HIGH1": "3", "HIGH2": "4", "HIGH3": "5", "NORM": "6"},
        doc="Control the sensitivity: NHLD (normal, range held), NAUT (normal, auto), NORM, MID, HIGH1, HIGH2, HIGH3.",
    )
    auto_offset = Switch(
        ":CAL:ZERO",
        doc="Control whether it takes its offset every 10 minutes, deaf for 30 s; the read-back is of one open driver.",
    )
    trace_format = Choice(
        ":FORM:DATA",
        {"REAL64": "REAL,64", "REAL32": "REAL,32", "ASCII": "ASCII"},
        answers={"ASC": "ASCII"},
        doc="Control how traces are sent: REAL64 and REAL32 (little-endian), or ASCII, which is ten times slower.",
    )
    trace_mode = Choice(
        ":TRAC:ATTR:TRA",
        {"WRITE": "0", "FIX": "1", "MAX": "2", "MIN": "3", "RAVG": "4", "CALC": "5"},
        doc="Control what a sweep does to trace A; only in WRITE does the trace show the sweep.",
    )
    level_axis = Choice(
        ":DISP:TRAC:Y1:SCAL:SPAC", {"LOG": "0", "LIN": "1"},
        doc="Control whether the level axis, and so the trace, is logarithmic or linear.",
    )  # fmt: skip
    level_unit = Choice(
        ":DISP:TRAC:Y1:SCAL:UNIT", {"dBm": "0", "W": "1", "dBm/nm": "2", "W/nm": "3"},
        doc="Control the unit of the level axis; per nm it is a density, which this driver does not read.",
    )  # fmt: skip

    def __init__(
        self,
        link: Link,
        *,
        user: str = "anonymous",
        password: str = "",
        zero_every_s: float | None = None,
        sweep_limit_s: float | None = None,
    ) -> None:
        """Build.

        user, password: for a socket; with "anonymous" any password will do. zero_every_s: how often `spectrum` takes
        the offset where `auto_offset` is off; None for never. sweep_limit_s: after which a sweep counts as overdue;
        None for ten times what it should take, and a minute.
        """
        super().__init__(link)
        self.user, self._password = user, password
        self.zero_every_s, self.sweep_limit_s = zero_every_s, sweep_limit_s
        self.wanted_format = "REAL64"
        self._zeroed_s = time.monotonic()
        self._measured: tuple[object, float] | None = None

    @classmethod
    def at(cls, resource: str, **options: Any) -> Self:
        """As every driver; on a SOCKET with a login. Options: see the constructor."""
        osa = super().at(resource, **options)
        if resource.upper().endswith("SOCKET"):
            osa.link.greet = osa.log_in
        return osa

    def log_in(self, link: Link) -> None:
        """Say who is there; Refused where that is not enough. The password is not logged.

        An empty password of the anonymous user is sent as a blank, as most open drivers do: not every instrument takes
        an empty line for an answer.
        """
        challenge = link.query(f'OPEN "{self.user}"')
        blank = " " if self.user == "anonymous" else ""
        verdict = (
            link.query(self._password or blank, secret=True) if challenge.startswith("AUTHENTICATE") else challenge
        )
        if verdict.upper() != "READY":
            raise Refused(self.name, f"the user {self.user!r} is not let in: it said {verdict[:80]!r}.")

    def check(self) -> None:
        """Refused with the kinds of error that `*ESR?` tells of, which it forgets thereby."""
        status = round(self.ask_number("*ESR?"))
        if found := [words for bit, words in ERRORS.items() if status & bit]:
            raise Refused(self.name, f"refused what it was told: {'; '.join(found)} (*ESR? gave {status}).")

    # ------------------------------------------------------------------------------------------- the role

    @property
    def wavelength_limits_nm(self) -> tuple[float, float]:
        """Between which wavelengths it measures, in nm."""
        return self.limits_nm

    @property
    def seconds_per_shot(self) -> float:
        """What the last sweep with these settings took, or an estimate from points, sensitivity and speed."""
        if self._measured and self._measured[0] == self._sweep_settings():
            return self._measured[1]
        known = self.set_points
        seconds = SECONDS_PER_1001_POINTS[known.get("sensitivity", "NAUT")] * known.get("points", 1001) / 1001
        return float(seconds * (2 if known.get("speed") == "1x" else 1))

    def configure(self, center_nm: float, span_nm: float, resolution_nm: float, points: int) -> None:
        """Set the window of sweeps; OutOfRange, and nothing sent, where it goes beyond what the instrument measures."""
        low, high = self.limits_nm
        if not low <= center_nm - span_nm / 2 <= center_nm + span_nm / 2 <= high:
            edges = f"{center_nm - span_nm / 2:g} to {center_nm + span_nm / 2:g} nm"
            raise OutOfRange(
                f"{self.name}: a window of {edges} is not within {low:g} to {high:g} nm; nothing was sent."
            )
        wanted = {"center_nm": center_nm, "span_nm": span_nm, "resolution_nm": resolution_nm, "points": points}
        for name, value in wanted.items():  # all are looked at before the first is sent
            getattr(type(self), name).written(self, value)
        with self.link.lock():
            for name, value in wanted.items():
                setattr(self, name, value)

    def spectrum(self) -> Curve:
        """A single sweep of trace A: W within the resolution, over nm. NotReady where it does not end."""
        with self.link.lock():
            if self.zero_every_s is not None and time.monotonic() - self._zeroed_s > self.zero_every_s:
                self.zero_between_sweeps()
            self._prepare()
            unit = level_unit(self.name, self.level_axis, self.level_unit)
            self.sweep()
            wavelength_m, levels = self._column("X"), self._column("Y")
        return watts(self.link, wavelength_m, levels, unit)

    def sweep(self) -> None:
        """A single sweep, to its end; NotReady, and the sweep stopped, where it is overdue."""
        start_s = time.monotonic()
        limit_s = 60.0 + 10 * self.seconds_per_shot if self.sweep_limit_s is None else self.sweep_limit_s
        with self.link.lock():
            self.link.write("*CLS")
            self.set(":INIT:SMOD 1;:INIT")
            pause_s = FIRST_PAUSE_S
            while not round(self.ask_number(":STAT:OPER:EVEN?")) & SWEEP_DONE:
                if time.monotonic() - start_s > limit_s:
                    self.link.write(":ABOR")
                    raise NotReady(self.name, f"the sweep has not ended after {limit_s:g} s; it was stopped.")
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if (took_s := time.monotonic() - start_s) < DEAF_S:  # else the offset was taken meanwhile
            self._measured = self._sweep_settings(), took_s

    def zero_between_sweeps(self) -> None:
        """Take the offset now, for some 30 s, instead of every 10 minutes: `auto_offset` is switched off for good.

        The instrument answers again when it is over; one that keeps hearing meanwhile begins the next sweep late, which
        is not verified.
        """
        with self.link.lock():
            if self.set_points.get("auto_offset") is not False:
                self.auto_offset = False
            self.set(":CAL:ZERO ONCE")
        self._zeroed_s = time.monotonic()

    def problems(self) -> list[str]:
        """Levels per nm, a trace that no sweep writes, an auto-offset that outlasts the time-out."""
        found = []
        if self.level_unit.endswith("/nm"):
            found.append(f"the level axis is in {self.level_unit}; this program needs dBm or W")
        if self.trace_mode != "WRITE":
            found.append(f"trace A is in mode {self.trace_mode}; sweeps do not show there")
        if self.auto_offset and self.link.settings.timeout_s < DEAF_S + 5:
            found.append(
                f"its auto-offset makes it deaf for {DEAF_S:g} s, the time-out is {self.link.settings.timeout_s:g} s"
            )
        return found

    def _prepare(self) -> None:
        """Format and mode of the trace; again after the instrument was switched off."""
        for name, wanted in (("trace_format", self.wanted_format), ("trace_mode", "WRITE")):
            if self.set_points.get(name) != wanted:
                setattr(self, name, wanted)

    def _column(self, axis: str) -> Floats:
        """One column of trace A, as many numbers as the instrument says there are."""
        count = round(self.ask_number(":TRAC:DATA:SNUM? TRA"))
        question = f":TRAC:{axis}? TRA"
        if self.wanted_format == "ASCII":
            return numbers_of(self.link, self.link.query(question), count)
        return numbers_of(self.link, self.link.query_block(question), count, SIZES[self.wanted_format])

    def _sweep_settings(self) -> object:
        return tuple(
            self.set_points.get(name) for name in ("points", "sensitivity", "span_nm", "speed", "resolution_nm")
        )


def _center(low: float, high: float) -> Number:
    return Number(
        ":SENS:WAV:CENT", unit="nm", low=low, high=high, resolution=0.001, scale=NM,
        doc=f"Control the centre of the sweep, {low:g} to {high:g} nm.",
    )  # fmt: skip


def _span(high: float) -> Number:
    return Number(
        ":SENS:WAV:SPAN", unit="nm", low=0.5, high=high, resolution=0.1, scale=NM,
        doc=f"Control the span of the sweep, 0.5 to {high:g} nm; 0, a sweep in time, is left out.",
    )  # fmt: skip


def _resolution(*steps: float) -> Stepped:
    return Stepped(
        ":SENS:BAND:RES", steps, unit="nm", resolution=0.001, scale=NM,
        doc=f"Control the resolution bandwidth: {', '.join(f'{step:g}' for step in steps)} nm.",
    )  # fmt: skip


class AQ6370(_AQ637x):
    """Yokogawa AQ6370C, D and E (and the older AQ6370, AQ6370B), 600 to 1700 nm."""

    identity = Identity(pattern=r"['\"]?YOKOGAWA,AQ6370[BCDE]?,")
    confidence = "A"
    limits_nm = (600.0, 1700.0)
    center_nm = _center(600, 1700)
    span_nm = _span(1100)
    resolution_nm = _resolution(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
    speed = Choice(
        ":SENS:SWE:SPE", {"1x": "0", "2x": "1"}, doc="Control the speed of sweeps: 1x, or 2x with more noise."
    )


class AQ6373(_AQ637x):
    """Yokogawa AQ6373 and AQ6373B, 350 to 1200 nm: reaches the 515 nm of a second-harmonic FROG at 1030 nm.

    The limits and resolutions are those of one open driver (PyMeasure). `:SENS:SWE:SPE` is left out: the first AQ6373
    does not have it.
    """

    identity = Identity(pattern=r"['\"]?YOKOGAWA,AQ6373B?,")
    confidence = "A"
    limits_nm = (350.0, 1200.0)
    center_nm = _center(350, 1200)
    span_nm = _span(850)
    resolution_nm = _resolution(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
