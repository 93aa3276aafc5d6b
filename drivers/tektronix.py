"""Tektronix oscilloscopes TDS, TPS, TBS, DPO, MSO and MDO: a preamble of named fields, `CURVe?`, answers with headers.

Commands: Programmer Manuals TDS200/1000/2000 (pages 2-28, 2-31, 2-164), TDS family (2-103, 2-353, 2-355), TDS5000B
(813, 828), MSO/DPO4000 (2-484), MDO4000 (2-956, appendix D), TBS2000 (50); pylablib's driver agrees with them.

Traps. The old scopes say `WFMPre`, the new ones `WFMOutpre`, and the order of fields in the whole answer differs: here
every field is asked for by its name. `XZERO` is the time of the first sample (TDS2000, DPO4000), or what is left
between trigger and the sample `PT_OFF` (TDS420A, TDS5000B), then less than a step. With `HEADer ON`, as after power-on,
answers begin with their header.
"""

import re

from drivers.curve import Curve
from drivers.errors import NotReady, WrongReply
from drivers.link import Identity, LinkSettings
from drivers.parameter import Choice, Number, Switch
from drivers.standard_events import EventChecked
from drivers.waveform import Scaling, levels_of, require_channel, wait_for_trigger

__all__ = ["TektronixScope"]

OLD = r"TEKTRONIX,\s*(TDS ?\d{3}[A-Z]?\b|TDS ?[1-4]\d{3}|TPS|TBS ?1)"
"""Who says `WFMPre`. TDS200 to 2000 and TDS400 to 700 by their manuals; TDS3000, TPS and TBS1000 were not verified."""
BOTTOM, TOP = -0x7F01, 0x7F00
"""Data of eight bits stand in the upper byte of two, so that the last step of that byte is the end of the range."""


class TektronixScope(EventChecked):
    """A Tektronix oscilloscope. A waveform waits for its trigger as long as the link's time-out."""

    identity = Identity(pattern=r"TEKTRONIX,\s*(TDS|TPS|TBS|DPO|MSO|MDO)")
    talks = LinkSettings(timeout_s=10.0)
    roles = ("oscilloscope",)
    confidence = "A"
    at_power_loss = "Drives nothing; what it showed is lost. Which settings apply at power-on was not verified."
    explanation = "ALLEV?"
    channels = 4

    header = Switch("HEAD", on="1", off="0", doc="Control whether answers begin with their header.")
    source = Choice("DAT:SOU", {f"channel {n}": f"CH{n}" for n in range(1, 5)}, doc="Control the channel that is read.")
    encoding = Choice(
        "DAT:ENC",
        {"signed": "RIB", "unsigned": "RPB", "signed, swapped": "SRI", "text": "ASCI"},
        answers={"RIBINARY": "signed", "RPBINARY": "unsigned", "SRIBINARY": "signed, swapped", "ASCII": "text"},
        doc="Control how samples are sent, most significant byte first but for the swapped one.",
    )  # fmt: skip — one parameter, one block
    width = Number(
        "DAT:WID", unit="", low=1, high=2, resolution=0.5, form="{word} {value:.0f}",
        doc="Control how many bytes a sample has.",
    )  # fmt: skip
    first_point = Number(
        "DAT:STAR", unit="", low=1, high=1e9, resolution=0.5, form="{word} {value:.0f}",
        doc="Control the first point that is sent; the first of all is 1.",
    )  # fmt: skip
    last_point = Number(
        "DAT:STOP", unit="", low=1, high=1e9, resolution=0.5, form="{word} {value:.0f}",
        doc="Control the last point that is sent.",
    )  # fmt: skip

    def ask_text(self, text: str) -> str:
        """The answer without its header."""
        reply = super().ask_text(text)
        return reply.partition(" ")[2].strip() if reply.startswith(":") else reply

    def waveform(self, channel: int = 1) -> Curve:
        """A new acquisition: V over s, 0 s at the trigger. NotReady where no trigger comes, and for envelopes."""
        require_channel(self, channel, self.channels)
        with self.link.lock():
            self.events()  # what went wrong before is not of this acquisition
            self.header, self.source = False, f"channel {channel}"
            self.encoding, self.width = "signed", 2
            self._acquire()
            self.first_point, self.last_point = 1, self.ask_number("HOR:RECO?")
            scaling = self._scaling()
            levels = levels_of(self, [self.link.query_block("CURV?")], ">i2", scaling.points)
        return scaling.curve(levels, bottom=BOTTOM, top=TOP)

    def _acquire(self) -> None:
        for message in ("ACQ:STATE OFF", "ACQ:STOPA SEQ"):
            self.set(message)
        self.link.write("ACQ:STATE ON")
        wait_for_trigger(self)
        self.check()

    def _scaling(self) -> Scaling:
        word = "WFMP" if re.match(OLD, self.link.idn, re.IGNORECASE) else "WFMO"
        if (kind := self.ask_text(f"{word}:PT_FMT?").upper()) != "Y":
            raise NotReady(self.name, f"points are of the kind {kind[:20]!r}, where single samples (Y) are needed.")
        points, step_s, zero_s, offset, mult_v, zero_level, zero_v = (
            self.ask_number(f"{word}:{field}?")
            for field in ("NR_PT", "XINCR", "XZERO", "PT_OFF", "YMULT", "YOFF", "YZERO")
        )
        if points != int(points) or points < 2 or not (step_s > 0 and mult_v > 0):
            self.link.doubt("a preamble that cannot be")
            told = f"{points:g} points, a step of {step_s:g} s and {mult_v:g} V for a level"
            raise WrongReply(self.name, f"{told} cannot be.")
        rest_only = abs(zero_s) < step_s
        return Scaling(
            points=int(points),
            first_s=zero_s - (offset * step_s if rest_only else 0.0),
            step_s=step_s,
            volts_per_level=mult_v,
            zero_level=zero_level,
            zero_v=zero_v,
        )
