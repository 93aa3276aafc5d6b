"""A Dazzler's wave file: one `key=value` line for each control of its front panel (manual V3.00, 5.4).

The manual's table of keys (5.1) was not seen. So no key is written that the site's own wave.txt does not have: keys are
looked up there by the name that the front panel gives a control, in some spellings, or by the name that a config gives.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CONTROLS", "WaveFile"]

CONTROLS: Mapping[str, tuple[str, ...]] = {
    "position": ("position",),
    "delay": ("delay",),
    "second_order": ("secondorder", "2ndorder", "order2"),
    "third_order": ("thirdorder", "3rdorder", "order3"),
    "fourth_order": ("fourthorder", "4thorder", "order4"),
}
"""Control of the front panel → spellings of its key, without blanks, marks and capitals."""


@dataclass(frozen=True, slots=True)
class WaveFile:
    """Key as it is spelled → value. ValueError where a line is none, or a key stands twice."""

    values: Mapping[str, str]

    @classmethod
    def from_text(cls, text: str) -> "WaveFile":
        """The controls; tables of amplitude and phase (`#amp`, `#phase`) are left alone."""
        values: dict[str, str] = {}
        for line in text.splitlines():
            if line.strip().lower() in {"#amp", "#phase"}:
                break
            if not line.strip():
                continue
            key, equals, value = line.partition("=")
            if not equals or not key.strip() or key.strip() in values:
                raise ValueError(f"{line[:60]!r} is no line of a wave file")
            values[key.strip()] = value.strip()
        return cls(values)

    def key_of(self, control: str, given: str | None = None) -> str:
        """The key of a control; KeyError with what there is where none, or more than one, fits."""
        wanted = (_plain(given),) if given else CONTROLS[control]
        found = [key for key in self.values if _plain(key) in wanted]
        if len(found) != 1:
            raise KeyError(
                f"the wave file has {'no key' if not found else 'several keys'} for {given or control}; it has "
                f"{', '.join(self.values) or 'none at all'}"
            )
        return found[0]

    def number(self, key: str) -> float:
        """The value of a key, in any spelling; ValueError where it is no number, KeyError where it is not there."""
        found = [value for name, value in self.values.items() if _plain(name) == _plain(key)]
        if len(found) != 1:
            raise KeyError(f"the wave file has not one {key}")
        value = found[0]
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value):
            raise ValueError(f"{key}={value[:40]!r} is no number")
        return float(value)


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())
