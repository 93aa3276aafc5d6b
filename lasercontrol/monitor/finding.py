"""What a detector finds, and what every detector is: classical ones and learned ones stand behind this interface."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from numpy.typing import NDArray

from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

__all__ = ["Detector", "Finding", "Kind", "Severity", "State"]

State = dict[str, NDArray[Any]]
"""Arrays by name: all that a detector carries from one sample to the next."""


class Severity(IntEnum):
    """How soon somebody must act."""

    INFO = 0
    WARNING = 1
    ALARM = 2
    CRITICAL = 3


class Kind(StrEnum):
    """What is the matter; only the first five speak of the laser itself."""

    SUDDEN = "sudden"
    """Light lost from one sample to the next, photodiode and meter together: catastrophic optical damage."""
    RAPID = "rapid"
    """Per cents within hours: dark lines."""
    WEAR = "wear"
    """Slow, beyond the confidence band that temperature leaves."""
    END_OF_LIFE = "end-of-life"
    """The recipe's criterion is passed."""
    LIMIT = "limit"
    """A limit of the recipe."""
    POWER_LOSS = "power-loss"
    """Light lost, its cause still open."""
    COUPLING = "coupling"
    """Meter without photodiode: fibre or lens; photodiode without meter: its own coupling."""
    INSTRUMENT = "instrument"
    """A reading that cannot be trusted: INVALID, stuck, out of range."""
    RIG = "rig"
    """Chamber, mount, driver: many lasers together."""
    FLEET = "fleet"
    """The whole rack has drifted, and temperature does not explain it."""
    INTERLOCK = "interlock"
    GAP = "gap"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One condition of one laser (or of the rack, None) that begins or ends at a row.

    active: whether it begins; the detector's own dead-band is between the two. value, bound, unit: what was compared.
    evidence: one sentence for a person. since_utc_s: when the data first show it, at or before utc_s.
    """

    kind: Kind
    severity: Severity
    laser: int | None
    detector: str
    seq: int
    monotonic_s: float
    utc_s: float
    since_utc_s: float
    value: float
    bound: float
    unit: str
    evidence: str
    active: bool = True


class Detector(Protocol):
    """Looks at blocks, sweeps and events in the order of the log, and says what begins and what ends.

    What it says does not depend on how the rows are cut into blocks, nor on a restart in between: `state` then
    `restored` go on as if nothing had been. INVALID readings and lasers that are not in a measuring phase are no news.
    """

    name: str

    def begin(self, schema: Schema) -> None:
        """A new log."""

    def block(self, block: Block) -> Sequence[Finding]:
        """Rows."""

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:
        """A sweep of one laser."""

    def event(self, event: Event) -> Sequence[Finding]:
        """Something happened."""

    def state(self) -> State:
        """All that is carried."""

    def restored(self, state: State) -> None:
        """Take it up again, after `begin`."""
