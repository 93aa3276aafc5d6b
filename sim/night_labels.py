"""What really happened in a simulated night: what each laser suffered, and what only the rig did."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.rig import RigEvent
from sim.wear import Mode

__all__ = ["LOSS_LEVELS", "Labels"]

LOSS_LEVELS = (0.02, 0.05, 0.20)
"""Shares lost: of the light at constant current, or by which the current has risen at constant power."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The truth about n lasers of a night; times in seconds of its monotonic clock `t_s`.

    mode: what each laser suffers, (n,). onset_s: when that begins, (n,), NaN for the healthy. loss_s: when LOSS_LEVELS
    are passed at the mount's set temperature, noise and rig apart, (n, 3), NaN where the night ends before.
    final_loss: the share lost by the end, (n,), negative for a gain. events: all that the rig did, by their start.
    """

    mode: tuple[Mode, ...]
    onset_s: NDArray[np.float64]
    loss_s: NDArray[np.float64]
    final_loss: NDArray[np.float64]
    events: tuple[RigEvent, ...]

    @property
    def fails(self) -> NDArray[np.bool_]:
        """Which lasers suffer a mode that costs light, (n,); alarms of wear about any other are false."""
        return np.array([mode.fails for mode in self.mode], dtype=bool)

    def events_of(self, laser: int) -> tuple[RigEvent, ...]:
        """What the rig did to one laser, with what it did to its rack or to all."""
        return tuple(event for event in self.events if event.touches(laser))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is not finite as None."""
        return {
            "mode": [str(mode) for mode in self.mode],
            "onset_s": [_finite(value) for value in self.onset_s],
            "loss_s": [[_finite(value) for value in row] for row in self.loss_s],
            "final_loss": [_finite(value) for value in self.final_loss],
            "events": [_plain(event) for event in self.events],
        }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plain(event: RigEvent) -> dict[str, Any]:
    return asdict(event) | {"kind": str(event.kind), "end_s": _finite(event.end_s)}
