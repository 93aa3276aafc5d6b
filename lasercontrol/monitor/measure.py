"""What the monitor finds on simulated nights: `python -m lasercontrol.monitor.measure SPLIT FIRST COUNT [FAILING]`.

Nights of 64 lasers of one of the frozen splits. Says every false alarm about a laser with its night, then, for each
mode and drive, how many were found, how long after their beginning, and how many before 5 % were lost; JSON comes last.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.stats import chi2

from lasercontrol.monitor.finding import Finding, Kind
from lasercontrol.monitor.watch import watch_of
from lasercontrol.telemetry.row import Block, LoggedLaser, Schema
from sim.night import NIGHT_VERSION, SPLIT_SEEDS, Night, Split

__all__ = ["OF_THE_LASER", "findings_of", "measured"]

LASERS = 64
OF_THE_LASER = {Kind.SUDDEN, Kind.RAPID, Kind.WEAR, Kind.END_OF_LIFE, Kind.POWER_LOSS}
"""Kinds that are false about a laser that does not fail."""
FIVE_PERCENT = 1  # column of `Labels.loss_s`


def _silent(_words: str) -> None:
    pass


def findings_of(night: Night) -> list[Finding]:
    """All that begins in a night, in its order."""
    logged = (
        LoggedLaser(laser_id=laser.laser_id, family=laser.family, drive=laser.drive, drive_target=laser.drive_target)
        for laser in night.lasers
    )
    watch = watch_of(Schema(run_id="measure", started_utc_s=0.0, period_s=1.0, lasers=tuple(logged)))
    found: list[Finding] = []
    row = 0
    for part in night.blocks(600):
        seq = np.arange(row, row + len(part.t_s))
        block = Block(seq, part.t_s, part.utc_s, part.values, part.quality, part.phase, part.rig)
        found += [finding for finding in watch.block(block) if finding.active]
        row += len(seq)
    return found


def measured(
    split: Split,
    first: int,
    count: int,
    failing_share: float | None = None,
    *,
    lasers: int = LASERS,
    hours: float = 12.0,
    say: Callable[[str], object] = _silent,
) -> dict[str, Any]:
    """Counts over nights `first` to `first + count - 1` of a split; says each night as it goes."""
    healthy, false = 0, 0
    modes: defaultdict[str, list[tuple[float, bool | None]]] = defaultdict(list)
    for index in range(first, first + count):
        night = Night(split, index, lasers=lasers, hours=hours, failing_share=failing_share)
        mine: defaultdict[int, list[Finding]] = defaultdict(list)
        for finding in findings_of(night):
            if finding.kind in OF_THE_LASER and finding.laser is not None:
                mine[finding.laser].append(finding)
        healthy += int((~night.labels.fails).sum())
        wrong = [finding for laser in np.flatnonzero(~night.labels.fails) for finding in mine[int(laser)]]
        false += len(wrong)
        for finding in wrong:
            say(f"false: night {index}, laser {finding.laser}: {finding.kind.value}, {finding.evidence}\n")
        for mode, delay_s, in_time in _failing(night, mine):
            modes[mode].append((delay_s, in_time))
        say(f"night {index}: {len(wrong)} false\n")
    return {
        "night_version": NIGHT_VERSION,
        "split": split,
        "nights": [first, first + count - 1],
        "healthy_laser_nights": healthy,
        "false": false,
        "false_per_100": 100 * false / healthy,
        "false_per_100_upper": 100 * float(chi2.ppf(0.95, 2 * false + 2)) / 2 / healthy,
        "modes": {mode: _row(cases) for mode, cases in sorted(modes.items())},
    }


def _failing(night: Night, mine: dict[int, list[Finding]]) -> Iterator[tuple[str, float, bool | None]]:
    """Mode and drive, delay of the first finding in s (NaN: none), whether it came before 5 % (None: never lost)."""
    labels = night.labels
    for laser in np.flatnonzero(labels.fails):
        at = min((finding.monotonic_s for finding in mine[int(laser)]), default=np.nan)
        lost_s = labels.loss_s[laser, FIVE_PERCENT]
        in_time = bool(at < lost_s) if np.isfinite(lost_s) else None
        drive = night.lasers[laser].drive
        yield f"{labels.mode[laser].value}, {drive}", float(at - labels.onset_s[laser]), in_time


def _row(cases: list[tuple[float, bool | None]]) -> dict[str, Any]:
    delay_s = np.array([delay for delay, _ in cases])
    found = delay_s[np.isfinite(delay_s)]
    due = Counter(in_time for _, in_time in cases if in_time is not None)
    return {
        "lasers": len(cases),
        "found": len(found),
        "median_delay_s": float(np.median(found)) if len(found) else None,
        "p90_delay_s": float(np.quantile(found, 0.9)) if len(found) else None,
        "lost_5_percent": due.total(),
        "found_before_5_percent": due[True],
    }


if __name__ == "__main__":
    chosen, begin, nights, *share = sys.argv[1:]
    if chosen not in SPLIT_SEEDS:
        sys.exit(f"{chosen} is no split: {', '.join(SPLIT_SEEDS)}")
    failing = float(share[0]) if share else None
    told = measured(chosen, int(begin), int(nights), failing, say=sys.stderr.write)
    sys.stdout.write(json.dumps(told) + "\n")
