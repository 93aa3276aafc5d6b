"""A monitor of one rule, where a test is about what comes after detectors: light below a share of its start."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from lasercontrol.monitor.finding import Finding, Kind, Severity, State
from lasercontrol.telemetry.row import Block, Event, Phase, Schema, Sweep

__all__ = ["StandIn"]

RULES = ((0.5, Kind.SUDDEN, Severity.CRITICAL), (0.97, Kind.RAPID, Severity.ALARM))
STATES = {Kind.SUDDEN: ("failed", "sudden"), Kind.RAPID: ("rapid", "rapid")}


class StandIn:
    """A detector in the sense of `finding.Detector`, and verdicts."""

    name = "stand-in"

    def __init__(self, schema: Schema) -> None:
        self.begin(schema)

    def begin(self, schema: Schema) -> None:
        n = len(schema.lasers)
        self.start_w, self.last_w = np.full(n, np.nan), np.full(n, np.nan)
        self.found: dict[tuple[int, Kind], float] = {}

    def block(self, block: Block) -> Sequence[Finding]:
        found: list[Finding] = []
        for at in range(len(block.seq)):
            power_w = np.where(block.phase[at] == Phase.STRESS, block.values[at, :, 1], np.nan).astype(float)
            self.start_w = np.where(np.isnan(self.start_w), power_w, self.start_w)
            self.last_w = np.where(np.isnan(power_w), self.last_w, power_w)
            found += self._row(block, at, power_w / self.start_w)
        return found

    def _row(self, block: Block, at: int, share: np.ndarray) -> list[Finding]:
        news = []
        for bound, kind, severity in RULES:
            for laser in np.flatnonzero(share < bound):
                if (int(laser), kind) in self.found:
                    continue
                self.found[int(laser), kind] = float(block.utc_s[at])
                news.append(
                    Finding(
                        kind=kind,
                        severity=severity,
                        laser=int(laser),
                        detector=self.name,
                        seq=int(block.seq[at]),
                        monotonic_s=float(block.monotonic_s[at]),
                        utc_s=float(block.utc_s[at]),
                        since_utc_s=float(block.utc_s[at]) - 60,
                        value=float(share[laser]),
                        bound=bound,
                        unit="1",
                        evidence=f"light at {share[laser]:.3f} of its start, <{bound:g}",
                    )
                )
        return news

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:
        return ()

    def event(self, event: Event) -> Sequence[Finding]:
        return ()

    def state(self) -> State:
        return {}

    def restored(self, state: State) -> None:
        raise NotImplementedError

    def lasers(self) -> list[SimpleNamespace]:
        """What a report asks for."""
        return [self._verdict(at) for at in range(len(self.start_w))]

    def _verdict(self, at: int) -> SimpleNamespace:
        kinds = [kind for _, kind, _ in RULES if (at, kind) in self.found]
        state, mode = STATES[kinds[0]] if kinds else ("healthy", None)
        drift = float(100 * (1 - self.last_w[at] / self.start_w[at]))
        return SimpleNamespace(
            state=state,
            mode=mode,
            drift_percent=drift,
            drift_low_percent=drift - 0.1,
            drift_high_percent=drift + 0.1,
            first_alarm_utc=min((self.found[at, kind] for kind in kinds), default=None),
            hours_to_eol=30.0 if state == "rapid" else None,
            eol_low_h=20.0 if state == "rapid" else None,
            eol_high_h=50.0 if state == "rapid" else None,
            confidence=0.99,
        )
