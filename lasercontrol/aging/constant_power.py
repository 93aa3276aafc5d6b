"""Constant light by small changes of the current, from reading to reading: slow, bounded, and easily made to pause.

It never chases. Light that was lost from one reading to the next, or at the meter alone or the photodiode alone, is no
reason to drive a laser harder: then the current stays where it is until the loop is begun anew.
"""

import math
from dataclasses import dataclass

__all__ = ["ConstantPower"]

GAIN = 0.3
"""Share of the relative error that the relative current changes by in one reading. The loop's gain is that times
I / (I - Ith), so that it is stable down to 1.2 times the threshold."""

DEAD_BAND = 3e-3
"""Relative error that is left alone: beyond the noise of one reading, so that the current rests."""

JUMP = 0.05
"""Relative change from one reading to the next, beyond what the current explains, after which it pauses."""

APART = 0.03
"""Change of the ratio of photodiode to meter since the beginning that makes it pause."""


@dataclass(slots=True)
class ConstantPower:
    """power_w: to be kept. paused: why it does nothing any more, "" while it works."""

    power_w: float
    paused: str = ""
    _ratio: float = math.nan
    _last_w: float = math.nan
    _last_a: float = math.nan

    def next_a(self, set_a: float, power_w: float, photodiode_a: float, most_a: float) -> float:
        """The next set point, at most most_a away; set_a where nothing is to be changed or a reading is no number."""
        if not (power_w > 0 and set_a > 0) or self._pauses(set_a, power_w, photodiode_a):
            return set_a
        self._last_w, self._last_a = power_w, set_a
        error = self.power_w / power_w - 1.0
        if abs(error) <= DEAD_BAND:
            return set_a
        step_a = GAIN * set_a * max(-1.0, min(error, 1.0))
        return set_a + max(-most_a, min(step_a, most_a))

    def _pauses(self, set_a: float, power_w: float, photodiode_a: float) -> bool:
        if self.paused:
            return True
        if photodiode_a > 0:
            ratio = photodiode_a / power_w
            self._ratio = ratio if math.isnan(self._ratio) else self._ratio
            if abs(ratio / self._ratio - 1.0) > APART:
                self.paused = "meter and photodiode have parted"
        driven = abs(set_a / self._last_a - 1.0) if self._last_a > 0 else 0.0
        if self._last_w > 0 and abs(power_w / self._last_w - 1.0) > JUMP + 10.0 * driven:
            self.paused = "the light has jumped"
        return bool(self.paused)
