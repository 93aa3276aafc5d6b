"""What the rig of a live rack is made to do, and what that means at a moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.rig import RigEvent, RigKind

__all__ = ["LiveRig", "Moment"]

Floats = NDArray[np.float64]

INVALID = 2
ELSEWHERE = (RigKind.CLOCK_STEP,)
"""Not the rack's: it has no calendar."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Factors and sums of all events at a moment: current, coupling, photodiode (n,), factors; mount_k (n,); door_k;
    driver, relative; mains, whether they are there.
    """

    current: Floats
    coupling: Floats
    photodiode: Floats
    mount_k: Floats
    door_k: float
    driver: float
    mains: bool


class LiveRig:
    """The events of a rack of n lasers."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.events: list[RigEvent] = []
        self._stuck: dict[int, float] = {}

    def add(self, event: RigEvent) -> None:
        """Let something happen. Raises ValueError for what is not the rack's, or for a laser that it does not hold."""
        if event.kind in ELSEWHERE:
            raise ValueError(f"a rack cannot do {event.kind}: it has no calendar")
        if event.laser is not None and not 0 <= event.laser < self.n:
            raise ValueError(f"the rack holds lasers 0 to {self.n - 1}, not {event.laser}")
        if not event.start_s < event.end_s:
            raise ValueError(f"{event.kind} from {event.start_s:g} s ends at {event.end_s:g} s: that is no time at all")
        self.events.append(event)

    def next_s(self, t_s: float) -> float:
        """When something next begins or ends after t_s; infinite for never."""
        return min((s for event in self.events for s in (event.start_s, event.end_s) if s > t_s), default=np.inf)

    def at(self, t_s: float) -> Moment:
        """All that goes on at a moment."""
        one, zero = np.ones(self.n), np.zeros(self.n)
        factors = {kind: one.copy() for kind in (RigKind.TRANSIENT, RigKind.FIBRE_STEP, RigKind.PHOTODIODE_STEP)}
        mount_k, door_k, driver, mains = zero, 0.0, 0.0, True
        for event in self.events:
            if not event.start_s <= t_s:
                continue
            on, lanes = t_s < event.end_s, slice(None) if event.laser is None else slice(event.laser, event.laser + 1)
            if event.kind in factors and on:
                factors[event.kind][lanes] *= 1 + event.size if event.kind is RigKind.TRANSIENT else event.size
            elif event.kind is RigKind.MOUNT_SWING and on:
                period_s = event.end_s - event.start_s if np.isfinite(event.end_s) else 2400.0
                mount_k[lanes] += event.size * np.sin(2 * np.pi * (t_s - event.start_s) / period_s)
            elif event.kind is RigKind.DOOR and on:
                door_k += event.size
            elif event.kind is RigKind.DRIVER_DRIFT:
                driver += event.size * min((t_s - event.start_s) / (event.end_s - event.start_s), 1.0)
            elif event.kind is RigKind.DRIVER_STEP and on:
                driver += event.size
            elif event.kind is RigKind.MAINS_CUT and on:
                mains = False
        current, coupling, photodiode = factors.values()
        return Moment(current, coupling, photodiode, mount_k, door_k, driver, mains)

    def touch(self, t_s: float, values: NDArray[np.float32], quality: NDArray[np.uint8]) -> None:
        """Change readings (n, 5) in place: glitches, stuck converters, drop-outs."""
        for key, event in enumerate(self.events):
            if not event.start_s <= t_s < event.end_s:
                continue
            lanes = slice(None) if event.laser is None else slice(event.laser, event.laser + 1)
            if event.kind is RigKind.GLITCH:
                values[lanes, event.channel or 0] *= 1 + event.size
            elif event.kind is RigKind.STUCK and event.laser is not None:
                at = event.laser, event.channel or 0
                values[at] = self._stuck.setdefault(key, float(values[at]))
            elif event.kind is RigKind.DROPOUT:
                values[lanes], quality[lanes] = np.nan, INVALID
