"""What every agent of a comparison is given: the same hidden lasers, the same starts, the same noise."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lasercontrol.bench import Floats, fraction_of
from lasercontrol.scenario import Drawn, Scenario, build_bench, draw_lasers, measured_amplitudes
from lasercontrol.simbench import Instruments, SimBench
from lasercontrol.truth import best_asked
from sim.chain import single_precision

__all__ = ["Trial", "instruments_with", "trial_of"]

LASERS, NOISE, AGENTS = range(3)  # streams of one seed


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A scenario with `n` lasers drawn.

    optimum: where each laser's pulse is most intense within the bounds, as fractions of the range, shape (n, k).
    reachable: the Strehl ratio there, shape (n,). noise: every noise as a multiple of its usual size.
    """

    scenario: Scenario
    observe: str
    noise: float
    instruments: Instruments
    drawn: Drawn
    optimum: Floats
    reachable: Floats
    seed: int

    @property
    def lasers(self) -> int:
        """How many."""
        return len(self.reachable)

    def seen_by(self, observe: str, noise: float = 1.0) -> "Trial":
        """The same lasers under another diagnostic, or other noise."""
        return replace(self, observe=observe, noise=noise, instruments=instruments_with(observe, noise))

    def first(self, n: int) -> "Trial":
        """The first `n` of the lasers, or all where there are fewer."""
        return replace(self, drawn=self.drawn[:n], optimum=self.optimum[:n], reachable=self.reachable[:n])

    def amplitude(self, lane: int) -> Floats:
        """Spectrum of a laser as measured, shape (n_frequency,); the same array for lasers of equal spectra."""
        which = self.drawn.spectrum
        return self._amplitudes[0 if which is None else int(which[lane])]

    @cached_property
    def _amplitudes(self) -> tuple[Floats, ...]:
        kinds = np.arange(len(self.scenario.spectra))
        return tuple(measured_amplitudes(self.scenario, kinds)) if len(kinds) else (measured_amplitudes(self.scenario),)

    def bench(self, lanes: slice) -> SimBench:
        """Some of the lasers at full fidelity, at their starts; noise of their own, the same at every call.

        Readings are made in float32, which is wrong by 1e-4 of the peak; scores are not (`SimBench.strehl`).
        """
        some = self.drawn[lanes]
        single = replace(some, laser=single_precision(some.laser))
        rng = np.random.default_rng([self.seed, NOISE, lanes.start])
        return build_bench(single, self.scenario, self.instruments, rng)

    def agent_seed(self, lane: int) -> int:
        """Of the agent that meets laser `lane`."""
        return int(np.random.SeedSequence([self.seed, AGENTS, lane]).generate_state(1)[0])


def instruments_with(observe: str, noise: float = 1.0) -> Instruments:
    """Diagnostics that show one channel, every noise `noise` times its usual size."""
    usual = Instruments(channels=(observe,))
    camera, meter = usual.camera, usual.meter
    return replace(
        usual,
        camera=replace(
            camera, pixel_noise=noise * camera.pixel_noise, read_noise_counts=noise * camera.read_noise_counts
        ),
        meter=replace(meter, relative_noise=noise * meter.relative_noise, additive_noise=noise * meter.additive_noise),
        energy_rms=noise * usual.energy_rms,
        meter_rms=noise * usual.meter_rms,
        delay_rms_ps=noise * usual.delay_rms_ps,
    )


def trial_of(scenario: Scenario, *, observe: str, lasers: int, seed: int, noise: float = 1.0) -> Trial:
    """Draw the lasers and find what each of them can reach."""
    drawn = draw_lasers(scenario, lasers, np.random.default_rng([seed, LASERS]))
    best, reachable = best_asked(drawn.laser, scenario.knobs, drawn.knob_map)
    return Trial(
        scenario=scenario,
        observe=observe,
        noise=noise,
        instruments=instruments_with(observe, noise),
        drawn=drawn,
        optimum=fraction_of(best, scenario.knobs),
        reachable=reachable,
        seed=seed,
    )
