"""Sources of pump current: an output that does not come on against its interlock, and a ramp that watches itself."""

import math
import time
from collections.abc import Iterator
from typing import Protocol, cast

from drivers.errors import InterlockOpen, NotObeyed, OutOfRange, Refused
from drivers.parameter import Device, Switch

__all__ = ["CurrentSource", "GuardedSwitch", "ramp"]

STEPS = 20
"""Steps of a ramp over the whole range, where the caller names no step."""


class CurrentSource(Device, Protocol):
    """What a ramp needs of its instrument. The set point and the measured current are two quantities."""

    current_a: float
    output: bool

    @property
    def measured_current_a(self) -> float:
        """What flows, in A."""

    @property
    def current_limits_a(self) -> tuple[float, float]:
        """Least and greatest set point now, in A."""

    @property
    def follows_within_a(self) -> float:
        """How far, in A, the measured current may be from a set point of 0."""

    def require_current(self, current_a: float) -> None:
        """OutOfRange for a set point that may not be."""

    def require_clear(self) -> None:
        """InterlockOpen, or another InstrumentError, where the output must not come on; nothing where it may."""


class GuardedSwitch(Switch):
    """An output that is not switched on while its instrument says that something keeps it off; off always goes."""

    def __set__(self, device: Device, value: bool) -> None:
        source = cast("CurrentSource", device)
        with device.link.lock():
            if value is True:
                source.require_clear()
            try:
                super().__set__(device, value)
            except (NotObeyed, Refused):
                if value:
                    source.require_clear()  # an interlock that opened meanwhile is the better answer
                raise


def ramp(source: CurrentSource, target_a: float, *, step_a: float | None = None, pause_s: float = 0.02) -> None:
    """Bring the set point to `target_a` in equal steps of `step_a` at most, each validated, read back, and measured.

    A rising ramp ends at the first step that is not followed; a falling one goes on, and is judged at its end.
    OutOfRange before anything is sent; InterlockOpen where the output went off; NotObeyed where the current differs.
    """
    if not ((step_a is None or step_a > 0) and pause_s >= 0):  # written so that NaN is refused
        raise OutOfRange(
            f"{source.name}: a ramp needs steps over 0 A and pauses of 0 s or more, got {step_a} A and {pause_s} s; "
            f"nothing was sent."
        )
    source.require_current(target_a)
    emitting, rising = source.output, target_a > source.current_a
    for value_a in _steps(source, target_a, step_a):
        source.current_a = value_a
        time.sleep(pause_s)
        if emitting and rising:
            _require_followed(source, value_a)
    if emitting and not rising and source.output:
        _require_followed(source, target_a)


def _steps(source: CurrentSource, target_a: float, step_a: float | None) -> Iterator[float]:
    """Set points on the way. A start beyond the limits, lowered meanwhile, is left in the first step."""
    low_a, high_a = source.current_limits_a
    start_a = min(max(source.current_a, low_a), high_a)
    longest_a = step_a or max(high_a / STEPS, 1e-6)
    count = max(1, math.ceil(abs(target_a - start_a) / longest_a - 1e-9))
    yield from (start_a + (target_a - start_a) * k / count for k in range(1, count))
    yield target_a


def _require_followed(source: CurrentSource, value_a: float) -> None:
    if not source.output:
        raise InterlockOpen(source.name, f"the output went off at {value_a:.6g} A; the set point stays there.")
    measured_a = source.measured_current_a
    if abs(measured_a - value_a) > source.follows_within_a + 0.02 * abs(value_a):
        raise NotObeyed(source.name, f"the set point is {value_a:.6g} A and {measured_a:.6g} A flow.")
