"""A real laser from a config: instruments connected, owned, watched; light switched on and off in the safe order."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

from drivers.errors import InstrumentError
from drivers.instrument import Instrument
from lasercontrol.config import Config
from lasercontrol.consent import Consent
from lasercontrol.errors import CallerError, ConfigError, LaserControlError, SafetyError
from lasercontrol.lab.bench import LabBench
from lasercontrol.lab.composed import composed
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.faults import in_bench_words
from lasercontrol.lab.instruments import Instruments
from lasercontrol.lab.latch import Latch
from lasercontrol.lab.ownership import owned
from lasercontrol.lab.watchdog import Watchdog
from lasercontrol.lab_settings import LabSettings
from lasercontrol.laser_of import KnownLaser
from lasercontrol.limits import Limits
from lasercontrol.policies import AgentMaker
from lasercontrol.scenario import Scenario
from lasercontrol.signals import Attention, StopAsked, Wish
from lasercontrol.simulated import SimulatedLaser, agent_maker, nominal
from lasercontrol.truth import Truth
from sim.frog import FrogAxes

__all__ = ["LabLaser", "opened"]


MARGIN_S = 5.0
"""Between the longest time-out of an instrument and the watchdog's patience."""


class StoppedEarly(LaserControlError):  # noqa: N818 — named by what happened
    """Ctrl-C before the run began."""

    exit_code = 130


class TerminatedEarly(SafetyError):  # noqa: N818 — as above
    """The system asked for an end before the run began."""


@dataclass(frozen=True, slots=True, eq=False)
class LabLaser:
    """A bench that can be tuned, what is known of its laser, and what protects it. The truth nobody knows."""

    config: Config
    scenario: Scenario
    known: KnownLaser
    bench: LabBench
    limits: Limits
    seed: int
    instruments: Instruments
    axes: FrogAxes
    emission: Emission
    truth: Truth | None = None

    @property
    def title(self) -> str:
        """Which laser it is."""
        assert self.config.lab is not None  # noqa: S101 — a bench was built from it
        return f"{self.config.laser_id or 'laser'} on the bench {self.config.lab.name}"

    @property
    def emission_expected(self) -> bool:
        """Whether the light is left on."""
        return self.emission.expected

    def agent(self, name: str) -> AgentMaker:
        """Maker of an agent; CallerError for the oracle, which would have to know the laser, and as `agent_maker`."""
        if name == "oracle":
            raise CallerError("the oracle must know the laser, which nobody does of a real one; take another agent.")
        return agent_maker(name, self.bench, self.config, self.scenario, self.known, self.seed, axes=self.axes)

    def nominal(self) -> SimulatedLaser:
        """A simulated laser as the config has it, at the present setting: to rehearse on."""
        return nominal(self.config, self.scenario, self.known, self.bench.setting, self.seed)

    def hindrances(self) -> tuple[str, ...]:
        """A tripped interlock, or a laser that is off."""
        lab = self.config.lab
        assert lab is not None  # noqa: S101 — a bench was built from it
        found = []
        if (tripped := Latch(lab.name).tripped) is not None:
            found.append(f"interlock: {tripped}")
        if not lab.safety.switch_on and not self.emission.is_on:
            found.append("the laser is off, and safety.switch_on is false")
        return tuple(found)

    def facts(self) -> tuple[str, ...]:
        """Identity, address and state of every instrument now, as JSON; what does not answer says so."""
        return tuple(_fact(used.name, used.address.resource, used.driver) for used in self.instruments)


def _fact(name: str, resource: str, driver: Instrument) -> str:
    try:
        told = {"idn": driver.link.idn, "state": driver.state()}
    except InstrumentError as error:
        told = {"problem": str(error)}
    return json.dumps({"instrument": name, "resource": resource} | told, default=str, ensure_ascii=False)


@contextmanager
def opened(
    config: Config,
    seed: int,
    *,
    attention: Attention,
    consent: Consent,
    look_only: bool = False,
    watchdog_log: Callable[[], Path],
) -> Iterator[LabLaser]:
    """The laser of a config with a `lab`, for one run that owns the bench; everything is let go at the end.

    look_only: nothing is switched on and no watchdog is started, for a rehearsal. watchdog_log: gives where that
    one writes; asked when everything is connected. From then on an exception removes emission.
    Raises CallerError where somebody else owns the bench or its interlock has tripped, and BenchError where instruments
    are missing or the light cannot be switched on.
    """
    lab = config.lab
    assert lab is not None  # noqa: S101 — the caller has looked
    with ExitStack() as stack:
        stack.enter_context(owned(lab.name))
        if (tripped := Latch(lab.name).tripped) is not None and not look_only:
            raise SafetyError(
                f"interlock: {tripped}. When it is safe again: lasercontrol rearm CONFIG --why TEXT. Nothing was moved."
            )
        instruments = Instruments(lab)
        stack.callback(instruments.disconnect)
        _require_patience(lab, instruments)
        instruments.connect()
        source = instruments.current_source(lab.safety.source) if lab.safety.source else None
        seed_shutter = instruments.shutter(lab.safety.seed_shutter) if lab.safety.seed_shutter else None
        emission = Emission(instruments.shutter(lab.safety.shutter), source, seed_shutter)
        parts = composed(config, instruments, emission, attention, consent)  # before there is light: it may be refused
        laser = LabLaser(
            config, parts.scenario, parts.known, parts.bench, parts.limits, seed, instruments, parts.axes, emission
        )
        laser.agent(config.session.agent)  # an agent that cannot be one here is refused before there is light too
        if not look_only:
            if lab.safety.switch_on:
                consent.begin(_what_comes_on(lab))
            stack.enter_context(_watched(lab, attention, emission, instruments, watchdog_log))
            stack.enter_context(_lit(lab, emission, attention))
        yield laser


def _require_patience(lab: LabSettings, instruments: Instruments) -> None:
    """ConfigError where the watchdog would take an instrument that is deaf for a while for a run that hangs."""
    name, longest_s = max(((used.name, used.driver.link.settings.timeout_s) for used in instruments), key=itemgetter(1))
    if lab.safety.watchdog_s is not None and lab.safety.watchdog_s < longest_s + MARGIN_S:
        said = (
            f"is {lab.safety.watchdog_s:g} s; {name} may be silent for {longest_s:g} s (its time-out), so at least "
            f"{longest_s + MARGIN_S:g} s are needed."
        )
        raise ConfigError("config", None, "lab.safety.watchdog_s", said)


@contextmanager
def _watched(
    lab: LabSettings,
    attention: Attention,
    emission: Emission,
    instruments: Instruments,
    path_of_log: Callable[[], Path],
) -> Iterator[None]:
    """A second process that removes emission should this one die or hang; its log lies beside the record.

    Where this process could not remove emission the other one goes on trying, also after this one has ended.
    """
    if lab.safety.watchdog_s is None:
        yield
        return
    log = path_of_log()
    watchdog = Watchdog.start(lab, lab.safety.watchdog_s, log)
    instruments.sign_of_life(watchdog.feed)
    attention.on_tick = partial(_sign_of_life, watchdog)
    try:
        yield
    except BaseException as error:
        if emission.left:
            watchdog.abandon()
            error.add_note(f"The watchdog goes on trying to remove emission; its log is {log}.")
        raise
    finally:
        attention.on_tick = lambda: None
        if not emission.left:
            watchdog.release()
    if emission.left:
        watchdog.abandon()
        raise SafetyError(f"{emission.in_words()}. The watchdog goes on trying; its log is {log}.")


@contextmanager
def _lit(lab: LabSettings, emission: Emission, attention: Attention) -> Iterator[None]:
    """Light: switched on where the config says so, else it must be there. At the end it is off if that is wanted.

    Off after every error as well, but for a caller's mistake with a beam that was there before. A session removes
    emission by itself when it fails; to do it twice costs nothing.
    """
    try:
        with in_bench_words():
            _require_light(lab, emission)
            if lab.safety.switch_on:
                _switch_on(lab, emission, attention)
        emission.expected = True
        yield
    except CallerError:
        if lab.safety.switch_on:
            emission.remove()
        raise
    except StopAsked:
        emission.remove()
        kind = TerminatedEarly if attention.wish is Wish.MAKE_SAFE else StoppedEarly
        raise kind(f"stopped before the first shot; {emission.in_words()}.") from None
    except BaseException:
        if lab.safety.watchdog_s is None or not emission.left:  # what was tried in vain is the watchdog's at once
            emission.remove()
        raise
    if (lab.safety.switch_off or attention.wish is Wish.MAKE_SAFE) and emission.remove():
        raise SafetyError(f"{emission.in_words()}.")


def _switch_on(lab: LabSettings, emission: Emission, attention: Attention) -> None:
    """In the safe order; an interlock that stands in the way is remembered until a person re-arms it."""
    try:
        emission.switch_on(lab.safety, attention)
    except SafetyError:
        with suppress(InstrumentError):
            if (opened := emission.tripped()) is not None:
                Latch(lab.name).trip(opened)
        raise


def _sign_of_life(watchdog: Watchdog) -> None:
    """Feed it; SafetyError where nobody watches any more."""
    watchdog.feed()
    if not watchdog.alive:
        raise SafetyError(f"the watchdog process has ended, so that nobody would remove emission; see {watchdog.log}.")


def _what_comes_on(lab: LabSettings) -> str:
    source = f"{lab.safety.source} on at {lab.safety.current_a:g} A and " if lab.safety.source else ""
    scan = f", and {lab.diagnostics.frog.stage} scans" if lab.diagnostics.frog else ""
    return f"this run switches {source}{lab.safety.shutter} open{scan}."


def _require_light(lab: LabSettings, emission: Emission) -> None:
    """CallerError where the laser is off and nobody said to switch it on."""
    if not lab.safety.switch_on and not emission.is_on:
        raise CallerError(
            "the laser is off: switch it on, or say safety.switch_on: true in the config; nothing was moved."
        )
