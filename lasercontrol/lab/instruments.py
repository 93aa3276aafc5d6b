"""The instruments of a bench: built from their addresses, connected together, each missing one told at once."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from drivers.errors import InstrumentError, OutOfRange
from drivers.instrument import Instrument
from drivers.message_log import MessageLog
from drivers.registry import driver_named
from lasercontrol.errors import ConfigError, LinkError
from lasercontrol.lab.roles import (
    Autocorrelator,
    CurrentSource,
    PowerMeter,
    Shaper,
    Shutter,
    Spectrometer,
    Stage,
    TemperatureController,
    lacking,
)
from lasercontrol.lab_settings import MASKED, InstrumentAddress

__all__ = ["Instruments", "Named", "Used"]


@dataclass(frozen=True, slots=True)
class Used:
    """One instrument with what it is used for."""

    name: str
    roles: tuple[str, ...]
    address: InstrumentAddress
    driver: Instrument


class Named(Protocol):
    """Settings that name instruments, as `lab` of a bench or an aging config does."""

    @property
    def instruments(self) -> Mapping[str, InstrumentAddress]:
        """Name → driver and address."""

    @property
    def used(self) -> Sequence[tuple[str, str, str]]:
        """(key in the config, role, name of the instrument) of every use of an instrument."""

    @property
    def backend(self) -> str:
        """Of VISA."""

    @property
    def reconnect_s(self) -> float:
        """For how long a lost link is tried again."""

    @property
    def message_log(self) -> Path | None:
        """File that keeps every message."""


class Instruments:
    """Every instrument of a bench by name. Nothing is opened before `connect`. prefix: of the settings' keys.

    Raises ConfigError where a driver does not exist, does not take its options, or cannot fill its role.
    """

    def __init__(self, lab: Named, prefix: str = "lab.") -> None:
        self._prefix = prefix
        self.log = MessageLog(lab.message_log) if lab.message_log else None
        roles: dict[str, list[str]] = {name: [] for name in lab.instruments}
        for key, role, name in lab.used:
            roles[name].append(role)
            self._require_role(key, role, name, lab)
        self._used = {
            name: Used(name, tuple(roles[name]), address, self._built(name, address, lab))
            for name, address in lab.instruments.items()
        }
        for key, role, name in lab.used:
            if absent := lacking(self._used[name].driver, role):
                said = f"{name} calls itself a {role}, and has no {', '.join(absent)} (lasercontrol/lab/roles.py)."
                raise ConfigError("config", None, f"{self._prefix}{key}", said)

    def __iter__(self) -> Iterator[Used]:
        return iter(self._used.values())

    def stage(self, name: str) -> Stage:
        """The instrument in this role, which it was asked for on construction; so all below."""
        return cast("Stage", self._used[name].driver)

    def shaper(self, name: str) -> Shaper:
        """A shaper."""
        return cast("Shaper", self._used[name].driver)

    def shutter(self, name: str) -> Shutter:
        """A shutter."""
        return cast("Shutter", self._used[name].driver)

    def current_source(self, name: str) -> CurrentSource:
        """A current source."""
        return cast("CurrentSource", self._used[name].driver)

    def power_meter(self, name: str) -> PowerMeter:
        """A power meter."""
        return cast("PowerMeter", self._used[name].driver)

    def spectrometer(self, name: str) -> Spectrometer:
        """A spectrometer."""
        return cast("Spectrometer", self._used[name].driver)

    def autocorrelator(self, name: str) -> Autocorrelator:
        """An autocorrelator."""
        return cast("Autocorrelator", self._used[name].driver)

    def temperature_controller(self, name: str) -> TemperatureController:
        """A controller of a temperature."""
        return cast("TemperatureController", self._used[name].driver)

    def sign_of_life(self, sign: Callable[[], None]) -> None:
        """Call this after every exchange with any of them: a long sweep is no hang."""
        for used in self:
            used.driver.link.alive = sign

    def connect(self) -> dict[str, str]:
        """Connect to all at the same time; their identities by name. LinkError tells every one that is missing."""
        with ThreadPoolExecutor(len(self._used)) as pool:
            answers = dict(zip(self._used, pool.map(_connected, self), strict=True))
        if missing := [str(answer) for answer in answers.values() if isinstance(answer, Exception)]:
            self.disconnect()
            raise LinkError(f"{len(missing)} of {len(answers)} instruments are missing: {' '.join(missing)}")
        return {name: str(answer) for name, answer in answers.items()}

    def disconnect(self) -> None:
        """Let all links go."""
        for used in self:
            used.driver.disconnect()
        if self.log:
            self.log.close()

    def _require_role(self, key: str, role: str, name: str, lab: Named) -> None:
        try:
            kind = driver_named(lab.instruments[name].driver)
        except OutOfRange as error:
            raise ConfigError("config", None, f"{self._prefix}instruments.{name}.driver", f"{error}") from None
        if role not in kind.roles:
            can = ", ".join(kind.roles) or "nothing on a bench"
            said = f"{name} is a {lab.instruments[name].driver}, which can be used as {can}; not as {role}."
            raise ConfigError("config", None, f"{self._prefix}{key}", said)

    def _built(self, name: str, address: InstrumentAddress, lab: Named) -> Instrument:
        given = {
            key: _from_environment(f"{self._prefix}instruments.{name}.options.{key}", value)
            for key, value in address.options.items()
        }
        try:
            return driver_named(address.driver).at(
                address.resource,
                name=name,
                backend=lab.backend,
                timeout_s=address.timeout_s,
                reconnect_s=lab.reconnect_s,
                log=self.log,
                **given,
            )
        except (TypeError, ValueError) as error:
            said = f"{error}".replace(
                f"{driver_named(address.driver).__name__}.__init__()", f"the driver {address.driver}"
            )
            said = said.replace("an unexpected keyword argument", "an option that it does not know:")
            raise ConfigError("config", None, f"{self._prefix}instruments.{name}.options", f"{said}.") from None


def _from_environment(place: str, value: Any) -> Any:
    """An option as it is, or, of `env:NAME`, what the environment has; ConfigError where it has not got it."""
    if value == MASKED:
        said = "was masked in the record: write it as env:NAME in the config, and set NAME in the environment."
        raise ConfigError("config", None, place, said)
    if not (isinstance(value, str) and value.startswith("env:")):
        return value
    variable = value.removeprefix("env:")
    if variable not in os.environ:
        said = f"names the environment variable {variable}, which is not set."
        raise ConfigError("config", None, place, said)
    return os.environ[variable]


def _connected(used: Used) -> str | Exception:
    try:
        return used.driver.connect()
    except (InstrumentError, OutOfRange) as error:
        return error
