"""However a night is cut into blocks and restarts: the same steps, byte for byte, each once."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.monitor.alarm import AlarmEngine
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.alarm_store import AlarmStore
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.finding import Finding, Kind, Severity
from lasercontrol.telemetry.row import Block
from tests.lasercontrol.monitor.alarm_stand_in import START_UTC_S, found, schema

ROWS = 30
SETTINGS = AlarmSettings(for_s={"wear": 3.5, "instrument": 1.0}, clear_after_s=2.5, gap_s=5.0)
KINDS = (Kind.SUDDEN, Kind.WEAR, Kind.INSTRUMENT)

FINDING = st.tuples(
    st.integers(0, ROWS - 1),
    st.sampled_from(KINDS),
    st.sampled_from([None, 0, 1]),
    st.booleans(),
    st.sampled_from([Severity.WARNING, Severity.CRITICAL]),
    st.sampled_from(["cusum", "trend"]),
)
PAUSES = st.dictionaries(st.integers(1, ROWS - 1), st.sampled_from([-20.0, 4.0, 300.0]), max_size=2)
"""Extra seconds before a row: a reboot, a slow row, a stop."""
PIECES = st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 5)), min_size=1, max_size=12)
"""Rows of a block; whether the program is killed after it; and how many rows it takes again besides."""


class Night:
    """Rows with pauses, and findings in them."""

    def __init__(self, findings: list[tuple[int, Kind, int | None, bool, Severity, str]], pauses: dict[int, float]):
        self.seq = np.arange(ROWS)
        self.monotonic_s = 1000.0 + np.cumsum([1.0 + pauses.get(at, 0.0) for at in range(ROWS)])
        self.findings = [
            found(
                seq,
                kind,
                laser,
                active=active,
                severity=severity,
                detector=detector,
                monotonic_s=float(self.monotonic_s[seq]),
            )
            for seq, kind, laser, active, severity, detector in sorted(findings, key=lambda each: each[0])
        ]

    def block(self, first: int, end: int) -> tuple[Block, list[Finding]]:
        rows, t = slice(first, end), end - first
        block = Block(
            self.seq[rows],
            self.monotonic_s[rows],
            (START_UTC_S + self.seq[rows]).astype(np.float64),
            np.zeros((t, 0, 5), np.float32),
            np.zeros((t, 0, 5), np.uint8),
            np.zeros((t, 0), np.uint8),
            np.zeros((t, 1), np.float32),
        )
        return block, [finding for finding in self.findings if first <= finding.seq < end]

    def lines(self) -> list[str]:
        """Row after row, in one go."""
        engine = AlarmEngine(SETTINGS, ["L0", "L1"])
        steps = []
        for at in range(ROWS):
            block, findings = self.block(at, at + 1)
            steps += engine.advance(block.seq, block.monotonic_s, block.utc_s, findings)
        return [step.line() for step in steps]


@given(st.lists(FINDING, max_size=25), PAUSES, PIECES)
@settings(max_examples=40)
def test_no_alarm_is_lost_or_raised_twice_whatever_the_cuts(
    findings: list[tuple[int, Kind, int | None, bool, Severity, str]],
    pauses: dict[int, float],
    pieces: list[tuple[int, bool, int]],
) -> None:
    night = Night(findings, pauses)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alarms.sqlite"
        _run_in_pieces(path, night, pieces)
        store = AlarmStore(path)
        kept = store.lines()
        store.close()
        assert kept == night.lines()
        desk = AlarmDesk(path)
        fired = [alarm["alarm"] for alarm in desk.alarms(over=True)]
        desk.close()
    assert sorted(fired, key=lambda name: int(name[1:])) == [
        f"A{number + 1}" for number in range(sum('"step":"firing"' in line for line in kept))
    ]


def _run_in_pieces(path: Path, night: Night, pieces: list[tuple[int, bool, int]]) -> None:
    store = AlarmStore(path, create=True)
    running = Annunciator(store, schema(2), SETTINGS, [])
    next_seq = 0
    for rows, killed, again in itertools.chain(pieces, itertools.repeat((7, False, 0))):
        if next_seq >= ROWS:
            break
        end = min(next_seq + rows, ROWS)
        running.rows(*night.block(next_seq, end))
        next_seq = end
        if killed:  # what it had in memory is gone; the file is as it was committed
            store.close()
            store = AlarmStore(path)
            running = Annunciator(store, schema(2), SETTINGS, [])
            next_seq = max(0, running.seq + 1 - again)
    store.close()
