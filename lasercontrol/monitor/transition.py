"""A step of an alarm from one state to the next, and the one line of JSON that says so.

Two replays of a log give the same lines byte for byte, and so does the live run of it: a line holds nothing but what
follows from the log. What a person does (acknowledge, silence, note) changes who is told, never these lines.
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lasercontrol.monitor.finding import Finding, Kind, Severity

__all__ = ["Step", "Transition", "step_of", "utc_moment", "utc_text"]

Step = Literal["pending", "withdrawn", "firing", "escalated", "cleared"]
"""pending: the condition holds, and must last; withdrawn: it did not; firing: it is an alarm; escalated: more severe
than before; cleared: it has been gone for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step. alarm: its name, as A17, or "" while it is none; laser: index, or None for the rack.

    utc_s: of the step; seq: of the finding that led to it; since_utc_s: when the data first show it.
    """

    alarm: str
    step: Step
    seq: int
    utc_s: float
    kind: Kind
    severity: Severity
    laser: int | None
    laser_id: str | None
    detector: str
    since_utc_s: float
    value: float
    bound: float
    unit: str
    evidence: str

    @property
    def told(self) -> bool:
        """Whether it is a reason to tell somebody."""
        return self.step in {"firing", "escalated"} and self.severity > Severity.INFO

    def line(self) -> str:
        """Canonical JSON: keys sorted, no spaces, no number that is none, the same bytes for the same step."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["severity"] = self.severity.name.lower()
        for name in ("utc_s", "since_utc_s"):
            fields[name.removesuffix("_s")] = utc_text(fields.pop(name))
        for name in ("value", "bound"):
            fields[name] = fields[name] if math.isfinite(fields[name]) else None
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def step_of(
    finding: Finding,
    *,
    alarm: str,
    step: Step,
    severity: Severity,
    utc_s: float,
    since_utc_s: float,
    laser_id: str | None,
) -> Transition:
    """The step to which a finding leads; numbers as Python's own, whatever the detector computed with."""
    return Transition(
        alarm=alarm,
        step=step,
        seq=int(finding.seq),
        utc_s=float(utc_s),
        kind=finding.kind,
        severity=severity,
        laser=finding.laser,
        laser_id=laser_id,
        detector=finding.detector,
        since_utc_s=float(since_utc_s),
        value=float(finding.value),
        bound=float(finding.bound),
        unit=finding.unit,
        evidence=finding.evidence,
    )


def utc_text(utc_s: float) -> str:
    """2026-11-25T23:14:05.250Z."""
    return utc_moment(utc_s).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_moment(utc_s: float) -> datetime:
    """With its zone."""
    return datetime.fromtimestamp(utc_s, UTC)
