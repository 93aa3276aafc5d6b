"""FROG frames of drawn lasers at drawn settings, each with the way to the optimum: data of supervised learning.

No episode is played. A setting is drawn where an agent might meet it: at a start, at the mirror image of one (where a
belief in the time-reversed pulse leads), on the way between them, and about the optimum at every scale.
"""

from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats, fraction_of, setting_of
from lasercontrol.departures import smooth_ripples_rad
from lasercontrol.forward import LaserModel
from lasercontrol.scenario import Drawn, Scenario, build_bench, draw_lasers
from lasercontrol.shot import features_of, signal_of
from lasercontrol.simbench import COEFFICIENTS
from lasercontrol.trial import instruments_with
from sim.chain import STRETCHER, FastChain, Laser, single_precision
from sim.natural import natural_root, refined_best
from sim.plant import Fidelity
from sim.reachable import best_setting

__all__ = ["Frames", "Known", "Recipe", "draw_frames", "root_of"]

SURE_SPECTRUM, SURE_NOISE = 0.02, 1.0
FARTHEST = 0.45  # of the range, from the optimum: beyond, the frame leaves its window


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of the lasers: scenario, field amplitude as measured (n,), stretcher in ps², ps³, ps⁴."""

    scenario: Scenario
    amplitude: Floats
    stretcher: tuple[float, float, float] = STRETCHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is drawn.

    starts, mirrored, between: shares of the settings at a start, at its mirror image, and on the way (at a share of it
    that is log-uniform in on_the_way, so that `near` is met as often as `wide`); the rest lies about the optimum, at
    scales from `about` natural units. as_usual: share of the batches with the scenario's own spectrum error and noise;
    the others take theirs from spectrum_errors and noises (log-uniform, times the usual).
    rippled: share of all batches whose lasers have a random smooth phase of their optics, of ripples_rad rms (each
    laser's own) and a correlation of ripple_correlations_thz (each batch's own, log-uniform).
    """

    starts: float = 0.25
    mirrored: float = 0.15
    between: float = 0.25
    on_the_way: tuple[float, float] = (0.08, 1.5)
    about: tuple[float, float] = (0.15, 10.0)
    b_range_rad: tuple[float, float] = (0.8, 3.8)
    as_usual: float = 0.5
    spectrum_errors: tuple[float, float] = (0.02, 0.12)
    noises: tuple[float, float] = (0.3, 4.0)
    rippled: float = 0.35
    ripples_rad: tuple[float, float] = (0.0, 0.4)
    ripple_correlations_thz: tuple[float, float] = (0.012, 0.08)
    batch: int = 128
    shots: int = 32


@dataclass(frozen=True, slots=True)
class Frames:
    """What was drawn, float32.

    frame (n, p); truth (n, 4): the way to the optimum in natural coordinates, and B; knobs (n, k) as fractions;
    log_signal (n,), over the unknown scale.
    """

    frame: NDArray[np.float32]
    truth: NDArray[np.float32]
    knobs: NDArray[np.float32]
    log_signal: NDArray[np.float32]


def root_of(known: Known, seed: int = 0, lasers: int = 64) -> Floats:
    """The natural root of a scenario's usual lasers, (3, 3), in fractions of the range."""
    scenario = known.scenario
    drawn = draw_lasers(scenario, lasers, np.random.default_rng(seed), known.amplitude, known.stretcher)
    low, high = _bounds(scenario)
    best, _ = best_setting(drawn.laser, low, high)
    return natural_root(FastChain(drawn.laser), best, high - low)


def draw_frames(known: Known, recipe: Recipe, root: Floats, lasers: int, rng: np.random.Generator) -> Frames:
    """`recipe.shots` frames of each of about `lasers` lasers around a spectrum as measured, on the fast chain."""
    parts = [_batch(known, recipe, root, rng) for _ in range(max(1, round(lasers / recipe.batch)))]
    names = ("frame", "truth", "knobs", "log_signal")
    return Frames(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _batch(known: Known, recipe: Recipe, root: Floats, rng: np.random.Generator) -> Frames:
    usual = rng.random() < recipe.as_usual
    error = SURE_SPECTRUM if usual else rng.uniform(*recipe.spectrum_errors)
    noise = SURE_NOISE if usual else float(np.exp(rng.uniform(*np.log(recipe.noises))))
    scenario = replace(known.scenario, spectrum_error=error, b_range_rad=recipe.b_range_rad)
    drawn = draw_lasers(scenario, recipe.batch, rng, known.amplitude, known.stretcher)
    if rng.random() < recipe.rippled:
        drawn = replace(drawn, laser=_rippled(drawn.laser, recipe, rng))
    start = fraction_of(drawn.start, scenario.knobs)
    best = _best(known, recipe, drawn.laser)
    single = Drawn(single_precision(drawn.laser), drawn.scale, drawn.start)
    bench = build_bench(single, scenario, instruments_with("frog", noise), rng, Fidelity.FAST)
    inverse, parts = np.linalg.inv(root), []
    bounds = (-0.5, 0.5) if any(scenario.before_amplifier) else (best - FARTHEST, best + FARTHEST)
    for _ in range(recipe.shots):
        here = best + _away(recipe, start - best, inverse, rng)
        here = np.clip(here, *bounds)
        bench.move(setting_of(here, scenario.knobs))
        reading = bench.measure()
        signal = signal_of(reading) / bench.scale
        truth = np.column_stack([(best - here) @ root, drawn.laser.b_rad])
        parts.append((features_of(reading), truth, here, np.log(np.maximum(signal, 1e-4))))
    columns: list[Any] = [np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)]
    return Frames(*columns)


def _rippled(laser: Laser, recipe: Recipe, rng: np.random.Generator) -> Laser:
    correlation_thz = float(np.exp(rng.uniform(*np.log(recipe.ripple_correlations_thz))))
    rms_rad = rng.uniform(*recipe.ripples_rad, len(laser.amplitude))
    return replace(laser, ripple_rad=smooth_ripples_rad(rms_rad, correlation_thz, laser.amplitude, rng))


def _best(known: Known, recipe: Recipe, laser: Laser) -> Floats:
    """Best settings (n, k) as fractions.

    Behind the amplifier a knob and its hidden offset add up, and the optimum need not lie within the bounds: the quick
    Newton from a table will do. Before it, the exact search.
    """
    knobs, (low, high) = known.scenario.knobs, _bounds(known.scenario)
    if any(known.scenario.before_amplifier):
        return fraction_of(best_setting(laser, low, high)[0], knobs)
    model = LaserModel(
        known.amplitude,
        knobs,
        observe="frog",
        offset_reach=known.scenario.offset_reach,
        b_range_rad=recipe.b_range_rad,
        stretcher=known.stretcher,
    )
    columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
    hypotheses = np.column_stack([laser.offset[:, columns] / (high - low), laser.b_rad])
    start = setting_of(model.best_setting(hypotheses), knobs)
    return fraction_of(refined_best(FastChain(laser), start, 2 * low, 2 * high), knobs)


def _away(recipe: Recipe, start: Floats, inverse: Floats, rng: np.random.Generator) -> Floats:
    """Settings less the best, (n, 3); start: the same of the starts, (n, 3)."""
    n = len(start)
    scale = np.exp(rng.uniform(log(recipe.about[0]), log(recipe.about[1]), (n, 1)))
    about = scale * rng.standard_normal((n, 3)) @ inverse
    kind = rng.random((n, 1))
    mirrored = recipe.starts + recipe.mirrored
    nearest, farthest = recipe.on_the_way
    on_the_way = np.exp(rng.uniform(log(nearest), log(farthest), (n, 1)))
    share = np.where(kind < recipe.starts, 1.0, np.where(kind < mirrored, 2.0, on_the_way))
    return np.asarray(np.where(kind < mirrored + recipe.between, share * start, about))


def _bounds(scenario: Scenario) -> tuple[Floats, Floats]:
    low, high = (np.array([getattr(knob, end) for knob in scenario.knobs]) for end in ("low", "high"))
    return low, high
