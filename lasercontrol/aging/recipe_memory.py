"""Where a broken-off run stood, from its log alone: which stage, how far in it, and what must never come on again."""

from collections.abc import Iterable
from dataclasses import dataclass

from lasercontrol.telemetry.log_reader import Part
from lasercontrol.telemetry.row import Block, Event, Phase, Sweep

__all__ = ["LaserMemory", "RecipeMemory", "remembered"]

COUNTED = ("burn_in", "stress", "dither")
"""Phases whose time the recipe counts."""


@dataclass(slots=True)
class LaserMemory:
    """phase, as the last event said; stage and stage_s: where in the recipe; settle_s: what was left of settling.

    latched: HELD or TRIPPED, with the reason.
    """

    phase: str = "off"
    stage: int = 0
    stage_s: float = 0.0
    settle_s: float = 0.0
    latched: Phase | None = None
    reason: str = ""
    since_s: float | None = None  # monotonic clock of the event, None after a restart


@dataclass(frozen=True, slots=True)
class RecipeMemory:
    """By laser, and when the last row was. stopped: the log says that the test is over."""

    lasers: tuple[LaserMemory, ...]
    last_utc_s: float | None
    stopped: bool = False


def remembered(parts: Iterable[Part], lasers: int) -> RecipeMemory:
    """Fold the log: every laser's last standing, with the time that rows show it to have gone on from there."""
    memories = tuple(LaserMemory() for _ in range(lasers))
    last_utc_s: float | None = None
    last_s: float | None = None
    stopped = False
    for part in parts:
        if isinstance(part, Block):
            last_utc_s, last_s = float(part.utc_s[-1]), float(part.monotonic_s[-1])
        elif isinstance(part, Event):
            if part.kind == "restart":
                _settle_up(memories, last_s)
                last_s = None
            stopped = part.kind == "stop" and bool(part.detail.get("finished"))
            if part.laser is not None:
                _note(memories[part.laser], part)
        elif isinstance(part, Sweep):
            continue
    _settle_up(memories, last_s)
    return RecipeMemory(memories, last_utc_s, stopped)


def _note(memory: LaserMemory, event: Event) -> None:
    detail = event.detail
    if event.kind == "held" and memory.latched is None:
        memory.latched, memory.reason = Phase.HELD, str(detail.get("reason", ""))
    elif event.kind == "interlock":
        memory.latched, memory.reason = Phase.TRIPPED, str(detail.get("reason", ""))
    if event.kind == "phase":
        memory.phase, memory.since_s = str(detail["phase"]), event.monotonic_s
        memory.stage, memory.stage_s = int(detail["stage"]), float(detail["stage_s"])
        memory.settle_s = float(detail["settle_s"])


def _settle_up(memories: tuple[LaserMemory, ...], last_s: float | None) -> None:
    """Count what passed between the last event and the last row; a restart ends that clock."""
    for memory in memories:
        if memory.since_s is not None and last_s is not None and memory.phase in COUNTED:
            memory.stage_s += max(0.0, last_s - memory.since_s)
        memory.since_s = None
