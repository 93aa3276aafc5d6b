"""A small record for tests: two knobs, a camera of 6 × 5 pixels and a yield, all made up but exact."""

import numpy as np

from lasercontrol.bench import Channel, Quality, Reading
from lasercontrol.record import RecordHeader, ShotRow
from tests.lasercontrol.bench_stand_in import KNOBS

HEADER = RecordHeader(
    config={"session": {"seed": 7}, "notes": "ω"},
    config_text="session:\n  seed: 7  # ω\n",
    versions={"lasercontrol": "0.1.0", "numpy": "2.4"},
    seed=2**63 - 1,
    operator="Ångström",
    laser_id="Yb:YAG 3",
    notes="first\nsecond",
    knobs=KNOBS,
    channels=("frog", "shg"),
)
AXES = {"delay_ps": np.linspace(-3, 3, 6), "frequency_thz": np.linspace(-0.5, 0.5, 5)}


def frog(index: int) -> Channel:
    """A frame that no other shot has."""
    values = np.random.default_rng(index).normal(100, 20, (6, 5)).astype(np.float32)
    return Channel(values, "counts", AXES, gain=np.asarray(1.5 * index, dtype=np.float32), background=12.5)


def row(index: int, quality: Quality = Quality.OK, channels: tuple[str, ...] = ("frog", "shg")) -> ShotRow:
    """Shot `index`."""
    seen = {"frog": frog(index), "shg": Channel(np.asarray(0.1 * index), "yield (arb.)")}
    return ShotRow(
        index=index,
        phase="start" if index == 1 else "tune",
        asked=np.array([index / 3, -7.0]),
        setting=np.array([index / 3, -6.0]),
        reading=Reading(
            channels={name: seen[name] for name in channels},
            energy=np.asarray(1 + 0.01 * index, dtype=np.float32),
            quality=np.asarray(quality, dtype=np.int8),
            reasons=("too bright", "µ") if quality else (),
            utc_s=1.7e9 + index / 7,
            monotonic_s=index / 9,
        ),
        clipped=index % 2 == 0,
    )
