"""A Yokogawa AQ6370D or AQ6373 as the remote control manual IM AQ6370C-17EN describes the family.

Not in the manual's pages that were seen, and so assumed: what a refused login is answered, the settings of power-on,
how long sweeps take, and that every model is deaf while it takes its offset (the manual says so of AQ6373, AQ6375).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer, Guard, ScpiBox
from drivers.emulators.osa_login import Login
from drivers.emulators.osa_optics import within_resolution_w
from drivers.emulators.osa_traces import LEVEL, OsaTraces, index, nr3
from drivers.emulators.scpi import Call, ScpiError, decimal, flag

__all__ = ["MODELS", "AQ6370Box"]

SENSITIVITIES = ("NHLD", "NAUT", "MID", "HIGH1", "HIGH2", "HIGH3", "NORMal")
SWEEP_S = (0.2, 0.5, 2.0, 5.0, 20.0, 75.0, 1.0)  # for 1001 samples at speed 2x, in the order of SENSITIVITIES
OFFSET_EVERY_S, OFFSET_S = 600.0, 30.0
SINGLE, REPEAT, AUTO = 1, 2, 3
SWEPT, AUTO_SWEPT = 1, 16  # bits of the operation status registers
MODELS: Mapping[str, tuple[float, float, float, tuple[float, ...]]] = {
    "AQ6370D": (600.0, 1700.0, 1100.0, (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)),
    "AQ6373": (350.0, 1200.0, 850.0, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)),
}
"""Model → least and greatest wavelength, greatest span, resolutions; nm."""

Density = Callable[[NDArray[np.floating[Any]]], NDArray[np.floating[Any]]]


class AQ6370Box(ScpiBox):
    """An analyser that sweeps over `density_w_per_nm(wavelength_nm)`, the power spectral density at its input.

    model: of MODELS. accounts: user → password, None where any will do. The light is taken when a sweep begins.
    """

    write_end = b"\r\n"
    read_ends: tuple[bytes, ...] = (b"\r\n", b"\n")

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        density_w_per_nm: Density,
        *,
        model: str = "AQ6370D",
        accounts: Mapping[str, str | None] | None = None,
    ) -> None:
        self._density, self._accounts = density_w_per_nm, accounts or {"anonymous": None}
        self._low_nm, self._high_nm, self._widest_nm, self._resolutions_nm = MODELS[model]
        self.idn = f"YOKOGAWA,{model},91T000000,02.08"
        self._twice = model != "AQ6373"  # the first AQ6373 has one speed only
        super().__init__(name, clock)

    def guard(self) -> Guard:
        """Every connection logs in for itself."""
        return Login(self._accounts)

    def answer(self, message: bytes) -> Answer:
        """Deaf while the offset is taken: what comes then is answered afterwards."""
        self.hear_after_s = self._hears_again_s()
        self._end_sweep()
        return super().answer(message)

    def fail(self, error: ScpiError) -> None:
        """The error buffer holds the latest error only."""
        self.errors.clear()
        super().fail(error)

    def status_byte(self) -> int:
        """Bit 7: operation; bit 5: an enabled event; bit 2 is not used (6-3 of the manual)."""
        byte = (128 if self._event & self._enabled else 0) | (32 if self.esr & self.ese else 0)
        return byte | (64 if byte & self.sre else 0)

    def clear_status(self) -> None:
        """`*CLS` clears the operation event register too."""
        super().clear_status()
        self._event = 0

    # ------------------------------------------------------------------------------------------- settings

    def teach(self) -> None:
        """Headers of the manual, and the settings of power-on."""
        self._center_nm, self._span_nm = (self._low_nm + self._high_nm) / 2, self._widest_nm
        self._resolution_nm, self._points, self._auto_points = 1.0, 1001, True
        self._sensitivity, self._mode = 1, SINGLE
        self._event = self._condition = self._enabled = 0
        self._auto_offset, self._offset_from_s, self._once_until_s = True, self.clock.now_s, 0.0
        self._sweep_until_s: float | None = None
        self._traces = OsaTraces(self.tree)
        self.number(f"{LEVEL}:RLEVel", 0, low=-90, high=30, unit="DBM", form="{:+.8E}")
        self.number(f"{LEVEL}:RPOSition", 8, low=0, high=12, form="{:.0f}")
        self._teach_window()
        self._teach_sweep()
        self._teach_status()

    def _teach_window(self) -> None:
        tree = self.tree
        self._length("CENTer", lambda: self._center_nm, self._set_center)
        self._length("SPAN", lambda: self._span_nm, self._set_span)
        self._length("STARt", lambda: self._center_nm - self._span_nm / 2, self._set_start)
        self._length("STOP", lambda: self._center_nm + self._span_nm / 2, self._set_stop)
        for spelled in ("BANDwidth", "BWIDth"):
            header = f"SENSe:{spelled}[:RESolution]"
            tree.add(header, query=lambda _: nr3(self._resolution_nm * 1e-9), set=self._set_resolution)

    def _teach_sweep(self) -> None:
        tree = self.tree
        tree.add("SENSe:SENSe", query=lambda _: str(self._sensitivity), set=self._set_sensitivity)
        tree.add("SENSe:SWEep:POINts", query=lambda _: str(self._points), set=self._set_points)
        tree.add("SENSe:SWEep:POINts:AUTO", query=lambda _: str(int(self._auto_points)), set=self._set_auto_points)
        self.number("SENSe:SWEep:TIME:INTerval", 0, low=0, high=99_999, form="{:.0f}")
        self._speed = self._teach_speed() if self._twice else lambda: 1
        tree.add("INITiate:SMODe", query=lambda _: str(self._mode), set=self._set_mode)
        tree.add("INITiate[:IMMediate]", set=lambda _: self._begin_sweep())
        tree.add("*TRG", set=lambda _: self._begin_sweep())
        tree.add("ABORt", set=lambda _: self._stop_sweep())

    def _teach_status(self) -> None:
        tree = self.tree
        tree.add("STATus:OPERation[:EVENt]", query=lambda _: self._read_event())
        tree.add("STATus:OPERation:CONDition", query=lambda _: str(self._condition))
        tree.add("STATus:OPERation:ENABle", query=lambda _: str(self._enabled), set=self._set_enabled)
        tree.add("CALibration:ZERO[:AUTO]", query=lambda _: str(int(self._auto_offset)), set=self._offset)

    def _teach_speed(self) -> Callable[[], int]:
        held = [0]

        def put(call: Call) -> None:
            held[0] = index(call.only(), ("1x", "2x"))

        self.tree.add("SENSe:SWEep:SPEed", query=lambda _: str(held[0]), set=put)
        return lambda: held[0]

    def _length(self, name: str, ask: Callable[[], float], put: Callable[[float], None]) -> None:
        def set_to(call: Call) -> None:
            put(_nm(call, 0.0, 3000.0))

        self.tree.add(f"SENSe:WAVelength:{name}", query=lambda _: nr3(ask() * 1e-9), set=set_to)

    def _set_center(self, nm: float) -> None:
        self._center_nm = _within(round(nm, 3), self._low_nm, self._high_nm)

    def _set_span(self, nm: float) -> None:
        self._span_nm = _within(round(nm, 1), 0.0, self._widest_nm)

    def _set_start(self, nm: float) -> None:
        self._set_window(nm, self._center_nm + self._span_nm / 2)

    def _set_stop(self, nm: float) -> None:
        self._set_window(self._center_nm - self._span_nm / 2, nm)

    def _set_window(self, start_nm: float, stop_nm: float) -> None:
        span_nm = _within(stop_nm - start_nm, 0.0, self._widest_nm)
        self._set_center((start_nm + stop_nm) / 2)
        self._span_nm = span_nm

    def _set_resolution(self, call: Call) -> None:
        wanted = _nm(call, self._resolutions_nm[0], self._resolutions_nm[-1])
        self._resolution_nm = float(min(self._resolutions_nm, key=lambda step: abs(step - wanted)))

    def _set_sensitivity(self, call: Call) -> None:
        self._sensitivity = index(call.only(), SENSITIVITIES)

    def _set_points(self, call: Call) -> None:
        self._points, self._auto_points = round(decimal(call.only(), low=101, high=50_001)), False

    def _set_auto_points(self, call: Call) -> None:
        self._auto_points = flag(call.only())

    def _set_mode(self, call: Call) -> None:
        self._mode = 1 + index(call.only(), ("SINGle", "REPeat", "AUTO", "SEGMent"), first=1)

    def _set_enabled(self, call: Call) -> None:
        self._enabled = round(decimal(call.only(), low=0, high=65_535))

    # ------------------------------------------------------------------------------------ sweep and offset

    def _begin_sweep(self) -> None:
        start_nm, stop_nm = self._center_nm - self._span_nm / 2, self._center_nm + self._span_nm / 2
        wavelength_nm = np.linspace(start_nm, stop_nm, self._points)
        power_w = within_resolution_w(self._density, wavelength_nm, self._resolution_nm)
        outside = (wavelength_nm < self._low_nm) | (wavelength_nm > self._high_nm)
        self._coming = wavelength_nm, np.where(outside, 0.0, power_w)
        seconds = SWEEP_S[self._sensitivity] * self._points / 1001 * (1 if self._speed() else 2)
        self._sweep_until_s = self.busy_until_s = self.clock.now_s + seconds
        self._condition = 0

    def _end_sweep(self) -> None:
        if self._sweep_until_s is None or self.clock.now_s < self._sweep_until_s:
            return
        self._traces.written(*self._coming, self._resolution_nm)
        done = SWEPT | (AUTO_SWEPT if self._mode == AUTO else 0)
        self._sweep_until_s, self._condition = None, done
        self._event |= done
        if self._mode == REPEAT:
            self._begin_sweep()

    def _stop_sweep(self) -> None:
        self._sweep_until_s, self.busy_until_s = None, 0.0

    def _read_event(self) -> str:
        told, self._event = self._event, 0
        return str(told)

    def _offset(self, call: Call) -> None:
        if call.only().upper() in {"ONCE", "2"}:
            self._offset_from_s, self._once_until_s = self.clock.now_s, self.clock.now_s + OFFSET_S
            self._not_before_s = max(self._not_before_s, self._once_until_s)
        else:
            self._auto_offset, self._offset_from_s = flag(call.only()), self.clock.now_s

    def _hears_again_s(self) -> float:
        """The end of the offset that is under way; 0 where none is."""
        now_s = self.clock.now_s
        if now_s < self._once_until_s:
            return self._once_until_s
        since_s = now_s - self._offset_from_s
        into_s = since_s % OFFSET_EVERY_S
        deaf = self._auto_offset and since_s >= OFFSET_EVERY_S and into_s < OFFSET_S
        return now_s - into_s + OFFSET_S if deaf else 0.0


def _nm(call: Call, low_nm: float, high_nm: float) -> float:
    """A wavelength: metres without a unit."""
    value_nm = decimal(call.only(), unit="M", low=0.0, high=1.0) * 1e9
    return _within(value_nm, low_nm, high_nm)


def _within(value: float, low: float, high: float) -> float:
    if not low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
        raise ScpiError(-222)
    return value
