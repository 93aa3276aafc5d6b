"""From what detectors find to alarms: what must last, what is one and the same, what has become worse, what is over.

    none ──► pending ──► firing ──► (escalated) ──► gone for a while ──► cleared
                └─► withdrawn            └──────── back again ◄──┘

One alarm is one kind of trouble of one laser, or of the rack, whichever detectors see it. Everything here follows from
the log alone; acknowledging, latching and silencing lie above (`alarm_store`), so that a replay gives the same alarms
whatever people did in the night. The work is that of findings and of delays that end: rows without news cost a
comparison, however many lasers there are.
"""

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from lasercontrol.alarm_settings import FOR_S, AlarmSettings
from lasercontrol.monitor.condition import Condition, Key
from lasercontrol.monitor.finding import Finding, Kind
from lasercontrol.monitor.log_clock import LogClock
from lasercontrol.monitor.transition import Step, Transition, step_of

__all__ = ["OF_THE_LASER", "AlarmEngine"]

OF_THE_LASER = frozenset({Kind.SUDDEN, Kind.RAPID, Kind.WEAR, Kind.END_OF_LIFE, Kind.LIMIT})
"""Kinds that say that a laser has degraded; no others do."""


class AlarmEngine:
    """Alarms of one log; `advance` it with rows and what was found in them, in the order of the log.

    laser_ids: by index. prefix: of the alarms' names, which count from 1. `state` and `conditions` hold all that is
    carried, `restored` takes it up: rows that come again after a restart are passed over, with their findings.
    """

    def __init__(self, settings: AlarmSettings, laser_ids: Sequence[str], prefix: str = "A") -> None:
        self._settings, self._laser_ids, self._prefix = settings, laser_ids, prefix
        self._for_s = {**FOR_S, **settings.for_s}
        self._clock = LogClock(settings.gap_s)
        self._conditions: dict[Key, Condition] = {}
        self._dues: list[tuple[float, Key]] = []
        self._changed: set[Key] = set()
        self._steps: list[Transition] = []
        self._fired = 0

    @property
    def seq(self) -> int:
        """Of the last row that was taken; -1 before the first."""
        return self._clock.seq

    def advance(
        self,
        seq: NDArray[np.int64],
        monotonic_s: NDArray[np.float64],
        utc_s: NDArray[np.float64],
        findings: Sequence[Finding] = (),
    ) -> list[Transition]:
        """Rows (t,) on end, sweep or event with t = 1, and their findings; gives the steps in their order."""
        if seq[0] <= self.seq:  # again, after a restart
            findings = [finding for finding in findings if finding.seq > self.seq]
            new = seq > self.seq
            seq, monotonic_s, utc_s = seq[new], monotonic_s[new], utc_s[new]
            if not len(seq):
                return []
        waiting = deque(sorted(map(_trusted, findings), key=_order))
        for piece in self._clock.pieces(seq, monotonic_s, utc_s):
            self._skip(piece.skipped_utc_s)
            while waiting and (waiting[0].seq <= piece.last_seq or piece.last_seq == seq[-1]):
                finding = waiting.popleft()
                at_s = min(self._clock.at_s(finding.monotonic_s), piece.last_s)
                self._pass(at_s)
                self._take(finding, at_s)
            self._pass(piece.last_s)
        steps, self._steps = self._steps, []
        return steps

    def _skip(self, utc_s: float) -> None:
        """UTC goes on in a pause, the seconds watched do not."""
        for key, condition in self._conditions.items() if utc_s else ():
            if condition.due_s is not None:
                condition.due_utc_s += utc_s
                self._changed.add(key)

    def _pass(self, until_s: float) -> None:
        """Let the delays end that end by then."""
        while self._dues and self._dues[0][0] <= until_s:
            due_s, key = heappop(self._dues)
            condition = self._conditions.get(key)
            if condition is None or condition.due_s != due_s:
                continue  # withdrawn, or back again, meanwhile
            if condition.gone is None:
                self._fire(key, condition, condition.due_utc_s)
            else:
                self._end(key, condition, "cleared", condition.gone, condition.due_utc_s)

    def _take(self, finding: Finding, at_s: float) -> None:
        if finding.kind in OF_THE_LASER:  # a number, or an end: what `_trusted` made of this detector's word is over
            over = replace(finding, kind=Kind.INSTRUMENT, detector=_without_number(finding), active=False)
            self._take(over, at_s)
        key = (finding.kind.value, -1 if finding.laser is None else finding.laser)
        condition = self._conditions.get(key)
        if not finding.active:
            if condition is not None and condition.seen.pop(finding.detector, None) is not None:
                self._changed.add(key)
                if not condition.seen:
                    self._gone(key, condition, finding, at_s)
        elif condition is None:
            self._begin(key, finding, at_s)
        else:
            self._again(key, condition, finding)

    def _begin(self, key: Key, finding: Finding, at_s: float) -> None:
        condition = Condition(finding, finding.since_utc_s, {finding.detector: int(finding.severity)})
        self._conditions[key] = condition
        self._changed.add(key)
        if delay_s := self._for_s.get(finding.kind.value, 0.0):
            self._step(condition, "pending", finding, finding.utc_s)
            self._due(key, condition, at_s + delay_s, finding.utc_s + delay_s)
        else:
            self._fire(key, condition, finding.utc_s)

    def _again(self, key: Key, condition: Condition, finding: Finding) -> None:
        """Seen by one more detector, or as worse, or back after it had gone; else it is no news."""
        if condition.seen.get(finding.detector) == finding.severity:
            return
        self._changed.add(key)
        condition.seen[finding.detector] = int(finding.severity)
        condition.since_utc_s = min(condition.since_utc_s, finding.since_utc_s)
        if condition.gone is not None:
            condition.gone = condition.due_s = None
        if finding.severity > condition.severity:
            condition.worst = finding
            if condition.alarm:
                self._step(condition, "escalated", finding, finding.utc_s)

    def _gone(self, key: Key, condition: Condition, finding: Finding, at_s: float) -> None:
        if not condition.alarm:
            self._end(key, condition, "withdrawn", finding, finding.utc_s)
        elif delay_s := self._settings.clear_after_s:
            condition.gone = finding
            self._due(key, condition, at_s + delay_s, finding.utc_s + delay_s)
        else:
            self._end(key, condition, "cleared", finding, finding.utc_s)

    def _due(self, key: Key, condition: Condition, due_s: float, due_utc_s: float) -> None:
        condition.due_s, condition.due_utc_s = due_s, due_utc_s
        heappush(self._dues, (due_s, key))

    def _fire(self, key: Key, condition: Condition, utc_s: float) -> None:
        self._fired += 1
        condition.alarm, condition.due_s = f"{self._prefix}{self._fired}", None
        self._changed.add(key)
        self._step(condition, "firing", condition.worst, utc_s)

    def _end(self, key: Key, condition: Condition, step: Step, finding: Finding, utc_s: float) -> None:
        del self._conditions[key]
        self._changed.add(key)
        self._step(condition, step, finding, utc_s)

    def _step(self, condition: Condition, step: Step, finding: Finding, utc_s: float) -> None:
        self._steps.append(
            step_of(
                finding,
                alarm=condition.alarm,
                step=step,
                severity=condition.severity,
                utc_s=utc_s,
                since_utc_s=condition.since_utc_s,
                laser_id=None if finding.laser is None else self._laser_ids[finding.laser],
            )
        )

    def ends(self, moment: tuple[int, float, float], why: str) -> list[Finding]:
        """Findings that end all that is seen now, at seq, monotonic_s and utc_s; why: their evidence."""
        seq, monotonic_s, utc_s = moment
        return [
            replace(
                condition.worst,
                detector=detector,
                seq=seq,
                monotonic_s=monotonic_s,
                utc_s=utc_s,
                since_utc_s=utc_s,
                evidence=why,
                active=False,
            )
            for condition in self._conditions.values()
            for detector in condition.seen
        ]

    def state(self) -> str:
        """The clock and the count, as JSON."""
        return json.dumps({**self._clock.state(), "fired": self._fired})

    def conditions(self) -> dict[Key, str | None]:
        """Conditions that have changed since this was asked last, as JSON; None: there is none any more."""
        changed, self._changed = self._changed, set()
        return {key: None if (found := self._conditions.get(key)) is None else found.as_json() for key in changed}

    def restored(self, state: str, conditions: Mapping[Key, str]) -> None:
        """Take up what `state` and all that `conditions` gave."""
        told = json.loads(state)
        self._fired = told.pop("fired")
        self._clock = LogClock(self._settings.gap_s, **told)
        self._conditions = {key: Condition.of_json(text) for key, text in conditions.items()}
        self._dues = [(held.due_s, key) for key, held in self._conditions.items() if held.due_s is not None]
        heapify(self._dues)


def _order(finding: Finding) -> tuple[int, int, str, str]:
    """Of findings: that of the log; in one row it must not hang on who was asked first."""
    return finding.seq, -1 if finding.laser is None else finding.laser, finding.kind.value, finding.detector


def _trusted(finding: Finding) -> Finding:
    """A number that is none says nothing of a laser: that is its instrument's fault, whatever the detector thought.

    The others are Python's own from here on, whatever the detector computed with.
    """
    finding = replace(
        finding,
        laser=None if finding.laser is None else int(finding.laser),
        seq=int(finding.seq),
        monotonic_s=float(finding.monotonic_s),
        utc_s=float(finding.utc_s),
        since_utc_s=float(finding.since_utc_s),
        value=float(finding.value),
        bound=float(finding.bound),
    )
    if not finding.active or finding.kind not in OF_THE_LASER or math.isfinite(finding.value):
        return finding
    evidence = f"no number to judge by: {finding.evidence}"
    return replace(finding, kind=Kind.INSTRUMENT, detector=_without_number(finding), evidence=evidence)


def _without_number(finding: Finding) -> str:
    return f"{finding.detector} ({finding.kind})"
