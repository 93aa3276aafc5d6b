"""Coherent (Finisar) WaveShaper, A series: a shaper of phase and attenuation on a grid of 0.001 THz, over HTTP.

Three requests: GET devinfo, POST loadprofile, GET getprofile; nine open drivers agree on them. Rows of a profile: the
A-series manual, 4.3, and the WSUTIL guide. That `rc` 0 means success is from one open driver.

Two things no source says, and a laboratory must measure once: the sign of the phase column (`phase_sign`), and what the
unit transmits after power-on.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivers.errors import NotObeyed, NotReady, OutOfRange, Refused, WrongReply
from drivers.http_port import HttpPort
from drivers.link import Identity, Link, LinkSettings
from drivers.port import Port
from drivers.reach import GroupDelayReach
from drivers.shaper import SAME_RAD, Shaper
from drivers.spectral_phase import Coefficients, fitted_phase, offset_rad_per_ps, shaped_phase_rad
from drivers.wsp import STEP_THZ, Profile

__all__ = ["PHASE_SIGN", "Unit", "WaveShaper"]

PHASE_SIGN = 1
"""Not verified. +1: the unit multiplies the field by exp(-i phase) where the field is exp(+iωt), as this project does,
so that a phase that curves upwards over frequency is GDD > 0; -1: by exp(+i phase)."""
REACH_PS = {"1000": 25.0, "4000": 25.0, "16000": 25.0}
"""Series → group delay that its spectral resolution of about 10 GHz allows: 1.6 rad across one spot."""
WITHOUT_PHASE = {"100", "500"}  # A-series manual, 4.3
SAME_DB, SAME_PHASE_RAD = 0.01, 0.001  # of a row read back; rows are written to 0.0001
BLOCKED_DB = 40.0  # more than this is the unit's "block" state (A-series manual, 4.3)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit says of itself."""

    model: str
    serial: str
    firmware: str
    start_thz: float
    stop_thz: float
    ports: int

    @classmethod
    def from_json(cls, text: str) -> "Unit":
        """From the answer to devinfo; ValueError where it is none."""
        told = json.loads(text)
        if not isinstance(told, dict):
            raise TypeError("no object")
        start_thz, stop_thz = float(told["startfreq"]), float(told["stopfreq"])
        if not 0 < start_thz < stop_thz < 1e4:
            raise ValueError(f"a band from {start_thz:g} to {stop_thz:g} THz")
        ports = int(told.get("portcount", 1))
        return cls(str(told["model"]), str(told.get("sno", "")), str(told.get("ver", "")), start_thz, stop_thz, ports)

    @property
    def series(self) -> str:
        """The number in the model's name, as 1000 of "1000A"; "" where there is none that is followed by a letter."""
        found = re.search(r"(?<!\d)(\d{3,5})\s?[A-Z]", self.model, re.IGNORECASE)
        return found.group(1) if found else ""


class WaveShaper(Shaper):
    """A WaveShaper. The whole of its band is written in every load, attenuation 0, all to one port.

    reach_ps: ±group delay, where the model's is not known. phase_sign: see `PHASE_SIGN`. port: to which the light goes.
    Beyond the pulse's band the polynomial goes on within the reach, and its group delay is held from there on; nothing
    is blocked, so that an amplifier behind it is never seeded with less.
    """

    identity = Identity("GET /waveshaper/devinfo", r"(?s)\s*\{(?=.*\"model\")(?=.*\"startfreq\")(?=.*\"stopfreq\")")
    talks = LinkSettings(read_end=b"\0", timeout_s=20.0)  # what the vendor's own example grants a load
    confidence = "A"
    at_power_loss = (
        "Makes no phase that anyone has asked for; whether it blocks or transmits then, and what it holds after "
        "power-on, is not verified."
    )

    def __init__(
        self, link: Link, *, reach_ps: float | None = None, phase_sign: int = PHASE_SIGN, port: int = 1
    ) -> None:
        super().__init__(link)
        if phase_sign not in {1, -1} or (reach_ps is not None and not 0 < reach_ps < float("inf")):
            raise OutOfRange(f"{link.name}: phase_sign is 1 or -1, and reach_ps over 0; got {phase_sign}, {reach_ps}.")
        if port < 1:
            raise OutOfRange(f"{link.name}: port={port} passes no light; it must be 1 or more.")
        self.reach_ps, self.phase_sign, self.port = reach_ps, phase_sign, port

    @classmethod
    def opened(cls, resource: str, *, name: str, backend: str) -> Port:  # noqa: ARG003 — no VISA on the way
        """HTTP to `http://host:port`."""
        return HttpPort(resource, name)

    def connect(self) -> str:
        """Prove the identity; model, serial number, firmware."""
        super().connect()
        unit = self._known_unit()
        return f"{unit.model},{unit.serial},{unit.firmware}"

    @property
    def unit(self) -> Unit:
        """What the unit says of itself now; WrongReply where that is not whole."""
        return self._unit(self.link.query(self.identity.query))

    def own_reach(self) -> GroupDelayReach:
        """From the unit's band and its model, or the `reach_ps` that was given."""
        unit = self._known_unit()
        reach_ps = self.reach_ps or REACH_PS.get(unit.series)
        if unit.series in WITHOUT_PHASE:
            raise OutOfRange(f"{self.name}: a {unit.model} has no control of phase; nothing was sent.")
        if reach_ps is None:
            raise OutOfRange(f"{self.name}: the reach of a {unit.model} is not known: give reach_ps; nothing was sent.")
        return GroupDelayReach(reach_ps, unit.start_thz, unit.stop_thz, STEP_THZ)

    def load(self, coefficients: Coefficients) -> None:
        """Write every row; Refused with the unit's own words where `rc` is not 0."""
        unit = self._known_unit()
        if self.port > unit.ports:
            raise OutOfRange(f"{self.name}: port={self.port}, and the unit has {unit.ports}; nothing was sent.")
        body = json.dumps({"type": "wsp", "wsp": self._wanted(coefficients).text})
        reply = self.link.query(f"POST /waveshaper/loadprofile {body}")
        try:
            told = json.loads(reply)
            code, words = int(told["rc"]), str(told.get("rctext", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.link.doubt("an answer that is no result")
            raise WrongReply(self.name, f"to loadprofile came {reply[:80]!r}, which is no result.") from None
        if code:
            raise Refused(self.name, f"refused the profile: {code} {words}.")

    def profile(self) -> Profile:
        """The rows that the unit holds; WrongReply where they are no whole profile of its band."""
        unit = self._known_unit()
        text = self.link.query("GET /waveshaper/getprofile")
        try:
            found = Profile.from_text(text)
            found.require_span(unit.start_thz, unit.stop_thz)
        except ValueError as error:
            self.link.doubt("an answer that is no profile")
            raise WrongReply(self.name, f"getprofile gave no profile: {error}; {text[:60]!r}.") from None
        return found

    @property
    def dispersion(self) -> Coefficients:
        """What the unit's profile is over the pulse's band, from its rows; NotReady where that is no polynomial."""
        self.require_pulse()
        held = self.profile()
        try:
            found, left_rad = fitted_phase(
                held.frequency_thz, self.phase_sign * held.phase_rad, self.carrier_thz, self.band_rad_per_ps
            )
        except ValueError as error:
            raise OutOfRange(f"{self.name}: {error}.") from error
        if left_rad > SAME_RAD:
            raise NotReady(
                self.name, f"the profile in the unit is no dispersion: {left_rad:.3g} rad rms beside one; load one."
            )
        return found

    def confirm(self, coefficients: Coefficients) -> None:
        """NotObeyed at the first row that is not the one that was written."""
        wanted, held = self._wanted(coefficients), self.profile()
        row = held.first_difference(wanted, attenuation_db=SAME_DB, phase_rad=SAME_PHASE_RAD)
        if row is None:
            return
        if row < 0:
            raise NotObeyed(self.name, "the profile read back has another frequency grid than the one written.")
        raise NotObeyed(
            self.name,
            f"at {wanted.frequency_thz[row]:.3f} THz asked {_row(wanted, row)}, the unit reports {_row(held, row)}.",
        )

    def problems(self) -> list[str]:
        """A model without phase, a pulse outside the band, a profile that blocks it."""
        unit = self.unit
        found = [f"a {unit.model} has no control of phase"] if unit.series in WITHOUT_PHASE else []
        try:
            self.require_pulse()
        except OutOfRange:
            return found
        held = self.profile()
        ω = offset_rad_per_ps(held.frequency_thz, self.carrier_thz)
        inside = (ω >= self.band_rad_per_ps[0]) & (ω <= self.band_rad_per_ps[1])
        blocked = (held.port[inside] == 0) | (held.attenuation_db[inside] > BLOCKED_DB)
        if not inside.any() or ω[0] > self.band_rad_per_ps[0] or ω[-1] < self.band_rad_per_ps[1]:
            found.append(f"the pulse's band lies outside {unit.start_thz:.3f} to {unit.stop_thz:.3f} THz")
        elif blocked.any():
            found.append(f"the profile blocks {100 * blocked.mean():.0f} % of the pulse's band")
        return found

    def state(self) -> dict[str, Any]:
        """The unit, and the dispersion that its profile is."""
        unit = self.unit
        told = {"model": unit.model, "serial": unit.serial, "firmware": unit.firmware}
        return told | {"start_thz": unit.start_thz, "stop_thz": unit.stop_thz} | super().state()

    def _wanted(self, coefficients: Coefficients) -> Profile:
        reach = self.reach
        rows = round((reach.high_thz - reach.low_thz) / STEP_THZ) + 1
        frequency_thz = reach.low_thz + STEP_THZ * np.arange(rows)
        phase = shaped_phase_rad(frequency_thz, coefficients, self.carrier_thz, self.band_rad_per_ps, reach.limit_ps)
        return Profile(frequency_thz, np.zeros(rows), self.phase_sign * phase, np.full(rows, float(self.port)))

    def _known_unit(self) -> Unit:
        """What the unit said when its identity was last proved."""
        if not self.link.idn:
            self.link.connect()
        return self._unit(self.link.idn)

    def _unit(self, reply: str) -> Unit:
        try:
            return Unit.from_json(reply)
        except (ValueError, KeyError, TypeError) as error:
            self.link.doubt("an answer that is no devinfo")
            raise WrongReply(self.name, f"to devinfo came {reply[:80]!r}, which is none ({error}).") from None


def _row(profile: Profile, row: int) -> str:
    return f"{profile.attenuation_db[row]:g} dB, {profile.phase_rad[row]:.4f} rad, port {profile.port[row]:g}"
