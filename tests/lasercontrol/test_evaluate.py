"""`lasercontrol evaluate`: the rows, the refusals, the files."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lasercontrol.errors import CallerError
from lasercontrol.evaluate import Question, run
from lasercontrol.evaluate_row import Row
from lasercontrol.evaluate_table import tables_of

PROMISED = {
    "agent",
    "scenario",
    "observe",
    "lasers",
    "shots",
    "mean_final_fraction",
    "limit_violations",
    "mean_fraction",
}
PROMISED |= {f"{kind}_{x}" for x in (90, 95, 99) for kind in ("median_shots", "p90_shots", "share")}
PROMISED |= {"cpu_per_decision_s", "setup_s", "share_95_lower", "median_shots_95_interval", "mean_travel"}
PROMISED |= {"noise", "pixel_noise", "mean_shots_95", "mean_shots_95_interval", "lab_minutes_95", "handed_over"}
PROMISED |= {f"share_{x}_within_10{end}" for x in (90, 95, 99) for end in ("", "_lower")}
TIMES = {"cpu_per_decision_s", "cpu_per_decision_median_s", "cpu_per_decision_p99_s", "setup_s", "cpu_ratio"}

SMALL: dict[str, Any] = {"agents": ("oracle", "random"), "observe": ("shg",), "lasers": 3, "seed": 2, "shots": 3}


def quiet() -> Console:
    return Console(file=io.StringIO(), width=250)


def answered(**changes: Any) -> list[Row]:
    rows: list[Row] = run(Question(**(SMALL | changes)), console=quiet())["rows"]
    return rows


def timeless(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def test_rows_hold_what_is_promised_in_the_order_of_the_question() -> None:
    rows = answered(scenarios=("near", "wide"))
    assert [(row["scenario"], row["agent"]) for row in rows] == [
        ("near", "oracle"),
        ("near", "random"),
        ("wide", "oracle"),
        ("wide", "random"),
    ]
    assert all(row.keys() >= PROMISED for row in rows)
    json.dumps(rows, allow_nan=False)


def test_equal_questions_have_equal_answers() -> None:
    assert timeless(answered()) == timeless(answered())


def test_a_laser_alone_meets_what_it_meets_with_any_agent_beside_it() -> None:
    assert timeless(answered(agents=("random",))) == timeless(answered())[1:]


def test_noise_and_spectrum_error_change_the_lasers_seen() -> None:
    usual = timeless(answered(agents=("random",), shots=2))
    assert timeless(answered(agents=("random",), shots=2, spectrum_error=0.1)) != usual
    assert timeless(answered(agents=("nelder-mead",), shots=12, noise=(30.0,))) != timeless(
        answered(agents=("nelder-mead",), shots=12)
    )


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"agents": ("oracle", "gauss")}, "no agent gauss; there are policy, estimator, oracle"),
        ({"scenarios": ("wider",)}, "no scenario 'wider'; there are wide, near"),
        ({"observe": ("spectrum",)}, "no diagnostic with a second-harmonic signal spectrum"),
        ({"agents": ()}, "name at least one agent"),
        ({"lasers": 0}, "lasers must be at least 1, got 0"),
        ({"shots": 0}, "shots must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"noise": (1.0, float("nan"))}, "noise must be 0 or more"),
        ({"spectrum_error": -0.1}, "spectrum error must be 0 or more"),
    ],
)
def test_a_wrong_question_is_refused_in_words(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(CallerError, match=word):
        Question(**(SMALL | wrong))


def test_budgets_follow_the_kind_of_agent_and_the_scenario() -> None:
    question = Question()
    shots = {(a, s): question.budget(a, question.scenario(s)) for a in ("cma", "oracle") for s in ("wide", "hold")}
    assert shots == {("cma", "wide"): 200, ("oracle", "wide"): 25, ("cma", "hold"): 300, ("oracle", "hold"): 300}


def test_files_are_written_and_never_overwritten(tmp_path: Path) -> None:
    plot, out = tmp_path / "score.png", tmp_path / "rows.json"
    console = quiet()
    result = run(Question(**SMALL), plot=plot, out=out, console=console)
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["rows"] == result["rows"]
    assert [len(course["shots_95"]) for course in written["courses"]] == [3, 3]
    assert "courses" not in result
    assert plot.read_bytes().startswith(b"\x89PNG")
    for path in ({"plot": plot}, {"out": out}):
        with pytest.raises(CallerError, match="exists; nothing is overwritten"):
            run(Question(**SMALL), console=console, **path)


def test_every_noise_is_a_comparison_of_its_own_on_the_same_lasers() -> None:
    rows = answered(noise=(1.0, 3.3), shots=2, against="oracle")
    assert [(row["agent"], row["noise"]) for row in rows] == [
        ("oracle", 1.0),
        ("random", 1.0),
        ("oracle", 3.3),
        ("random", 3.3),
    ]
    assert [row.get("against") for row in rows] == [None, "oracle", None, "oracle"]
    assert timeless(rows)[:2] == timeless(answered(noise=(1.0,), shots=2, against="oracle"))


def test_bayesian_optimisation_meets_the_first_lasers_only() -> None:
    pytest.importorskip("bayes_opt")
    rows = answered(agents=("oracle", "bayesian"), lasers_bayesian=1, shots=2)
    assert [row["lasers"] for row in rows] == [3, 1]


def test_a_median_beyond_the_budget_is_shown_as_such() -> None:
    console = Console(file=(shown := io.StringIO()), width=250)
    for table in tables_of(answered(agents=("random",), shots=2)):
        console.print(table)
    assert ">2 (" in shown.getvalue()


def test_a_missing_folder_is_told_before_any_shot(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="there is no folder"):
        run(Question(agents=("oracle",), lasers=1), plot=tmp_path / "nowhere" / "plot.png")
