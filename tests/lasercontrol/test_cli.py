"""The command as people and programs call it: what it prints, how it exits, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.policy_file import load, save
from lasercontrol import __version__
from lasercontrol.cli import main
from lasercontrol.record import read_record
from tests.agents.policy_specimen import network
from tests.closeness import assert_close
from tests.lasercontrol.policy_stand_in import doubting, fitting, shipped

posix = pytest.mark.skipif(os.name != "posix", reason="Windows delivers signals to whole consoles")

WANTED = {
    "shots",
    "shots_to_95",
    "strehl",
    "reachable_fraction",
    "fwhm_ps",
    "fwhm_tl_ps",
    "limit_violations",
    "record",
    "agent",
    "observe",
    "seed",
    "exit_reason",
}

Called = Callable[..., tuple[int, str, str]]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Called:
    """Run the program in this process, in a folder of its own; gives exit status, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lasercontrol", *map(str, words)])
        status = main()
        seen = capsys.readouterr()
        return status, seen.out, seen.err

    return call


def quick(called: Called, *words: str | Path) -> dict[str, Any]:
    """A short run; gives its JSON."""
    status, out, err = called("optimize", "--agent", "oracle", "--json", *words)
    assert (status, err) == (0, "")
    return dict(json.loads(out.splitlines()[-1]))


def refused(called: Called, *words: str | Path) -> str:
    """A wrong call: exit 2, one line of error, nothing on standard output, nothing left behind."""
    before = sorted(Path().rglob("*"))
    status, out, err = called("optimize", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(Path().rglob("*")) == before
    return err.strip().removeprefix("lasercontrol: ")


# --------------------------------------------------------------------------------------------------- doing the job


def test_the_version_is_told(called: Called) -> None:
    assert called("--version") == (0, f"lasercontrol {__version__}\n", "")


def test_the_json_is_one_line_with_what_was_asked_for(called: Called) -> None:
    status, out, _ = called("optimize", "--agent", "oracle", "--seed", "4", "--json")
    assert status == 0
    assert out.count("\n") == 1
    summary = json.loads(out)
    assert summary.keys() >= WANTED
    assert (summary["agent"], summary["observe"], summary["seed"]) == ("oracle", "frog", 4)
    assert Path(summary["record"]).is_file()
    assert Path(summary["picture"]).is_file()


def test_the_oracle_reaches_the_best_reachable_and_both_scores_are_told(called: Called) -> None:
    status, out, _ = called("optimize", "--agent", "oracle")
    assert status == 0
    assert "of the transform limit's" in out
    assert "of the best reachable at this B with these knobs" in out
    assert "shot   1/12  start    GDD   +0.000 ps²" in out


def test_the_estimator_reaches_the_best_reachable_in_a_few_shots(called: Called) -> None:
    status, out, _ = called("optimize", "--agent", "estimator", "--seed", "1", "--json")
    summary = json.loads(out)
    assert status == 0
    assert summary["reachable_fraction"] > 0.95
    assert summary["shots_to_95"] <= 6
    assert summary["shots"] <= 12
    assert_close(summary["fwhm_tl_ps"], 1.579, rel=0.02)  # of the true spectrum, 2 % off the measured one


def test_a_wanted_duration_is_reached(called: Called) -> None:
    status, out, _ = called("optimize", "--agent", "estimator", "--target-fwhm-ps", "3", "--seed", "1")
    assert status == 0
    assert "the knobs are at the setting believed nearest to the target." in out
    summary = dict(read_record(next(Path("runs").glob("*.h5"))).summary or {})
    assert abs(summary["target_error"]) < 0.05
    assert_close(summary["fwhm_ps"], 3.0, rel=0.05)
    assert f"target   a pulse of 3 ps; the pulse has {summary['fwhm_ps']:.3f} ps" in out
    assert "95 %" not in out


def test_a_seed_spectrum_with_its_gain_is_tuned(called: Called, shared_data: Path) -> None:
    summary = quick(called, "--seed", "1", "--spectrum", shared_data / "l1_pump_spectrum.csv")
    assert summary["reachable_fraction"] > 0.99
    assert_close(summary["fwhm_tl_ps"], 1.578, rel=0.02)


def test_the_same_seed_gives_the_same_run(called: Called) -> None:
    first, second = (quick(called, "--seed", "9", "--shots", "5") for _ in range(2))
    for summary in (first, second):
        del summary["record"], summary["picture"]
    assert first == second


def test_several_diagnostics_are_read_and_recorded(called: Called) -> None:
    summary = quick(called, "--observe", "shg,spectrum", "--operator", "Ada", "--laser-id", "pump 1", "--note", "cold")
    header = read_record(summary["record"]).header
    assert tuple(header.channels) == ("shg", "spectrum")
    assert (header.operator, header.laser_id, header.notes) == ("Ada", "pump 1", "cold")


def test_a_second_run_replaces_nothing(called: Called) -> None:
    first, second = (quick(called, "--out", "kept") for _ in range(2))
    assert first["record"] != second["record"]
    assert len(list(Path("kept").glob("*.h5"))) == 2


def test_a_dry_run_leaves_nothing_and_tells_limits_and_first_moves(called: Called) -> None:
    status, out, _ = called("optimize", "tempo", "--dry-run")
    assert status == 0
    assert "B up to 5 rad" in out
    assert "at most 6.44 ps² per shot" in out
    assert "shot 2: GDD" in out
    assert not list(Path().iterdir())


def test_a_resumed_run_loses_no_shot_and_keeps_its_record(called: Called) -> None:
    first = quick(called, "--agent", "nelder-mead", "--shots", "9", "--seed", "3")
    before = Path(first["record"]).read_bytes()
    status, out, _ = called("optimize", "--resume", first["record"], "--shots", "20", "--json")
    second = json.loads(out)
    assert status == 0
    assert Path(first["record"]).read_bytes() == before
    old, new = (read_record(path).shots for path in (first["record"], second["record"]))
    assert len(new) > len(old)
    assert all(np.array_equal(a.setting, b.setting) for a, b in zip(old, new, strict=False))


def test_a_dark_start_is_searched_from(called: Called) -> None:
    Path("dark.yaml").write_text(
        "knobs: {each: [{name: gdd_ps2, low: -200, high: 200, max_step: 0.1}]}\n"
        "scenario: {hidden: {gdd_ps2: 150, tod_ps3: 0, fod_ps4: 0, b_rad: 1}}\n"
        "instruments: {channels: [shg], dark_yield: 0.01}\n",
        encoding="utf-8",
    )
    status, out, _ = called("optimize", "dark.yaml", "--agent", "nelder-mead", "--shots", "30", "--seed", "1")
    assert status == 0
    assert "no usable signal at the start: searching outward" in out
    assert "found a usable signal after" in out


def test_a_search_in_vain_is_an_instrument_stop(called: Called) -> None:
    Path("dark.yaml").write_text(
        "instruments: {channels: [shg], dark_yield: 1.0}\nsession: {search_shots: 3}\n", encoding="utf-8"
    )
    status, out, _ = called("optimize", "dark.yaml", "--json", "--agent", "cma")
    assert status == 3
    assert json.loads(out)["exit_reason"] == "no usable signal after 4 shots; the knobs are at the start"


# ----------------------------------------------------------------------------------------------- the learned policy


def hand_overs(record: str) -> list[str]:
    return [event.text for event in read_record(record).events if event.kind == "hand-over"]


def test_where_no_shipped_policy_fits_the_estimator_decides_and_the_run_says_why(
    called: Called, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shipped(monkeypatch, tmp_path_factory.mktemp("shipped"), other=fitting(spectrum=(0.125,) * 64))
    status, out, _ = called("optimize", "--json")
    summary = json.loads(out)
    assert (status, summary["agent"], summary["policy"]) == (0, "policy", None)
    assert summary["reachable_fraction"] > 0.95
    said = hand_overs(summary["record"])
    assert len(said) == 1
    assert said[0].startswith("the shipped policies do not fit (other: the spectrum is another one: its overlap")
    assert said[0].endswith(": the estimator takes over")
    assert summary["expected_gains"][0] is None
    assert summary["expected_gains"][1] > 1
    assert summary["expected_gain"] < 0.02
    assert read_record(summary["record"]).shots[1].expected_gain == pytest.approx(
        summary["expected_gains"][1], rel=1e-5, abs=0
    )


def test_a_policy_that_distrusts_itself_is_followed_by_the_estimator_and_a_resumed_run_knows(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubting(monkeypatch)
    save("mine", fitting(), network())
    status, out, _ = called("optimize", "--policy", "mine.onnx", "--shots", "4", "--json")
    first = json.loads(out)
    assert (status, first["policy"]) == (0, "specimen")
    assert hand_overs(first["record"]) == ["measured 0.5, expected 1: the estimator takes over"]
    kept = [event.text for event in read_record(first["record"]).events if event.kind == "policy"]
    assert kept == [f"specimen (mine.onnx, SHA-256 {load('mine').manifest.onnx_sha256})"]
    status, out, _ = called("optimize", "--resume", first["record"], "--shots", "8", "--json")
    second = json.loads(out)
    assert (status, second["policy"]) == (0, "specimen")
    assert second["shots"] > first["shots"]
    assert hand_overs(second["record"]) == hand_overs(first["record"])


def test_a_policy_that_cannot_be_used_is_one_sentence_and_nothing_is_moved(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves: list[object] = []
    monkeypatch.setattr("lasercontrol.limits.GuardedBench.move", lambda *words: moves.append(words))
    save("other", fitting(axes=None, observe="shg"), network())
    save("cut", fitting(), network())
    Path("cut.onnx").write_bytes(Path("cut.onnx").read_bytes()[:50])
    Path("bad.onnx").write_bytes(b"not a network")
    for words, said in (
        (["--policy", "none.onnx"], "none.json: does not exist; nothing was moved."),
        (["--policy", "bad.onnx"], "bad.json: does not exist; nothing was moved."),
        (["--policy", "cut"], "is not the file that cut.json describes"),
        (["--policy", "other"], "other: the policy does not fit this bench: it reads shg, and the bench shows frog;"),
        (["--policy", "other", "--dry-run"], "the policy does not fit this bench"),
        (["--policy", "other", "--agent", "cma"], "--policy names what decides, and --agent says cma"),
    ):
        assert said in refused(called, *words)
    assert not moves


def test_a_policy_may_stand_in_the_config_relative_to_it(called: Called) -> None:
    Path("lab").mkdir()
    Path("lab/mine.yaml").write_text("session:\n  policy: mine.onnx\n", encoding="utf-8")
    assert str(Path("lab/mine.json")) in refused(called, "lab/mine.yaml")


def test_a_laser_is_held_while_it_drifts(called: Called) -> None:
    words = ("--scenario", "hold", "--hold", "--agent", "estimator", "--shots", "12", "--seed", "2")
    status, out, _ = called("optimize", *words)
    assert status == 0
    assert "out of shots; the knobs are at the setting that was held." in out
    assert "held     0.99" in out or "held     1.00" in out


def test_agents_are_compared(called: Called) -> None:
    words = ("--agents", "oracle,random", "--lasers", "2", "--shots", "4", "--observe", "shg", "--json")
    status, out, _ = called("evaluate", *words)
    assert status == 0
    assert [row["agent"] for row in json.loads(out.splitlines()[-1])["rows"]] == ["oracle", "random"]


# ------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.yaml"], "nowhere.yaml: the file: does not exist."),
        (["nowhere"], "nowhere: the config: is neither a file nor a packaged one (aging-example, "),
        (["--agent", "simplex"], "command line: --agent: is 'simplex'; it must be 'random', 'nelder-mead', 'cma',"),
        (["--observe", "frog,eye"], "command line: --observe: is 'eye'; it must be 'frog', 'autocorrelation', "),
        (["--observe", "spectrum"], "command line: --observe: channels hold the spectrum alone"),
        (["--shots", "1"], "command line: --shots: is 1; it must be greater than or equal to 2."),
        (["--seed", "-1"], "command line: --seed: is -1; it must be greater than or equal to 0."),
        (["--scenario", "far"], "command line: --scenario: is 'far'; it must be 'wide', 'near', 'tempo', 'hold',"),
        (["--spectrum", "none.csv"], "none.csv"),
        (["--agent", "cma", "--target-fwhm-ps", "3"], "--target-fwhm-ps: holds a target, and the agent cma knows none"),
        (["--target-profile", "none.csv"], "none.csv: cannot be read: No such file or directory."),
        (["--target-fwhm-ps", "1"], "a duration of 1 ps is wanted (target_fwhm_ps), and the most intense pulse lasts"),
        (["l1_pump"], "the config l1_pump needs the seed spectrum that its gain narrows: add --spectrum FILE."),
        (["--resume", "none.h5"], "none.h5"),
    ],
)
def test_a_wrong_call_is_one_sentence(called: Called, words: list[str], said: str) -> None:
    assert said in refused(called, *words)


def test_an_unknown_option_is_a_wrong_call(called: Called) -> None:
    status, _, err = called("optimize", "--shot", "3")
    assert status == 2
    assert "--shot" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("session:\n  sead: 1\n", "lab.yaml:2: session.sead: unknown key; did you mean `seed`?"),
        ("laser: {energy_j: 9}\n", "transform-limited peak at nominal energy: asked 2359 GW/cm², allowed up to 100"),
        ("limits: {max_b_rad: 2}\nknobs: {preset: tempo}\n", "B-integral: asked 3.375 rad at 0% of the ramp, allowed"),
    ],
)
def test_a_wrong_config_is_one_sentence(called: Called, text: str, said: str) -> None:
    Path("lab.yaml").write_text(text, encoding="utf-8")
    assert said in refused(called, "lab.yaml")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["1030,5", "1031,many"], "bad.csv:2"),
        (["1030,5", "1031,6"], "bad.csv: has 2 different wavelengths; a spectrum needs at least 16"),
        ([f"{800 + n / 10},{1000 - (n - 300) ** 2 / 90}" for n in range(600)], "beyond ±1 THz of the carrier at"),
    ],
)
def test_a_bad_spectrum_is_one_sentence(called: Called, rows: list[str], said: str) -> None:
    Path("bad.csv").write_text("\n".join(rows), encoding="utf-8")
    assert said in refused(called, "--spectrum", "bad.csv", "--amplified")


def test_a_record_cut_short_is_one_sentence(called: Called) -> None:
    path = Path(quick(called)["record"])
    path.write_bytes(path.read_bytes()[:700])
    assert f"{path}: is cut short" in refused(called, "--resume", path)


def test_what_a_record_holds_cannot_be_said_anew(called: Called) -> None:
    path = quick(called)["record"]
    assert "leave out --agent, --seed." in refused(called, "--resume", path, "--seed", "3", "--agent", "cma")


def test_a_record_with_a_config_of_another_time_is_one_sentence(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quick(called)["record"]
    record = read_record(path)
    header = replace(record.header, config={**record.header.config, "colour": "red"})
    monkeypatch.setattr("lasercontrol.optimize.read_record", lambda _: replace(record, header=header))
    assert f"{path}: its config cannot be used here: colour: " in refused(called, "--resume", path)


@pytest.mark.parametrize(("words", "said"), [(["--shots", "-5"], "--shots: is -5"), (["--amplified"], "--amplified")])
def test_a_resumed_run_is_told_nothing_wrong(called: Called, words: list[str], said: str) -> None:
    assert said in refused(called, "--resume", quick(called)["record"], *words)


def test_shots_of_a_search_are_not_of_the_budget_of_a_resumed_run(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quick(called, "--shots", "6")["record"]
    record = read_record(path)
    start, *rest = record.shots
    searched = (start, *(replace(row, phase="search") for row in rest))
    monkeypatch.setattr("lasercontrol.optimize.read_record", lambda _: replace(record, shots=searched))
    status, out, _ = called("optimize", "--resume", path, "--json")
    assert status == 0
    assert json.loads(out)["shots"] > len(record.shots)


def test_an_output_folder_that_is_a_file_is_refused(called: Called) -> None:
    Path("taken").write_text("mine", encoding="utf-8")
    assert "--out taken: cannot be made a folder" in refused(called, "--out", "taken")
    assert Path("taken").read_text(encoding="utf-8") == "mine"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_to_write_is_refused(called: Called) -> None:
    Path("locked").mkdir(mode=0o500)
    assert "locked" in refused(called, "--out", "locked")


def test_an_error_shows_where_it_came_from_when_asked(called: Called) -> None:
    status, _, err = called("optimize", "nowhere.yaml", "--debug")
    assert status == 2
    assert "Traceback" in err


# ------------------------------------------------------------------------------------------------ stopped from outside

# Small steps toward a far optimum: after four shots the way back has three.
SLOW = """
knobs: {each: [{name: gdd_ps2, low: -32, high: 32, max_step: 0.02}]}
scenario: {hidden: {gdd_ps2: -25}}
instruments: {channels: [shg]}
session: {agent: oracle, shots: 100, settle_s: 0.3, seed: 1, on_end: start, confirm_shots: 0}
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a slow run in a process of its own and wait for its fourth shot."""
    (tmp_path / "slow.yaml").write_text(SLOW, encoding="utf-8")
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        words = [sys.executable, "-u", "-m", "lasercontrol", "optimize", "slow.yaml"]
        process = subprocess.Popen(
            words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        started.append(process)
        assert process.stdout
        while "shot   4" not in (line := process.stdout.readline()):
            assert line, process.communicate()[1]
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def reason_in(folder: Path) -> str:
    """Why the one run in a folder ended, from its record."""
    (path,) = (folder / "runs").glob("*.h5")
    return str(read_record(path).exit_reason)


@posix
def test_a_viewer_who_leaves_does_not_end_the_run(tmp_path: Path) -> None:
    program = f"{sys.executable} -m lasercontrol optimize --agent oracle | head -2; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S607
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 2)
    assert reason_in(tmp_path).startswith("at the optimum")


@posix
def test_a_full_disk_makes_safe_and_keeps_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW.replace("shg", "frog"), encoding="utf-8")
    program = f"ulimit -f 40; exec {sys.executable} -m lasercontrol optimize slow.yaml"
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S607
    assert done.returncode == 3
    assert "emission is off" in done.stdout
    assert done.stderr.count("\n") == 1
    (path,) = (tmp_path / "runs").glob("*.h5")
    assert len(read_record(path).shots) == 2


@posix
def test_a_killed_run_is_resumed_without_losing_a_shot(
    running: Callable[[], subprocess.Popen[str]], called: Called, tmp_path: Path
) -> None:
    running().kill()
    (path,) = (tmp_path / "runs").glob("*.h5")
    kept = len(read_record(path).shots)
    status, out, _ = called("optimize", "--resume", path, "--shots", str(kept + 2), "--json")
    assert status == 0
    assert kept >= 4
    assert json.loads(out)["shots"] >= kept


@posix
def test_ctrl_c_goes_back_and_exits_130(running: Callable[[], subprocess.Popen[str]], tmp_path: Path) -> None:
    process = running()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Ctrl-C; the knobs are at the start." in out
    assert reason_in(tmp_path) == "Ctrl-C; the knobs are at the start"


@posix
def test_ctrl_c_twice_leaves_the_knobs_and_exits_130(
    running: Callable[[], subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = running()
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert reason_in(tmp_path) == "Ctrl-C twice; the knobs stay where they are"


@posix
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_terminate_switches_emission_off_and_exits_3(
    running: Callable[[], subprocess.Popen[str]], tmp_path: Path, number: str
) -> None:
    process = running()
    process.send_signal(getattr(signal, number))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "emission is off" in out
    assert reason_in(tmp_path) == "terminated from outside; emission is off, and no knob was moved"
