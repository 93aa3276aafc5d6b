"""Rigol DS1000Z and MSO1000Z oscilloscopes: Keysight's ten fields with another meaning, and a memory read in pieces.

Commands: DS1000Z Programming Guide (pages 2-136, 2-140) and DS1000Z-E (2-180), MSO1000Z/DS1000Z (2-80, 2-226); the
QCoDeS driver of the DS1074Z agrees with them. The memory can be read while it is stopped, 250,000 bytes at a time.

Other families differ: the DS2000's formats are numbered the other way round. They are not known by this driver.
"""

import time

from drivers.curve import Curve
from drivers.errors import NotReady, WrongReply
from drivers.link import Identity, LinkSettings
from drivers.parameter import Choice, Number
from drivers.standard_events import EventChecked
from drivers.waveform import Preamble, levels_of, require_channel

__all__ = ["RigolDS1000Z"]

BYTE, RAW, PIECE, BOTTOM, TOP = 0, 2, 250_000, 0, 255
STATES = {"TD", "WAIT", "RUN", "AUTO", "STOP"}
ARMING_S = 0.1
"""After `:SING` it may still say STOP, of the acquisition before (not verified how long): nobody asks that early."""


class RigolDS1000Z(EventChecked):
    """A Rigol DS1000Z. A waveform is its whole memory, and waits for its trigger as long as the link's time-out."""

    identity = Identity(pattern=r"RIGOL TECHNOLOGIES,\s*(DS|MSO)1\d\d\dZ")
    talks = LinkSettings(timeout_s=10.0)
    roles = ("oscilloscope",)
    confidence = "A"
    at_power_loss = "Drives nothing; what it showed is lost. Which settings apply at power-on was not verified."
    channels = 4

    source = Choice(
        ":WAV:SOUR", {f"channel {n}": f"CHAN{n}" for n in range(1, 5)}, doc="Control the channel that is read."
    )
    mode = Choice(":WAV:MODE", {"screen": "NORM", "most": "MAX", "memory": "RAW"}, doc="Control which points are sent.")
    format = Choice(
        ":WAV:FORM", {"8 bits": "BYTE", "16 bits": "WORD", "text": "ASC"}, doc="Control how samples are sent."
    )
    first_point = Number(
        ":WAV:STAR",
        unit="",
        low=1,
        high=24e6,
        resolution=0.5,
        form="{word} {value:.0f}",
        doc="Control the first point that is sent; the first of all is 1.",
    )  # fmt: skip — one parameter, one block
    last_point = Number(
        ":WAV:STOP", unit="", low=1, high=24e6, resolution=0.5, form="{word} {value:.0f}",
        doc="Control the last point that is sent.",
    )  # fmt: skip

    def waveform(self, channel: int = 1) -> Curve:
        """A new acquisition: V over s, 0 s at the trigger. NotReady where no trigger comes."""
        require_channel(self, channel, self.channels)
        with self.link.lock():
            self.events()  # what went wrong before is not of this acquisition
            self._acquire()
            self.source, self.mode, self.format = f"channel {channel}", "memory", "8 bits"
            preamble = Preamble.asked(self)
            if (preamble.format, preamble.type) != (BYTE, RAW):
                told = f"format {preamble.format}, type {preamble.type}"
                raise NotReady(self.name, f"the preamble says {told}, where bytes of the memory are needed.")
            pieces = [self._piece(first, preamble.points) for first in range(1, preamble.points + 1, PIECE)]
            levels = levels_of(self, pieces, "u1", preamble.points)
        scaling = preamble.scaling(zero_level=preamble.y_origin + preamble.y_reference, zero_v=0.0)
        return scaling.curve(levels, bottom=BOTTOM, top=TOP)

    @property
    def state_of_trigger(self) -> str:
        """TD (triggered), WAIT, RUN, AUTO or STOP; WrongReply for anything else."""
        reply = self.ask_text(":TRIG:STAT?")
        if reply not in STATES:
            self.link.doubt("a state of the trigger that there is not")
            raise WrongReply(self.name, f"to ':TRIG:STAT?' came {reply[:80]!r}, none of {', '.join(sorted(STATES))}.")
        return reply

    def _acquire(self) -> None:
        limit_s = time.monotonic() + self.link.settings.timeout_s
        self.set(":SING")
        time.sleep(ARMING_S)
        while (state := self.state_of_trigger) != "STOP":
            if time.monotonic() > limit_s:
                raise NotReady(
                    self.name, f"no acquisition within {self.link.settings.timeout_s:g} s: the trigger says {state}."
                )
            time.sleep(0.01)

    def _piece(self, first: int, points: int) -> bytes | bytearray:
        self.first_point, self.last_point = first, min(first + PIECE - 1, points)
        return self.link.query_block(":WAV:DATA?")
