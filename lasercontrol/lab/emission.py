"""Emission of a bench, and whether it is known to be off."""

from lasercontrol.lab.roles import CurrentSource, Shutter
from lasercontrol.lab.safe_order import make_safe, switch_on
from lasercontrol.lab_settings import SafetySettings
from lasercontrol.signals import Attention

__all__ = ["Emission"]


class Emission:
    """Shutter, source and seed together.

    left: what could not be done when emission was last removed. expected: whether there should be light, so that a
    source that is off has switched itself off.
    """

    def __init__(self, shutter: Shutter, source: CurrentSource | None, seed: Shutter | None) -> None:
        self.shutter, self.source, self.seed = shutter, source, seed
        self.left: list[str] = []
        self.expected = False

    @property
    def is_on(self) -> bool:
        """Whether light passes the shutter, as the instruments say."""
        seeded = self.seed is None or self.seed.is_open
        return seeded and self.shutter.is_open and (self.source is None or self.source.output)

    def remove(self) -> list[str]:
        """Shutter, energy, output; gives and keeps what could not be done."""
        self.expected = False
        self.left = make_safe(self.shutter, self.source)
        return self.left

    def tripped(self) -> str | None:
        """What has opened, or switched itself off, in words; None while all is as it should be.

        Raises what the instruments raise.
        """
        for device in (self.shutter, self.source, self.seed):
            if device is not None and device.interlock_closed is False:
                return f"{device.name} reports its interlock open"
        if self.expected and self.source is not None and not self.source.output:
            return f"{self.source.name} has switched its output off by itself"
        return None

    def switch_on(self, settings: SafetySettings, attention: Attention) -> None:
        """In the safe order, the seed first: an amplifier that is pumped and not seeded lases by itself.

        SafetyError where a step fails, StopAsked where somebody wants an end; emission is off after both.
        """

        def wait(seconds: float) -> None:
            attention.wait(seconds)
            attention.heed()

        if self.seed and not self.seed.is_open:
            self.seed.open_shutter()
        switch_on(self.shutter, self.source, settings, wait)

    def in_words(self) -> str:
        """How it is after `remove`."""
        if not self.left:
            return "emission is off"
        return f"EMISSION MAY STILL BE ON: {'; '.join(self.left)}; close the shutter by hand, or turn the key, now"
