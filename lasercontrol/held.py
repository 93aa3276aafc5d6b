"""How holding a laser went, in one sentence for every so many shots."""

from collections.abc import Sequence

import numpy as np

from lasercontrol.bench import Knob, Quality
from lasercontrol.record_content import ShotRow
from lasercontrol.shot import signal_of

__all__ = ["held"]


def held(rows: Sequence[ShotRow], knobs: tuple[Knob, ...]) -> str:
    """Signal and way of some shots, the way being that of all knobs together in ranges."""
    signals = np.array([float(signal_of(row.reading)) for row in rows if row.reading.worst is not Quality.INVALID])
    span = np.array([knob.range for knob in knobs])
    steps = np.abs(np.diff([row.setting for row in rows], axis=0)) / span
    moved = int(np.count_nonzero(steps.max(axis=1, initial=0.0) > 0))
    way = f"the knobs moved {moved} times, {steps.sum():.3g} ranges in all"
    if not len(signals):
        return f"held for {len(rows)} shots without a usable reading; {way}."
    mean = signals.mean()
    least = f"{signals.min() / mean:.3f} of that at the least"
    return f"held for {len(rows)} shots: signal {mean:.4g} in the mean, {least}; {way}."
