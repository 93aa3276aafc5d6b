"""An actor from its file: fed as in training, its steps in native units, and refused where its file does not fit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed (extra: train)")

from onnx import TensorProto, helper

from agents.policy_file import Manifest, PolicyFile, PolicyFileError, save
from agents.protocol import Floats, Shot, Travel
from lasercontrol.actor import ActorAgent, observation_json
from lasercontrol.bench import Channel, Knob, Reading
from lasercontrol.errors import CallerError
from lasercontrol.observation import ObservationSpec
from tests.agents.policy_specimen import KNOBS, manifest
from tests.closeness import assert_close

SPEC = ObservationSpec(shown=("shg",), n_history=1)
SHAPES: dict[str, tuple[int | None, ...]] = {
    "knobs": (None, 3),
    "action": (None, 3),
    "log_signal": (None, 1),
    "energy": (None, 1),
    "history": (None, 1, 7),
}
MAX_STEP = (3.0, 12.0, 60.0)  # a tenth of the ranges in training
BENCH = tuple(Knob(k.name, k.unit, k.low * 2, k.high * 2, k.high) for k in KNOBS)


def network() -> bytes:
    """Three times the knobs as the step; it takes the other arrays and leaves them."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in SHAPES.items()]
    three = helper.make_tensor("three", TensorProto.FLOAT, [1], [3.0])
    graph = helper.make_graph(
        [helper.make_node("Mul", ["knobs", "three"], ["step"])],
        "actor",
        ends,
        [helper.make_tensor_value_info("step", TensorProto.FLOAT, [None, 3])],
        [three],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def told(**changes: Any) -> Manifest:
    usual: dict[str, Any] = {
        "kind": "actor",
        "observe": "shg",
        "axes": None,
        "inputs": SHAPES,
        "outputs": {"step": (None, 3)},
        "numbers": {"max_step": MAX_STEP},
        "training": {"observation": observation_json(SPEC)},
    }
    return manifest(**(usual | changes))


def file_of(folder: Path, **changes: Any) -> PolicyFile:
    return save(folder / "actor", told(**changes), network())


def agent_of(folder: Path, start: Floats | None = None, **changes: Any) -> ActorAgent:
    start = np.zeros(3) if start is None else start
    return ActorAgent(file_of(folder, **changes), Travel(start, np.full(3, 0.25)), BENCH)


def shot(fraction: Floats) -> Shot:
    reading = Reading(
        {"shg": Channel(np.asarray(0.5), "arb.")}, np.asarray(1.0), np.zeros((), dtype=np.int8), (), 0.0, 0.0
    )
    return Shot(fraction, 0.5, np.zeros(1), reading=reading)


def test_before_the_first_shot_it_stays(tmp_path: Path) -> None:
    start = np.array([0.1, 0.0, -0.2])
    assert_close(agent_of(tmp_path, start).ask(), start, rel=1e-12)


def test_steps_are_the_same_in_native_units_whatever_the_bounds(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    here = np.array([0.05, -0.05, 0.025])  # of a range twice that of training: there 0.1, -0.1, 0.05
    agent.tell(shot(here))
    step = np.array([0.3, -0.3, 0.15]) * MAX_STEP
    assert_close(agent.ask(), here + step / [knob.range for knob in BENCH], rel=1e-5)
    assert agent.finished() is None
    assert (agent.recommend() == here).all()


def test_it_ends_where_it_moves_no_more(tmp_path: Path) -> None:
    agent = agent_of(tmp_path)
    for _ in range(2):
        assert agent.finished() is None
        agent.tell(shot(np.full(3, 0.001)))
        agent.ask()
    assert str(agent.finished()).startswith("the policy has moved no knob by 0.5%")


def test_it_never_asks_for_more_than_travel_allows(tmp_path: Path) -> None:
    agent = ActorAgent(file_of(tmp_path), Travel(np.zeros(3), np.full(3, 0.01)), BENCH)
    agent.tell(shot(np.full(3, 0.2)))
    assert_close(agent.ask(), 0.21, rel=1e-12)


def test_a_shot_without_its_reading_is_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="needs the whole reading"):
        agent_of(tmp_path).tell(replace(shot(np.zeros(3)), reading=None))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "frames"}, "kind frames, no actor"),
        ({"numbers": {}}, "no greatest step"),
        ({"numbers": {"max_step": (1.0, -1.0, 1.0)}}, "no greatest step"),
        ({"training": {}}, "does not say what it is shown"),
        ({"training": {"observation": {"shown": ["rumours"]}}}, "does not say what it is shown: no instrument shows"),
        ({"training": {"observation": {"shown": ["frog"]}}}, "does not take what it is shown"),
    ],
)
def test_a_file_that_is_no_actor_is_refused(changes: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=why):
        agent_of(tmp_path, **changes)
