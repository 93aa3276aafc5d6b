"""A bench for tests of everything above it: a hill of light, and a log of what was done to the hardware."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lasercontrol.bench import Channel, Floats, Knob, Quality, Reading

KNOBS = (
    Knob("gdd_ps2", "ps²", -30.0, 30.0, max_step=6.0),
    Knob("tod_ps3", "ps³", -100.0, 100.0, max_step=20.0),
)
RANGE = np.array([60.0, 200.0])


@dataclass
class HillBench:
    """Yield exp(-|x - top|²/2w²), x in fractions of the range from `top`; `log` holds "move", "measure", "safe".

    `quality_of` and `energy_of` take the count of readings so far; they may raise, as a lost instrument does.
    """

    knobs: tuple[Knob, ...] = KNOBS
    setting: Floats = field(default_factory=lambda: np.zeros(2))
    top: Floats = field(default_factory=lambda: np.array([10.0, -20.0]))
    width: float = 0.2
    noise: float = 0.0
    quality_of: Callable[[int], Quality] = lambda _: Quality.OK
    energy_of: Callable[[int], float] = lambda _: 1.0
    log: list[str] = field(default_factory=list)
    channels: tuple[str, ...] = ("shg",)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def light(self, setting: Floats) -> float:
        """The yield without noise."""
        away = (setting - self.top) / np.array([knob.range for knob in self.knobs])
        return float(np.exp(-(away @ away) / (2 * self.width**2)))

    def move(self, setting: Floats) -> Floats:
        self.log.append("move")
        self.setting = np.array(setting, dtype=np.float64)
        return self.setting.copy()

    def measure(self) -> Reading:
        count = self.log.count("measure")
        self.log.append("measure")
        quality, energy = self.quality_of(count), self.energy_of(count)
        value = self.light(self.setting) * (1 + self.noise * self.rng.standard_normal())
        return Reading(
            channels={"shg": Channel(np.asarray(value), "yield (arb.)")},
            energy=np.asarray(energy),
            quality=np.asarray(quality, dtype=np.int8),
            reasons=() if quality is Quality.OK else ("made up by a test",),
            utc_s=time.time(),
            monotonic_s=time.monotonic(),
        )

    def make_safe(self) -> None:
        self.log.append("safe")


def reading(name: str, values: Floats, quality: Quality = Quality.OK, background: float = 0.0) -> Reading:
    """A reading of one channel."""
    channel = Channel(np.asarray(values), "counts", background=background)
    return Reading({name: channel}, np.ones(()), np.asarray(quality, dtype=np.int8), (), 0.0, 0.0)
