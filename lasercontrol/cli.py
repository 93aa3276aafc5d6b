"""The command line: parses, calls, prints, exits. Everything slow is imported by the command that needs it.

Exit status: 0 the job was done; 2 a wrong call or config, nothing was moved; 3 an instrument or safety stop; 130 Ctrl-C
after a safe stop; 1 a mistake of this program.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lasercontrol import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    help="Tune a pulsed laser to its shortest pulse in a handful of shots.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help costs a third of the start-up
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print nothing but one JSON object, as the last line.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]


@app.callback(invoke_without_command=True)
def _program(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"lasercontrol {__version__}")
        raise typer.Exit


@app.command()
def optimize(
    config: Annotated[str | None, typer.Argument(help="Path of a config, or name of a packaged one: default.")] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="policy, estimator, oracle, nelder-mead, cma or random; without it, the config's."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Learned policy: its file, or a packaged name; without it, whichever fits.")
    ] = None,
    observe: Annotated[
        str | None, typer.Option(help="frog, autocorrelation, shg, spectrum, or several with commas between.")
    ] = None,
    shots: Annotated[
        int | None, typer.Option(help="Most shots: 12, or 200 for nelder-mead, cma and random, or 300 to hold.")
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Go on until the shots are spent, or Ctrl-C, and follow the laser's drift.")
    ] = False,
    target_fwhm_ps: Annotated[
        float | None, typer.Option(help="Wanted duration in ps, in place of the most intense pulse.")
    ] = None,
    target_profile: Annotated[
        Path | None, typer.Option(help="Wanted pulse: a file of time in ps and intensity.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all randomness; the same seed gives the same run.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for record and picture; nothing in it is replaced.")] = Path("runs"),
    spectrum: Annotated[
        Path | None, typer.Option(help="Measured spectrum (nm, counts): the seed, narrowed by yb_gain.txt beside it.")
    ] = None,
    amplified: Annotated[
        bool, typer.Option("--amplified", help="The spectrum was taken behind the amplifier.")
    ] = False,
    scenario: Annotated[str | None, typer.Option(help="wide, near, tempo or hold.")] = None,
    operator: Annotated[str | None, typer.Option(help="Who is at the bench, for the record.")] = None,
    laser_id: Annotated[str | None, typer.Option(help="Which laser it is, for the record.")] = None,
    note: Annotated[str | None, typer.Option(help="A note, for the record.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on from this record, into a new one.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show bench, limits and first moves; move nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm the first move of real hardware beforehand, for unattended use.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune one laser within its limits; leaves a record (HDF5) and a picture."""

    def job() -> int:
        from lasercontrol.optimize import Call, optimize

        call = Call(
            config=config,
            agent=agent,
            policy=policy,
            observe=observe,
            shots=shots,
            hold=hold,
            target_fwhm_ps=target_fwhm_ps,
            target_profile=target_profile,
            seed=seed,
            out=out,
            spectrum=spectrum,
            amplified=amplified,
            scenario=scenario,
            operator=operator,
            laser_id=laser_id,
            note=note,
            resume=resume,
            dry_run=dry_run,
            yes=yes,
            quiet=as_json,
        )
        outcome = optimize(call)
        told(outcome.sentences, outcome.summary, as_json=as_json)
        return outcome.exit_code

    raise typer.Exit(status_of(job, debug=debug))


Config = Annotated[str, typer.Argument(help="Path of a config with a `lab` section, or name of a packaged one.")]


@app.command()
def doctor(config: Config = "twin", as_json: Json = False, debug: Debug = False) -> None:
    """Visit every instrument of a bench: what it is, how it stands, what is wrong. Changes nothing."""

    def job() -> int:
        from lasercontrol.config_file import find_config, load_config, located_in
        from lasercontrol.doctor import examine, sentences_of

        path = find_config(config)
        with located_in(path):
            visit = examine(load_config(path))
        told(tuple(sentences_of(visit)), visit.as_json(), as_json=as_json)
        return 0 if visit.ok else 3

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def rearm(
    config: Config,
    why: Annotated[str, typer.Option(help="What was found, and why it is safe again; kept in the bench's history.")],
    operator: Annotated[str | None, typer.Option(help="Who re-arms; without it, the user of this computer.")] = None,
    debug: Debug = False,
) -> None:
    """Take away the latch of an interlock that has tripped: a person's decision, never the program's."""

    def job() -> int:
        from getpass import getuser

        from lasercontrol.config_file import find_config, is_aging, load_aging, load_config
        from lasercontrol.errors import CallerError
        from lasercontrol.lab.latch import rearm as take_latch

        if is_aging(path := find_config(config)):
            name = load_aging(path).name
        elif (lab := load_config(path).lab) is not None:
            name = lab.name
        else:
            raise CallerError("the config has no `lab` section: a simulated bench has no interlock.")
        print(take_latch(name, operator or getuser(), why), flush=True)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def twin(
    config: Config = "twin",
    seed: Annotated[
        int | None, typer.Option(help="Of the hidden laser and all noise; without it, the config's.")
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Seconds of the twin for one of ours.")] = None,
    port: Annotated[int | None, typer.Option(help="Control port; 0: any free one.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Where the instruments listen: 127.0.0.1. The control port stays there always.")
    ] = None,
    rewritten: Annotated[
        Path | None, typer.Option(help="Write the config with the twin's addresses into this new file.")
    ] = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Twin up, doctor, optimize over the wire, twin down; compare the scores.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the records of --rehearse.")] = Path("runs"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Stand in for the instruments of a bench: servers on this machine that share one simulated laser."""

    def job() -> int:
        from lasercontrol.config_file import find_config, is_aging, load_aging, located_in

        if is_aging(path := find_config(config)):
            from lasercontrol.aging.twin_rack import run as run_rack

            with located_in(path):
                run_rack(load_aging(path), rewritten=rewritten, say=lambda text: print(text, flush=True))
            return 0

        from lasercontrol.twin.rehearsal import rehearse as rehearsed
        from lasercontrol.twin.run import run, twin_config

        settings = twin_config(config, speed=speed, control_port=port, host=host)
        if rehearse:
            outcome = rehearsed(settings, seed=seed, out=out, quiet=as_json)
            told(outcome.sentences, outcome.summary, as_json=as_json)
            return outcome.exit_code
        with located_in(find_config(config)):
            run(settings, seed=seed, rewritten=rewritten, say=lambda text: print(text, flush=True))
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def evaluate(
    agents: Annotated[
        str, typer.Option(help="Names with commas between; also policy:FILE, alone:FILE and bayesian.")
    ] = "policy,estimator,oracle,nelder-mead,cma,random",
    scenario: Annotated[
        str,
        typer.Option(
            help="wide, near, tempo, hold; spectrum-5, spectrum-10, knobs-10, ripple, strong-b, other-spectrum; or "
            "several with commas between."
        ),
    ] = "wide",
    observe: Annotated[str, typer.Option(help="frog, autocorrelation, shg, or several with commas between.")] = "frog",
    lasers: Annotated[int, typer.Option(help="How many hidden lasers each agent meets.")] = 50,
    seed: Annotated[int, typer.Option(help="Of all randomness.")] = 0,
    shots: Annotated[
        int | None, typer.Option(help="Budget: 25, or 60 for bayesian, 200 for nelder-mead, cma and random.")
    ] = None,
    spectrum_error: Annotated[
        float | None, typer.Option(help="Rms relative error of the spectrum as measured.")
    ] = None,
    noise: Annotated[
        str, typer.Option(help="All noise as a multiple of its usual size (1.5 % of a pixel), or several: 0.33,1,3.3.")
    ] = "1",
    against: Annotated[str, typer.Option(help="The agent that the others are paired with.")] = "estimator",
    lasers_bayesian: Annotated[int, typer.Option(help="How many of the lasers bayesian meets.")] = 20,
    shot_seconds: Annotated[
        str, typer.Option(help="Lab seconds per shot, as scanned=65,single-shot=2,autocorrelation=1.4,shg=1.2.")
    ] = "",
    plot: Annotated[Path | None, typer.Option(help="Draw score against shots into this new file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the JSON into this new file too.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare agents on many hidden lasers: shots to 90, 95 and 99 % of the best reachable."""

    def job() -> int:
        from lasercontrol.evaluate import Question, readable_console, run

        question = Question(
            agents=_names(agents),
            scenarios=_names(scenario),
            observe=_names(observe),
            lasers=lasers,
            seed=seed,
            shots=shots,
            spectrum_error=spectrum_error,
            noise=tuple(_number(one, "noise") for one in _names(noise)),
            against=against,
            lasers_bayesian=lasers_bayesian,
            shot_seconds=_numbers(shot_seconds, "shot seconds"),
        )
        result = run(question, plot=plot, out=out, console=readable_console(as_json=as_json))
        if as_json:
            told((), result, as_json=True)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def train(
    config: Annotated[
        str | None, typer.Argument(help="Path of a config with a `training` section, or name of a packaged one.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all randomness; without it, the config's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the run's folder: runs.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, in its folder.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the whole run, in place of the config's.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train an agent in simulation; leaves a folder with all it takes to repeat it. Ctrl-C leaves a checkpoint."""

    def job() -> int:
        from lasercontrol.evaluate import readable_console
        from lasercontrol.training.command import TrainCall
        from lasercontrol.training.command import train as trained

        call = TrainCall(config=config, seed=seed, out=out, resume=resume, steps=steps)
        outcome = trained(call, readable_console(as_json=as_json))
        told(outcome.sentences, outcome.summary, as_json=as_json)
        return outcome.exit_code

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training.")],
    out: Annotated[
        Path | None, typer.Option(help="Name of the policy: NAME.onnx and NAME.json; `policy` in the run's folder.")
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="What `evaluate --out` wrote: kept in the manifest.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write what a training has made as a policy that runs without torch; refused where the two differ."""

    def job() -> int:
        from lasercontrol.training.export_command import ExportCall
        from lasercontrol.training.export_command import export as exported

        outcome = exported(ExportCall(run=run, out=out, scores=scores))
        told(outcome.sentences, outcome.summary, as_json=as_json)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def monitor(
    config: Annotated[str, typer.Argument(help="Path or name of an aging config.")] = "aging-example",
    resume: Annotated[Path | None, typer.Option(help="Go on with this log, after whatever broke it off.")] = None,
    hours: Annotated[float | None, typer.Option(help="Of this run; without it, the recipe's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the log's folder; without it, the config's.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Confirm the switching on of real lasers beforehand, for unattended use.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show stages, order and space; open nothing.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="A night in minutes on the twin: failures, silence, a killed monitor.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run an aging test: ramp, settle, stress, log, score, alarm; leaves a log that `lasercontrol report` reads."""

    def job() -> int:
        from lasercontrol.aging.command import MonitorCall
        from lasercontrol.aging.command import monitor as monitored

        if rehearse:
            from lasercontrol.aging.night import rehearse as rehearsed

            outcome = rehearsed(config, out=out, quiet=as_json)
        else:
            call = MonitorCall(config=config, resume=resume, hours=hours, out=out, yes=yes, dry_run=dry_run)
            outcome = monitored(call)
        told(outcome.sentences, outcome.summary, as_json=as_json)
        return outcome.exit_code

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def alarms(
    log: Annotated[Path, typer.Argument(help="Folder of a log, also of one that is being written.")],
    everything: Annotated[bool, typer.Option("--all", help="List those that are over, too.")] = False,
    acknowledge: Annotated[
        list[str] | None, typer.Option(help="An alarm by its name, as A17; or all. May be given several times.")
    ] = None,
    silence: Annotated[
        str | None, typer.Option(help="Tell nobody of this laser, of this kind, or of all, for --minutes.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="How long --silence lasts.")] = 60.0,
    end_silence: Annotated[int | None, typer.Option(help="End a silence by its number.")] = None,
    who: Annotated[str | None, typer.Option(help="Who does this; without it, the user of this computer.")] = None,
    note: Annotated[str | None, typer.Option(help="Why; or, by itself, a note that is kept with the log.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the alarms of an aging test; acknowledge them, silence them, keep a note."""

    def job() -> int:
        from lasercontrol.monitor.alarm_command import AlarmsCall
        from lasercontrol.monitor.alarm_command import alarms as listed

        call = AlarmsCall(
            log=log,
            everything=everything,
            acknowledge=acknowledge or (),
            silence=silence,
            minutes=minutes,
            end_silence=end_silence,
            who=who,
            note=note,
        )
        answer = listed(call)
        told(answer.sentences, answer.summary, as_json=as_json)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def bench(
    device: Annotated[str, typer.Option(help="cpu, cuda, or torch-cpu for the same lines on the processor.")] = "cpu",
    peer: Annotated[
        bool, typer.Option("--peer", help="Install gym-laser 0.1.0 into an environment of its own, and compare.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed of this machine: steps per second, single and batched, per stage."""

    def job() -> int:
        for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):  # read when NumPy loads, which is below
            os.environ[f"{library}_NUM_THREADS"] = "1"
        from lasercontrol.benchmark import run
        from lasercontrol.evaluate import readable_console

        result = run(device=device, peer=peer, console=readable_console(as_json=as_json))
        if as_json:
            told((), result, as_json=True)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV log of another rack, long form (laser, time, values) or wide.")],
    out: Annotated[Path, typer.Option(help="The log to write, HDF5; nothing is replaced.")],
    column: Annotated[
        list[str] | None,
        typer.Option("--map", help="HEADER=NAME [unit] for a header that is not understood, HEADER=ignore; * is any."),
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="The same as a YAML file of `HEADER: NAME [unit]`.")] = None,
    started: Annotated[
        str | None, typer.Option(help="When hour 0 was, as 2026-11-25T18:00+01:00, for a log of hours of life.")
    ] = None,
    zone: Annotated[str, typer.Option(help="IANA name of the zone of its stamps, and of times people see.")] = "UTC",
    drive: Annotated[
        str | None, typer.Option(help="What was kept constant: current or power; without it, as the log shows.")
    ] = None,
    family: Annotated[str, typer.Option(help="Of the lasers, for the report.")] = "unknown",
    stress_c: Annotated[float | None, typer.Option(help="Temperature of the test in degC, for FIT at use.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a log of another rack's CSV file, so that `replay` and `report` can read it."""

    def job() -> int:
        from lasercontrol.telemetry.csv_import import import_csv
        from lasercontrol.telemetry.import_call import call_of

        call = call_of(
            file,
            out,
            column or [],
            mapping,
            started=started,
            zone=zone,
            drive=drive,
            family=family,
            stress_c=stress_c,
        )
        imported = import_csv(call)
        told(imported.sentences, imported.summary, as_json=as_json)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A log: its folder, a journal (.lcj) or an HDF5 file.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the alarms' steps into this new file, a line of JSON each.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the alarms' steps as lines of JSON, and one that sums up as the last.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Score a recorded test again, faster than real time: the alarms of the live run, byte for byte."""

    def job() -> int:
        from lasercontrol.monitor.replay_command import replay as replayed

        replayed(file, out=out, as_json=as_json, say=lambda text: print(text, flush=True))
        return 0

    raise typer.Exit(status_of(job, debug=debug))


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="A log: its folder, a journal (.lcj) or an HDF5 file.")],
    out: Annotated[
        Path | None, typer.Option(help="The page; FILE-report.html here, or none with --json. Replaces a report only.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the lasers as CSV into this new file too.")] = None,
    use_c: Annotated[float, typer.Option(help="Temperature at use in degC, for FIT and MTTF.")] = 25.0,
    current_ratio: Annotated[float, typer.Option(help="Current of the test over current at use.")] = 1.0,
    ea_ev: Annotated[float, typer.Option(help="Activation energy in eV, assumed.")] = 0.7,
    exponent: Annotated[float, typer.Option(help="Exponent of the current, assumed.")] = 2.0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Judge a recorded test and write one page: states, drift, time to failure, alarms, gaps, FIT and MTTF."""

    def job() -> int:
        from lasercontrol.report.command import ReportCall
        from lasercontrol.report.command import report as reported
        from lasercontrol.report.reliability import UseConditions

        use = UseConditions(use_c=use_c, current_ratio=current_ratio, ea_ev=ea_ev, exponent=exponent)
        page = out or (None if as_json else Path(f"{file.resolve().stem}-report.html"))
        outcome = reported(ReportCall(path=file, out=page, csv=csv, use=use))
        told(outcome.sentences, outcome.summary, as_json=as_json)
        return 0

    raise typer.Exit(status_of(job, debug=debug))


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _number(text: str, what: str) -> float:
    from lasercontrol.errors import CallerError

    try:
        return float(text)
    except ValueError:
        raise CallerError(f"{what}: {text!r} is no number") from None


def _numbers(listed: str, what: str) -> dict[str, float]:
    """Numbers by name, from NAME=NUMBER with commas between."""
    pairs = [name.partition("=") for name in _names(listed)]
    return {name.strip(): _number(value, f"{what} of {name.strip()}") for name, _, value in pairs}


def told(sentences: tuple[str, ...], summary: dict[str, Any], *, as_json: bool) -> None:
    """Print the one or the other."""
    print(json.dumps(summary, allow_nan=False) if as_json else "\n".join(sentences), flush=True)


def status_of(job: Callable[[], int], *, debug: bool) -> int:
    """Run a job; an error becomes one line on standard error and its exit status, and with `debug` a traceback."""
    from lasercontrol.errors import LaserControlError

    try:
        return job()
    except LaserControlError as error:
        return _failed(error, f"lasercontrol: {error}", error.exit_code, debug=debug)
    except KeyboardInterrupt as error:  # before or after the session, which has its own way with Ctrl-C
        return _failed(error, "lasercontrol: Ctrl-C; no move was under way.", 130, debug=debug)
    except OSError as error:
        return _failed(error, f"lasercontrol: {error}.", 3, debug=debug)
    except Exception as error:  # noqa: BLE001 — the last line of defence: no traceback in an operator's face
        text = f"lasercontrol: a mistake of this program ({type(error).__name__}: {error}); --debug shows where."
        return _failed(error, text, 1, debug=debug)


def _failed(error: BaseException, text: str, status: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    notes = getattr(error, "__notes__", ())  # of a session: whether emission is off
    print(" ".join(" ".join([text, *notes]).split()), file=sys.stderr, flush=True)
    return status


def main() -> int:
    """Entry point; gives the exit status. Characters that a terminal cannot show are replaced, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
