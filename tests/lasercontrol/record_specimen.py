"""Records for tests: a made-up one of two knobs, a camera of 6 × 5 pixels and a yield, and a simulated session."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.bench import Channel, Quality, Reading
from lasercontrol.config import Config
from lasercontrol.record import Record, RecordHeader, ShotRow
from lasercontrol.simulated import build
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


def record_of(header: RecordHeader, rows: Sequence[ShotRow], summary: Mapping[str, Any] | None) -> Record:
    """A record as if it had been read."""
    return Record(
        path=Path("run.h5"),
        header=header,
        start_utc_s=1.7e9,
        shots=tuple(rows),
        events=(),
        exit_reason="done",
        summary=summary,
    )


@lru_cache
def simulated(*channels: str, shots: int = 3, scenario: str = "wide") -> Record:
    """A session that walks from the start to the best setting of a simulated laser, seed 1."""
    config = Config.model_validate({"instruments": {"channels": channels}, "scenario": {"name": scenario}})
    laser = build(config, 1)
    bench, start = laser.bench, laser.bench.setting.copy()
    rows = []
    for index in range(1, shots + 1):
        asked = start + (laser.truth.best - start) * (index - 1) / max(shots - 1, 1)
        rows.append(ShotRow(index, "start" if index == 1 else "tune", asked, bench.move(asked), bench.measure(), False))
    header = RecordHeader(
        config=config.model_dump(mode="json"),
        config_text="",
        versions={},
        seed=1,
        operator="",
        laser_id="",
        notes="",
        knobs=bench.knobs,
        channels=channels,
    )
    summary: dict[str, Any] = {
        "setting": {knob.name: float(at) for knob, at in zip(bench.knobs, rows[-1].setting, strict=True)}
    }
    return record_of(header, rows, summary)


def invalid(record: Record, *indices: int) -> Record:
    """The record with some shots INVALID."""
    return replace(
        record,
        shots=tuple(
            replace(row, reading=replace(row.reading, quality=np.asarray(Quality.INVALID, dtype=np.int8)))
            if row.index in indices
            else row
            for row in record.shots
        ),
    )
