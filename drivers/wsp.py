"""WaveShaper presets (*.wsp): rows of frequency, attenuation, phase and port.

Format: Finisar's WSUTIL guide, section 2, and the WaveShaper A-series manual, 4.3: columns apart by tabs, frequencies
absolute in THz in steps of 0.001, attenuation in dB, phase in rad, port 0 for "block". Four decimals, as the open
drivers write; more may be read.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP_THZ", "Profile"]

Floats = NDArray[np.floating[Any]]

STEP_THZ = 0.001
TURN_RAD = 6.28315  # rounded to four decimals, more than this would lie over 2π: it is written as 0
_NUMBERS = re.compile(r"[\d.eE+\-\s]*")


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Rows over a rising grid of optical frequency, each shape (n,). ValueError where they are no profile."""

    frequency_thz: Floats
    attenuation_db: Floats
    phase_rad: Floats
    port: Floats

    def __post_init__(self) -> None:
        columns = (self.frequency_thz, self.attenuation_db, self.phase_rad, self.port)
        if len({column.shape for column in columns}) != 1 or self.frequency_thz.ndim != 1:
            raise ValueError("the columns have different lengths")
        if self.frequency_thz.size < 2 or not all(np.isfinite(column).all() for column in columns):
            raise ValueError("there are less than two rows, or a value is no finite number")
        steps = np.diff(self.frequency_thz)
        if steps.min() < 0.5 * STEP_THZ or steps.max() > 1.5 * STEP_THZ:
            raise ValueError(f"the frequencies do not rise in steps of {STEP_THZ:g} THz")

    @classmethod
    def from_text(cls, text: str) -> "Profile":
        """The rows of a preset; ValueError for anything else."""
        if not _NUMBERS.fullmatch(text):
            raise ValueError("there is more than numbers in it")
        rows = [line.split() for line in text.splitlines() if line.strip()]
        if {len(row) for row in rows} != {4}:
            raise ValueError("a row has not four columns")
        columns = np.array(rows, dtype=float).T
        return cls(*columns)

    @property
    def text(self) -> str:
        """The rows as a preset; phases within 0 to 2π."""
        phase = np.mod(self.phase_rad, 2 * np.pi)
        phase = np.where(phase >= TURN_RAD, 0.0, phase)
        flat = np.stack([self.frequency_thz, self.attenuation_db, phase, self.port], axis=1).ravel()
        return "%.4f\t%.4f\t%.4f\t%d\n" * self.frequency_thz.size % tuple(flat.tolist())

    def require_span(self, start_thz: float, stop_thz: float) -> None:
        """ValueError where the rows leave out more than one at either end of a band."""
        if self.frequency_thz[0] > start_thz + 1.5 * STEP_THZ or self.frequency_thz[-1] < stop_thz - 1.5 * STEP_THZ:
            raise ValueError(f"its rows do not span {start_thz:.3f} to {stop_thz:.3f} THz")

    def first_difference(self, other: "Profile", *, attenuation_db: float, phase_rad: float) -> int | None:
        """Row at which two profiles differ by more than the bounds, -1 for other grids; None where they are the same.

        Phases are compared on the circle.
        """
        if self.frequency_thz.shape != other.frequency_thz.shape:
            return -1
        if np.abs(self.frequency_thz - other.frequency_thz).max() > 0.1 * STEP_THZ:
            return -1
        turned = np.abs(np.mod(self.phase_rad - other.phase_rad + np.pi, 2 * np.pi) - np.pi)
        differs = (turned > phase_rad) | (np.abs(self.attenuation_db - other.attenuation_db) > attenuation_db)
        differs |= self.port != other.port
        return int(np.argmax(differs)) if differs.any() else None
