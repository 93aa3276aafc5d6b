"""A bench for shapers: over HTTP, over a folder, over a vendor's object; each with a pulse, and faults on demand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from drivers.dazzler import Dazzler
from drivers.emulators.clock import VirtualClock
from drivers.emulators.dazzler import DazzlerBox, FolderServer
from drivers.emulators.faults import Fault
from drivers.emulators.http_server import HttpServer
from drivers.emulators.waveshaper import TWIN_MODEL, WaveShaperBox
from drivers.example_plugin import GONE, ExampleShaper, VendorShaper
from drivers.shaper import Shaper
from drivers.waveshaper import WaveShaper
from tests.drivers.stand import FAST, Served, connected

CARRIER_THZ = 291.06  # 1030 nm
BAND = (-8.0, 8.0)
TWIN = {"model": TWIN_MODEL, "start_thz": 288.5, "stop_thz": 293.6, "reach_ps": 200.0}


def with_pulse(shaper: Shaper) -> None:
    """Tell a shaper the pulse's carrier and band, as a bench does."""
    shaper.carrier_thz, shaper.band_rad_per_ps = CARRIER_THZ, BAND


@contextmanager
def waveshaper(timeout_s: float = 5.0) -> Iterator[tuple[WaveShaper, Served]]:
    """A WaveShaper over HTTP to the twin's idealised unit."""
    box = WaveShaperBox("shaper", VirtualClock(FAST), **TWIN)  # type: ignore[arg-type]
    options = {"timeout_s": timeout_s, "reconnect_s": 2.0, "reach_ps": 200.0}
    with connected(WaveShaper, box, box.clock, HttpServer, **options) as (shaper, at):
        with_pulse(shaper)
        yield shaper, at


@contextmanager
def dazzler(timeout_s: float = 5.0, *, read_back: bool = True) -> Iterator[tuple[Dazzler, Served]]:
    """A Dazzler over a folder of its own."""
    with TemporaryDirectory() as folder:
        box = DazzlerBox("shaper", VirtualClock(FAST), Path(folder))
        options = {"timeout_s": timeout_s, "reconnect_s": 2.0, "band_thz": (285.0, 297.0), "reach_ps": 5.0}
        saved = {"saved_to": folder} if read_back else {}
        with connected(Dazzler, box, box.clock, FolderServer, **options, **saved) as (shaper, at):
            with_pulse(shaper)
            yield shaper, at


class FaultyUnit(VendorShaper):
    """The example's library with faults on demand."""

    def __init__(self, serial: str) -> None:
        super().__init__(serial)
        self.fault: Fault | None = None

    def inject(self, fault: Fault) -> None:
        """From the next call on; a restart is at once."""
        self.fault = fault
        if fault.kind in {"drop", "restart"}:
            self.is_open = False
        if fault.kind == "restart":
            self.chirp = (-10_000.0, 0.0, 0.0)

    def heal(self) -> None:
        """All is well again."""
        self.fault = None

    def get_info(self) -> tuple[int, str]:
        """What the unit is."""
        code, told = super().get_info()
        return code, told[: len(told) // 2] if self._is("half") else told

    def get_chirp(self) -> tuple[int, tuple[float, float, float]]:
        """What the unit holds, spoiled by the fault."""
        if self._is("late", "deaf") and self.fault:
            time.sleep(self.fault.seconds)
        code, chirp = super().get_chirp()
        return (
            (12_345, chirp)
            if self._is("garbage")
            else (code, (float("nan"), *chirp[1:]) if self._is("half") else chirp)
        )

    def set_chirp(self, second_fs2: float, third_fs3: float, fourth_fs4: float) -> int:
        """A code; a stuck unit takes nothing."""
        if self._is("stuck"):
            return 0
        return GONE if not self.is_open else super().set_chirp(second_fs2, third_fs3, fourth_fs4)

    def _is(self, *kinds: str) -> bool:
        return self.fault is not None and self.fault.kind in kinds


@contextmanager
def example(timeout_s: float = 5.0) -> Iterator[tuple[ExampleShaper, FaultyUnit]]:
    """The example plug-in over a unit that can fail."""
    unit = FaultyUnit("17")

    class OverThisUnit(ExampleShaper):
        @staticmethod
        def library(serial: str) -> FaultyUnit:
            return unit

    shaper = OverThisUnit.at("17", timeout_s=timeout_s, reconnect_s=2.0)
    with_pulse(shaper)
    try:
        yield shaper, unit
    finally:
        shaper.disconnect()
