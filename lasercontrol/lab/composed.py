"""Instruments put together by role: actuators, diagnostics, limits. Nothing is moved, nothing is switched."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from drivers.curve import Curve
from drivers.errors import OutOfRange
from drivers.reach import GroupDelayReach
from lasercontrol.bench import Floats, Knob
from lasercontrol.config import Config
from lasercontrol.errors import CallerError, ConfigError
from lasercontrol.lab.amplifier import AmplifierGuard, stands_before
from lasercontrol.lab.bench import LabBench
from lasercontrol.lab.coarse import CoarseStage
from lasercontrol.lab.diagnostics import AutocorrelationReader, FrogReader, Reader, SpectrumReader, YieldReader
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.faults import in_bench_words
from lasercontrol.lab.frog_scan import FARTHEST_SHIFT, MM_PER_PS, FrogScan
from lasercontrol.lab.instruments import Instruments
from lasercontrol.lab.phase import PhaseMap, band_of
from lasercontrol.lab.roles import Shaper
from lasercontrol.lab_settings import LabSettings
from lasercontrol.laser_of import KnownLaser, known_laser
from lasercontrol.limits import CoatingLimit, Limits, ReachLimit, transform_limited_gw_per_cm2
from lasercontrol.scenario import Scenario, scenario_for
from lasercontrol.signals import Attention
from lasercontrol.simulated import with_knobs
from sim.constants import C_NM_PER_PS
from sim.frog import FrogAxes
from sim.grid import FULL_GRID

__all__ = ["Composed", "Confirm", "composed"]

ROOM_STEPS = int(FARTHEST_SHIFT)  # a scan may find its zero so many delays away

Dark = Callable[[Callable[[], list[Curve]]], list[Curve]]
Confirm = Callable[[Floats, Floats], None]


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A bench, its limits, the laser as it is known, the prior of what is hidden, and the axes of its traces."""

    bench: LabBench
    limits: Limits
    known: KnownLaser
    scenario: Scenario
    axes: FrogAxes


def composed(
    config: Config, instruments: Instruments, emission: Emission, attention: Attention, confirm: Confirm
) -> Composed:
    """Everything by its role. Raises ConfigError where the config asks for what the bench has not."""
    lab = config.lab
    assert lab is not None  # noqa: S101 — the instruments were built from it
    known = known_laser(config.laser)
    scenario = with_knobs(scenario_for(config.scenario.name, known.amplitude), config, known)
    before = stands_before(lab)
    scenario = replace(scenario, knobs=tuple(replace(knob, before_amplifier=before) for knob in scenario.knobs))
    phase = _phase_map(lab, instruments, known, scenario.knobs)
    amplifier = AmplifierGuard(config, lab, known, scenario, phase) if before else None
    axes = FrogAxes(n_delay=lab.diagnostics.frog.delays) if lab.diagnostics.frog else FrogAxes()
    _require_room(lab, instruments, known, axes)
    benches: list[LabBench] = []

    def dark(look: Callable[[], list[Curve]]) -> list[Curve]:  # the scan needs the bench, which needs the scan
        return benches[0].dark(look)

    def watch() -> None:
        benches[0].watch_power()

    bench = LabBench(
        lab,
        scenario.knobs,
        phase=phase,
        stages=[instruments.stage(coarse.stage) for coarse in lab.actuators.coarse],
        shaper=_shaper(lab, instruments),
        readers=_readers(config, lab, instruments, known, axes, dark, watch),
        power=instruments.power_meter(lab.diagnostics.power.instrument),
        emission=emission,
        wavelength_nm=lab.diagnostics.power.wavelength_nm or round(C_NM_PER_PS / known.carrier_thz, 1),
        amplifier=amplifier,
        attention=attention,
        confirm=confirm,
    )
    benches.append(bench)
    return Composed(bench, _limits(config, known, scenario, bench, amplifier), known, scenario, axes)


def _limits(
    config: Config, known: KnownLaser, scenario: Scenario, bench: LabBench, amplifier: AmplifierGuard | None
) -> Limits:
    peak = transform_limited_gw_per_cm2(config.laser.energy_j, known.limit_peak_per_ps, config.laser.beam_radius_mm)
    phase = bench.phase
    return Limits(
        amplifier=amplifier.limit if amplifier else None,
        coating=CoatingLimit(peak, config.limits.coating_gw_per_cm2),
        reach=ReachLimit(lambda setting: phase.ratio(scenario.per_coefficient(np.asarray(setting))), phase.refusal),
        interlock=bench.interlock,
    )


def _require_room(lab: LabSettings, instruments: Instruments, known: KnownLaser, axes: FrogAxes) -> None:
    """ConfigError where a scan does not fit its stage, or a spectrum its spectrometer: before there is light."""
    if (frog := lab.diagnostics.frog) is None:
        return
    reach_mm = (axes.n_delay // 2 + ROOM_STEPS) * FULL_GRID.dt_ps * MM_PER_PS
    low_mm = frog.delay_zero_mm - (reach_mm if frog.both_sides else ROOM_STEPS * FULL_GRID.dt_ps * MM_PER_PS)
    high_mm = frog.delay_zero_mm + reach_mm
    center_nm = C_NM_PER_PS / (2 * known.carrier_thz)
    with in_bench_words():
        stage_mm = instruments.stage(frog.stage).limits_mm
        window_nm = instruments.spectrometer(frog.spectrometer).wavelength_limits_nm
    if not stage_mm[0] <= low_mm <= high_mm <= stage_mm[1]:
        ends = f"{stage_mm[0]:g} to {stage_mm[1]:g} mm"
        said = f"the scan goes from {low_mm:.4g} to {high_mm:.4g} mm, and {frog.stage} from {ends}."
        raise ConfigError("config", None, "lab.diagnostics.frog.delay_zero_mm", said)
    bins_nm = axes.n_frequency * axes.bin_thz * center_nm**2 / C_NM_PER_PS
    if not frog.span_nm >= bins_nm:
        said = (
            f"is {frog.span_nm:g} nm; the trace's frequencies are {bins_nm:.3g} nm wide, and all of them must be seen."
        )
        raise ConfigError("config", None, "lab.diagnostics.frog.span_nm", said)
    if not window_nm[0] <= center_nm - frog.span_nm / 2 <= center_nm + frog.span_nm / 2 <= window_nm[1]:
        said = (
            f"the second harmonic is at {center_nm:.4g} nm, and {frog.spectrometer} sees {window_nm[0]:g} to "
            f"{window_nm[1]:g} nm."
        )
        raise ConfigError("config", None, "lab.diagnostics.frog.spectrometer", said)


def _shaper(lab: LabSettings, instruments: Instruments) -> Shaper | None:
    return instruments.shaper(lab.actuators.fine.instrument) if lab.actuators.fine else None


def _phase_map(lab: LabSettings, instruments: Instruments, known: KnownLaser, knobs: tuple[Knob, ...]) -> PhaseMap:
    shaper, coarse = _shaper(lab, instruments), lab.actuators.coarse
    if shaper is None and (len(coarse) != 1 or [knob.name for knob in knobs] != ["gdd_ps2"]):
        said = "without a shaper, one stage sets one knob: write a single `coarse` and knobs.each with gdd_ps2 alone."
        raise ConfigError("config", None, "lab.actuators", said)
    band = band_of(known.amplitude, FULL_GRID.omega_rad_per_ps)
    reach = _reach_of(shaper, known.carrier_thz, band) if shaper else None
    carrier_nm = C_NM_PER_PS / known.carrier_thz
    for settings in coarse:
        with in_bench_words():
            if not instruments.stage(settings.stage).enabled:
                raise CallerError(
                    f"{settings.stage}: its motor is off, as after power-on, when positions count from wherever it "
                    f"stands. Home it, compare it with nominal_mm, switch its motor on; nothing was moved."
                )
    try:
        with in_bench_words():
            stages = [
                CoarseStage.from_settings(settings, instruments.stage(settings.stage).limits_mm, carrier_nm)
                for settings in coarse
            ]
    except ValueError as error:
        raise ConfigError("config", None, "lab.actuators.coarse", f"{error}") from None
    return PhaseMap(stages, reach, band)


def _reach_of(shaper: Shaper, carrier_thz: float, band: tuple[float, float]) -> GroupDelayReach:
    """The shaper's, told of the pulse; ConfigError where it is not known or the pulse's band is not within."""
    shaper.carrier_thz, shaper.band_rad_per_ps = carrier_thz, band
    with in_bench_words():
        try:
            reach = shaper.reach
            reach.require(shaper.name, (0.0, 0.0, 0.0), carrier_thz, band)
        except OutOfRange as error:
            raise ConfigError("config", None, "lab.actuators.fine", f"{error}") from None
    return reach


def _readers(
    config: Config,
    lab: LabSettings,
    instruments: Instruments,
    known: KnownLaser,
    axes: FrogAxes,
    dark: Dark,
    watch: Callable[[], None],
) -> dict[str, Reader]:
    """The diagnostics that the config wants to see; ConfigError where the bench has not got one."""
    seen = lab.diagnostics
    makers: dict[str, Callable[[], Reader]] = {}
    if seen.frog:
        frog = seen.frog
        makers["frog"] = lambda: FrogReader(
            FrogScan(
                frog,
                instruments.stage(frog.stage),
                instruments.spectrometer(frog.spectrometer),
                known.carrier_thz,
                dark=dark,
                alive=watch,
            )
        )
    if seen.autocorrelator:
        correlator = seen.autocorrelator
        makers["autocorrelation"] = lambda: AutocorrelationReader(
            instruments.autocorrelator(correlator.instrument), correlator, axes
        )
    if seen.spectrometer:
        spectrometer = seen.spectrometer
        makers["spectrum"] = lambda: SpectrumReader(
            instruments.spectrometer(spectrometer.instrument), spectrometer, known.carrier_thz, axes
        )
    if seen.shg:
        shg = seen.shg
        makers["shg"] = lambda: YieldReader(instruments.power_meter(shg.instrument), shg, known.carrier_thz)
    if missing := [name for name in config.instruments.channels if name not in makers]:
        has = ", ".join(makers) or "no diagnostic at all"
        raise ConfigError("config", None, "instruments.channels", f"{', '.join(missing)}: the bench has {has}.")
    return {name: makers[name]() for name in config.instruments.channels}
