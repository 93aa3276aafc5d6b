"""A torch module as an ONNX file in memory, with large weights in half precision and a parity gate."""

import io
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["GATE", "ParityError", "exported", "rounded"]

OPSET = 18
GATE = 1e-5
"""Greatest difference between torch and onnxruntime, relative to 1 + |value|."""
LARGE = 1000  # numbers in a tensor that is worth halving
STORED = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(np.float64): onnx.TensorProto.DOUBLE}


class ParityError(RuntimeError):
    """The exported file does not compute what torch computes."""


def rounded(net: nn.Module) -> nn.Module:
    """The same, in place, with every large weight a half-precision number: stored in half the bytes it is exact."""
    with torch.no_grad():
        for value in (*net.parameters(), *net.buffers()):
            if value.numel() >= LARGE:
                value.copy_(value.half().float())
    return net.eval()


def exported(net: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> tuple[bytes, float]:
    """The file, and its greatest difference to torch over the inputs, whose first axis is the batch.

    Weights must be `rounded`. Raises ParityError where the difference exceeds `GATE`.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter is deprecated; the new one folds the casts of `_halved` and takes tens of seconds.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            tuple(value[:2] for value in inputs.values()),
            buffer,  # type: ignore[arg-type]  # the tracing exporter writes to a buffer, its signature says a path
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: {0: f"n_{name}"} for name in (*inputs, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    content = _halved(onnx.load_from_string(buffer.getvalue()))
    difference = _difference(net, content, inputs)
    if not difference <= GATE:
        raise ParityError(f"onnxruntime and torch differ by {difference:.2g}, relative; at most {GATE:g} may be")
    return content, difference


def _difference(net: nn.Module, content: bytes, inputs: Mapping[str, Tensor]) -> float:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    with torch.no_grad():
        out = net(*inputs.values())
    mine: list[NDArray[np.float32]] = [value.numpy() for value in ([out] if isinstance(out, Tensor) else out)]
    return float(max(np.max(np.abs(a - b) / (1 + np.abs(a))) for a, b in zip(mine, theirs, strict=True)))


def _halved(model: onnx.ModelProto) -> bytes:
    """Large weights stored in half precision, each followed by a cast."""
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype not in STORED or values.size < LARGE:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name + "_half"))
        casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=STORED[values.dtype]))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    return bytes(model.SerializeToString())
