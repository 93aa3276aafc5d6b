"""SRS laser diode controllers LDC500, LDC501 and LDC502: four letters, milliamperes, microamperes and milliwatts.

Commands: LDC500 series operation manual, chapter 4 (pages 4-10, 4-16, 4-18, 4-22, 4-47 and 4-54 were read); PyMeasure's
driver agrees with it. Two traps. Reading an error code clears it, and it stands there only some
15 ms after the command (PyMeasure). Words such as OPEN or CC are answered as words or as numbers, whichever `TOKN` says
(4-47); so those questions say `TOKN ON` first, in the same message (4-16).

On Ethernet (port 8888) a blank line and `ULOC 1` come before anything else (4-10). `TERM` must be LF or CRLF.
"""

import time
from typing import Any, Self

from drivers.diode_current import DiodeSource, LimitedCurrent, SlowOutput, Word
from drivers.errors import Refused, WrongReply
from drivers.instrument import Instrument
from drivers.link import Identity, Link, LinkSettings
from drivers.parameter import Choice, Measured, Number, Switch

__all__ = ["LDC500"]

ERROR_LATENCY_S = 0.02  # the 15 ms, and the way there
WORDS = "TOKN ON;"
COMMAND_ERRORS = {
    1: "illegal command",
    2: "undefined command",
    3: "illegal query",
    4: "illegal set",
    5: "missing parameter",
    6: "extra parameter",
    7: "null parameter",
    8: "parameter buffer overflow",
    9: "bad floating-point number",
    10: "bad integer",
    11: "bad integer token",
    12: "bad token value",
    13: "bad hex block",
    14: "unknown token",
}  # manual, page 4-54


class LDC500(DiodeSource, Instrument):
    """An SRS LDC500 series controller of a laser diode and its thermoelectric cooler.

    Current flows about 3 s after `output = True` (said by one open driver; not verified), which waits for it.
    """

    identity = Identity(pattern=r"STANFORD RESEARCH SYSTEMS,LDC50[0-2]")
    talks = LinkSettings(timeout_s=2.0)
    baud = 9600
    roles = ("current_source",)
    confidence = "A"
    at_power_loss = (
        "The output is off while the mains is away. At power-on the settings are what they were before; whether the "
        "laser then comes on by itself was not verified: let the interlock decide."
    )
    switch_on_s = 3.0

    current_a = LimitedCurrent(
        "SILD",
        unit="A",
        low=0,
        high=2.0,
        resolution=2e-5,
        scale=1e3,
        doc="Control the set point of the laser's current, in A; never above `current_limit_a`.",
    )  # fmt: skip — one parameter, one block
    current_limit_a = Number(
        "SILM", unit="A", low=0, high=2.0, resolution=2e-5, scale=1e3,
        doc="Control the current, in A, that hardware never exceeds; the set point is dragged down with it.",
    )  # fmt: skip
    measured_current_a = Measured(
        "RILD?", unit="A", low=-0.1, high=2.5, scale=1e3, doc="Measure the laser's current, in A, in every mode."
    )
    diode_voltage_v = Measured("RVLD?", unit="V", low=-1, high=12, doc="Measure the laser's voltage, in V.")
    compliance_v = Number(
        "SVLM", unit="V", low=0.1, high=10, resolution=0.01,
        doc="Control the voltage, in V, beyond which the current source switches itself off.",
    )  # fmt: skip
    interlock_closed = Word(
        f"{WORDS}ILOC?", true="CLOSED", false="OPEN", doc="Get whether the interlock's loop is closed."
    )
    output = SlowOutput("LDON", doc="Control whether the current source is on.")
    mode = Choice(
        "SMOD", {"constant current": "CC", "constant power": "CP"}, ask=f"{WORDS}SMOD?",
        doc="Control what is held constant: the current, or the photodiode's.",
    )  # fmt: skip
    range = Choice(
        "RNGE", {"low": "LOW", "high": "HIGH"}, ask=f"{WORDS}RNGE?",
        doc="Control the range of the current; a lower one lowers the limit and the set point with it.",
    )  # fmt: skip
    photodiode_current_a = Measured(
        "RIPD?", unit="A", low=-1e-4, high=6e-3, scale=1e6, doc="Measure the photodiode's current, in A."
    )
    photodiode_power_w = Measured(
        "RWPD?", unit="W", low=-1, high=100, scale=1e3,
        doc="Measure the optical power, in W, by the photodiode and `responsivity_a_per_w`.",
    )  # fmt: skip
    responsivity_a_per_w = Number(
        "RESP", unit="A/W", low=0, high=10, resolution=1e-5, scale=1e3,
        doc="Control the photodiode's responsivity, in A/W (the instrument says µA/mW).",
    )  # fmt: skip
    tec = Switch("TEON", doc="Control whether the cooler is regulated.")
    temperature_c = Number(
        "TEMP", unit="°C", low=-55, high=150, resolution=0.01, doc="Control the set point of the temperature, in °C."
    )
    measured_temperature_c = Measured(
        "TTRD?", unit="°C", low=-100, high=300, doc="Measure the laser's temperature, in °C."
    )
    low_limit_c = Number(
        "TMIN", unit="°C", low=-55, high=250, resolution=0.01, doc="Control the lowest temperature, in °C."
    )
    high_limit_c = Number(
        "TMAX", unit="°C", low=-55, high=250, resolution=0.01, doc="Control the highest temperature, in °C."
    )
    tec_limit_a = Number(
        "TILM", unit="A", low=0, high=4.5, resolution=0.01, doc="Control the cooler's greatest current, in A."
    )

    @classmethod
    def at(cls, resource: str, **options: Any) -> Self:
        """As every driver; a socket is unlocked before the identity is asked for."""
        driver = super().at(resource, **options)
        if resource.upper().endswith("SOCKET"):
            driver.link.greet = unlock
        return driver

    def check(self) -> None:
        """Refused with the codes that the instrument holds; reading them clears them."""
        time.sleep(ERROR_LATENCY_S)
        execution, command = self._code("LEXE?"), self._code("LCME?")
        told = [f"execution error {execution}"] if execution else []
        if command:
            told.append(f"command error {command} ({COMMAND_ERRORS.get(command, 'unknown')})")
        if told:
            raise Refused(self.name, f"refused what it was told: {'; '.join(told)}.")

    def problems(self) -> list[str]:
        """An open interlock; another mode than constant current."""
        found = []
        if not self.interlock_closed:
            found.append("the interlock is open")
        if (mode := self.mode) != "constant current":
            found.append(f"the mode is {mode}; this program needs constant current")
        return found

    def _code(self, question: str) -> int:
        reply = self.link.query(question)
        if not (reply.isascii() and reply.isdigit()):
            self.link.doubt("an answer that is no error code")
            raise WrongReply(self.name, f"to {question!r} came {reply[:80]!r}, which is no error code.")
        return int(reply)


def unlock(link: Link) -> None:
    """Begin a conversation on Ethernet (manual, page 4-10); two messages that have no answer."""
    link.write("")
    link.write("ULOC 1")
