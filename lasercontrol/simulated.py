"""A simulated laser from a config: the hidden plant drawn, the bench around it, its limits, and who may tune it."""

from dataclasses import dataclass, replace

import numpy as np

from agents.protocol import Agent, Travel
from agents.registry import make
from lasercontrol.bench import Bench, Floats, Knob, fraction_of
from lasercontrol.config import Config, HiddenSettings, InstrumentSettings, KnobSettings
from lasercontrol.forward import LaserModel
from lasercontrol.laser_of import KnownLaser, known_laser
from lasercontrol.limits import AmplifierLimit, CoatingLimit, Limits, transform_limited_gw_per_cm2
from lasercontrol.policies import AgentMaker, Site, chosen
from lasercontrol.scenario import Drawn, Scenario, build_bench, draw_lasers, knobs_for, scenario_for
from lasercontrol.simbench import COEFFICIENTS, Instruments, SimBench
from lasercontrol.target import Target, target_of
from lasercontrol.truth import Truth
from sim.chain import FullChain, Laser
from sim.detector import Camera, YieldMeter
from sim.frog import FrogAxes
from sim.grid import FULL_GRID
from sim.spectrum import rms_width_rad_per_ps

__all__ = [
    "SimulatedLaser",
    "agent_maker",
    "amplifier_limit",
    "build",
    "instruments_of",
    "nominal",
    "stretcher_of",
    "with_knobs",
]

PLANT, NOISE, AGENT = range(3)  # streams of one seed


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedLaser:
    """The bench to be tuned, what is known of the laser, what protects it, and the truth that only scores see."""

    config: Config
    scenario: Scenario
    known: KnownLaser
    bench: SimBench
    limits: Limits
    truth: Truth
    seed: int

    @property
    def title(self) -> str:
        """Which laser it is, in a few words."""
        return f"{self.config.laser_id or 'simulated laser'}, scenario {self.scenario.name}, seed {self.seed}"

    @property
    def emission_expected(self) -> bool:
        """Equations shine on nobody."""
        return False

    def agent(self, name: str) -> AgentMaker:
        """Maker of an agent, from the start as fractions (k,); the oracle alone is given the truth.

        CallerError where the policy that the config names cannot be used or does not fit.
        """
        optimum = fraction_of(self.truth.best, self.bench.knobs) if name == "oracle" else None
        return agent_maker(name, self.bench, self.config, self.scenario, self.known, self.seed, optimum=optimum)

    def nominal(self) -> "SimulatedLaser":
        """The laser as the config has it, nothing hidden, at the same start: to rehearse on."""
        return nominal(self.config, self.scenario, self.known, self.bench.setting, self.seed)

    def hindrances(self) -> tuple[str, ...]:
        """Nothing hinders equations."""
        return ()

    def facts(self) -> tuple[str, ...]:
        """Nothing stands on a bench of equations."""
        return ()


def build(config: Config, seed: int, shots_taken: int = 0) -> SimulatedLaser:
    """The laser of a config and a seed; after `shots_taken` the same plant with fresh noise, to resume a run.

    Raises what `known_laser` raises.
    """
    known = known_laser(config.laser)
    scenario = with_knobs(scenario_for(config.scenario.name, known.amplitude), config, known)
    rng = np.random.default_rng([seed, PLANT])
    drawn = draw_lasers(scenario, 1, rng, known.amplitude, stretcher_of(config))[0]
    drawn = replace(drawn, laser=_as_told(drawn.laser, config.scenario.hidden))
    return _around(drawn, config, scenario, known, seed, np.random.default_rng([seed, NOISE, shots_taken]))


def nominal(config: Config, scenario: Scenario, known: KnownLaser, start: Floats, seed: int) -> SimulatedLaser:
    """The laser as the config has it, nothing hidden, at a start, shape (k,)."""
    laser = Laser(
        amplitude=known.amplitude,
        b_rad=np.asarray(np.mean(scenario.told_b_rad)),
        offset=np.zeros(3),
        stretcher=stretcher_of(config),
        before_amplifier=scenario.before_amplifier,
    )
    drawn = Drawn(laser, np.asarray(1.0), start)
    return _around(drawn, config, scenario, known, seed, np.random.default_rng([seed, NOISE]))


def agent_maker(
    name: str,
    bench: Bench,
    config: Config,
    scenario: Scenario,
    known: KnownLaser,
    seed: int,
    *,
    optimum: Floats | None = None,
    axes: FrogAxes | None = None,
) -> AgentMaker:
    """Maker of an agent for one bench, from the start as fractions (k,); axes: of its FROG or autocorrelation.

    CallerError where the policy that the config names cannot be used or does not fit, and where the knobs cannot make
    the wanted pulse.
    """
    steps = np.array([knob.max_step / knob.range for knob in bench.knobs])
    target = target_of(
        config.session,
        amplitude=known.amplitude,
        knobs=bench.knobs,
        b_range_rad=scenario.told_b_rad,
        stretcher=stretcher_of(config),
    )
    agent_seed = int(np.random.SeedSequence([seed, AGENT, 0]).generate_state(1)[0])

    def made(start: Floats, who: str = name) -> Agent:
        return make(
            who,
            travel=Travel(start, steps),
            seed=agent_seed,
            optimum=optimum,
            forward=_model(bench, config, scenario, known, axes) if who == "estimator" else None,
            departure=target,
        )

    if name != "policy":
        return AgentMaker(made, target=target)
    choice = chosen(config.session.policy, _site(bench, config, scenario, known, axes, target))

    def laddered(start: Floats) -> Agent:
        noise = config.session.signal_noise
        return choice.agent(Travel(start, steps), lambda: made(start, "estimator"), noise, agent_seed)

    return AgentMaker(laddered, choice, target)


def _site(
    bench: Bench,
    config: Config,
    scenario: Scenario,
    known: KnownLaser,
    axes: FrogAxes | None,
    target: Target | None,
) -> Site:
    return Site(
        knobs=bench.knobs,
        channels=bench.channels,
        amplitude=known.amplitude,
        stretcher=stretcher_of(config),
        b_range_rad=scenario.told_b_rad,
        axes=axes or FrogAxes(),
        departure=target,
    )


def _model(bench: Bench, config: Config, scenario: Scenario, known: KnownLaser, axes: FrogAxes | None) -> LaserModel:
    observed = next(name for name in ("frog", "autocorrelation", "shg") if name in bench.channels)
    return LaserModel(
        known.amplitude,
        bench.knobs,
        observe=observed,
        offset_reach=scenario.offset_reach,
        b_range_rad=scenario.told_b_rad,
        meter=YieldMeter(config.instruments.yield_rms, config.instruments.dark_yield),
        stretcher=stretcher_of(config),
        axes=axes,
    )


def amplifier_limit(config: Config, known: KnownLaser, scenario: Scenario) -> AmplifierLimit | None:
    """Guard of the amplifier, from what is known of the laser; None where every knob sits behind it."""
    if not any(knob.before_amplifier for knob in scenario.knobs):
        return None
    chain = FullChain(
        Laser(
            amplitude=known.amplitude,
            b_rad=np.ones(()),
            offset=np.zeros(3),
            stretcher=stretcher_of(config),
            before_amplifier=scenario.before_amplifier,
        )
    )
    return AmplifierLimit(
        ratio=lambda setting: np.asarray(chain.amplifier_ratio(scenario.per_coefficient(setting))),
        max_ratio=config.limits.max_amplifier_ratio,
        b95_rad=config.limits.b95_rad,
        max_b_rad=config.limits.max_b_rad,
    )


def _around(
    drawn: Drawn, config: Config, scenario: Scenario, known: KnownLaser, seed: int, rng: np.random.Generator
) -> SimulatedLaser:
    bench = build_bench(drawn, scenario, instruments_of(config.instruments), rng)
    peak = transform_limited_gw_per_cm2(config.laser.energy_j, known.limit_peak_per_ps, config.laser.beam_radius_mm)
    limits = Limits(
        amplifier=amplifier_limit(config, known, scenario),
        coating=CoatingLimit(peak, config.limits.coating_gw_per_cm2),
    )
    return SimulatedLaser(config, scenario, known, bench, limits, Truth(bench), seed)


def stretcher_of(config: Config) -> tuple[float, float, float]:
    """Its coefficients in ps², ps³, ps⁴."""
    stretcher = config.laser.stretcher
    return stretcher.gdd_ps2, stretcher.tod_ps3, stretcher.fod_ps4


def with_knobs(scenario: Scenario, config: Config, known: KnownLaser) -> Scenario:
    """The scenario with the knobs of the config; hidden offsets stay the same fractions of each knob's range."""
    step_fraction = scenario.knobs[0].max_step / scenario.knobs[0].range
    if config.knobs.preset:
        width = float(rms_width_rad_per_ps(known.amplitude, FULL_GRID.omega_rad_per_ps))
        return replace(scenario, knobs=knobs_for(width, config.knobs.preset, step_fraction))
    if not config.knobs.each:
        return scenario
    columns = [COEFFICIENTS.index(knob.name) for knob in config.knobs.each]
    return replace(
        scenario,
        knobs=tuple(_knob(knob, step_fraction, scenario) for knob in config.knobs.each),
        offset_low=tuple(scenario.offset_low[column] for column in columns),
        offset_high=tuple(scenario.offset_high[column] for column in columns),
    )


def _knob(settings: KnobSettings, step_fraction: float, scenario: Scenario) -> Knob:
    unit = next(knob.unit for knob in scenario.knobs if knob.name == settings.name)
    return Knob(
        settings.name,
        unit,
        settings.low,
        settings.high,
        max_step=(settings.max_step or step_fraction) * (settings.high - settings.low),
        nominal=settings.nominal,
        before_amplifier=settings.before_amplifier,
    )


def instruments_of(settings: InstrumentSettings) -> Instruments:
    """The diagnostics of a config."""
    return Instruments(
        channels=settings.channels,
        camera=Camera(pixel_noise=settings.pixel_noise),
        meter=YieldMeter(settings.yield_rms, settings.dark_yield),
        energy_rms=settings.energy_rms,
        meter_rms=settings.meter_rms,
        delay_rms_ps=settings.delay_rms_ps,
    )


def _as_told(laser: Laser, hidden: HiddenSettings) -> Laser:
    """The drawn laser with what the config says of it."""
    told = [hidden.gdd_ps2, hidden.tod_ps3, hidden.fod_ps4]
    offset = np.array([drawn if value is None else value for drawn, value in zip(laser.offset, told, strict=True)])
    b_rad = laser.b_rad if hidden.b_rad is None else np.asarray(hidden.b_rad, dtype=np.float64)
    return replace(laser, b_rad=b_rad, offset=offset)
