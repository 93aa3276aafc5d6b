"""From an oscilloscope's levels to volts over seconds. Vendors share the fields of a preamble, and not their meaning.

Keysight: V = (level − yreference) · yincrement + yorigin. Rigol: V = (level − yorigin − yreference) · yincrement.
Tektronix: V = (level − YOFF) · YMULT + YZERO. All of them are V = (level − zero_level) · volts_per_level + zero_v.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from drivers.curve import Curve
from drivers.errors import NotReady, OutOfRange, ReplyTimeout, WrongReply
from drivers.instrument import Instrument, number

__all__ = ["Preamble", "Scaling", "levels_of", "require_channel", "wait_for_trigger"]

Levels = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Sample n of `points` lies at first_s + n · step_s; a level is worth as the module says."""

    points: int
    first_s: float
    step_s: float
    volts_per_level: float
    zero_level: float
    zero_v: float

    def curve(self, levels: Levels, *, bottom: int, top: int) -> Curve:
        """Volts over seconds; saturated when a sample is at or beyond the ends of the converter's range."""
        axis_s = self.first_s + self.step_s * np.arange(levels.size)
        values_v = (levels - self.zero_level) * self.volts_per_level + self.zero_v
        saturated = bool(levels.min() <= bottom or levels.max() >= top)
        return Curve(axis_s, values_v, "s", "V", saturated=saturated)


@dataclass(frozen=True, slots=True)
class Preamble:
    """The ten fields that Keysight and Rigol send, in their order."""

    format: int
    type: int
    points: int
    count: int
    x_increment_s: float
    x_origin_s: float
    x_reference: float
    y_increment_v: float
    y_origin: float
    y_reference: float

    @classmethod
    def asked(cls, scope: Instrument, question: str = ":WAV:PRE?") -> Self:
        """The preamble that a scope reports; WrongReply where it has not ten fields that can be true."""
        reply = scope.ask_text(question)
        fields = [number(part) for part in reply.split(",")]
        if len(fields) == 10 and (told := [field for field in fields if field is not None]) == fields:
            whole = [int(field) for field in told[:4]]
            if whole == told[:4] and whole[2] >= 2 and told[4] > 0 and told[7] > 0:
                return cls(*whole, *told[4:])
        scope.link.doubt("a preamble that cannot be")
        raise WrongReply(scope.name, f"to {question!r} came {reply[:160]!r}, which is no preamble of ten fields.")

    def scaling(self, *, zero_level: float, zero_v: float) -> Scaling:
        """With what the vendor means by the y fields. Both vendors mean the same by the x fields."""
        return Scaling(
            points=self.points,
            first_s=self.x_origin_s - self.x_reference * self.x_increment_s,
            step_s=self.x_increment_s,
            volts_per_level=self.y_increment_v,
            zero_level=zero_level,
            zero_v=zero_v,
        )


def levels_of(scope: Instrument, blocks: Sequence[bytes | bytearray], kind: str, points: int) -> Levels:
    """The samples of one or several blocks, `kind` in NumPy's words (">u2"); WrongReply where some are missing."""
    data = b"".join(blocks)
    if len(data) != points * np.dtype(kind).itemsize:
        scope.link.doubt("a waveform of another length")
        raise WrongReply(scope.name, f"{len(data)} bytes came for {points} points of type {kind}; none were taken.")
    return np.frombuffer(data, kind).astype(np.int64)


def require_channel(scope: Instrument, channel: int, channels: int) -> None:
    """OutOfRange for a channel that there is not."""
    if channel not in range(1, channels + 1):
        raise OutOfRange(f"{scope.name}: channel={channel} is outside 1 to {channels}; nothing was sent.")


def wait_for_trigger(scope: Instrument) -> None:
    """Until the acquisition under way has ended; NotReady where it does not within the link's time-out."""
    try:
        reply = scope.ask_text("*OPC?")
    except ReplyTimeout as error:
        limit_s = scope.link.settings.timeout_s
        raise NotReady(scope.name, f"no acquisition within {limit_s:g} s: no trigger, or no answer.") from error
    if reply != "1":
        scope.link.doubt("an end that is none")
        raise WrongReply(scope.name, f"to '*OPC?' came {reply[:80]!r}, where the answer is 1.")
