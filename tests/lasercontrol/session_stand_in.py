"""A session with a notebook for a record, and an agent that knows where it wants to go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.protocol import Agent, Shot
from lasercontrol.bench import Floats, fraction_of
from lasercontrol.config import SessionSettings
from lasercontrol.limits import GuardedBench, Limits
from lasercontrol.record_content import ShotRow
from lasercontrol.session import Session
from lasercontrol.signals import Attention
from tests.lasercontrol.bench_stand_in import KNOBS, RANGE, HillBench

STEP = np.array([knob.max_step for knob in KNOBS]) / RANGE


class Notebook:
    """Keeps and watches a run; `on_shot` is called after each shot with its number."""

    def __init__(self, on_shot: Callable[[int], None] = lambda _: None) -> None:
        self.on_shot = on_shot
        self.rows: list[ShotRow] = []
        self.events: list[tuple[str, str]] = []
        self.expected: list[float] = []
        self.reason = ""
        self.summary: dict[str, Any] = {}

    def append(self, row: ShotRow) -> None:
        assert not self.reason, "a closed record was written to"
        self.rows.append(row)

    def event(self, kind: str, text: str) -> None:
        self.events.append((kind, text))

    def close(self, exit_reason: str, summary: dict[str, Any]) -> None:
        assert not self.reason, "closed twice"
        self.reason, self.summary = exit_reason, summary

    def shot(self, row: ShotRow) -> None:
        self.on_shot(row.index)

    def expect(self, gain: float | None) -> None:
        if gain is not None:
            self.expected.append(gain)

    def say(self, text: str) -> None:
        """Heard, not kept: events keep it."""

    @property
    def phases(self) -> list[str]:
        return [row.phase for row in self.rows]


@dataclass
class Goer:
    """Asks for the same setting over and over; done after `patience` shots."""

    goal: Floats
    patience: int = 100
    name: str = "goer"
    told: list[Shot] = field(default_factory=list)
    asked: int = 0

    def ask(self) -> Floats:
        self.asked += 1
        return self.goal

    def tell(self, shot: Shot) -> None:
        self.told.append(shot)

    def recommend(self) -> Floats:
        return self.goal

    def finished(self) -> str | None:
        return "patience is over" if len(self.told) >= self.patience else None


def session(
    bench: HillBench,
    agent: Agent | Callable[[Floats], Agent],
    *,
    shots: int = 10,
    limits: Limits = Limits(),  # noqa: B008 — frozen
    notebook: Notebook | None = None,
    attention: Attention | None = None,
    **settings: Any,
) -> tuple[Session, Notebook]:
    """A session and its notebook."""
    notebook = notebook or Notebook()
    made = Session(
        GuardedBench(bench, limits),
        agent if callable(agent) else lambda _: agent,
        SessionSettings(**settings),
        shots=shots,
        recorder=notebook,
        watcher=notebook,
        attention=attention or Attention(),
        summary_of=lambda ending: {"violations": ending.limit_violations},
    )
    return made, notebook


def top_of(bench: HillBench) -> Floats:
    """Fractions of the best setting."""
    return fraction_of(bench.top, KNOBS)


def stopping(attention: Attention, at: int, times: int = 1) -> Notebook:
    """A notebook that presses Ctrl-C when it sees a shot."""

    def press(index: int) -> None:
        for _ in range(times if index == at else 0):
            attention.interrupt()

    return Notebook(press)
