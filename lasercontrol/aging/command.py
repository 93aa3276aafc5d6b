"""`lasercontrol monitor CONFIG`: check, switch on, log, score, alarm, switch off; go on after whatever broke it off."""

import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lasercontrol.aging.lab_clock import LabClock
from lasercontrol.aging.plan import hours_of, plan_of, schema_of, sweeps_of
from lasercontrol.aging.rack import Rack
from lasercontrol.aging.recipe_memory import RecipeMemory, remembered
from lasercontrol.aging.telling import Monitored
from lasercontrol.aging.under_way import AgingTest
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.config_file import find_config, load_aging, located_in
from lasercontrol.consent import Consent
from lasercontrol.errors import BenchError, CallerError, SafetyError
from lasercontrol.keyboard import has_keyboard, keys
from lasercontrol.lab.latch import Latch
from lasercontrol.lab.ownership import owned
from lasercontrol.monitor.annunciator import ways_of
from lasercontrol.signals import Attention, listening
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Phase, Schema
from lasercontrol.telemetry.space import check_space

__all__ = ["MonitorCall", "monitor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorCall:
    """hours: of this run, the recipe's where None. resume: the folder of a log to go on with."""

    config: str
    resume: Path | None = None
    hours: float | None = None
    out: Path | None = None
    yes: bool = False
    dry_run: bool = False


def monitor(call: MonitorCall) -> Monitored:
    """Run an aging test. Raises LaserControlError for whatever kept it from being run; nothing is on then."""
    path = find_config(call.config)
    config = load_aging(path)
    if call.hours is not None and not 0 < call.hours <= 1e6:
        raise CallerError(f"--hours is {call.hours:g}; a test lasts over 0 h; nothing was switched on.")
    past = _past(call.resume, config) if call.resume else None
    schema = past[0] if past else schema_of(config, uuid.uuid4().hex, time.time())
    clock = LabClock(config.speed, schema.started_utc_s)
    with located_in(path), ExitStack() as opened:
        rack = _rack(config, clock)
        opened.callback(rack.close)
        folder = call.resume or _folder(call.out or config.log.out, config, schema.started_utc_s)
        _check_space(folder, schema, config, call.hours)
        if call.dry_run:
            return plan_of(config, schema, folder, call.hours)
        ways = ways_of(config.alarms)
        attention = Attention()
        opened.enter_context(listening(attention))
        opened.enter_context(keys(attention))
        if config.instruments:
            opened.enter_context(owned(config.name))
            _require_armed(config, past[1] if past else None)
        _agreed(config, Consent(attention, needed=bool(config.instruments) and not call.yes))
        identities = rack.connect()
        test = AgingTest(config, schema, folder, rack, clock, attention, ways=ways, identities=identities)
        return test.run(past[1] if past else None, call.hours)


def _rack(config: AgingConfig, clock: LabClock) -> Rack:
    if config.instruments:
        from lasercontrol.aging.lab_rack import LabRack

        return LabRack(config)
    from lasercontrol.aging.sim_rack import SimRack

    return SimRack(config, clock.monotonic_s)


def _require_armed(config: AgingConfig, memory: RecipeMemory | None) -> None:
    """An interlock that has tripped stays tripped until a person has looked.

    A log that knows which lasers it was can be gone on with: they stay off, and the others wait for nobody.
    """
    known = memory is not None and any(laser.latched is Phase.TRIPPED for laser in memory.lasers)
    if not known and (tripped := Latch(config.name).tripped) is not None:
        rearm = "when it is safe again: lasercontrol rearm CONFIG --why TEXT"
        raise SafetyError(f"{config.name}: {tripped}; nothing was switched on; {rearm}")


def _past(folder: Path, config: AgingConfig) -> tuple[Schema, RecipeMemory]:
    """The log to be gone on with; CallerError where it is another test's, or over."""
    schema, parts = read_log(folder, on_problem=lambda _words: None)
    told, then = config.told(), dict(schema.recipe)
    for key in ("lasers", "recipe", "limits", "period_s", "speed"):
        if told[key] != then.get(key):
            raise CallerError(f"{folder}: was begun with other {key} than the config has now; nothing was switched on.")
    memory = remembered(parts, len(schema.lasers))
    if memory.stopped:
        raise CallerError(f"{folder}: this test is over; nothing was switched on.")
    return schema, memory


def _check_space(folder: Path, schema: Schema, config: AgingConfig, hours: float | None) -> None:
    sweep = config.recipe.sweep
    check_space(
        folder,
        schema,
        hours or hours_of(config),
        sweeps_per_laser=sweeps_of(config),
        sweep_points=sweep.points if sweep else 1,
    )


def _agreed(config: AgingConfig, consent: Consent) -> None:
    if consent.needed and not has_keyboard():
        raise CallerError("nobody is at a keyboard to confirm: --yes confirms it; nothing was switched on.")
    consent.begin(f"{len(config.lasers)} lasers of {config.name} will be switched on and driven by the recipe.")


def _folder(out: Path, config: AgingConfig, started_utc_s: float) -> Path:
    stamp = datetime.fromtimestamp(started_utc_s, UTC).strftime("%Y%m%d-%H%M%S")
    folder = out / f"aging-{config.name}-{stamp}"
    if folder.exists():
        raise BenchError(f"{folder}: exists already; nothing was switched on.")
    return folder
