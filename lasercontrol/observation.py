"""What an agent in training is shown: one dictionary of arrays, from what the instruments showed and the knobs said.

Nothing here knows the plant, so nothing hidden can leak. Every function is pure and takes any batch shape `...`.

Keys: `frog` (..., n_frames, n_delay, n_frequency), `marginals`, `autocorrelation`, `spectrum`, each optional;
`log_gain` of the cameras read; `log_signal` and `energy` (..., 1); `knobs` and `action` (..., k) of this shot, and
`history` (..., n_history, 2k + 1), the same and log_signal of the shots before, oldest first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log
from typing import Any, Literal, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from lasercontrol.bench import Channel, Floats, Quality, Reading
from lasercontrol.errors import CallerError
from lasercontrol.shot import signal_of

__all__ = ["Observation", "ObservationSpec", "Past", "Seen", "blank_past", "look", "reset_past", "space_of", "spec_of"]

Observation = dict[str, NDArray[Any]]

CHANNEL_OF: Mapping[str, str] = {
    "frog": "frog",
    "marginals": "frog",
    "autocorrelation": "autocorrelation",
    "shg": "shg",
    "spectrum": "spectrum",
}
GREATEST_LOG_SIGNAL = 5.0  # a signal of 148 transform limits: no scale that anybody meets
GREATEST_LOG_GAIN = 10.0  # decades, either way
GREATEST_ENERGY = 2.0  # times nominal


@dataclass(frozen=True, kw_only=True)
class ObservationSpec:
    """What is shown, and how.

    shown: which diagnostics. n_history: how many earlier shots' knobs, actions and signals. n_frames: FROG images,
    the newest last. image_dtype: uint8 is 0 … 255 of the detector's range, float32 is 0 … 1. full_scale_counts: range
    of the cameras' converters. floor: the signal below which there is only noise, about the yield meter's noise in the
    dark; logarithms end there. Raises CallerError where a name is unknown or a number makes no sense.
    """

    shown: tuple[str, ...] = ("frog",)
    n_history: int = 4
    n_frames: int = 1
    image_dtype: Literal["uint8", "float32"] = "uint8"
    n_delay: int = 64
    n_frequency: int = 64
    full_scale_counts: float = 4095.0
    floor: float = 2e-3

    def __post_init__(self) -> None:
        if unknown := [name for name in self.shown if name not in CHANNEL_OF]:
            raise CallerError(f"no instrument shows {', '.join(unknown)}; there are {', '.join(CHANNEL_OF)}")
        if not self.shown or self.n_history < 0 or self.n_frames < 1 or not self.floor > 0:
            raise CallerError(
                f"an observation shows something, n_history is 0 or more, n_frames 1 or more and floor above 0; got "
                f"{self.shown}, {self.n_history}, {self.n_frames}, {self.floor:g}"
            )

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """Channels that the bench must read: those shown, and the yield where they carry no second harmonic."""
        shown = tuple(dict.fromkeys(CHANNEL_OF[name] for name in self.shown))
        return shown if set(shown) != {"spectrum"} else (*shown, "shg")

    @cached_property
    def cameras(self) -> tuple[str, ...]:
        """The channels among them that report a gain."""
        return tuple(name for name in self.channels if name != "shg")

    @cached_property
    def lowest_log_signal(self) -> float:
        """The logarithm of the floor."""
        return log(self.floor)


def spec_of(observe: ObservationSpec | str | Sequence[str]) -> ObservationSpec:
    """A specification from itself, or from the name or names of what is shown."""
    if isinstance(observe, ObservationSpec):
        return observe
    return ObservationSpec(shown=(observe,) if isinstance(observe, str) else tuple(observe))


class Past(NamedTuple):
    """What is kept of earlier shots: rows (..., n_history, 2k + 1), n_frames - 1 images, the last log signal (...)."""

    rows: Floats
    frames: NDArray[Any]
    log_signal: Floats


class Seen(NamedTuple):
    """One shot as it is shown, its log signal in float64, shape (...), and what is kept of it for the next."""

    observation: Observation
    log_signal: Floats
    past: Past


def blank_past(spec: ObservationSpec, n_knob: int, shape: tuple[int, ...]) -> Past:
    """No shot yet: knobs in the middle, no action, no light."""
    rows = np.zeros((*shape, spec.n_history, 2 * n_knob + 1), dtype=np.float32)
    rows[..., -1] = spec.lowest_log_signal
    frames = np.zeros((*shape, spec.n_frames - 1, spec.n_delay, spec.n_frequency), dtype=spec.image_dtype)
    return Past(rows, frames, np.full(shape, spec.lowest_log_signal))


def reset_past(past: Past, lanes: NDArray[np.bool_], blank: Past) -> Past:
    """The same with some lanes of a one-dimensional batch as if nothing had been."""
    if lanes.all():
        return blank

    def mixed(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        return np.where(lanes.reshape(-1, *(1,) * (old.ndim - 1)), new, old)

    return Past(*(mixed(old, new) for old, new in zip(past, blank, strict=True)))


def look(spec: ObservationSpec, reading: Reading, fraction: Floats, action: Floats, past: Past) -> Seen:
    """A shot at knobs read back, shape (..., k) in fractions of their range, reached by an action, shape (..., k).

    An INVALID reading shows no light in any picture, and the signal stays what it was: it is neither gain nor loss.
    """
    if reading.quality.max() >= Quality.INVALID:
        reading, log_signal = _dark_where_invalid(spec, reading, past.log_signal)
    else:
        log_signal = _log_signal(spec, reading)
    row = np.concatenate((fraction, action, log_signal[..., None]), axis=-1, dtype=np.float32)
    n_knob = fraction.shape[-1]
    observation: Observation = {name: SHOWN[name](spec, reading) for name in spec.shown if name in SHOWN}
    if "frog" in observation:
        newest = observation["frog"][..., None, :, :]
        observation["frog"] = newest if spec.n_frames == 1 else np.concatenate((past.frames, newest), axis=-3)
    observation["knobs"] = row[..., :n_knob]
    observation["action"] = row[..., n_knob:-1]
    observation["log_signal"] = row[..., -1:]
    observation["energy"] = _within(reading.energy, 0.0, GREATEST_ENERGY)[..., None]
    if spec.cameras:
        observation["log_gain"] = _log_gain(spec, reading)
    if spec.n_history:
        observation["history"] = past.rows
    return Seen(observation, log_signal, _remembered(past, row, observation, log_signal))


def space_of(spec: ObservationSpec, n_knob: int) -> spaces.Dict:
    """The space that `look` fills for one bench, float32 but for the image."""
    row_low = np.concatenate([np.full(n_knob, -0.5), np.full(n_knob, -1.0), [spec.lowest_log_signal]])
    row_high = np.concatenate([np.full(n_knob, 0.5), np.full(n_knob, 1.0), [GREATEST_LOG_SIGNAL]])
    found: dict[str, spaces.Space[Any]] = {
        name: _box(0.0, 1.0, (size,)) for name, size in _curve_sizes(spec).items() if name in spec.shown
    }
    if "frog" in spec.shown:
        brightest = 255 if spec.image_dtype == "uint8" else 1
        shape = (spec.n_frames, spec.n_delay, spec.n_frequency)
        found["frog"] = spaces.Box(0, brightest, shape, np.dtype(spec.image_dtype).type)
    found["knobs"] = _box(-0.5, 0.5, (n_knob,))
    found["action"] = _box(-1.0, 1.0, (n_knob,))
    found["log_signal"] = _box(spec.lowest_log_signal, GREATEST_LOG_SIGNAL, (1,))
    found["energy"] = _box(0.0, GREATEST_ENERGY, (1,))
    if spec.cameras:
        found["log_gain"] = _box(-GREATEST_LOG_GAIN, GREATEST_LOG_GAIN, (len(spec.cameras),))
    if spec.n_history:
        low, high = (np.tile(end.astype(np.float32), (spec.n_history, 1)) for end in (row_low, row_high))
        found["history"] = spaces.Box(low, high, dtype=np.float32)
    return spaces.Dict(found)


def _box(low: float, high: float, shape: tuple[int, ...]) -> spaces.Box:
    return spaces.Box(low, high, shape, np.float32)


def _curve_sizes(spec: ObservationSpec) -> dict[str, int]:
    return {
        "marginals": spec.n_delay + spec.n_frequency,
        "autocorrelation": spec.n_delay,
        "spectrum": spec.n_frequency,
    }


def _image(spec: ObservationSpec, reading: Reading) -> NDArray[Any]:
    """The trace as the camera's range: scaled first, cast afterwards, so that nothing under full scale is lost."""
    brightest = 255 if spec.image_dtype == "uint8" else 1
    within = np.minimum(reading.channels["frog"].values, np.float32(spec.full_scale_counts))
    np.maximum(within, 0, out=within)
    image = np.empty(within.shape, dtype=spec.image_dtype)
    return np.multiply(within, np.float32(brightest / spec.full_scale_counts), out=image, casting="unsafe")


def _marginals(_: ObservationSpec, reading: Reading) -> Floats:
    """Sums over frequency, then over delay, each as a share of its greatest; shape (..., n_delay + n_frequency)."""
    channel = reading.channels["frog"]
    light = channel.values - channel.background
    return np.concatenate([_of_its_peak(light.sum(axis=axis)) for axis in (-1, -2)], axis=-1, dtype=np.float32)


def _of_its_peak(curve: Floats) -> Floats:
    peak = curve.max(axis=-1, keepdims=True)
    return _within(curve / np.where(peak > 0, peak, 1.0), 0.0, 1.0)


def _curve(name: str) -> Callable[[ObservationSpec, Reading], Floats]:
    """A camera line as a share of the converter's range."""

    def shown(spec: ObservationSpec, reading: Reading) -> Floats:
        return _within(reading.channels[name].values / np.float32(spec.full_scale_counts), 0.0, 1.0)

    return shown


SHOWN: Mapping[str, Callable[[ObservationSpec, Reading], NDArray[Any]]] = {
    "frog": _image,
    "marginals": _marginals,
    "autocorrelation": _curve("autocorrelation"),
    "spectrum": _curve("spectrum"),
}
"""Diagnostics with a key of their own; the yield has none, since `log_signal` is it."""


def _within(values: Floats, low: float, high: float) -> Floats:
    return np.minimum(np.maximum(values, low), high, dtype=np.float32)


def _log_signal(spec: ObservationSpec, reading: Reading) -> Floats:
    """log of the second-harmonic signal and the floor together: from log(floor) on, smooth where only noise is left."""
    signal = np.maximum(np.asarray(signal_of(reading), dtype=np.float64), 0.0)
    return np.asarray(np.minimum(np.log(signal + spec.floor), GREATEST_LOG_SIGNAL))


def _log_gain(spec: ObservationSpec, reading: Reading) -> Floats:
    """Decades of each camera's gain, shape (..., n_camera); 0 of a camera that reports none."""
    gains = np.ones((*reading.energy.shape, len(spec.cameras)), dtype=np.float32)
    for column, name in enumerate(spec.cameras):
        if (gain := reading.channels[name].gain) is not None:
            gains[..., column] = gain
    return _within(np.log10(np.maximum(gains, 1e-30)), -GREATEST_LOG_GAIN, GREATEST_LOG_GAIN)


def _remembered(past: Past, row: Floats, observation: Observation, log_signal: Floats) -> Past:
    rows = np.concatenate((past.rows[..., 1:, :], row[..., None, :]), axis=-2) if past.rows.shape[-2] else past.rows
    frames = observation["frog"][..., 1:, :, :] if "frog" in observation else past.frames
    return Past(rows, frames, log_signal)


def _dark_where_invalid(spec: ObservationSpec, reading: Reading, before: Floats) -> tuple[Reading, Floats]:
    usable = np.asarray(reading.quality) < Quality.INVALID

    def dark(channel: Channel) -> Channel:
        values = np.where(usable.reshape(usable.shape + (1,) * len(channel.axes)), channel.values, channel.background)
        gain = None if channel.gain is None else np.where(usable, channel.gain, 1.0)
        return replace(channel, values=values.astype(channel.values.dtype), gain=gain)

    channels = {name: dark(channel) for name, channel in reading.channels.items()}
    reading = replace(reading, channels=channels, energy=np.where(usable, reading.energy, 1.0))
    return reading, np.where(usable, _log_signal(spec, reading), before)
