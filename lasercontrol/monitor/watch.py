"""All detectors over one log, and what they say of each laser in the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lasercontrol.monitor.drift import Drift
from lasercontrol.monitor.finding import Finding, Kind, State
from lasercontrol.monitor.light_loss import LightLoss
from lasercontrol.monitor.untrusted import Untrusted
from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

__all__ = ["Verdict", "Watch", "watch_of"]

STATES = (
    (Kind.SUDDEN, "failed"),
    (Kind.END_OF_LIFE, "end-of-life"),
    (Kind.RAPID, "rapid"),
    (Kind.WEAR, "wear"),
    (Kind.INSTRUMENT, "instrument"),
    (Kind.COUPLING, "suspect"),
)
"""The worst that was found first."""
WEARING = (Kind.SUDDEN, Kind.END_OF_LIFE, Kind.RAPID, Kind.WEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One laser: state and mode in words; drift (loss of light, or rise of current) in % with its 95 % band; hours to
    the end of life with theirs; confidence that the state is right, 0 to 1. None where nothing can be said.
    """

    state: str
    mode: str | None
    drift_percent: float | None
    drift_low_percent: float | None
    drift_high_percent: float | None
    first_alarm_utc: float | None
    hours_to_eol: float | None
    eol_low_h: float | None
    eol_high_h: float | None
    confidence: float | None


class Watch:
    """A `finding.Detector` made of the others."""

    name = "watch"

    def __init__(self) -> None:
        self.drift = Drift()
        self.detectors = (LightLoss(), Untrusted(), self.drift)

    def begin(self, schema: Schema) -> None:
        """A new log."""
        for detector in self.detectors:
            detector.begin(schema)
        self.now = np.zeros((len(schema.lasers), len(STATES)), dtype=bool)
        self.first_utc_s = np.full(len(schema.lasers), np.nan)

    def block(self, block: Block) -> Sequence[Finding]:
        """Rows; findings in the order of their rows."""
        found = [finding for detector in self.detectors for finding in detector.block(block)]
        return self._remembered(sorted(found, key=lambda finding: finding.seq))

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:
        """A sweep of one laser."""
        return self._remembered([finding for detector in self.detectors for finding in detector.sweep(sweep)])

    def event(self, event: Event) -> Sequence[Finding]:
        """Something happened."""
        return self._remembered([finding for detector in self.detectors for finding in detector.event(event)])

    def state(self) -> State:
        """Of all of them."""
        own = {"now": self.now.copy(), "first_utc_s": self.first_utc_s.copy()}
        return own | {f"{d.name}/{name}": value for d in self.detectors for name, value in d.state().items()}

    def restored(self, state: State) -> None:
        """Takes it up again."""
        self.now, self.first_utc_s = state["now"].copy(), state["first_utc_s"].copy()
        for detector in self.detectors:
            start = f"{detector.name}/"
            detector.restored({name.removeprefix(start): v for name, v in state.items() if name.startswith(start)})

    def lasers(self) -> list[Verdict]:
        """What is to be said of each."""
        slope, error = self.drift.rate_per_h()
        return [self._verdict(at, float(slope[at]), float(error[at])) for at in range(len(self.now))]

    def _remembered(self, found: list[Finding]) -> list[Finding]:
        kinds = [kind for kind, _ in STATES]
        for finding in found:
            if finding.laser is None or finding.kind not in kinds:
                continue
            self.now[finding.laser, kinds.index(finding.kind)] = finding.active
            if finding.kind in WEARING and finding.active and np.isnan(self.first_utc_s[finding.laser]):
                self.first_utc_s[finding.laser] = finding.utc_s
        return found

    def _verdict(self, at: int, slope_per_h: float, error_per_h: float) -> Verdict:
        drift = self.drift
        worst = next((which for which, now in enumerate(self.now[at]) if now), None)
        known = drift.ripe[at] > 0
        if worst is None:
            state, mode = ("healthy" if known else "unknown"), None
        else:
            state, mode = STATES[worst][1], STATES[worst][0].value
        loss, band = float(drift.smooth[at]), 1.96 * float(drift.loss_error[at])
        left = float(drift.criterion[at]) - loss
        fast, slow = slope_per_h + 1.96 * error_per_h, slope_per_h - 1.96 * error_per_h
        ends = known and np.isfinite(left) and left > 0 and slow > 0
        return Verdict(
            state=state,
            mode=mode,
            drift_percent=100 * loss if known else None,
            drift_low_percent=100 * (loss - band) if known else None,
            drift_high_percent=100 * (loss + band) if known else None,
            first_alarm_utc=None if np.isnan(self.first_utc_s[at]) else float(self.first_utc_s[at]),
            hours_to_eol=left / slope_per_h if ends else None,
            eol_low_h=left / fast if ends else None,
            eol_high_h=left / slow if ends else None,
            confidence=0.95 if worst is not None or known else None,
        )


def watch_of(schema: Schema) -> Watch:
    """The monitor's own detectors, begun."""
    watch = Watch()
    watch.begin(schema)
    return watch
