"""Traces of optical spectrum analysers: their numbers out of text or a block, and their levels as watts."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.curve import Curve
from drivers.errors import NotReady, WrongReply
from drivers.link import Link

__all__ = ["SIZES", "Floats", "level_unit", "numbers_of", "watts"]

Floats = NDArray[np.floating[Any]]

SIZES: Mapping[str, str] = {"REAL64": "<f8", "REAL32": "<f4"}
NO_LIGHT_DBM = -200.0  # -210 dBm is said where nothing was measured; no light is weaker than 1e-23 W
GREATEST_W = 10.0  # 40 dBm: no such analyser survives it
END_OF_RANGE_W = 0.1  # 20 dBm, where the specified range ends
_NUMBERS = re.compile(r"[-+0-9.eE, ]+")


def numbers_of(link: Link, told: str | bytes | bytearray, count: int, size: str = "") -> Floats:
    """The numbers of a trace, of which there are `count`; WrongReply for anything else. `size`: a key's value of SIZES.

    A block is not copied.
    """
    try:
        if isinstance(told, str):
            found = np.array(told.split(",") if _NUMBERS.fullmatch(told) else ["no number"], dtype=float)
        else:
            found = np.frombuffer(told, size)
    except ValueError:
        found = np.empty(0)
    if found.size != count or count < 2 or not np.isfinite(found).all():
        link.doubt("an answer that is no trace")
        raise WrongReply(link.name, f"a trace of {count} samples came as {told[:40]!r} and {len(told)} bytes in all.")
    return found


def level_unit(name: str, axis: str, unit: str) -> str:
    """dBm or W, whichever the level axis is in; NotReady where it is a density, or the two do not fit."""
    if (axis, unit) in {("LOG", "dBm"), ("LIN", "W")}:
        return unit
    raise NotReady(name, f"its level axis is {axis} in {unit}; set level_axis and level_unit to LOG, dBm or LIN, W.")


def watts(link: Link, wavelength_m: Floats, levels: Floats, unit: str) -> Curve:
    """The spectrum in W within the resolution over nm; WrongReply where it cannot be one."""
    if unit == "dBm":
        with np.errstate(over="ignore"):  # a level that is far too high is told below
            powers_w = np.where(levels > NO_LIGHT_DBM, 1e-3 * 10 ** (levels.astype(float) / 10), 0.0)
    else:
        powers_w = levels.astype(float)
    if not (powers_w.min() >= 0 and powers_w.max() <= GREATEST_W):
        link.doubt("a spectrum that cannot be")
        raise WrongReply(link.name, f"a spectrum with levels of {levels.min():g} to {levels.max():g} {unit} cannot be.")
    if not (np.diff(wavelength_m) > 0).all():
        link.doubt("wavelengths that do not rise")
        raise WrongReply(link.name, f"wavelengths from {wavelength_m[0]:g} to {wavelength_m[-1]:g} m do not rise.")
    return Curve(wavelength_m * 1e9, powers_w, "nm", "W", saturated=bool(powers_w.max() >= END_OF_RANGE_W))
