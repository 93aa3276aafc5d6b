"""Keysight (Agilent) InfiniiVision oscilloscopes: SCPI, a preamble of ten fields, words of sixteen bits.

Commands: Programmer's Guides of the InfiniiVision 2000 X (pages 633 and 644), 4000 X (1243, 1400), 5000 (506, 417) and
DSOX1200 series (638); PyMeasure's driver of the DSOX1102G agrees with them.

Special levels (4000 X, page 1243): 0 is a hole, where nothing was acquired yet; 1 is clipped at the bottom; all bits
set is clipped at the top. Infiniium oscilloscopes answer to the same name with another preamble, which is refused.
"""

from drivers.curve import Curve
from drivers.errors import NotReady
from drivers.instrument import ScpiInstrument
from drivers.link import Identity, LinkSettings
from drivers.parameter import Choice, Number, Switch
from drivers.waveform import Preamble, levels_of, require_channel, wait_for_trigger

__all__ = ["InfiniiVision"]

WORD, PEAK_DETECT, HOLE, BOTTOM, TOP = 1, 1, 0, 0x01FF, 0xFF00
"""Data of eight bits stand in the upper byte of a word, so that the last step of that byte is the end of the range."""


class InfiniiVision(ScpiInstrument):
    """An InfiniiVision oscilloscope. A waveform waits for its trigger as long as the link's time-out."""

    identity = Identity(pattern=r"(KEYSIGHT|AGILENT) TECHNOLOGIES,\s*(DSO|MSO|EDU)")
    talks = LinkSettings(timeout_s=10.0)
    roles = ("oscilloscope",)
    confidence = "A"
    at_power_loss = "Drives nothing; what it showed is lost. Which settings apply at power-on was not verified."
    channels = 4

    source = Choice(
        ":WAV:SOUR", {f"channel {n}": f"CHAN{n}" for n in range(1, 5)}, doc="Control the channel that is read."
    )
    format = Choice(
        ":WAV:FORM", {"8 bits": "BYTE", "16 bits": "WORD", "text": "ASC"}, doc="Control how samples are sent."
    )
    byte_order = Choice(
        ":WAV:BYT",
        {"most significant first": "MSBF", "least significant first": "LSBF"},
        doc="Control which byte of a word is sent first.",
    )  # fmt: skip — one parameter, one block
    unsigned = Switch(":WAV:UNS", on="1", off="0", doc="Control whether samples are sent as numbers without a sign.")
    points = Number(
        ":WAV:POIN", unit="", low=100, high=8e6, resolution=0.5, form="{word} {value:.0f}",
        doc="Control how many points are sent; the instrument knows a few numbers, 100, 250, 500, 1000 among them.",
    )  # fmt: skip

    def waveform(self, channel: int = 1) -> Curve:
        """A new acquisition: V over s, 0 s at the trigger.

        NotReady where no trigger comes, and where some of it was not acquired or is of peaks.
        """
        require_channel(self, channel, self.channels)
        with self.link.lock():
            self.source, self.format = f"channel {channel}", "16 bits"
            self.byte_order, self.unsigned = "most significant first", True
            self.link.write(f":DIG CHAN{channel}")
            wait_for_trigger(self)
            self.check()
            preamble = Preamble.asked(self)
            self._require_words(preamble)
            levels = levels_of(self, [self.link.query_block(":WAV:DATA?")], ">u2", preamble.points)
        if holes := int((levels == HOLE).sum()):
            raise NotReady(self.name, f"{holes} of {levels.size} points were not acquired.")
        scaling = preamble.scaling(zero_level=preamble.y_reference, zero_v=preamble.y_origin)
        return scaling.curve(levels, bottom=BOTTOM, top=TOP)

    def problems(self) -> list[str]:
        """Peak detection, which makes pairs of points."""
        peaks = Preamble.asked(self).type == PEAK_DETECT
        return ["peak detection is on; this program needs one sample for each point"] if peaks else []

    def _require_words(self, preamble: Preamble) -> None:
        if preamble.format != WORD or preamble.type == PEAK_DETECT:
            told = f"format {preamble.format}, type {preamble.type}"
            raise NotReady(self.name, f"the preamble says {told}, where words of single samples are needed.")
