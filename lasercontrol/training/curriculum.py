"""Ranges of what is hidden that widen as success allows: the idea of DORAEMON (arXiv 2311.01885) in a simple form.

There, entropy of the training distribution is maximised under a bound on the success rate and on the change per
iteration. Here every parameter is uniform over a share, its width, of the scenario's range; the entropy over the
scenario's own is the sum of the widths' logarithms, and each decision changes it by at most a fixed amount.
"""

from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from lasercontrol.scenario import Scenario
from lasercontrol.training_settings import CurriculumSettings

__all__ = ["Widths", "entropy_of", "narrowed", "start_widths", "widened"]

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Widths:
    """Share of the scenario's range, over 0 to 1, of each thing hidden: offsets, B, scatter of the start, spectrum."""

    offset: float = 1.0
    b_rad: float = 1.0
    start: float = 1.0
    spectrum: float = 1.0


NAMES = tuple(Widths.__dataclass_fields__)


def start_widths(settings: CurriculumSettings) -> Widths:
    """Where training begins."""
    return Widths(*(settings.start,) * len(NAMES))


def entropy_of(widths: Widths) -> float:
    """Nats above, and so mostly below, the scenario's own distribution: 0 at full width."""
    return sum(log(getattr(widths, name)) for name in NAMES)


def widened(widths: Widths, success_rate: float, settings: CurriculumSettings) -> Widths:
    """After one window of episodes: the narrowest range wider where they succeed, the widest narrower where they fail.

    Never over the whole range, never narrower than at the start.
    """
    if success_rate >= settings.success_rate:
        name = min(NAMES, key=lambda name: float(getattr(widths, name)))
        return replace(widths, **{name: min(1.0, getattr(widths, name) * exp(settings.step_nats))})
    if success_rate < settings.success_rate / 2:
        name = max(NAMES, key=lambda name: float(getattr(widths, name)))
        return replace(widths, **{name: max(settings.start, getattr(widths, name) * exp(-settings.step_nats))})
    return widths


def narrowed(scenario: Scenario, widths: Widths) -> Scenario:
    """The scenario with its ranges so wide, each about its middle."""
    offsets = [
        _about_middle((low, high), widths.offset)
        for low, high in zip(scenario.offset_low, scenario.offset_high, strict=True)
    ]
    low, high = np.array(offsets).T
    return replace(
        scenario,
        offset_low=tuple(low.tolist()),
        offset_high=tuple(high.tolist()),
        b_range_rad=_about_middle(scenario.b_range_rad, widths.b_rad),
        start_rms=scenario.start_rms * widths.start,
        spectrum_error=scenario.spectrum_error * widths.spectrum,
    )


def _about_middle(ends: Range, width: float) -> Range:
    middle, half = (ends[0] + ends[1]) / 2, width * (ends[1] - ends[0]) / 2
    return middle - half, middle + half
