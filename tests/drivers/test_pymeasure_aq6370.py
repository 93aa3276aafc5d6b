"""PyMeasure's analysers, unmodified, on the emulated ones: other people's drivers know what ours may have got wrong.

Upstream faults that are worked round here: AQ6370D and its siblings pass `port=10001` to PyVISA, which refuses it for a
TCPIP SOCKET, so they are given an adapter that is open already; `sweep_complete` asks the condition register, which may
still tell of the sweep before, so that it is waited for on the event register; `active_trace` formats a name with `%d`
and is only read; `get_analysis` returns nothing and is left alone; `wavelength_start` has a typing error for its limit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from drivers.emulators.aq6370 import AQ6370Box
from drivers.emulators.clock import VirtualClock
from tests.closeness import assert_close
from tests.drivers.stand import FAST, served

pytest.importorskip("pymeasure")

from pymeasure.adapters import VISAAdapter
from pymeasure.instruments.yokogawa.aq6370series import AQ6370D, AQ6370E, AQ6373, AQ6373B

POWER_W, WIDTH_NM = 1e-3, 4.0


def line(center_nm: float) -> Any:
    """A line of POWER_W, in W/nm."""
    height = POWER_W / (WIDTH_NM * np.sqrt(2 * np.pi))
    return lambda nm: height * np.exp(-(((nm - center_nm) / WIDTH_NM) ** 2) / 2)


@contextmanager
def theirs(kind: type, model: str, center_nm: float) -> Iterator[Any]:
    """Their driver over a socket to our box, logged in by hand as its users do."""
    clock = VirtualClock(FAST)
    with served(AQ6370Box("osa", clock, line(center_nm), model=model), clock) as at:
        adapter = VISAAdapter(
            at.resource, visa_library="@py", read_termination="\r\n", write_termination="\r\n", timeout=5000
        )
        try:
            osa = kind(adapter)
            osa.authenticate_ethernet("anonymous")
            yield osa
        finally:
            adapter.close()


def sweep(osa: Any) -> None:
    """A single sweep to its end."""
    osa.write("*CLS")
    osa.sweep_mode = "SINGLE"
    osa.initiate_sweep()
    while not int(osa.ask(":STAT:OPER:EVEN?")) & 1:
        pass
    assert osa.sweep_complete


@pytest.mark.parametrize(
    ("kind", "model", "center_nm"),
    [(AQ6370D, "AQ6370D", 1030.0), (AQ6370E, "AQ6370D", 1030.0), (AQ6373, "AQ6373", 515.0), (AQ6373B, "AQ6373", 515.0)],
)
def test_they_read_the_light_that_comes_in(kind: type, model: str, center_nm: float) -> None:
    with theirs(kind, model, center_nm) as osa:
        osa.wavelength_center = center_nm * 1e-9
        osa.wavelength_span = 60e-9
        osa.resolution_bandwidth = 0.5e-9
        osa.sample_number = 1001
        sweep(osa)
        wavelength_m, level_dbm = np.array(osa.get_xdata()), np.array(osa.get_ydata())
        assert osa.TRA.sample_number == 1001
        assert_close(wavelength_m[level_dbm.argmax()], center_nm * 1e-9, rel=1e-6)
        assert_close(1e-3 * np.sum(10 ** (level_dbm / 10)) * 0.06 / 0.5, POWER_W, rel=1e-4)


def test_their_settings_are_kept_and_read_back() -> None:
    with theirs(AQ6370D, "AQ6370D", 1030.0) as osa:
        for name, value in {
            "sweep_mode": "REPEAT",
            "sensitivity": "HIGH2",
            "sweep_speed": "2x",
            "automatic_sample_number": False,
            "sample_number": 2001,
            "reference_level": -10.0,
            "level_position": 8,
            "sweep_time_interval": 10,
        }.items():
            setattr(osa, name, value)
            assert getattr(osa, name) == value
        osa.wavelength_start, osa.wavelength_stop = 1000e-9, 1060e-9
        assert_close(osa.wavelength_center, 1030e-9, rel=1e-9)
        assert_close(osa.wavelength_span, 60e-9, rel=1e-9)
        osa.TRB.mode = "MAX"
        assert (osa.TRB.mode, osa.active_trace) == ("MAX", "TRA")
        assert osa.id == "YOKOGAWA,AQ6370D,91T000000,02.08"


def test_their_binary_traces_are_ours() -> None:
    with theirs(AQ6370D, "AQ6370D", 1030.0) as osa:
        osa.wavelength_center, osa.wavelength_span = 1030e-9, 60e-9
        sweep(osa)
        text = np.array(osa.get_ydata())
        osa.transfer_format = "REAL,64"
        osa.write(":TRACe:Y? TRA")
        assert_close(np.array(osa.get_binary_data(64)), text, rel=1e-8)


def test_a_slice_of_a_trace_is_the_slice_they_mean() -> None:
    with theirs(AQ6370D, "AQ6370D", 1030.0) as osa:
        sweep(osa)
        assert_close(np.array(osa.TRA.get_axis_data("X", [10, 20])), np.array(osa.get_xdata())[10:20], rel=1e-12)
