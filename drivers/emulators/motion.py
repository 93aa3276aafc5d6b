"""Where an axis is: stretches of constant acceleration, one after the other, and rest after the last."""

import math
from dataclasses import dataclass

__all__ = ["Path"]

KEPT = 64  # stretches that may still be asked for


@dataclass(frozen=True, slots=True)
class _Stretch:
    start_s: float
    position: float
    velocity: float
    acceleration: float

    def at(self, time_s: float) -> tuple[float, float]:
        passed_s = time_s - self.start_s
        velocity = self.velocity + self.acceleration * passed_s
        return self.position + (self.velocity + velocity) / 2 * passed_s, velocity


class Path:
    """The way of an axis in time, in its own unit; `end_s` is when it comes to rest."""

    def __init__(self, position: float) -> None:
        self._stretches = [_Stretch(-math.inf, position, 0.0, 0.0)]
        self.end_s = -math.inf

    def at(self, time_s: float) -> tuple[float, float]:
        """Position and velocity at a time."""
        stretch = next(known for known in reversed(self._stretches) if known.start_s <= time_s)
        return (stretch.position, 0.0) if math.isinf(stretch.start_s) else stretch.at(time_s)

    def brake(self, time_s: float, deceleration: float) -> None:
        """Come to rest from whatever motion is under way."""
        position, velocity = self.at(time_s)
        self._cut(time_s)
        self._add(time_s, position, velocity, -math.copysign(deceleration, velocity), abs(velocity) / deceleration)

    def move(self, time_s: float, target: float, speed: float, acceleration: float, deceleration: float) -> None:
        """From rest to a target: faster, steady, slower; a short way never reaches the speed."""
        position, _ = self.at(time_s)
        self._cut(time_s)
        way, sign = abs(target - position), math.copysign(1.0, target - position)
        top = min(speed, math.sqrt(2 * way / (1 / acceleration + 1 / deceleration)))
        if not top > 0:
            return
        steady_s = max(0.0, way - top**2 / 2 * (1 / acceleration + 1 / deceleration)) / top
        for velocity, change, lasts_s in (
            (0.0, acceleration, top / acceleration),
            (top, 0.0, steady_s),
            (top, -deceleration, top / deceleration),
        ):
            self._add(self.end_s, self.at(self.end_s)[0], sign * velocity, sign * change, lasts_s)
        self._stretches[-1] = _Stretch(self.end_s, target, 0.0, 0.0)  # no rounding where it rests

    def _cut(self, time_s: float) -> None:
        """Forget what was to come, and what has long passed."""
        kept = [known for known in self._stretches if known.start_s <= time_s]
        position, _ = self.at(time_s)
        self._stretches = [_Stretch(-math.inf, kept[0].position, 0.0, 0.0), *kept[-KEPT:]]
        self._stretches.append(_Stretch(time_s, position, 0.0, 0.0))
        self.end_s = time_s

    def _add(self, start_s: float, position: float, velocity: float, acceleration: float, lasts_s: float) -> None:
        stretch = _Stretch(start_s, position, velocity, acceleration)
        self.end_s = start_s + lasts_s
        self._stretches += [stretch, _Stretch(self.end_s, stretch.at(self.end_s)[0], 0.0, 0.0)]
