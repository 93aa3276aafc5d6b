"""What every agent is: somebody to ask for the next setting and to tell what was seen there.

An agent knows no laser. Settings are fractions of each knob's range, -0.5 to 0.5, shape (k,). What it asks for is
clipped to bounds and step by the caller, who counts it; what it is told is where the knobs really were.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

__all__ = ["Agent", "Floats", "Shot", "Travel"]


@dataclass(frozen=True, slots=True)
class Travel:
    """What the knobs allow: the start, shape (k,), and the greatest change per shot, shape (k,), as fractions."""

    start: Floats
    max_step: Floats

    def clipped(self, wish: Floats, here: Floats) -> Floats:
        """The setting nearest to `wish`, knob by knob, that bounds and step allow from `here`; shapes (..., k)."""
        return np.clip(np.clip(wish, here - self.max_step, here + self.max_step), -0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Shot:
    """One reading as an agent sees it.

    fraction: knobs as read back, shape (k,). signal: noisy second-harmonic yield at equal energy through an unknown
    scale, the figure to raise. features: the whole observation as `ForwardModel` predicts it, shape (p,). usable:
    False where the reading was INVALID and its numbers mean nothing. reading: the whole reading that this was made of,
    for an agent from outside this package that knows its type; None where nobody gave it.
    """

    fraction: Floats
    signal: float
    features: Floats
    usable: bool = True
    reading: object | None = None


class Agent(Protocol):
    """Ask, move, tell; over and over.

    Three further attributes are an agent's own choice; whoever runs it looks whether they are there. `handed_over`: why
    it left the work to another one in the middle, a sentence or None. `distrust`: what it expected and what it saw once
    the two disagreed beyond the noise for two shots running, a sentence or None. `expected_gain()`: relative gain in
    signal, over the setting now, that it expects of one more shot; None where it cannot say. It changes nothing.
    """

    name: str

    def ask(self) -> Floats:
        """The setting wanted next, shape (k,)."""

    def tell(self, shot: Shot) -> None:
        """What was seen; the first shot told is the reading at the start."""

    def recommend(self) -> Floats:
        """The setting to end at, shape (k,): a belief, not the luckiest reading."""

    def finished(self) -> str | None:
        """Why no further shot is worth taking, in words; None while one is."""
