"""A Dazzler's program beside its watched folder, as the manual V3.00, chapters 2.1, 5.4 and 6.2, describes it.

Keys are case insensitive; a wrong key or command is passed over without a word. A request is deleted when it is done.
`EXAMPLE_WAVE` is an example of this project, not the vendor's file, whose table of keys was not seen.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer
from drivers.emulators.faults import Fault
from drivers.emulators.server import Service

__all__ = ["EXAMPLE_WAVE", "DazzlerBox", "FolderServer"]

Floats = NDArray[np.floating[Any]]

C_NM_PER_FS = 299.792458
POLL_S = 0.005
COMPUTED_S = 0.3  # the waveform is computed and loaded; not verified

EXAMPLE_WAVE = """position=1030.000
width=60.000
delay=3500.000
order2=0.000
order3=0.000
order4=0.000
hole position=1030.000
hole width=5.000
hole depth=0.000
phase=polynomial
"""
"""An example that the twin and the tests use; not the vendor's file."""


class DazzlerBox:
    """The program's front panel. `template` is its wave.txt: what the panel shows when it starts.

    loaded: called after every waveform. `frozen`: the panel takes nothing, which is a fault.
    """

    write_end: bytes = b""
    read_ends: tuple[bytes, ...] = (b"\n",)

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        folder: Path,
        *,
        template: str = EXAMPLE_WAVE,
        names: tuple[str, str, str, str, str] = ("position", "delay", "order2", "order3", "order4"),
        loaded: Callable[[], None] | None = None,
    ) -> None:
        self.name, self.clock, self.folder, self.template = name, clock, folder, template
        self.over_range = self.frozen = False
        self.save_to: Path | None = None
        self._names, self._loaded = names, loaded
        self.power_cycle()

    def power_cycle(self) -> None:
        """The program starts with its wave.txt."""
        self.panel: dict[str, str] = {}
        for line in self.template.splitlines():
            key, equals, value = line.partition("=")
            if equals:
                self.panel[key.strip()] = value.strip()
        self._spelled = {key.lower(): key for key in self.panel}

    def trip(self) -> None:
        """No interlock here."""

    def greeting(self) -> bytes:
        """A folder says nothing."""
        return b""

    def answer(self, message: bytes) -> Answer:
        """Do a request; what the panel is then, where it shall be saved (`save_to`), else nothing."""
        stars, _, wave = message.decode("latin-1").replace("\r\n", "\n").partition("#wave\n")
        lines = [line.strip() for line in stars.splitlines() if line.strip()]
        if lines and not lines[0].startswith("*"):  # the older way: the path of a wave file comes first
            wave = Path(lines[0]).read_text(encoding="latin-1")
        saves = [line[len("*save wavetxt ") :] for line in lines if line.lower().startswith("*save wavetxt ")]
        if not self.frozen:
            self._turn_dials(wave)
        if self._loaded:
            self._loaded()
        self.save_to = Path(saves[-1]) if saves else None
        text = "".join(f"{key}={value}\n" for key, value in self.panel.items())
        return Answer(text.encode("latin-1") if saves else None, self.clock.now_s + COMPUTED_S)

    def _turn_dials(self, wave: str) -> None:
        for line in wave.splitlines():
            key, equals, value = line.partition("=")
            spelled = self._spelled.get(key.strip().lower())
            if equals and spelled:
                self.panel[spelled] = value.strip()

    # ------------------------------------------------------------------------------------------ what it does

    def phase_rad(self, frequency_thz: Floats) -> Floats:
        """φ that multiplies the field as exp(-iφ), the field being exp(+iωt): minus the manual's h(ω)."""
        position_nm, a1, a2, a3, a4 = self._dials()
        δω = 2 * np.pi * (frequency_thz * 1e-3 - C_NM_PER_FS / position_nm)
        return np.asarray(a1 * δω + a2 / 2 * δω**2 + a3 / 6 * δω**3 + a4 / 24 * δω**4)

    def coefficients(self, carrier_thz: float) -> tuple[float, float, float]:
        """(gdd_ps2, tod_ps3, fod_ps4) about a carrier."""
        position_nm, a1, a2, a3, a4 = self._dials()
        phase = np.polynomial.Polynomial([0.0, a1, a2 / 2, a3 / 6, a4 / 24])
        at = 2 * np.pi * (carrier_thz * 1e-3 - C_NM_PER_FS / position_nm)
        second, third, fourth = (float(phase.deriv(order)(at)) for order in (2, 3, 4))
        return second * 1e-6, third * 1e-9, fourth * 1e-12

    def _dials(self) -> list[float]:
        return [float(self.panel[name]) for name in self._names]


class FolderServer(Service):
    """Watches the folder of a box, with the faults of a server: late and deaf requests wait, dropped ones vanish."""

    def __init__(self, box: DazzlerBox, clock: VirtualClock) -> None:
        super().__init__(box, clock)
        self._dazzler = box
        self._watching: asyncio.Task[None] | None = None

    @property
    def resource(self) -> str:
        """The folder."""
        return str(self._dazzler.folder)

    async def start(self) -> None:
        """Watch; a folder without wave.txt gets the template."""
        self._prepare()
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Watch no longer."""
        if self._watching:
            self._watching.cancel()
            self._watching = None

    def inject(self, fault: Fault) -> None:
        """As on a socket; a stuck panel takes nothing."""
        super().inject(fault)
        self._dazzler.frozen = self._dazzler.frozen or fault.kind == "stuck"
        self._stuck = None

    def heal(self) -> None:
        """Nothing is wrong any more."""
        super().heal()
        self._dazzler.frozen = False

    @property
    def _request(self) -> Path:
        return self._dazzler.folder / "request.txt"

    def _prepare(self) -> None:
        self._dazzler.folder.mkdir(parents=True, exist_ok=True)
        wave = self._dazzler.folder / "wave.txt"
        if not wave.exists():
            wave.write_text(self._dazzler.template, encoding="latin-1")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if self.deaf_for_s() > 0 or not self._request.exists():
                continue
            fault = self.faults.next()
            if fault and fault.kind == "late":
                await asyncio.sleep(fault.seconds)
            if (answer := self._done(fault)) is not None:
                await asyncio.sleep(self.clock.real_s(answer.not_before_s))
                self._end(answer, fault)

    def _done(self, fault: Fault | None) -> Answer | None:
        """Do the request, unless it was withdrawn; one that is lost is not done."""
        try:
            message = self._request.read_bytes()
        except FileNotFoundError:
            return None
        return Answer(None) if fault and fault.kind == "drop" else self._dazzler.answer(message)

    def _end(self, answer: Answer, fault: Fault | None) -> None:
        if answer.data is not None and self._dazzler.save_to is not None:
            self._dazzler.save_to.write_bytes(self._spoiled(answer.data, fault))
        self._request.unlink(missing_ok=True)

    def _spoiled(self, data: bytes, fault: Fault | None) -> bytes:
        if fault and fault.kind == "half":
            return data[: len(data) // 2]
        if fault and fault.kind == "garbage":
            return self.garbage(len(data)) + b"\n"
        return data
