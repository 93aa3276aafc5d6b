"""Which nights may be looked at for what: four splits with frozen seeds, and the modes that each of them holds."""

from typing import Literal, get_args

from sim.wear import Mode

__all__ = ["FAILING_SHARE", "HELD_OUT_ONLY", "MODES", "NIGHT_VERSION", "SPLIT_SEEDS", "Split"]

NIGHT_VERSION = 1
"""Of the generator: raised whenever any number of any night changes, so that a figure names its nights."""

Split = Literal["calibration", "tuning", "test", "held-out"]
"""`calibration`: healthy nights, for thresholds alone. `tuning`: anything may be tuned on it. `test`: figures of the
README. `held-out`: figures too, and the only split with the modes of `HELD_OUT_ONLY`; no tuning may see it."""

SPLIT_SEEDS: dict[Split, int] = {"calibration": 515_001, "tuning": 515_002, "test": 515_003, "held-out": 515_004}
"""Frozen. Night k of a split is drawn from (NIGHT_VERSION, seed of the split, k) and nothing else."""

FAILING_SHARE: dict[Split, float] = {"calibration": 0.0, "tuning": 0.5, "test": 0.5, "held-out": 0.5}
"""Share of the lasers that are given a mode other than `healthy`, unless a night is asked for with another share."""

HELD_OUT_ONLY = (Mode.SLOPE, Mode.REVERSE_THEN_WEAR, Mode.RAPID_IN_SWING)

_SHOWN = (Mode.THRESHOLD, Mode.BOTH, Mode.RAPID, Mode.SUDDEN, Mode.INFANT, Mode.REVERSE, Mode.LEAKAGE)

MODES: dict[Split, tuple[Mode, ...]] = {
    split: _SHOWN + (HELD_OUT_ONLY if split == "held-out" else ()) for split in get_args(Split)
}
"""Modes that a split draws from, each as likely as the others."""
