"""The order in which emission goes off, and the one in which it comes on.

Off: the shutter closes, the current falls to its least, the output goes off. The TEC stays on, so that the diode is
spared a thermal cycle. On: the TEC, a steady temperature, interlocks and key, the limit, the least current, the output,
the ramp, and the shutter last. No dispersion knob is known here.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeGuard

from lasercontrol.errors import CallerError, SafetyError

if TYPE_CHECKING:  # the watchdog's process starts without what the roles of other instruments need
    from lasercontrol.lab.roles import CurrentSource, Shutter
    from lasercontrol.lab_settings import SafetySettings

__all__ = ["HasLimit", "HasRange", "HasTec", "make_safe", "switch_on"]

NEARLY_A = 1e-3  # a set point this close to the least one is there
TEMPERATURE_LIMIT_S = 600.0
LOOK_S = 0.5

Wait = Callable[[float], None]


class HasTec(Protocol):
    """A source that holds the temperature of its diode."""

    tec: bool

    @property
    def temperature_c(self) -> float:
        """The set point."""

    @property
    def measured_temperature_c(self) -> float:
        """What it is."""


class HasLimit(Protocol):
    """A source with a limit of its own."""

    @property
    def current_limit_a(self) -> float:
        """The greatest current that it lets flow."""


class HasRange(Protocol):
    """A source whose least current may be other than 0."""

    @property
    def current_limits_a(self) -> tuple[float, float]:
        """Least and greatest set point now."""


# ------------------------------------------------------------------------------------------------------------- off


def make_safe(shutter: "Shutter | None", source: "CurrentSource | None") -> list[str]:
    """Remove emission; what could not be done, in words. Empty: the shutter was seen closed, and the output off.

    Every step is tried, whatever became of the one before; then all of them again, where anything was left. A current
    that cannot be lowered is told only where the output stays on as well. Never raises an error of an instrument.
    """
    return _attempt(shutter, source, last=False) and _attempt(shutter, source, last=True)


def _attempt(shutter: "Shutter | None", source: "CurrentSource | None", *, last: bool) -> list[str]:
    left: list[str] = []
    if shutter is not None:
        what = f"{shutter.name} is not closed"
        left += _undone(what, shutter.close_shutter, lambda: shutter.is_open is False, last=last)
    if source is None:
        return left
    lowered = _undone(
        f"the current of {source.name} is not at its least",
        lambda: _lower(source, at_once=bool(left)),
        lambda: source.current_a <= _least_a(source) + NEARLY_A,
        last=last,
    )
    off = _undone(
        f"{source.name} is not off", lambda: _switch(source, on=False), lambda: source.output is False, last=last
    )
    return [*left, *off, *(lowered if off else [])]


def _undone(what: str, act: Callable[[], None], is_done: Callable[[], bool], *, last: bool) -> list[str]:
    """Act, then read: in the end what is read decides, not whether the act went well.

    At first an act that failed is not followed by a question: one dead instrument would keep the next on for longer.
    """
    fault = _fault(act)
    done: list[bool] = []
    unread = "" if fault and not last else _fault(lambda: done.append(is_done()))
    if done == [True]:
        return []
    causes = dict.fromkeys(text for text in (fault, unread) if text)
    return [f"{what} ({' '.join(causes) or 'it reads otherwise'})"]


def _fault(act: Callable[[], None]) -> str:
    """What an act throws, in words; nothing may keep the next step from being tried."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 — also a driver's own mistake
        return str(error) or type(error).__name__
    return ""


def _lower(source: "CurrentSource", *, at_once: bool) -> None:
    """A ramp behind a closed shutter; but no ramp of seconds while light comes out."""
    if at_once:
        source.current_a = _least_a(source)
    else:
        source.ramp_to(_least_a(source))


def _switch(source: "CurrentSource", *, on: bool) -> None:
    source.output = on


def _least_a(source: "CurrentSource") -> float:
    """Never below 0: a reverse current destroys a diode."""
    return max(0.0, source.current_limits_a[0]) if _has_range(source) else 0.0


# -------------------------------------------------------------------------------------------------------------- on


def switch_on(shutter: "Shutter", source: "CurrentSource | None", settings: "SafetySettings", wait: Wait) -> None:
    """Let there be light, in the safe order, each step confirmed before the next; SafetyError where one fails.

    wait: called with seconds between two looks at the temperature, and with 0 between steps; what it raises ends the
    attempt. Emission has been removed before anything is raised, and the message says so, or that it could not be.
    """
    if source is not None and settings.current_a is None:
        raise CallerError("safety.current_a is missing, the current of nominal energy; nothing was moved.")
    try:
        _block(shutter)
        if source is not None:
            _prepare(source, settings, wait)
        _require_interlocks(shutter, source)
        wait(0.0)  # whoever wants an end by now is heard before there is a current, and again before there is light
        if source is not None and settings.current_a is not None:
            _energise(source, settings.current_a)
        wait(0.0)
        _unblock(shutter)
    except Exception as error:
        raise SafetyError(f"The laser was not switched on: {error} {_ending(make_safe(shutter, source))}") from error
    except BaseException:  # Ctrl-C
        make_safe(shutter, source)
        raise


def _ending(left: list[str]) -> str:
    return f"EMISSION MAY STILL BE ON: {'; '.join(left)}." if left else "Emission is off."


def _block(shutter: "Shutter") -> None:
    """Closed before there is any current: the ramp's light stays inside."""
    shutter.close_shutter()
    _require(shutter.is_open is False, f"{shutter.name} does not close.")


def _unblock(shutter: "Shutter") -> None:
    shutter.open_shutter()
    _require(shutter.is_open is True, f"{shutter.name} does not open.")


def _prepare(source: "CurrentSource", settings: "SafetySettings", wait: Wait) -> None:
    """The temperature, where the source holds one."""
    if not hasattr(type(source), "tec"):
        return
    if not _has_tec(source):
        raise SafetyError(f"{source.name} has a TEC, but its driver does not tell set and measured temperature.")
    source.tec = True
    if not _becomes_steady(source, settings, wait):
        raise SafetyError(
            f"the temperature does not stay within {settings.temperature_window_k:g} K for "
            f"{settings.temperature_s:g} s; tried for {TEMPERATURE_LIMIT_S:g} s."
        )


def _becomes_steady(source: HasTec, settings: "SafetySettings", wait: Wait) -> bool:
    """Look now and then, with waits of the caller in between: a run gives signs of life meanwhile, and may be ended."""
    start_s = since_s = time.monotonic()
    while (now_s := time.monotonic()) - start_s <= TEMPERATURE_LIMIT_S + settings.temperature_s:
        error_k = abs(source.measured_temperature_c - source.temperature_c)
        if not (error_k <= settings.temperature_window_k and source.tec is True):
            since_s = time.monotonic()
        elif now_s - since_s >= settings.temperature_s:
            return True
        wait(min(LOOK_S, max(0.01, settings.temperature_s / 10)))
    return False


def _require_interlocks(shutter: "Shutter", source: "CurrentSource | None") -> None:
    _require(shutter.interlock_closed is not False, f"the interlock of {shutter.name} is open.")
    if source is not None:
        _require(source.interlock_closed is True, f"an interlock, key or protection of {source.name} is not clear.")


def _energise(source: "CurrentSource", current_a: float) -> None:
    limit_a = source.current_limit_a if _has_limit(source) else math.inf
    _require(current_a <= limit_a, f"{current_a:g} A are asked, and the limit of {source.name} is {limit_a:g} A.")
    source.ramp_to(_least_a(source))
    _switch(source, on=True)
    _require(source.output is True, f"the output of {source.name} does not come on.")
    source.ramp_to(current_a)
    _require(source.output is True, f"the output of {source.name} went off during the ramp.")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SafetyError(otherwise)


# Asked of the class: an attribute of an instrument is a question to the instrument.


def _has_tec(source: object) -> TypeGuard[HasTec]:
    return all(hasattr(type(source), name) for name in ("tec", "temperature_c", "measured_temperature_c"))


def _has_limit(source: object) -> TypeGuard[HasLimit]:
    return hasattr(type(source), "current_limit_a")


def _has_range(source: object) -> TypeGuard[HasRange]:
    return hasattr(type(source), "current_limits_a")
