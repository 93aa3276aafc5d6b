"""The seed, blocked while a profile before the amplifier is loaded: meanwhile it may be any profile."""

from collections.abc import Iterator
from contextlib import contextmanager

from lasercontrol.lab.faults import FaultCount
from lasercontrol.lab.roles import Shutter
from lasercontrol.lab_settings import LabSettings
from lasercontrol.signals import Attention, StopAsked, Wish

__all__ = ["SeedGate"]


class SeedGate:
    """Blocks the seed where the config wants it; nothing happens where no profile stands before the amplifier."""

    def __init__(self, lab: LabSettings, seed: Shutter | None, *, faults: FaultCount, attention: Attention) -> None:
        fine = lab.actuators.fine
        needed = fine is not None and fine.side == "before" and not fine.glitch_free
        self._seed = seed if needed else None
        self._faults, self._attention = faults, attention
        self._held = False

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """Blocked while the block runs. An error leaves it so, until a later profile is whole."""
        seed = self._seed
        if seed is None or (not self._held and not self._faults.patiently(lambda: seed.is_open)):
            yield  # no need, or blocked by somebody else
            return
        self._held = True
        self._faults.patiently(seed.close_shutter)
        try:
            yield
        except StopAsked:  # between two steps the profile is whole; a terminate may have broken off a load
            if self._attention.wish is not Wish.MAKE_SAFE:
                self._pass(seed)
            raise
        self._pass(seed)

    def _pass(self, seed: Shutter) -> None:
        self._faults.patiently(seed.open_shutter)
        self._held = False
