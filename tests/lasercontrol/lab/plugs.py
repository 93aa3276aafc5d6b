"""Drivers of a lab's own, named in a config as `package.module:Class`: they connect to nothing."""

import threading
from typing import ClassVar

from drivers.errors import NotReachable
from drivers.instrument import Instrument
from drivers.link import Link
from lasercontrol.lab.roles import lacking


class Plug(Instrument):
    """Fills every role. Its resource says how it connects: "missing" not at all, "together" when another does too."""

    roles: ClassVar[tuple[str, ...]] = (
        "shutter",
        "current_source",
        "power_meter",
        "stage",
        "shaper",
        "spectrometer",
        "autocorrelator",
    )
    together: ClassVar[threading.Barrier] = threading.Barrier(2, timeout=20)
    closed: ClassVar[list[str]] = []

    def __init__(self, link: Link, *, axis: int = 1) -> None:
        super().__init__(link)
        self.axis = axis
        if axis < 1:
            raise ValueError(f"axis is {axis}; it counts from 1")
        for role in self.roles:  # in name only: nobody uses it
            vars(self).update(dict.fromkeys(lacking(self, role)))

    def connect(self) -> str:
        if self.name.startswith("missing"):
            raise NotReachable(self.name, "nobody answers.")
        if self.name.startswith("together"):
            self.together.wait()
        return f"Plug,{self.name}"

    def disconnect(self) -> None:
        self.closed.append(self.name)


class Blind(Plug):
    """Can be a stage and no more."""

    roles = ("stage",)


class Useless(Plug):
    """Can be nothing."""

    roles = ()
