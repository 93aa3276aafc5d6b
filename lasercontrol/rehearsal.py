"""A dry run: what a session would meet, and how it would begin, told without moving or measuring anything."""

from dataclasses import asdict
from typing import Any

import numpy as np

from lasercontrol.bench import Knob
from lasercontrol.limits import GuardedBench
from lasercontrol.policies import Choice
from lasercontrol.record_content import ShotRow
from lasercontrol.session import Session
from lasercontrol.signals import Attention
from lasercontrol.tunable import TunableLaser

__all__ = ["headline", "rehearsal"]

REHEARSED = 4  # shots of the rehearsal


def headline(laser: TunableLaser, shots: int) -> str:
    """A run in one line."""
    config = laser.config
    return f"{laser.title}: {config.session.agent} with {', '.join(laser.bench.channels)}, at most {shots} shots"


def rehearsal(laser: TunableLaser, guarded: GuardedBench, title: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What a run would meet, and how it would begin if the laser were as configured: sentences, and a summary."""
    lines = [f"dry run: {title}; nothing is moved."]
    lines += [f"  A RUN WOULD BE REFUSED: {reason}" for reason in laser.hindrances()]
    choice = laser.agent(laser.config.session.agent).choice
    lines += [f"  {_choice_in_words(choice)}"] if choice else []
    lines += _limits_in_words(laser)
    lines += [_knob_in_words(knob, at) for knob, at in zip(guarded.knobs, guarded.setting, strict=True)]
    lines.append("  if the laser were as configured, with nothing hidden, the first settings would be:")
    moves = _first_moves(laser)
    lines += [f"    shot {n}: {_place(move, guarded.knobs)}" for n, move in enumerate(moves, start=1)]
    summary = {
        "dry_run": True,
        "agent": laser.config.session.agent,
        "policy": choice.name if choice else None,
        "observe": ",".join(laser.bench.channels),
        "scenario": laser.config.scenario.name,
        "seed": laser.seed,
        "shots": 0,
        "knobs": [asdict(knob) for knob in guarded.knobs],
        "first_moves": moves,
        "exit_reason": "dry run",
    }
    return tuple(lines), summary


def _choice_in_words(choice: Choice) -> str:
    return f"the policy {choice.facts} decides" if choice.policy else f"{choice.why}: the estimator decides"


def _place(move: dict[str, float], knobs: tuple[Knob, ...]) -> str:
    return ", ".join(f"{_name(knob)} {move[knob.name]:+.4g} {knob.unit}" for knob in knobs)


def _name(knob: Knob) -> str:
    return knob.name.rpartition("_")[0].upper()


def _first_moves(laser: TunableLaser) -> list[dict[str, float]]:
    rehearsed = laser.nominal()
    rows: list[ShotRow] = []
    Session(
        GuardedBench(rehearsed.bench, rehearsed.limits),
        rehearsed.agent(laser.config.session.agent),
        laser.config.session.model_copy(update={"settle_s": 0.0, "confirm_shots": 0, "hold": False}),
        shots=REHEARSED,
        recorder=_Forgotten(rows),
        watcher=_Forgotten([]),
        attention=Attention(),
        summary_of=lambda _: {},
        dark_yield=laser.config.instruments.dark_yield,
    ).run()
    names = [knob.name for knob in laser.bench.knobs]
    return [dict(zip(names, np.round(row.setting, 6).tolist(), strict=True)) for row in rows[:REHEARSED]]


class _Forgotten:
    """A record and an audience for a rehearsal: rows are listed, nothing is kept or shown."""

    def __init__(self, rows: list[ShotRow]) -> None:
        self.rows = rows

    def append(self, row: ShotRow) -> None:
        self.rows.append(row)

    def event(self, kind: str, text: str) -> None:
        """Not kept."""

    def close(self, exit_reason: str, summary: dict[str, Any]) -> None:
        """Nothing to close."""

    def shot(self, row: ShotRow) -> None:
        """Not shown."""

    def expect(self, gain: float | None) -> None:
        """Not shown."""

    def say(self, text: str) -> None:
        """Not shown."""


def _limits_in_words(laser: TunableLaser) -> list[str]:
    amplifier, coating = laser.limits.amplifier, laser.limits.coating
    lines = []
    if coating:
        lines.append(
            f"  transform-limited peak {coating.nominal_gw_per_cm2:.3g} GW/cm² at nominal energy; the coating stands "
            f"{coating.max_gw_per_cm2:.3g} GW/cm²"
        )
    if amplifier:
        lines.append(
            f"  amplifier peak up to {amplifier.max_ratio:.3g} times nominal, B up to {amplifier.max_b_rad:.3g} rad "
            f"(counted from {amplifier.b95_rad:.3g} rad), on every point of a move"
        )
    else:
        lines.append("  every knob sits behind the amplifier: its peak and B stay as they are")
    return lines


def _knob_in_words(knob: Knob, at: float) -> str:
    return (
        f"  {_name(knob)}: now {at:+.4g}, allowed {knob.low:.4g} to {knob.high:.4g}, at most "
        f"{knob.max_step:.4g} {knob.unit} per shot"
    )
