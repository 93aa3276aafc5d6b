"""The job behind `lasercontrol optimize`: a config becomes a bench, a session, a record, a picture and a score."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lasercontrol import __version__
from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config, overridden
from lasercontrol.console import Progress
from lasercontrol.errors import CallerError, RecordError
from lasercontrol.keyboard import HINT, keys
from lasercontrol.limits import GuardedBench
from lasercontrol.record import Record, RecordHeader, RecordWriter, ShotRow, read_record
from lasercontrol.rehearsal import headline, rehearsal
from lasercontrol.session import Ending, Exit, Session
from lasercontrol.signals import Attention, Wish, listening
from lasercontrol.simulated import SimulatedLaser, build
from lasercontrol.truth import Score

__all__ = ["Call", "Outcome", "optimize"]

EXIT_CODES = {Exit.DONE: 0, Exit.NO_SIGNAL: 3, Exit.INTERRUPTED: 130, Exit.MADE_SAFE: 3}
PACKAGES = ("numpy", "scipy", "h5py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the command line said; None: it said nothing."""

    config: str | None = None
    agent: str | None = None
    observe: str | None = None
    shots: int | None = None
    seed: int | None = None
    scenario: str | None = None
    spectrum: Path | None = None
    amplified: bool = False
    operator: str | None = None
    laser_id: str | None = None
    note: str | None = None
    out: Path = Path("runs")
    resume: Path | None = None
    dry_run: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: for people, for programs, for the shell."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]
    exit_code: int


def optimize(call: Call) -> Outcome:
    """Tune one simulated laser. Raises LaserControlError for whatever kept the job from being done."""
    attention = Attention()
    with listening(attention):
        past = read_record(call.resume) if call.resume else None
        config, seed = _resumed(call, past) if past else _called(call)
        shots = config.session.shots_for(config.session.agent)
        laser = build(config, seed, shots_taken=len(past.shots) if past else 0)
        guarded = GuardedBench(laser.bench, laser.limits)
        if call.dry_run:
            sentences, summary = rehearsal(laser, guarded, headline(laser, shots))
            return Outcome(sentences, summary, 0)
        if past and sum(row.phase != "search" for row in past.shots) >= shots:  # a search is not of the budget
            raise CallerError(f"{call.resume}: all {shots} shots of this run were taken; --shots takes more of them.")
        return _run(call, laser, guarded, shots, attention, past.shots if past else ())


# ------------------------------------------------------------------------------------------------- what to do


def _called(call: Call) -> tuple[Config, int]:
    """Config with the options of the command line in it, and a seed."""
    config = load_config(find_config(call.config or ("l1_pump" if call.spectrum else "default")))
    changes: dict[str, tuple[tuple[str, ...], Any]] = {
        "--agent": (("session", "agent"), call.agent),
        "--observe": (("instruments", "channels"), call.observe.split(",") if call.observe else None),
        "--shots": (("session", "shots"), call.shots),
        "--seed": (("session", "seed"), call.seed),
        "--scenario": (("scenario", "name"), call.scenario),
        "--spectrum": (("laser", "spectrum", "file"), call.spectrum and str(call.spectrum.absolute())),
        "--amplified": (("laser", "spectrum", "amplified"), call.amplified or None),
        "--operator": (("operator",), call.operator),
        "--laser-id": (("laser_id",), call.laser_id),
        "--note": (("notes",), call.note),
    }
    if call.spectrum:
        config = overridden(config, {"--spectrum": (("laser", "spectrum"), {})})
    config = overridden(config, {option: change for option, change in changes.items() if change[1] is not None})
    if call.config == "l1_pump" and config.laser.spectrum.file is None:
        raise CallerError("the config l1_pump needs the seed spectrum that its gain narrows: add --spectrum FILE.")
    seed = config.session.seed if config.session.seed is not None else secrets.randbits(32)
    return config, seed


def _resumed(call: Call, past: Record) -> tuple[Config, int]:
    """Config and seed of a record; what it holds cannot be said anew."""
    told = ("config", "agent", "observe", "seed", "scenario", "spectrum", "amplified", "operator", "laser_id")
    if doubled := [name for name in told if getattr(call, name) not in (None, False)]:
        options = ", ".join("CONFIG" if name == "config" else f"--{name.replace('_', '-')}" for name in doubled)
        raise CallerError(f"--resume takes everything from the record; leave out {options}.")
    try:
        config = Config.model_validate(past.header.config)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RecordError(past.path, f"its config cannot be used here: {key}: {first['msg']}.") from None
    if call.shots is not None:
        config = overridden(config, {"--shots": (("session", "shots"), call.shots)})
    return config, past.header.seed


# ------------------------------------------------------------------------------------------------- doing it


def _run(
    call: Call,
    laser: SimulatedLaser,
    guarded: GuardedBench,
    shots: int,
    attention: Attention,
    past: Sequence[ShotRow],
) -> Outcome:
    path = _free_path(call.out)
    recorder = RecordWriter.create(path, _header(call, laser))
    progress = Progress(guarded.knobs, shots, quiet=call.quiet, limit=laser.truth.limit_intensity)
    scores = _Scores(laser, progress, past)
    session = Session(
        guarded,
        laser.agent(laser.config.session.agent),
        laser.config.session,
        shots=shots,
        recorder=recorder,
        watcher=scores,
        attention=attention,
        summary_of=lambda ending: _summary(ending, laser, scores, path, shots),
        dark_yield=laser.config.instruments.dark_yield,
    )
    with keys(attention) as keyboard, progress.shown():
        progress.say(headline(laser, shots) + (f" ({HINT})" if keyboard else ""))
        ending = session.run(past)
    summary = _summary(ending, laser, scores, path, shots)
    if attention.wish < Wish.STAY:  # somebody in a hurry does not wait for a picture
        summary |= _picture(path, summary)
    return Outcome(_sentences(summary), summary, EXIT_CODES[ending.exit])


class _Scores:
    """Between session and screen: gives every shot the score that the session must not know."""

    def __init__(self, laser: SimulatedLaser, progress: Progress, past: Sequence[ShotRow]) -> None:
        self.truth, self.progress = laser.truth, progress
        self.scores: list[Score] = [self.truth.at(row.setting) for row in past]

    def shot(self, row: ShotRow) -> None:
        """Score it, and show both."""
        self.scores.append(self.truth.at(row.setting))
        self.progress.shot(row, self.scores[-1])

    def say(self, text: str) -> None:
        """Passed on."""
        self.progress.say(text)

    def shots_to(self, fraction: float, shots: int) -> int:
        """First shot whose pulse is at least this fraction of the best reachable; one more than there were if none."""
        reached = [n for n, score in enumerate(self.scores, start=1) if score.reachable_fraction >= fraction]
        return reached[0] if reached else max(shots, len(self.scores)) + 1


def _header(call: Call, laser: SimulatedLaser) -> RecordHeader:
    config = laser.config
    resumed = f"resumed from {call.resume.absolute()}" if call.resume else ""
    return RecordHeader(
        config=config.model_dump(mode="json"),
        config_text=config.model_dump_json(indent=2),
        versions={"lasercontrol": __version__} | {name: version(name) for name in PACKAGES},
        seed=laser.seed,
        operator=config.operator,
        laser_id=config.laser_id,
        notes="\n".join(part for part in (config.notes, call.note if call.resume else "", resumed) if part),
        knobs=laser.bench.knobs,
        channels=laser.bench.channels,
    )


def _free_path(folder: Path) -> Path:
    """A name that no record has yet; CallerError where the folder cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CallerError(f"--out {folder}: cannot be made a folder: {error.strerror}; nothing was moved.") from None
    stem = f"optimize-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (folder / f"{stem}{f'-{n}' if n else ''}.h5" for n in range(10_000))
    return next(path for path in names if not path.exists() and not path.with_suffix(".png").exists())


def _picture(path: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the record; the record is the job, so a picture that fails is told and no more."""
    target = path.with_suffix(".png")
    try:
        from lasercontrol.picture import draw_session

        draw_session(read_record(path), summary, target)
    except Exception as error:  # noqa: BLE001 — the laser is tuned and the record closed, whatever a plot library says
        return {"picture": None, "picture_error": f"{type(error).__name__}: {error}"}
    return {"picture": str(target)}


# ------------------------------------------------------------------------------------------------- telling it


def _summary(ending: Ending, laser: SimulatedLaser, scores: _Scores, path: Path, shots: int) -> dict[str, Any]:
    final = laser.truth.at(ending.setting)
    return {
        "agent": laser.config.session.agent,
        "observe": ",".join(laser.bench.channels),
        "scenario": laser.scenario.name,
        "seed": laser.seed,
        "shots": len(ending.rows),
        "shots_to_95": scores.shots_to(0.95, shots),
        "strehl": round(final.strehl, 6),
        "reachable_fraction": round(final.reachable_fraction, 6),
        "reachable_strehl": round(laser.truth.best_strehl, 6),
        "fwhm_ps": round(final.fwhm_ps, 6),
        "fwhm_tl_ps": round(laser.truth.limit_fwhm_ps, 6),
        "limit_violations": ending.limit_violations,
        "setting": {knob.name: round(float(at), 9) for knob, at in zip(laser.bench.knobs, ending.setting, strict=True)},
        "record": str(path),
        "exit_reason": ending.reason,
    }


def _sentences(summary: dict[str, Any]) -> tuple[str, ...]:
    last = f"at shot {summary['shots_to_95']}" if summary["shots_to_95"] <= summary["shots"] else "never"
    reachable = f"itself {summary['reachable_strehl']:.3f} of the limit's"
    return (
        f"{summary['exit_reason']}.",
        f"  shots    {summary['shots']}; 95 % of the best reachable {last}",
        f"  pulse    {summary['fwhm_ps']:.3f} ps; the transform limit is {summary['fwhm_tl_ps']:.3f} ps",
        f"  peak     {summary['strehl']:.3f} of the transform limit's",
        f"           {summary['reachable_fraction']:.3f} of the best reachable at this B with these knobs, {reachable}",
        f"  limits   {summary['limit_violations']} proposals were clipped",
        f"  record   {summary['record']}",
        f"  picture  {summary.get('picture') or 'none: ' + summary.get('picture_error', 'not asked to wait for one')}",
    )
