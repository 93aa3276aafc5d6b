"""The job behind `lasercontrol optimize`: a config becomes a bench, a session, a record, a picture and a score."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lasercontrol import __version__
from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config, located_in, overridden
from lasercontrol.consent import Consent
from lasercontrol.console import Progress
from lasercontrol.errors import CallerError, LaserControlError, RecordError
from lasercontrol.keyboard import HINT, has_keyboard, keys
from lasercontrol.limits import GuardedBench
from lasercontrol.record import Record, RecordHeader, RecordWriter, ShotRow, read_record
from lasercontrol.rehearsal import headline, rehearsal
from lasercontrol.session import Ending, Exit, Session
from lasercontrol.signals import Attention, Wish, listening
from lasercontrol.simulated import build
from lasercontrol.telling import sentences_of, summary_of
from lasercontrol.truth import Score
from lasercontrol.tunable import TunableLaser

__all__ = ["Call", "Outcome", "optimize"]

EXIT_CODES = {Exit.DONE: 0, Exit.NO_SIGNAL: 3, Exit.INTERRUPTED: 130, Exit.MADE_SAFE: 3}
PACKAGES = ("numpy", "scipy", "h5py")

OF_THE_RECORD = (
    *("config", "agent", "policy", "hold", "target_fwhm_ps", "target_profile", "observe", "seed", "scenario"),
    *("spectrum", "amplified", "operator", "laser_id"),
)
"""What a run that is resumed takes from its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the command line said; None: it said nothing."""

    config: str | None = None
    agent: str | None = None
    policy: Path | None = None
    hold: bool = False
    target_fwhm_ps: float | None = None
    target_profile: Path | None = None
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
    yes: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: for people, for programs, for the shell."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]
    exit_code: int


def optimize(call: Call) -> Outcome:
    """Tune one laser, real or simulated. Raises LaserControlError for whatever kept the job from being done."""
    attention = Attention()
    with listening(attention):
        past = read_record(call.resume) if call.resume else None
        config, seed = _resumed(call, past) if past else _called(call)
        shots = config.session.shots_for(config.session.agent)
        if past and not call.dry_run and sum(row.phase != "search" for row in past.shots) >= shots:
            raise CallerError(f"{call.resume}: all {shots} shots of this run were taken; --shots takes more of them.")
        consent = Consent(attention, needed=config.lab is not None and not call.yes)
        if consent.needed and not call.dry_run and not has_keyboard():
            raise CallerError(
                "nobody is at a keyboard to confirm the first move: --yes confirms it; nothing was moved."
            )
        path = None if call.dry_run else _free_path(call.out)
        with (
            located_in(find_config(call.config) if call.config else None),
            keys(attention) as keyboard,
            _opened(call, config, seed, past, attention, consent, path) as laser,
        ):
            guarded = GuardedBench(laser.bench, laser.limits)
            title = headline(laser, shots)
            if path is None:
                return Outcome(*rehearsal(laser, guarded, title), 0)
            title += f" ({HINT})" if keyboard else ""
            with _record_named(path):
                ending, told = _run(
                    call, laser, guarded, shots, attention, consent, path, title, past.shots if past else ()
                )
        if config.lab:
            told["emission"] = "on" if laser.emission_expected else "off"
        if attention.wish is Wish.MAKE_SAFE and ending.exit is not Exit.MADE_SAFE:  # after the last shot
            told |= {"exit_reason": f"{ending.reason}; then terminated from outside: emission is off"}
            return Outcome(sentences_of(told), told, EXIT_CODES[Exit.MADE_SAFE])
        if attention.wish < Wish.STAY:  # somebody in a hurry does not wait for a picture, and no laser does
            told |= _picture(path, told)
        return Outcome(sentences_of(told), told, EXIT_CODES[ending.exit])


@contextmanager
def _record_named(path: Path) -> Iterator[None]:
    """Whatever ends a run, its record is named, and how to go on from it."""
    try:
        yield
    except LaserControlError as error:
        if path.exists():
            error.add_note(f"Its record is {path}; lasercontrol optimize --resume {path} goes on from it.")
        raise


@contextmanager
def _opened(
    call: Call,
    config: Config,
    seed: int,
    past: Record | None,
    attention: Attention,
    consent: Consent,
    path: Path | None,
) -> Iterator[TunableLaser]:
    """The one place that chooses between glass and equations."""
    if config.lab is None:
        yield build(config, seed, shots_taken=len(past.shots) if past else 0)
        return
    from lasercontrol.lab.laser import opened

    def log() -> Path:
        """Made when all that can be wrong with the call has been found: a wrong one leaves nothing behind."""
        assert path is not None  # noqa: S101 — a dry run has no watchdog
        return _in_folder(path).with_suffix(".watchdog.log")

    with opened(config, seed, attention=attention, consent=consent, look_only=call.dry_run, watchdog_log=log) as laser:
        yield laser


# ------------------------------------------------------------------------------------------------- what to do


def _called(call: Call) -> tuple[Config, int]:
    """Config with the options of the command line in it, and a seed."""
    if call.policy and call.agent not in {None, "policy"}:
        raise CallerError(f"--policy names what decides, and --agent says {call.agent}: one of the two is wanted.")
    config = load_config(find_config(call.config or ("l1_pump" if call.spectrum else "default")))
    profile = call.target_profile
    changes: dict[str, tuple[tuple[str, ...], Any]] = {
        "--agent": (("session", "agent"), call.agent or (call.policy and "policy")),
        "--policy": (("session", "policy"), call.policy and str(_whole(call.policy))),
        "--hold": (("session", "hold"), call.hold or None),
        "--target-fwhm-ps": (("session", "target_fwhm_ps"), call.target_fwhm_ps),
        "--target-profile": (("session", "target_profile"), profile and str(profile.absolute())),
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


def _whole(policy: Path) -> Path:
    """A path that means the same from any folder; the name of a packaged policy stays a name."""
    return policy.absolute() if policy.suffix or len(policy.parts) > 1 or policy.exists() else policy


def _resumed(call: Call, past: Record) -> tuple[Config, int]:
    """Config and seed of a record; what it holds cannot be said anew."""
    if doubled := [name for name in OF_THE_RECORD if getattr(call, name) not in (None, False)]:
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
    laser: TunableLaser,
    guarded: GuardedBench,
    shots: int,
    attention: Attention,
    consent: Consent,
    path: Path,
    title: str,
    past: Sequence[ShotRow],
) -> tuple[Ending, dict[str, Any]]:
    make_agent = laser.agent(laser.config.session.agent)
    recorder = RecordWriter.create(_in_folder(path), _header(call, laser))
    limit = laser.truth.limit_intensity if laser.truth else None
    progress = Progress(guarded.knobs, shots, quiet=call.quiet, limit=limit)
    scores = _Scores(laser, progress, past)
    consent.knobs = guarded.knobs
    if not call.quiet:
        consent.say = progress.say
    if choice := make_agent.choice:
        recorder.event("policy", choice.facts)
    policy = choice.name if choice else None
    _keep_facts(recorder, laser)

    def summary(ending: Ending) -> dict[str, Any]:
        if ending.exit is not Exit.MADE_SAFE:  # what may be unplugged is not asked
            _keep_facts(recorder, laser)
        return summary_of(ending, laser, scores.scores, path, shots, policy, make_agent.target)

    session = Session(
        guarded,
        make_agent,
        laser.config.session,
        shots=shots,
        recorder=recorder,
        watcher=scores,
        attention=attention,
        summary_of=summary,
        dark_yield=laser.config.instruments.dark_yield,
    )
    with progress.shown():
        progress.say(title)
        ending = session.run(past)
    return ending, summary_of(ending, laser, scores.scores, path, shots, policy, make_agent.target)


def _keep_facts(recorder: RecordWriter, laser: TunableLaser) -> None:
    """Identity, address and set points of every instrument, into the record."""
    for fact in laser.facts():
        recorder.event("instrument", fact)


class _Scores:
    """Between session and screen: gives every shot the score that the session must not know, where it is known."""

    def __init__(self, laser: TunableLaser, progress: Progress, past: Sequence[ShotRow]) -> None:
        self.truth, self.progress = laser.truth, progress
        self.scores: list[Score] = [self.truth.at(row.setting) for row in past] if self.truth else []

    def shot(self, row: ShotRow) -> None:
        """Score it, and show both."""
        if self.truth:
            self.scores.append(self.truth.at(row.setting))
        self.progress.shot(row, self.scores[-1] if self.truth else None)

    def expect(self, gain: float | None) -> None:
        """Passed on."""
        self.progress.expect(gain)

    def say(self, text: str) -> None:
        """Passed on."""
        self.progress.say(text)


def _header(call: Call, laser: TunableLaser) -> RecordHeader:
    config = laser.config
    if config.lab:
        config = config.model_copy(update={"lab": config.lab.without_secrets()})
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
    """A name that no record has yet."""
    stem = f"optimize-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (folder / f"{stem}{f'-{n}' if n else ''}.h5" for n in range(10_000))
    return next(path for path in names if not path.exists() and not path.with_suffix(".png").exists())


def _in_folder(path: Path) -> Path:
    """The path, its folder made; CallerError where it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = f"--out {path.parent}: cannot be made a folder: {error.strerror}; nothing was moved."
        raise CallerError(said) from None
    return path


def _picture(path: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """Draw the record; the record is the job, so a picture that fails is told and no more."""
    target = path.with_suffix(".png")
    try:
        from lasercontrol.picture import draw_session

        draw_session(read_record(path), summary, target)
    except Exception as error:  # noqa: BLE001 — the laser is tuned and the record closed, whatever a plot library says
        return {"picture": None, "picture_error": f"{type(error).__name__}: {error}"}
    return {"picture": str(target)}
