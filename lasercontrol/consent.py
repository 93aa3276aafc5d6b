"""The operator's word before the first move of real hardware: old and new are shown, and yes or no is waited for."""

import sys
from collections.abc import Callable

import numpy as np

from lasercontrol.bench import Floats, Knob
from lasercontrol.errors import CallerError
from lasercontrol.signals import Attention

__all__ = ["Consent", "NotConfirmed"]


def _on_standard_error(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class NotConfirmed(CallerError):  # noqa: N818 — named by what happened
    """The operator said no; nothing was moved."""


class Consent:
    """Asks once. `say` and `knobs` are filled in when there is somebody to say it to, and something to move."""

    def __init__(self, attention: Attention, *, needed: bool) -> None:
        self.attention, self.needed = attention, needed
        self.say: Callable[[str], None] = _on_standard_error
        self.knobs: tuple[Knob, ...] = ()

    def begin(self, what: str) -> None:
        """Before there is light: say what will be worked, and wait for the answer; NotConfirmed for a no."""
        if not self.needed:
            return
        if not self.attention.confirmed(lambda: self.say(f"{what} Go on? (y/n)")):
            raise NotConfirmed("the run was not confirmed; nothing was switched on, nothing was moved.")

    def __call__(self, old: Floats, new: Floats) -> None:
        """Show the first move and wait for the answer; NotConfirmed for a no."""
        if not self.needed:
            return
        question = f"first move: {'; '.join(self._lines(old, new))}. Move? (y/n)"
        if not self.attention.confirmed(lambda: self.say(question)):
            raise NotConfirmed("the first move was not confirmed; no knob was moved.")

    def _lines(self, old: Floats, new: Floats) -> list[str]:
        return [
            f"{knob.name.rpartition('_')[0].upper()} {_known(was)} → {will:.6g} {knob.unit}"
            for knob, was, will in zip(self.knobs, np.asarray(old), np.asarray(new), strict=True)
        ]


def _known(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.6g}"
