"""Trouble as the engine of alarms holds it from one finding to the next, and over a restart."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from lasercontrol.monitor.finding import Finding, Kind, Severity

__all__ = ["Condition", "Key"]

Key = tuple[str, int]
"""Kind, and the laser's index or -1 for the rack: what makes two findings one alarm."""


@dataclass(slots=True)
class Condition:
    """Trouble that is there, or was a moment ago.

    worst: its first most severe finding; since_utc_s: when the data first show it; seen: severity by the detectors
    that see it now; alarm: its name once it has fired; gone: the finding that ended it, while that must last; due_s:
    seconds watched at which it fires or is over, and due_utc_s the UTC of that.
    """

    worst: Finding
    since_utc_s: float
    seen: dict[str, int] = field(default_factory=dict)
    alarm: str = ""
    gone: Finding | None = None
    due_s: float | None = None
    due_utc_s: float = 0.0

    @property
    def severity(self) -> Severity:
        """The greatest so far."""
        return self.worst.severity

    def as_json(self) -> str:
        """All of it."""
        return json.dumps(_plain(self))

    @classmethod
    def of_json(cls, text: str) -> Self:
        """What `as_json` gave."""
        told = json.loads(text)
        for name in ("worst", "gone"):
            if (of := told[name]) is not None:
                told[name] = Finding(**{**of, "kind": Kind(of["kind"]), "severity": Severity(of["severity"])})
        return cls(**told)


def _plain(held: Condition | Finding) -> dict[str, Any]:
    """Fields by name, those of a finding within as well; unlike `asdict` it copies nothing, which takes most of it."""
    plain = {name: getattr(held, name) for name in held.__slots__}
    return {name: _plain(value) if isinstance(value, Finding) else value for name, value in plain.items()}
