"""The manifest of a policy on disk: for which instrument it was trained, how to feed it, what it scored.

Plain values that go to JSON and back. The words are those of whoever trains; this module knows only that numbers are
numbers, that ranges are ranges, and that nothing is missing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from math import isfinite
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

__all__ = ["FORMAT", "N_SPECTRUM", "Manifest", "PolicyFileError", "TraceAxes", "TrainedKnob"]

FORMAT = 1
N_SPECTRUM = 64
GREATEST_DEPTH = 64  # of lists within lists

Kind = Literal["frames", "yields", "actor"]
Pair = tuple[float, float]
Shapes = Mapping[str, tuple[int | None, ...]]

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class PolicyFileError(ValueError):
    """A policy cannot be used: not what it should be, or not as it was written. One sentence, the file named first."""


@dataclass(frozen=True, slots=True)
class TraceAxes:
    """Pixels of a FROG trace: delays, frequencies, and the distance of frequencies in THz."""

    n_delay: int
    n_frequency: int
    bin_thz: float

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class TrainedKnob:
    """A knob as the policy was trained with it: bounds in its unit, and its side of the amplifier."""

    name: str
    unit: str
    low: float
    high: float
    before_amplifier: bool

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is known of a policy.

    kind: which agent runs it. observe: the channel it reads. spectrum: field amplitude of the laser it was trained on,
    (64,), sampled evenly over spectrum_thz (low, high; offsets from the carrier), unit energy. stretcher: ps², ps³,
    ps⁴. numbers: what the agent of this kind needs besides the network. inputs, outputs: shape of each array of the
    network, None where its size is free. training: how it was made. scores: rows of `evaluate`. onnx_sha256: of the
    network's file; `save` writes it.
    """

    name: str
    kind: Kind
    observe: str
    knobs: tuple[TrainedKnob, ...]
    spectrum: tuple[float, ...]
    spectrum_thz: Pair
    stretcher: tuple[float, float, float]
    b_range_rad: Pair
    inputs: Shapes
    outputs: Shapes
    axes: TraceAxes | None = None
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()
    onnx_sha256: str = ""
    format: int = FORMAT

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        if wrong := _wrong(self):
            raise PolicyFileError(f"{self.name or 'a policy without a name'}: {wrong}.")

    def as_json(self) -> str:
        """The text of the file. PolicyFileError where it holds what JSON has no word for."""
        try:
            return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise PolicyFileError(f"{self.name}: the manifest cannot be written as JSON: {error}.") from None

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """The inverse. PolicyFileError, without the file's name, where the text is no manifest of this version."""
        told = _parsed(text)
        _require_shallow(told, GREATEST_DEPTH)
        if not isinstance(told, dict):
            raise PolicyFileError("is no manifest: its JSON is no object.")
        if (version := told.get("format")) != FORMAT:
            raise PolicyFileError(f"has format {str(version)[:20]}; this program reads format {FORMAT}.")
        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            key = ".".join(map(str, first["loc"]))[:80] or "the whole"
            raise PolicyFileError(f"is no manifest: {key}: {first['msg'].removeprefix('Value error, ')}.") from None


@cache
def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise PolicyFileError(f"is no JSON: {error}.") from None


def _require_shallow(told: Any, left: int) -> None:
    if left < 0:
        raise _too_deep()
    if isinstance(told, dict | list):
        for part in told.values() if isinstance(told, dict) else told:
            _require_shallow(part, left - 1)


def _too_deep() -> PolicyFileError:
    return PolicyFileError("is no manifest: it is nested too deeply.")


def _refused(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    if not isfinite(number := float(digits)):
        raise ValueError(f"{digits[:20]} is out of range")
    return number


def _wrong(manifest: Manifest) -> str | None:
    """What cannot be true of a manifest whose parts are each of the right type, in words; None where all can."""
    names = [knob.name for knob in manifest.knobs]
    bad_knobs = [knob.name for knob in manifest.knobs if not knob.low < knob.high]
    axes = manifest.axes
    cases = {
        f"format {manifest.format}; this program writes {FORMAT}": manifest.format != FORMAT,
        "it names no knob": not names,
        "it names a knob twice": len(set(names)) < len(names),
        f"the bounds of {', '.join(bad_knobs)} are in the wrong order": bool(bad_knobs),
        f"the spectrum has {len(manifest.spectrum)} numbers; {N_SPECTRUM} are wanted": (
            len(manifest.spectrum) != N_SPECTRUM
        ),
        "the spectrum is dark or negative": not any(manifest.spectrum) or min(manifest.spectrum) < 0,
        "spectrum_thz is in the wrong order": not manifest.spectrum_thz[0] < manifest.spectrum_thz[1],
        "b_range_rad is in the wrong order": not 0 <= manifest.b_range_rad[0] <= manifest.b_range_rad[1],
        "the axes of its trace are empty": axes is not None and min(axes.n_delay, axes.n_frequency, axes.bin_thz) <= 0,
        "it names no input or no output": not manifest.inputs or not manifest.outputs,
    }
    return next((text for text, is_wrong in cases.items() if is_wrong), None)
