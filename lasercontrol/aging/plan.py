"""What a config will do, told before anything is done: the log's schema, stages with their times, space."""

from pathlib import Path
from typing import Any

from lasercontrol.aging.stages import Stage, stages_of, sweeps_in
from lasercontrol.aging.telling import Monitored
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.telemetry.row import LoggedLaser, Schema
from lasercontrol.telemetry.space import space_of

__all__ = ["hours_of", "plan_of", "schema_of", "sweeps_of"]

RAMPS_H = 0.1
"""For ramps and prolonged settling, in the estimate of space."""


def schema_of(config: AgingConfig, run_id: str, started_utc_s: float) -> Schema:
    """What the log is of."""
    lasers = tuple(
        LoggedLaser(
            laser_id=laser.id,
            family=laser.family,
            drive=laser.drive,
            drive_target=laser.current_a if laser.power_w is None else laser.power_w,
        )
        for laser in config.lasers
    )
    return Schema(
        run_id=run_id,
        started_utc_s=started_utc_s,
        period_s=config.period_s,
        lasers=lasers,
        recipe=config.told(),
        zone=config.zone,
    )


def hours_of(config: AgingConfig) -> float:
    """How long the recipe takes."""
    return sum(stage.settle_s + stage.seconds for stage in stages_of(config.recipe)) / 3600.0 + RAMPS_H


def sweeps_of(config: AgingConfig) -> int:
    """Sweeps of each laser."""
    return sweeps_in(stages_of(config.recipe))


def plan_of(config: AgingConfig, schema: Schema, folder: Path, hours: float | None = None) -> Monitored:
    """A dry run: nothing was opened, nothing was moved."""
    stages = stages_of(config.recipe)
    points = config.recipe.sweep.points if config.recipe.sweep else 1
    need = space_of(schema, hours or hours_of(config), sweeps_per_laser=sweeps_in(stages), sweep_points=points)
    where = f"{len(config.instruments)} instruments" if config.instruments else "simulated"
    head = f"{config.name}: {len(config.lasers)} lasers, {where}, a row every {config.period_s:g} s; log {folder}"
    first = [config.lasers[number].id for number in config.switching_order[: config.recipe.at_once]]
    lines = [
        head,
        f"  space: {need.total / 1e9:.2f} GB for {hours or hours_of(config):.1f} h",
        f"  first on: {', '.join(first)}, {config.recipe.at_once} at a time",
        *(f"  {_line(stage)}" for stage in stages),
        "dry run: no instrument was opened, nothing was switched on.",
    ]
    summary: dict[str, Any] = {
        "dry_run": True,
        "lasers": len(config.lasers),
        "hours": hours_of(config),
        "space_bytes": need.total,
        "stages": [stage.name for stage in stages],
        "log": str(folder),
    }
    return Monitored(tuple(lines), summary, 0)


def _line(stage: Stage) -> str:
    length = f"{stage.seconds / 3600:.2f} h" if stage.seconds else "a sweep of each laser"
    settle = f", after {stage.settle_s:g} s of settling" if stage.settle_s else ""
    swing = f", ±{stage.swing_k:g} K" if stage.swing_k else ""
    drive = f", drive × {stage.drive_factor:g}" if stage.drive_factor != 1.0 else ""
    return f"{stage.name:<16} {length} at {stage.mount_c:g} °C{swing}{drive}{settle}"
