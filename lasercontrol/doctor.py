"""The job behind `lasercontrol doctor`: ask every instrument what it is and what is wrong; change nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from drivers.errors import InstrumentError, OutOfRange
from drivers.instrument import Instrument
from drivers.parameter import Number, parameters_of
from lasercontrol.config import Config
from lasercontrol.errors import CallerError, LaserControlError
from lasercontrol.lab.composed import composed
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.instruments import Instruments, Used
from lasercontrol.lab.latch import Latch
from lasercontrol.lab.ownership import BenchOwned, owned
from lasercontrol.lab.phase import PhaseMap
from lasercontrol.lab_settings import LabSettings
from lasercontrol.signals import Attention

__all__ = ["Finding", "Visit", "examine", "sentences_of"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One instrument: what it is used as, where it is, what it says it is, and what is wrong with it ("" for nothing).

    state: every parameter that it reports; limits: least and greatest value of those that can be set.
    """

    name: str
    roles: tuple[str, ...]
    driver: str
    confidence: str
    resource: str
    idn: str
    problem: str
    state: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem

    def as_json(self) -> dict[str, Any]:
        """For programs: `role, resource, idn, ok, problem` and the rest."""
        return {
            "instrument": self.name,
            "role": ", ".join(self.roles),
            "driver": self.driver,
            "confidence": self.confidence,
            "resource": self.resource,
            "idn": self.idn,
            "ok": self.ok,
            "problem": self.problem or None,
            "state": {name: _plain(value) for name, value in self.state.items()},
            "limits": self.limits,
        }


@dataclass(frozen=True, slots=True)
class Visit:
    """All findings, what the bench is together, and what is wrong with it as a whole."""

    bench: str
    findings: tuple[Finding, ...]
    facts: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return not self.problems and all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "bench": self.bench,
            "ok": self.ok,
            "problems": list(self.problems),
            "facts": list(self.facts),
            "instruments": [finding.as_json() for finding in self.findings],
        }


def examine(config: Config) -> Visit:
    """Visit a bench. CallerError where the config has no `lab`; what is wrong with the bench is told, not raised.

    While a run owns the bench its instruments are left alone: on a serial line the answers would cross.
    """
    if config.lab is None:
        raise CallerError("the config has no `lab` section: its bench is simulated, and there is nothing to visit.")
    name = config.lab.name
    instruments = Instruments(config.lab)
    problems = []
    if (tripped := Latch(name).tripped) is not None:
        problems.append(f"interlock latched: {tripped}; lasercontrol rearm takes the latch away")
    try:
        with owned(name):
            return _visited(config, instruments, problems)
    except BenchOwned as error:
        findings = tuple(_unasked(used) for used in instruments)
        return Visit(name, findings, (), (*problems, f"{error}"))
    finally:
        instruments.disconnect()


def _visited(config: Config, instruments: Instruments, problems: list[str]) -> Visit:
    assert config.lab is not None  # noqa: S101 — the caller has looked
    with ThreadPoolExecutor(len(config.lab.instruments)) as pool:
        findings = tuple(pool.map(_finding, instruments))
    facts: tuple[str, ...] = ()
    if all(finding.idn for finding in findings):
        facts, wrong = _together(config, instruments)
        problems = problems + wrong
    return Visit(config.lab.name, findings, facts, tuple(problems))


def _unasked(used: Used) -> Finding:
    kind = used.driver
    said = "not asked: a run owns the bench"
    return Finding(used.name, used.roles, used.address.driver, kind.confidence, used.address.resource, "", said)


def _finding(used: Used) -> Finding:
    idn, problem, state, limits = "", "", {}, {}
    try:
        idn = used.driver.connect()
        state, limits = used.driver.state(), _limits(used.driver)
        problem = "; ".join(used.driver.problems())
    except (InstrumentError, OutOfRange) as error:
        problem = str(error)
    return Finding(
        name=used.name,
        roles=used.roles,
        driver=used.address.driver,
        confidence=used.driver.confidence,
        resource=used.address.resource,
        idn=idn,
        problem=problem,
        state=state,
        limits=limits,
    )


def _limits(driver: Instrument) -> dict[str, tuple[float, float]]:
    """Least and greatest of everything that can be set, as the instrument has them."""
    numbers = {name: known for name, known in parameters_of(type(driver)).items() if isinstance(known, Number)}
    return {name: known.limits(driver) for name, known in numbers.items() if known.harmless}


def _together(config: Config, instruments: Instruments) -> tuple[tuple[str, ...], list[str]]:
    """The bench as a whole, put together and asked where it stands: nothing is moved."""
    try:
        assert config.lab is not None  # noqa: S101 — the caller has looked
        safety = config.lab.safety
        source = instruments.current_source(safety.source) if safety.source else None
        seed_shutter = instruments.shutter(safety.seed_shutter) if safety.seed_shutter else None
        emission = Emission(instruments.shutter(safety.shutter), source, seed_shutter)
        parts = composed(config, instruments, emission, Attention(), confirm=lambda _old, _new: None)
        low, high = parts.bench.phase.gdd_range_ps2()
        shots = {name: reader.seconds_per_shot() for name, reader in parts.bench.readers.items()}
        at = zip(parts.bench.knobs, parts.bench.setting, strict=True)
        facts = (
            "setting now: " + ", ".join(f"{knob.name} {value:.6g} {knob.unit}" for knob, value in at),
            *_reach_in_words(parts.bench.phase),
            f"reachable with TOD and FOD at zero: GDD {low:.4g} to {high:.4g} ps²",
            *_light_in_words(config.lab, emission),
            *(f"{name}: about {seconds:.3g} s a shot, of the instruments' time" for name, seconds in shots.items()),
        )
    except (LaserControlError, InstrumentError, ValueError) as error:
        return (), [str(error)]
    wrong = [
        f"{knob.name} stands at {value:.6g} {knob.unit}, outside its {knob.low:.6g} to {knob.high:.6g} {knob.unit}"
        for knob, value in zip(parts.bench.knobs, parts.bench.setting, strict=True)
        if not knob.low <= value <= knob.high
    ]
    if (opened := parts.bench.open_interlock()) is not None:
        wrong.append(f"interlock: {opened}")
    return facts, wrong


def _light_in_words(lab: LabSettings, emission: Emission) -> list[str]:
    if emission.is_on:
        return ["the laser is on"]
    return ["the laser is off; " + ("a run switches it on" if lab.safety.switch_on else "a run would be refused")]


def _reach_in_words(phase: PhaseMap) -> list[str]:
    """What each actuator can make."""
    told = [
        f"{stage.name}: GDD {stage.gdd_range_ps2[0]:.4g} to {stage.gdd_range_ps2[1]:.4g} ps² over its travel, with "
        f"{stage.per_mm[1] / stage.per_mm[0]:.3g} ps³ of TOD for each ps² of GDD"
        for stage in phase.stages
    ]
    if reach := phase.reach:
        told.append(
            f"shaper: ±{reach.reach_ps:g} ps of group delay from {reach.low_thz:.3f} to {reach.high_thz:.3f} THz, in "
            f"steps of {reach.resolution_thz:g} THz"
        )
    return told


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def sentences_of(visit: Visit) -> list[str]:
    """The visit for people: an instrument a paragraph."""
    lines = [f"bench {visit.bench}: {'all is well' if visit.ok else 'something is wrong'}"]
    for finding in visit.findings:
        lines.append(
            f"  {'ok ' if finding.ok else '?? '} {finding.name} ({', '.join(finding.roles)}; {finding.driver})"
        )
        lines.append(f"        at     {finding.resource}")
        if finding.idn:
            lines.append(f"        is     {finding.idn}  (command set: confidence {finding.confidence})")
        if finding.state:
            told = ", ".join(f"{name} {_short(value)}" for name, value in finding.state.items())
            lines.append(f"        state  {told}")
        if finding.limits:
            told = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in finding.limits.items())
            lines.append(f"        limits {told}")
        if finding.problem:
            lines.append(f"        WRONG  {finding.problem}")
    lines += [f"  {fact}" for fact in visit.facts]
    lines += [f"  WRONG  {problem}" for problem in visit.problems]
    return lines


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
