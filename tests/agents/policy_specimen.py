"""A tiny policy for tests: its output is its input, doubled."""

from typing import Any

import onnx
from onnx import TensorProto, helper

from agents.policy_file import Manifest, TraceAxes, TrainedKnob

KNOBS = (
    TrainedKnob("gdd_ps2", "ps²", -15.0, 15.0, before_amplifier=False),
    TrainedKnob("tod_ps3", "ps³", -60.0, 60.0, before_amplifier=False),
    TrainedKnob("fod_ps4", "ps⁴", -300.0, 300.0, before_amplifier=False),
)


def network(nodes: list[onnx.NodeProto] | None = None, *, domain: str = "", n: int = 4) -> bytes:
    """A graph from `frames` (?, n) to `log_weight` (?, n); without nodes the sum of twice the input."""
    nodes = nodes or [helper.make_node("Add", ["frames", "frames"], ["log_weight"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name in ("frames", "log_weight")]
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(
        helper.make_graph(nodes, "policy", ends[:1], ends[1:]), opset_imports=opsets, ir_version=8
    )
    return bytes(model.SerializeToString())


def manifest(**changes: Any) -> Manifest:
    """Its manifest, with changes."""
    told: dict[str, Any] = {
        "name": "specimen",
        "kind": "frames",
        "observe": "frog",
        "axes": TraceAxes(64, 32, 0.025),
        "knobs": KNOBS,
        "spectrum": (0.125,) * 64,
        "spectrum_thz": (-0.4, 0.4),
        "stretcher": (267.422, -2.384, 0.0954893),
        "b_range_rad": (1.0, 3.5),
        "inputs": {"frames": (None, 4)},
        "outputs": {"log_weight": (None, 4)},
        "numbers": {"root_native": (1.0,) * 9},
        "training": {"seed": 1, "method": "frames"},
        "scores": ({"scenario": "wide", "median": 3},),
    }
    return Manifest(**(told | changes))
