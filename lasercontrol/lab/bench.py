"""A bench of glass and steel behind the `Bench` protocol: moved in steps, read back, and made safe.

One time-out ends no run: the exchange is tried once more, a reading that fails is INVALID, and both are counted. What a
person has not confirmed is not moved.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drivers.curve import Curve
from drivers.errors import InstrumentError
from lasercontrol.bench import Channel, Floats, Knob, Quality, Reading
from lasercontrol.errors import BenchLost, SafetyError
from lasercontrol.lab.amplifier import AmplifierGuard
from lasercontrol.lab.diagnostics import Reader
from lasercontrol.lab.emission import Emission
from lasercontrol.lab.faults import PASSING, FaultCount, in_bench_words
from lasercontrol.lab.latch import Latch
from lasercontrol.lab.phase import Allocation, PhaseMap
from lasercontrol.lab.roles import PowerMeter, Shaper, Shutter, Stage
from lasercontrol.lab_settings import LabSettings
from lasercontrol.signals import Attention, StopAsked
from lasercontrol.simbench import COEFFICIENTS

__all__ = ["LabBench"]

T = TypeVar("T")


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
        self._lab, self._stages, self._shaper, self._power = lab, tuple(stages), shaper, power
        self._emission, self._seed = emission, emission.seed
        self._attention, self._confirm = attention, confirm
        self._wavelength_nm, self._amplifier = wavelength_nm, amplifier
        self._columns = [COEFFICIENTS.index(knob.name) for knob in knobs]
        self._range = np.array([knob.range for knob in knobs])
        self._latch = Latch(lab.name)
        self._faults = FaultCount(lab.motion.max_faults)
        self._confirmed = self._prepared = self._holds_seed = False
        fine = lab.actuators.fine
        self._unloaded = fine is not None and fine.load_at_start
        self.setting: Floats = np.array([knob.nominal for knob in knobs]) if self._unloaded else self._read_back()

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
        with in_bench_words(), self._seed_blocked():
            for point in self._waypoints(setting):
                self._attention.heed()
                self._step_to(point)
                self.setting = self._read_back()
                self._require_arrived(point)
        self._attention.wait(self._lab.motion.settle_s)
        return np.array(self.setting)

    def _load_nominal(self) -> None:
        """The first profile of a shaper that cannot tell what it holds: from an unknown setting to the nominal one."""
        self._ask(np.full(len(self.knobs), np.nan), self.setting)
        with self._seed_blocked():
            self._step_to(self.setting)
            self._unloaded = False
            self.setting = self._read_back()

    def _ask(self, old: Floats, new: Floats) -> None:
        """The operator's word, once, and motors that hold."""
        if self._confirmed:
            return
        self._confirm(old, new)
        self._confirmed = True
        with in_bench_words():
            for stage in self._stages:
                self._patiently(stage.enable)

    def _waypoints(self, setting: Floats) -> Iterator[Floats]:
        """Points of a straight way there, none farther from the last than a step of the ramp."""
        here = np.array(self.setting)
        count = max(1, int(np.ceil(np.max(np.abs(setting - here) / self._range) / self._lab.motion.ramp_step - 1e-9)))
        for n in range(1, count + 1):
            if n > 1:
                self._attention.wait(self._lab.motion.ramp_pause_s)
            yield here + (setting - here) * (n / count)

    def _step_to(self, point: Floats) -> None:
        """Stages first, then the shaper, whose reach covers what the stages leave."""
        here_mm = self._positions_mm()
        wanted = self.phase.allocated(self._coefficients(point), here_mm)
        if self._amplifier:
            self._amplifier.require(wanted)
        for stage, there_mm, now_mm in zip(self._stages, wanted.positions_mm, here_mm, strict=True):
            if there_mm != now_mm:
                self._patiently(partial(stage.move_to, float(there_mm)))
        if self._shaper:
            shaper, fine = self._shaper, self._left_for_shaper(point, wanted)
            self._patiently(lambda: shaper.load_dispersion(*fine))

    def _left_for_shaper(self, point: Floats, wanted: Allocation) -> tuple[float, float, float]:
        """What the shaper has to add: worked out from where the stages really are."""
        if not self._stages:
            gdd, tod, fod = wanted.fine
        else:
            gdd, tod, fod = self._coefficients(point) - self.phase.coarse(self._positions_mm())
        return float(gdd), float(tod), float(fod)

    def _read_back(self) -> Floats:
        """The knobs as the instruments have them, shape (k,)."""
        with in_bench_words():
            total = self.phase.coarse(self._positions_mm()) if self._stages else np.zeros(3)
            if self._shaper:
                shaper = self._shaper
                total = total + np.array(self._patiently(lambda: shaper.dispersion))
        return np.asarray(total[self._columns])

    def _positions_mm(self) -> NDArray[np.float64]:
        """Where the stages stand, shape (m,)."""
        at_mm = np.array([self._patiently(partial(getattr, stage, "position_mm")) for stage in self._stages])
        if self._amplifier:
            self._amplifier.here_mm = at_mm
        return at_mm

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

    @contextmanager
    def _seed_blocked(self) -> Iterator[None]:
        """A profile that is being loaded may be any profile: the amplifier must not see it."""
        fine, seed = self._lab.actuators.fine, self._seed
        if seed is None or fine is None or fine.side == "after" or fine.glitch_free:
            yield
            return
        if not self._holds_seed and not self._patiently(lambda: seed.is_open):  # blocked by somebody else
            yield
            return
        self._holds_seed = True
        self._patiently(seed.close_shutter)
        try:
            yield  # an error on the way leaves the seed blocked, until a later profile is whole
        except StopAsked:  # between two steps, where the profile is whole
            self._let_seed_pass(seed)
            raise
        self._let_seed_pass(seed)

    def _let_seed_pass(self, seed: Shutter) -> None:
        self._patiently(seed.open_shutter)
        self._holds_seed = False

    # ------------------------------------------------------------------------------------------------ measuring

    def measure(self) -> Reading:
        """One shot; INVALID where an instrument failed in a way that may pass. SafetyError above the power ceiling."""
        self._attention.heed()
        with in_bench_words():
            try:
                if self._unloaded:
                    self._load_nominal()
                if not self._prepared:
                    self._power.wavelength_nm = self._wavelength_nm
                    for reader in self.readers.values():
                        reader.prepare()
                    self._prepared = True
                return self._seen()
            except PASSING as error:
                return _invalid(self._faults.note(error))

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
        energy = (before + self._energy()) / 2  # a scan takes minutes, in which the laser drifts
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
        power_w = self._power.power_w
        if not power_w <= settings.ceiling_w:
            self._emission.remove()
            raise SafetyError(
                f"{self._power.name}: {power_w:.4g} W is above the ceiling of {settings.ceiling_w:.4g} W; "
                f"{self._emission.in_words()}, and no knob was moved."
            )
        return power_w / settings.nominal_w

    def dark(self, look: Callable[[], list[Curve]]) -> list[Curve]:
        """What is seen with the shutter closed; it is opened again after, also where what failed may pass."""
        shutter = self._emission.shutter
        was_open = self._patiently(lambda: shutter.is_open)
        try:
            self._patiently(shutter.close_shutter)
            seen = look()
        except PASSING:
            if was_open:
                self._patiently(shutter.open_shutter)
            raise
        if was_open:
            self._patiently(shutter.open_shutter)
        return seen

    # --------------------------------------------------------------------------------------------------- safety

    def interlock(self) -> str | None:
        """What is open, in words; None while all is closed. An open one is remembered until a person re-arms it."""
        if self._latch.tripped is not None:
            return f"{self._latch.tripped}; a person must re-arm it (lasercontrol rearm)"
        opened, certain = self._looked_at()
        if opened is not None and certain:
            self._latch.trip(opened)
        return opened

    def open_interlock(self) -> str | None:
        """The same without the memory: what is open now."""
        return self._looked_at()[0]

    def _looked_at(self) -> tuple[str | None, bool]:
        """What is open, and whether an instrument said so; one that does not answer counts as open."""
        for device in (self._emission.shutter, self._emission.source, self._seed):
            if device is None:
                continue
            try:
                closed = self._patiently(partial(getattr, device, "interlock_closed"))
            except InstrumentError as error:
                return f"it cannot be read ({error})", False
            if closed is False:
                return f"{device.name} reports its interlock open", True
        return None, False

    def make_safe(self) -> None:
        """Remove emission: shutter, energy, output. SafetyError tells what could not be done."""
        if failed := self._emission.remove():
            raise SafetyError("; ".join(failed))

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do it; once more where it failed in a way that may pass. What failed is counted."""
        try:
            return act()
        except PASSING as error:
            self._faults.note(error)
            return act()


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
