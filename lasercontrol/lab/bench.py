"""A bench of glass and steel behind the `Bench` protocol: moved in steps, read back, and made safe.

One time-out ends no run: the exchange is tried once more, a reading that fails is INVALID, and both are counted. What a
person has not confirmed is not moved.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from drivers.curve import Curve
from drivers.errors import InstrumentError, OverRange
from lasercontrol.bench import Channel, Floats, Knob, Quality, Reading
from lasercontrol.errors import BenchLost, LaserControlError, SafetyError
from lasercontrol.lab.actuators import Actuators
from lasercontrol.lab.amplifier import AmplifierGuard
from lasercontrol.lab.diagnostics import Reader
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.faults import PASSING, FaultCount, in_bench_words
from lasercontrol.lab.latch import Latch
from lasercontrol.lab.phase import PhaseMap
from lasercontrol.lab.roles import PowerMeter, Shaper, Stage
from lasercontrol.lab.seed_gate import SeedGate
from lasercontrol.lab_settings import LabSettings
from lasercontrol.signals import Attention
from lasercontrol.simbench import COEFFICIENTS

__all__ = ["LabBench"]

REARM = "when it is safe again: lasercontrol rearm CONFIG --why TEXT"

STEADY = 0.1
"""Greatest change of the energy during one reading: beyond it half of a trace belongs to another laser."""


class OverCeiling(Exception):  # noqa: N818 — named by what is
    """The meter is over its range."""


class LabBench:
    """Instruments by role, composed. All of them are connected, and the light is on, when this is built.

    stages and shaper make the dispersion that `phase` allots; readers are the diagnostics by channel. confirm: asked
    once, before the first move, with (old, new), and raises where that is refused. wavelength_nm: for the power meter.
    amplifier: asked before every step. Raises BenchError where the knobs cannot be read.
    """

    def __init__(
        self,
        lab: LabSettings,
        knobs: tuple[Knob, ...],
        *,
        phase: PhaseMap,
        stages: Sequence[Stage],
        shaper: Shaper | None,
        readers: Mapping[str, Reader],
        power: PowerMeter,
        emission: Emission,
        wavelength_nm: float,
        amplifier: AmplifierGuard | None,
        attention: Attention,
        confirm: Callable[[Floats, Floats], None],
    ) -> None:
        self.knobs, self.phase, self.readers = knobs, phase, dict(readers)
        self._lab, self._power, self._wavelength_nm, self._emission = lab, power, wavelength_nm, emission
        self._attention, self._confirm = attention, confirm
        self._columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
        self._range = np.array([knob.range for knob in knobs])
        self._latch = Latch(lab.name)
        self._faults = FaultCount(lab.motion.max_faults)
        self._actuators = Actuators(phase, stages, shaper, amplifier, faults=self._faults, attention=attention)
        self._gate = SeedGate(lab, emission.seed, faults=self._faults, attention=attention)
        self._confirmed = self._prepared = False
        self._adrift = False  # in the middle of a step, where `setting` is that of the last one
        fine = lab.actuators.fine
        self._unloaded = fine is not None and fine.load_at_start
        self.setting: Floats = np.array([knob.nominal for knob in knobs])
        if not self._unloaded:
            total = self._actuators.total()
            self._actuators.require_only(self._columns, total)
            self.setting = total[self._columns]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the diagnostics that `measure` reads."""
        return tuple(self.readers)

    @property
    def fault_count(self) -> int:
        """How many time-outs and unusable answers this run has seen."""
        return self._faults.seen

    # ------------------------------------------------------------------------------------------------- moving

    def move(self, setting: Floats) -> Floats:
        """Go there in steps, arrive within tolerance, settle; where the knobs then are.

        BenchLost where they do not follow; StopAsked where somebody wants an end on the way, with the knobs where they
        then are.
        """
        setting = np.asarray(setting, dtype=np.float64)
        if self._unloaded:
            with in_bench_words():
                self._load_nominal()
        self._ask(np.array(self.setting), setting)
        with in_bench_words(), self._gate.blocked():
            for point in self._waypoints(setting):
                self.watch_power()
                self._adrift = True
                self._actuators.step_to(self._coefficients(point))
                self.setting = self._read_back()
                self._adrift = False
                self._require_arrived(point)
        self._attention.wait(self._lab.motion.settle_s)
        return np.array(self.setting)

    def _load_nominal(self) -> None:
        """The first profile of a shaper that cannot tell what it holds: from an unknown setting to the nominal one."""
        self._ask(np.full(len(self.knobs), np.nan), self.setting)
        with self._gate.blocked():
            self._actuators.step_to(self._coefficients(self.setting))
            self._unloaded = False
            self.setting = self._read_back()

    def _ask(self, old: Floats, new: Floats) -> None:
        """The operator's word, once, and motors that hold."""
        if self._confirmed:
            return
        self._confirm(old, new)
        self._confirmed = True
        with in_bench_words():
            self._actuators.enable()

    def _waypoints(self, setting: Floats) -> Iterator[Floats]:
        """Points of a straight way there, none farther from the last than a step of the ramp."""
        here = np.array(self.setting)
        count = max(1, int(np.ceil(np.max(np.abs(setting - here) / self._range) / self._lab.motion.ramp_step - 1e-9)))
        for n in range(1, count + 1):
            if n > 1:
                self._attention.wait(self._lab.motion.ramp_pause_s)
            yield here + (setting - here) * (n / count)

    def _read_back(self) -> Floats:
        """The knobs as the instruments have them, shape (k,)."""
        return np.asarray(self._actuators.total()[self._columns])

    def _require_arrived(self, point: Floats) -> None:
        off = np.abs(self.setting - point) / self._range
        if not (off <= self._lab.motion.tolerance).all():
            worst = int(np.argmax(off))
            knob = self.knobs[worst]
            raise BenchLost(
                f"{knob.name} was sent to {point[worst]:.6g} {knob.unit} and is read back as "
                f"{self.setting[worst]:.6g} {knob.unit}; tolerance is {self._lab.motion.tolerance:g} of its range."
            )

    def _coefficients(self, setting: Floats) -> NDArray[np.float64]:
        full = np.zeros(3)
        full[self._columns] = setting
        return full

    # ------------------------------------------------------------------------------------------------ measuring

    def measure(self) -> Reading:
        """One shot; INVALID where an instrument failed in a way that may pass. SafetyError above the power ceiling."""
        self._attention.heed()
        with in_bench_words():
            try:
                if self._unloaded:
                    self._load_nominal()
                if not self._prepared:
                    self._prepare()
                return self._seen()
            except PASSING as error:
                return _invalid(self._faults.note(error))

    def _prepare(self) -> None:
        with self._attention.prompt():
            self._power.prepare(self._wavelength_nm)
            for reader in self.readers.values():
                reader.prepare()
        self._prepared = True

    def watch_power(self) -> None:
        """Heed wishes and the ceiling: asked at every delay of a scan, and at every step of a move."""
        self._attention.heed()
        self._energy()

    def _seen(self) -> Reading:
        before = self._energy()
        channels: dict[str, Channel] = {}
        worst = Quality.OK
        reasons: list[str] = []
        for name, reader in self.readers.items():
            with self._attention.prompt():
                seen = reader.read(before)
            channels[name] = seen.channel
            worst = max(worst, seen.quality)
            reasons += seen.reasons
        after = self._energy()
        if not abs(after - before) <= STEADY * max(before, after):
            return _invalid(f"the energy went from {before:.3g} to {after:.3g} of nominal during the reading")
        energy = (before + after) / 2  # a scan takes minutes, in which the laser drifts
        return Reading(
            channels=channels,
            energy=np.asarray(energy),
            quality=np.asarray(worst, dtype=np.int8),
            reasons=tuple(reasons),
            utc_s=time.time(),
            monotonic_s=time.monotonic(),
        )

    def _energy(self) -> float:
        """Of a pulse, relative to nominal, from the average power; above the ceiling emission goes off."""
        settings = self._lab.diagnostics.power
        try:
            with self._attention.prompt():
                power_w = self._faults.patiently(self._power_w)
        except OverCeiling as error:
            self._emission.remove()
            raise SafetyError(f"{error} It counts as above the ceiling; {self._emission.in_words()}.") from error
        if not power_w <= settings.ceiling_w:
            self._emission.remove()
            raise SafetyError(
                f"{self._power.name}: {power_w:.4g} W is above the ceiling of {settings.ceiling_w:.4g} W; "
                f"{self._emission.in_words()}, and no knob was moved."
            )
        return power_w / settings.nominal_w

    def _power_w(self) -> float:
        """What the meter reads; OverCeiling where that is more light than it can tell, which is not tried again."""
        try:
            return self._power.power_w
        except OverRange as error:
            raise OverCeiling(f"{error}") from error

    def dark(self, look: Callable[[], list[Curve]]) -> list[Curve]:
        """What is seen with the shutter closed; it is opened again after, also where what failed may pass."""
        shutter = self._emission.shutter
        was_open = self._faults.patiently(lambda: shutter.is_open)
        try:
            self._faults.patiently(shutter.close_shutter)
            seen = look()
        except PASSING:
            if was_open:
                self._faults.patiently(shutter.open_shutter)
            raise
        self._attention.heed()  # who has been told to end opens nothing
        if was_open:
            self._faults.patiently(shutter.open_shutter)
        return seen

    # --------------------------------------------------------------------------------------------------- safety

    def interlock(self) -> str | None:
        """What is open, in words; None while all is closed. An open one is remembered until a person re-arms it."""
        if self._latch.tripped is not None:
            return f"{self._latch.tripped}; {REARM}"
        opened, certain = self._looked_at()
        if opened is not None and certain:
            self._latch.trip(opened)
            return f"{opened}; {REARM}"
        return opened

    def open_interlock(self) -> str | None:
        """The same without the memory: what is open now."""
        return self._looked_at()[0]

    def _looked_at(self) -> tuple[str | None, bool]:
        """What is open, and whether an instrument said so; one that does not answer counts as open."""
        try:
            opened = self._faults.patiently(self._emission.tripped)
        except InstrumentError as error:
            return f"it cannot be read ({error})", False
        return opened, opened is not None

    def make_safe(self) -> None:
        """Remove emission: shutter, energy, output. SafetyError tells what could not be done.

        Then, after a step that was broken off, the knobs are read once more: a record says where they were left.
        """
        failed = self._emission.remove()
        if self._adrift:
            self._adrift = False
            with suppress(LaserControlError):
                self.setting = self._read_back()
        if failed:
            raise SafetyError("; ".join(failed))


def _invalid(reason: str) -> Reading:
    """A reading in which nothing was seen."""
    return Reading(
        channels={},
        energy=np.asarray(np.nan),
        quality=np.asarray(Quality.INVALID, dtype=np.int8),
        reasons=(reason,),
        utc_s=time.time(),
        monotonic_s=time.monotonic(),
    )
