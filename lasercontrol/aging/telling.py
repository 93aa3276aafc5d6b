"""What a test came to, for people, for programs and for the shell."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lasercontrol.aging.acquisition import Acquisition
from lasercontrol.aging.recipe_run import RecipeRun
from lasercontrol.aging.scoring import Scoring
from lasercontrol.telemetry.row import Phase, Schema

__all__ = ["Monitored", "told_of"]

MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class Monitored:
    """Sentences, one JSON object, and the exit status."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]
    exit_code: int


def told_of(
    folder: Path, schema: Schema, run: RecipeRun, acquisition: Acquisition, scoring: Scoring, exit_code: int
) -> Monitored:
    """After the end."""
    why = acquisition.stopped_why or "the recipe is over"
    latched = [(laser, Phase(laser.latched)) for laser in run.lasers if laser.latched is not None]
    counts = Counter(step.severity.name.lower() for step in scoring.alarms if step.step == "firing")
    lines = [f"{why}; all lasers are off. {acquisition.rows} rows of {len(run.lasers)} lasers are in {folder}"]
    lines += [f"  {laser.laser_id}: {phase.name.lower()}: {laser.reason}" for laser, phase in latched[:MOST_TOLD]]
    if counts:
        lines.append("  alarms: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    if scoring.failure:
        lines.append(f"  NOT ALL ROWS WERE SCORED: {scoring.failure}; lasercontrol replay {folder} scores them again")
    if acquisition.refused:
        lines.append(f"  {acquisition.refused} items could not be logged")
    summary = {
        "log": str(folder),
        "run_id": schema.run_id,
        "why": why,
        "rows": acquisition.rows,
        "refused": acquisition.refused,
        "alarms": dict(counts),
        "held": {laser.laser_id: laser.reason for laser, phase in latched if phase is Phase.HELD},
        "tripped": {laser.laser_id: laser.reason for laser, phase in latched if phase is Phase.TRIPPED},
        "scoring_failure": scoring.failure,
    }
    return Monitored((*lines, f"lasercontrol report {folder}"), summary, exit_code)
