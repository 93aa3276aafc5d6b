"""Which settings deserve a second look, and which of them won it.

The luckiest of many noisy readings is rarely the best setting: old readings only nominate, new ones decide.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from lasercontrol.bench import Floats, Knob, Quality, Reading
from lasercontrol.shot import signal_of

__all__ = ["best_seen", "nominees", "winner"]

SAME = 1e-3
"""Settings nearer to each other than this share of every range are one; the peak's half-width at 95 % is 1.5e-3."""

RIVALS = 2
WORTH_A_LOOK = 4.0  # standard deviations below the best signal seen: farther down no luck explains the difference


def best_seen(seen: Iterable[tuple[Floats, Reading]]) -> list[tuple[Floats, float]]:
    """Settings (k,) with their mean signal, the best first; trusted before suspect, INVALID nowhere."""
    values: dict[tuple[float, ...], list[tuple[bool, float]]] = {}
    for setting, reading in seen:
        if reading.worst is not Quality.INVALID:
            trusted = reading.worst is Quality.OK
            values.setdefault(tuple(setting), []).append((trusted, float(signal_of(reading))))
    means = {setting: tuple(np.mean(pairs, axis=0)) for setting, pairs in values.items()}
    order = sorted(means, key=means.__getitem__, reverse=True)
    return [(np.array(setting), float(means[setting][1])) for setting in order]


def nominees(
    believed: Floats, seen: Iterable[tuple[Floats, Reading]], knobs: tuple[Knob, ...], noise: float
) -> list[Floats]:
    """What the agent believes in, brought within bounds, then settings seen that may be as good; each once, (k,).

    `noise` is the relative standard deviation of one signal.
    """
    low, high = (np.array([getattr(knob, end) for knob in knobs]) for end in ("low", "high"))
    order = best_seen(seen)[:RIVALS]
    rivals = [setting for setting, signal in order if signal >= order[0][1] * (1 - WORTH_A_LOOK * noise)]
    distinct: list[Floats] = []
    for setting in [np.clip(believed, low, high), *rivals]:
        if all(np.max(np.abs(setting - other) / (high - low)) > SAME for other in distinct):
            distinct.append(setting)
    return distinct


def winner(readings: Sequence[Sequence[float]], noise: float) -> int:
    """Index of the best of several settings, from new signals of each.

    The first stands unless another's mean is better by more than one standard deviation of their difference; `noise`
    is the relative standard deviation of one signal.
    """
    best = 0
    for rival in range(1, len(readings)):
        old, new = readings[best], readings[rival]
        if new and (not old or np.mean(new) > np.mean(old) * (1 + noise * np.sqrt(1 / len(old) + 1 / len(new)))):
            best = rival
    return best
