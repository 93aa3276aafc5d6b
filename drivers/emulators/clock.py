"""The twin's time: it may run faster than ours, and every instrument has the same."""

import time

__all__ = ["VirtualClock"]


class VirtualClock:
    """Seconds since the twin was switched on, `speed` of them for each of ours. ValueError for a speed of 0 or less."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"the twin's clock needs a speed over 0, got {speed:g}")
        self.speed = speed
        self._start_s = time.monotonic()

    @property
    def now_s(self) -> float:
        """Virtual seconds since the start."""
        return (time.monotonic() - self._start_s) * self.speed

    def real_s(self, until_s: float) -> float:
        """Our seconds until a virtual time; 0 where it has passed."""
        return max(0.0, (until_s - self.now_s) / self.speed)
