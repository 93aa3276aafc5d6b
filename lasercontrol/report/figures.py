"""Figures as a page and a table show them: with sign, interval and unit, and a dash where there is none."""

from lasercontrol.report.markup import Markup, element, joined
from lasercontrol.report.night import LaserLine, Tone
from lasercontrol.report.times import duration

__all__ = ["GLYPHS", "NOTHING", "drift", "left", "percent", "sentence", "signed", "state"]

NOTHING = "–"
GLYPHS: dict[Tone, str] = {"good": "●", "watch": "▲", "bad": "◆", "dead": "■", "doubt": "○"}
"""Beside the colour, for who does not see it, and for paper."""


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign, minus as a minus."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text[1:]


def percent(share: float) -> str:
    """A share in %, with as many digits as it has to say."""
    if share > 0.99:
        return "> 99 %"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.1 else f"{100 * share:.2g} %"


def sentence(words: str) -> str:
    """Evidence as a sentence, however a detector has put it."""
    words = words.strip()
    if not words:
        return words
    first = words if "_" in words.split()[0] else words[0].upper() + words[1:]  # a channel's name stays as it is
    return first + ("" if words[-1] in ".!?" else ".")


def state(name: str, tone: Tone) -> Markup:
    """A state by sign, colour and word."""
    sign = element("span", GLYPHS[tone], aria_hidden="true")
    return element("span", sign, " ", name, class_=f"s t-{tone}")


def drift(laser: LaserLine) -> Markup:
    """Drift in % with its interval."""
    if laser.drift_percent is None:
        return joined([NOTHING])
    if laser.drift_low_percent is None or laser.drift_high_percent is None:
        return joined([signed(laser.drift_percent)])
    interval = f"{signed(laser.drift_low_percent)} to {signed(laser.drift_high_percent)}"
    return joined([signed(laser.drift_percent), " ", element("small", interval)])


def left(laser: LaserLine) -> Markup:
    """Time to end of life with its interval."""
    if laser.hours_to_eol is None:
        return joined([NOTHING])
    if laser.hours_to_eol <= 0:
        return joined(["reached"])
    if laser.eol_low_h is None:
        return joined([duration(laser.hours_to_eol)])
    high = "∞" if laser.eol_high_h is None else duration(laser.eol_high_h)
    return joined([duration(laser.hours_to_eol), " ", element("small", f"{duration(laser.eol_low_h)} to {high}")])
