"""Files that compute what torch computes, or are refused."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from agents.learning.onnx_export import GATE, ParityError, exported, rounded


class Net(nn.Module):
    """A layer worth halving."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (n, 32)."""
        y: torch.Tensor = torch.tanh(self.layer(x))
        return y


def test_a_rounded_network_comes_through_exactly_and_at_half_its_size() -> None:
    torch.manual_seed(0)
    x = torch.randn(33, 64)
    content, difference = exported(rounded(Net()), {"x": x}, ("y",))
    assert difference < GATE
    assert len(content) < 2 * 64 * 32 + 2000
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.zeros((5, 64), dtype=np.float32)})[0].shape == (5, 32)


def test_weights_that_were_not_rounded_fail_at_the_gate() -> None:
    torch.manual_seed(0)
    with pytest.raises(ParityError, match="differ by"):
        exported(Net().eval(), {"x": torch.randn(33, 64)}, ("y",))
