"""What the instruments show becomes the channels of a bench, and what is doubtful says so."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.curve import Curve
from lasercontrol.bench import Floats, Quality
from lasercontrol.lab.diagnostics import AutocorrelationReader, FrogReader, Reader, SpectrumReader, YieldReader
from lasercontrol.lab_settings import AutocorrelatorSettings, SpectrometerSettings, YieldSettings
from sim.frog import FrogAxes
from sim.grid import FULL_GRID
from tests.closeness import assert_close
from tests.gaussian import LN2, default_amplitude
from tests.lasercontrol.lab.emission_fakes import FakeDevice
from tests.lasercontrol.lab.frog_fakes import C_NM_THZ, CARRIER_THZ, Arms, pulse
from tests.lasercontrol.lab.stand_in import FakeMeter, FakeSpectrometer

AXES = FrogAxes()
DELAY_PS = AXES.delay_ps(FULL_GRID)


class FakeAutocorrelator(FakeDevice):
    """Shows a curve; logs what is set."""

    seconds_per_shot = 0.3

    def __init__(self, curve: Curve, *, runs: bool = False) -> None:
        super().__init__("correlator", [])
        self.curve, self._runs = curve, runs

    @property
    def running(self) -> bool:
        return self._runs

    @running.setter
    def running(self, runs: bool) -> None:
        self.do("start" if runs else "stop")
        self._runs = runs

    @property
    def scan_range_ps(self) -> float:
        return 0.0

    @scan_range_ps.setter
    def scan_range_ps(self, scan_range_ps: float) -> None:
        self.do(f"range {scan_range_ps:g}")

    def autocorrelation(self) -> Curve:
        return self.curve


def bell(delay_ps: Floats, fwhm_ps: float, middle_ps: float = 0.0) -> Floats:
    return np.asarray(np.exp(-4 * LN2 * ((delay_ps - middle_ps) / fwhm_ps) ** 2))


def autocorrelation(fwhm_ps: float = 3.0, middle_ps: float = 0.0, half_ps: float = 25.0, **given: Any) -> Curve:
    axis_ps = np.linspace(-half_ps, half_ps, 1001)
    return Curve(axis_ps, bell(axis_ps, fwhm_ps, middle_ps), "ps", "arb.", **given)


def correlator_reader(curve: Curve, **given: Any) -> tuple[Reader, FakeAutocorrelator]:
    device = FakeAutocorrelator(curve, **given)
    return AutocorrelationReader(device, AutocorrelatorSettings(instrument="correlator"), AXES), device


# -------------------------------------------------------------------------------------------- autocorrelation


@given(middle_ps=st.floats(-8, 8), fwhm_ps=st.floats(1.5, 8.0))
def test_an_autocorrelation_is_centred_wherever_its_delay_zero_is(middle_ps: float, fwhm_ps: float) -> None:
    seen = correlator_reader(autocorrelation(fwhm_ps, middle_ps))[0].read(1.0)
    assert np.abs(seen.channel.values - bell(DELAY_PS, fwhm_ps)).max() < 2e-3
    assert seen.quality is Quality.OK
    assert seen.channel.unit == "arb."
    assert_close(seen.channel.axes["delay_ps"][[0, -1]], [-16.0, 15.5], rel=1e-12)


def test_a_pulse_wider_than_the_scan_is_doubtful() -> None:
    seen = correlator_reader(autocorrelation(fwhm_ps=20.0, half_ps=10.0))[0].read(1.0)
    assert seen.quality is Quality.SUSPECT
    assert seen.reasons == ("the autocorrelation is cut off at 50% of its height: widen its scan range",)


@pytest.mark.parametrize(("fwhm_ps", "half_ps"), [(3.0, 10.0), (20.0, 25.0)])
def test_a_scan_that_ends_in_the_dark_or_beyond_the_model_s_delays_is_not(fwhm_ps: float, half_ps: float) -> None:
    assert correlator_reader(autocorrelation(fwhm_ps, half_ps=half_ps))[0].read(1.0).quality is Quality.OK


def test_a_saturated_autocorrelation_is_doubtful() -> None:
    seen = correlator_reader(autocorrelation(saturated=True))[0].read(1.0)
    assert (seen.quality, seen.reasons) == (Quality.SUSPECT, ("the autocorrelation is saturated",))


def test_the_dark_is_no_autocorrelation_and_no_error() -> None:
    dark = Curve(np.linspace(-5, 5, 11), np.zeros(11), "ps", "arb.")
    seen = correlator_reader(dark)[0].read(1.0)
    assert not seen.channel.values.any()


@pytest.mark.parametrize(("runs", "done"), [(False, ["range 50", "start"]), (True, ["range 50"])])
def test_an_autocorrelator_is_given_its_range_and_started_where_it_stands_still(runs: bool, done: list[str]) -> None:
    reader, device = correlator_reader(autocorrelation(), runs=runs)
    reader.prepare()
    assert device.done == done
    assert reader.seconds_per_shot() == 0.3


# ---------------------------------------------------------------------------------------------------- spectrum


def fundamental(wavelength_nm: Floats) -> Floats:
    """W/nm of a pulse of 1 W."""
    density = np.fft.fftshift(default_amplitude(FULL_GRID) ** 2)  # per THz, of unit integral
    at_thz = C_NM_THZ / wavelength_nm - CARRIER_THZ
    per_thz = np.interp(at_thz, np.fft.fftshift(FULL_GRID.frequency_thz), density, left=0.0, right=0.0)
    return np.asarray(per_thz * C_NM_THZ / wavelength_nm**2)


def spectrum_reader(log: list[str]) -> tuple[Reader, FakeSpectrometer]:
    device = FakeSpectrometer("osa", log, fundamental)
    return SpectrumReader(device, SpectrometerSettings(instrument="osa"), CARRIER_THZ, AXES), device


def test_a_spectrum_over_wavelength_becomes_one_over_frequency() -> None:
    reader, device = spectrum_reader([])
    reader.prepare()
    seen = reader.read(1.0)
    assert_close(device.setup, (C_NM_THZ / CARRIER_THZ, 5.0, 0.05, 501), rel=1e-12)
    per_thz = seen.channel.values
    assert_close(per_thz.sum() * AXES.bin_thz, 1.0, rel=1e-3)  # all of the watt
    expected = np.interp(
        AXES.frequency_thz(),
        np.fft.fftshift(FULL_GRID.frequency_thz),
        np.fft.fftshift(default_amplitude(FULL_GRID) ** 2),
    )
    assert np.abs(per_thz - expected).max() < 0.01 * expected.max()
    assert (seen.channel.unit, seen.quality, reader.seconds_per_shot()) == ("W/THz", Quality.OK, 2.0)


def test_a_saturated_spectrum_is_doubtful() -> None:
    reader, device = spectrum_reader([])
    reader.prepare()
    device.saturated = True
    seen = reader.read(1.0)
    assert (seen.quality, seen.reasons) == (Quality.SUSPECT, ("the spectrum is saturated",))


# ------------------------------------------------------------------------------------------------ yield and FROG


@given(energy=st.floats(0.2, 2.0), pulse_yield=st.floats(0.01, 1.0))
def test_the_yield_is_that_of_the_pulse_whatever_its_energy(energy: float, pulse_yield: float) -> None:
    meter = FakeMeter("crystal", [], watts=3e-3 * pulse_yield * energy**2)
    reader = YieldReader(meter, YieldSettings(instrument="crystal", reference_w=3e-3), CARRIER_THZ)
    assert_close(reader.read(energy).channel.signal, pulse_yield, rel=1e-12)


@pytest.mark.parametrize("energy", [0.0, -1e-6, 1e-9])
def test_without_a_pulse_the_yield_is_finite(energy: float) -> None:
    reader = YieldReader(
        FakeMeter("crystal", [], watts=1e-9), YieldSettings(instrument="crystal", reference_w=1e-3), CARRIER_THZ
    )
    assert_close(reader.read(energy).channel.values, 1.0, rel=1e-12)  # 1e-6 over the square of the least energy


def test_the_meter_behind_the_crystal_is_told_of_the_second_harmonic() -> None:
    meter = FakeMeter("crystal", [])
    YieldReader(meter, YieldSettings(instrument="crystal", reference_w=1e-3), CARRIER_THZ).prepare()
    assert_close(meter.wavelength_nm, C_NM_THZ / (2 * CARRIER_THZ), rel=1e-4)


def test_a_doubtful_scan_is_a_doubtful_reading() -> None:
    arms = Arms(pulse())
    reader = FrogReader(arms.scan(delays=16))
    reader.prepare()
    assert reader.read(1.0).quality is Quality.OK
    arms.spectrometer.saturated = True
    seen = reader.read(1.0)
    assert seen.quality is Quality.SUSPECT
    assert seen.reasons == ("16 of 16 spectra of the FROG are saturated",)
