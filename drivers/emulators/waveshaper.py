"""A WaveShaper of the A series behind its three requests, as the A-series manual, 4.3, and the WSUTIL guide have them.

Where they are silent: the texts and numbers of errors are this emulator's own (0 is success), a part of the band that a
preset leaves out is blocked, and after power-on everything is transmitted with a flat phase.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer
from drivers.emulators.http_server import response

__all__ = ["TWIN_MODEL", "WaveShaperBox"]

Floats = NDArray[np.floating[Any]]

STEP_THZ = 0.001
LOAD_S = 0.5  # the liquid crystal turns; not verified
BLOCK_DB = 40.0
TWIN_MODEL = "TWIN-1030 (idealised, no such product)"


class _BadProfile(Exception):  # noqa: N818 — named by what is wrong
    """A profile that the unit does not take, in its words."""


class WaveShaperBox:
    """A shaper over start_thz to stop_thz that makes at most ±reach_ps of group delay, and says nothing beyond it.

    phase_sign: +1 where the field is multiplied by exp(-i phase column), the field being exp(+iωt); -1 for the other.
    loaded: called after every new profile.
    """

    write_end: bytes = b""
    read_ends: tuple[bytes, ...] = (b"\r\n\r\n",)

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        *,
        model: str = "1000A",
        serial: str = "SN200001",
        start_thz: float = 191.25,
        stop_thz: float = 196.275,
        ports: int = 1,
        reach_ps: float = 25.0,
        phase_sign: int = 1,
        loaded: Callable[[], None] | None = None,
    ) -> None:
        self.name, self.clock, self.over_range = name, clock, False
        self.model, self.serial, self.ports = model, serial, ports
        self.reach_ps, self.phase_sign, self._loaded = reach_ps, phase_sign, loaded
        self.frequency_thz: Floats = start_thz + STEP_THZ * np.arange(round((stop_thz - start_thz) / STEP_THZ) + 1)
        self._kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "wsp": self._wsp,
            "blockall": self._block,
            "transmit": self._transmit,
            "bandpass": self._filter,
            "bandstop": self._filter,
            "gaussian": self._filter,
        }
        self.power_cycle()

    def power_cycle(self) -> None:
        """Everything is transmitted, with a flat phase."""
        self._transmit()
        self._busy_until_s = 0.0

    def trip(self) -> None:
        """No interlock here."""

    def greeting(self) -> bytes:
        """HTTP begins with a request."""
        return b""

    # ------------------------------------------------------------------------------------------ what it does

    def phase_rad(self, frequency_thz: Floats) -> Floats:
        """φ that multiplies the field as exp(-iφ), the field being exp(+iωt); not wrapped, held beyond the band.

        Phases between rows are interpolated, and no steeper than the reach.
        """
        steepest = 2 * np.pi * STEP_THZ * self.reach_ps
        steps = np.clip(np.diff(np.unwrap(self.column_rad)), -steepest, steepest)
        phase = np.concatenate([self.column_rad[:1], self.column_rad[0] + np.cumsum(steps)])
        return np.asarray(self.phase_sign * np.interp(frequency_thz, self.frequency_thz, phase))

    def transmission(self, frequency_thz: Floats) -> Floats:
        """Power that passes, of 1; 0 beyond the band and where it is blocked."""
        passed = np.where(self.port > 0, 10.0 ** (-self.attenuation_db / 10), 0.0)
        passed = np.where(self.attenuation_db > BLOCK_DB, 0.0, passed)
        return np.asarray(np.interp(frequency_thz, self.frequency_thz, passed, left=0.0, right=0.0))

    def coefficients(self, carrier_thz: float, band_rad_per_ps: tuple[float, float]) -> tuple[float, float, float]:
        """(gdd_ps2, tod_ps3, fod_ps4) that the phase is over a band, offsets from the carrier: its best quartic."""
        x = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)  # Chebyshev's points: the whole band counts
        low, high = band_rad_per_ps
        ω = (low + high) / 2 + (high - low) / 2 * x
        phase = self.phase_rad(carrier_thz + ω / (2 * np.pi))
        quartic = np.polynomial.Polynomial.fit(ω, phase, 4).convert()
        second, third, fourth = (float(quartic.deriv(order)(0.0)) for order in (2, 3, 4))
        return second, third, fourth

    # ---------------------------------------------------------------------------------------------- requests

    def answer(self, message: bytes) -> Answer:
        """A request's response."""
        head, _, body = message.partition(b"\n")
        routes: dict[bytes, Callable[[bytes], bytes]] = {
            b"GET /waveshaper/devinfo": lambda _: self._device(),
            b"POST /waveshaper/loadprofile": self._load,
            b"GET /waveshaper/getprofile": lambda _: response("200 OK", "text/plain", self._text().encode("ascii")),
        }
        if head not in routes:
            return Answer(response("404 Not Found", "text/plain", b"not found"))
        return Answer(routes[head](body), self._busy_until_s)

    def _device(self) -> bytes:
        told = {
            "model": self.model,
            "sno": self.serial,
            "ver": "1.0.0",
            "startfreq": round(float(self.frequency_thz[0]), 4),
            "stopfreq": round(float(self.frequency_thz[-1]), 4),
            "ip": "127.0.0.1",
            "portcount": self.ports,
            "rctext": "SUCCESS",
        }
        return _json(told)

    def _load(self, body: bytes) -> bytes:
        try:
            told = json.loads(body)
            self._kinds[told["type"]](told)
        except (ValueError, KeyError, TypeError, _BadProfile) as error:
            return _json({"rc": -1, "rctext": str(error) or "invalid request", "sno": self.serial})
        self._busy_until_s = self.clock.now_s + LOAD_S
        if self._loaded:
            self._loaded()
        return _json({"rc": 0, "rctext": "SUCCESS", "sno": self.serial})

    def _wsp(self, told: dict[str, Any]) -> None:
        rows = np.array([line.split("\t") for line in told["wsp"].splitlines() if line.strip()], dtype=float)
        if rows.ndim != 2 or rows.shape[1] != 4 or not np.isfinite(rows).all():
            raise _BadProfile("four columns of numbers are needed")
        frequency, attenuation, phase, port = rows.T
        if frequency.size > 1 and np.abs(np.diff(frequency) - STEP_THZ).max() > 0.1 * STEP_THZ:
            raise _BadProfile("frequency values must increment in 0.001 THz steps")
        first = round((float(frequency[0]) - float(self.frequency_thz[0])) / STEP_THZ)
        if first < 0 or first + frequency.size > self.frequency_thz.size:
            raise _BadProfile("frequency out of range")
        if not np.isin(port, np.arange(self.ports + 1)).all():
            raise _BadProfile("port not available")
        self._block()
        rows_written = slice(first, first + frequency.size)
        self.attenuation_db[rows_written] = np.maximum(attenuation, 0.0)
        self.column_rad[rows_written] = np.mod(phase, 2 * np.pi)
        self.port[rows_written] = port

    def _filter(self, told: dict[str, Any]) -> None:
        center, width, attenuation = (float(told[key]) for key in ("center", "bandwidth", "attn"))
        offset = np.abs(self.frequency_thz - center)
        self._transmit()
        self.port[:] = int(told["port"])
        self.attenuation_db[:] = attenuation
        if told["type"] == "gaussian":
            self.attenuation_db += 10 * np.log10(2) * (2 * offset / width) ** 2
        else:
            inside = offset <= width / 2
            self.port[inside if told["type"] == "bandstop" else ~inside] = 0

    def _transmit(self, _: dict[str, Any] | None = None) -> None:
        rows = self.frequency_thz.size
        self.attenuation_db, self.column_rad, self.port = np.zeros(rows), np.zeros(rows), np.ones(rows)

    def _block(self, _: dict[str, Any] | None = None) -> None:
        self._transmit()
        self.port[:] = 0

    def _text(self) -> str:
        flat = np.stack([self.frequency_thz, self.attenuation_db, self.column_rad, self.port], axis=1).ravel().tolist()
        return "%.3f\t%.4f\t%.4f\t%d\n" * self.frequency_thz.size % tuple(flat)


def _json(told: dict[str, Any]) -> bytes:
    return response("200 OK", "application/json", json.dumps(told).encode("ascii"))
