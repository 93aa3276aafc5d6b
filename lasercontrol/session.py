"""One optimisation run: ask, move, measure, tell, record, until the pulse is short or the shots are spent.

A session prints nothing. It knows neither whether its bench is real nor who its agent is; whoever watches is told each
shot and a few sentences. Whatever happens, the record is closed with the reason, and the knobs are left at a setting
that was confirmed, or the laser without emission.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

import numpy as np

from agents.protocol import Agent, Shot
from lasercontrol.bench import Floats, Quality, Reading, fraction_of, setting_of
from lasercontrol.config import SessionSettings
from lasercontrol.confirmation import best_seen, nominees, winner
from lasercontrol.errors import BenchLost, MoveRefused, SafetyError
from lasercontrol.held import held
from lasercontrol.limits import GuardedBench
from lasercontrol.lost_signal import is_usable, outward
from lasercontrol.record_content import ShotRow
from lasercontrol.shot import features_of, signal_of
from lasercontrol.signals import Attention, StopAsked, Wish

__all__ = ["Ending", "Exit", "Recorder", "Session", "Watcher"]

STUCK = 1e-3
"""A clipped step shorter than this share of every range makes no headway."""


GONE = 0.5
"""A run that is confirmed below this share of its first signal has lost its laser, or the instrument that sees it."""

HELD_SHOTS = 100
"""Shots after which a run that holds says how it went."""

LAST_HELD = 5
"""Readings at the end of a run that holds, the best of which says whether the laser is still there."""

ROUNDING = 1e-9
"""Of a knob's range: what arithmetic makes of a setting that stays the same."""

FOLLOWS = 0.5
"""Knobs that make less than this share of a step that they were sent do not follow."""


class Exit(Enum):
    """How a run ended."""

    DONE = "done"
    NO_SIGNAL = "no signal"
    INTERRUPTED = "interrupted"
    MADE_SAFE = "made safe"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ended, in words too; every shot of it; where the knobs are; and how many proposals were clipped.

    expected_gain: relative gain in signal that the agent expected of one more shot; None where it could not say.
    """

    exit: Exit
    reason: str
    rows: tuple[ShotRow, ...]
    setting: Floats
    limit_violations: int
    expected_gain: float | None = None


class Recorder(Protocol):
    """What keeps a run for later: `lasercontrol.record`'s writer, or a list."""

    def append(self, row: ShotRow) -> None:
        """Keep a shot."""

    def event(self, kind: str, text: str) -> None:
        """Keep a sentence."""

    def close(self, exit_reason: str, summary: dict[str, Any]) -> None:
        """The run is over."""


class Watcher(Protocol):
    """Who looks on."""

    def shot(self, row: ShotRow) -> None:
        """A reading was taken."""

    def expect(self, gain: float | None) -> None:
        """The agent expects this relative gain in signal of one more shot; None: it cannot say."""

    def say(self, text: str) -> None:
        """Something worth a sentence happened."""


class Session:
    """A run on a guarded bench; `run` is called once.

    make_agent: start as fractions (k,) → agent; it is made when a usable start is known. shots: budget of tuning and
    confirming. summary_of: what the record keeps of an ending. dark_yield: noise of a yield meter in the dark.
    """

    def __init__(
        self,
        bench: GuardedBench,
        make_agent: Callable[[Floats], Agent],
        settings: SessionSettings,
        *,
        shots: int,
        recorder: Recorder,
        watcher: Watcher,
        attention: Attention,
        summary_of: Callable[[Ending], dict[str, Any]],
        dark_yield: float = 0.002,
    ) -> None:
        self.bench, self.make_agent, self.settings, self.shots = bench, make_agent, settings, shots
        self.recorder, self.watcher, self.attention = recorder, watcher, attention
        self.summary_of, self.dark_yield = summary_of, dark_yield
        self.rows: list[ShotRow] = []
        self.start = np.array(bench.setting)
        self._agent: Agent | None = None
        self._best: Floats | None = None
        self._handed_over: str | None = None

    def run(self, past: Sequence[ShotRow] = ()) -> Ending:
        """Tune to the end; `past` are the shots of a run that is resumed.

        A failure of the bench is raised, after emission is off and the record is closed; so is any other exception. A
        note on it says whether emission is off. SafetyError where a guard refused what this program asked on the way.
        """
        try:
            ending = self._unless_asked_to_stop(past)
        except BaseException as error:
            outcome = self._make_safe()
            self._close_after(f"{type(error).__name__}: {error} ({outcome})")
            note = f"{outcome}; no knob was moved after that."
            if isinstance(error, MoveRefused):
                refused = SafetyError(f"refused in the middle of a run: {error}")
                refused.add_note(note)
                raise refused from error
            error.add_note(note)
            raise
        self._close(ending)
        return ending

    # ------------------------------------------------------------------------------------------- the run

    def _unless_asked_to_stop(self, past: Sequence[ShotRow]) -> Ending:
        try:
            return self._job(past)
        except StopAsked:
            if self.attention.wish is Wish.RETURN:
                self.attention.known = Wish.RETURN
                self._say("stop", "stopping: going back step by step; Ctrl-C leaves the knobs where they are.")
                return self._interrupted()
        return self._ended_by_wish()

    def _job(self, past: Sequence[ShotRow]) -> Ending:
        found = self._replayed(past) if past else self._first_light()
        if not found:
            where = self._go_home(self.start, "the start")
            return self._ending(Exit.NO_SIGNAL, f"no usable signal after {len(self.rows)} shots; the knobs are {where}")
        reason = self._tune()
        self._best = np.array(self.bench.setting) if self.settings.hold else self._confirmed()
        if (left := self._share_left()) < GONE:
            where = self._go_home(self.start, "the start")
            gone = f"the signal has gone ({left:.2g} of that at the start); the knobs are {where}"
            return self._ending(Exit.NO_SIGNAL, gone)
        return self._ending(Exit.DONE, f"{reason}; the knobs are {self._go_home(*self._home())}")

    def _share_left(self) -> float:
        """The best signal of the confirmation over the first one: an instrument that stops telling is no success.

        Of a run that holds, the best of the last readings. A wanted pulse may be as faint as it likes, if it is light.
        """
        usable = [row for row in self.rows if row.reading.worst is not Quality.INVALID]
        last = usable[-LAST_HELD:] if self.settings.hold else [row for row in usable if row.phase == "confirm"]
        confirmed = [float(signal_of(row.reading)) for row in last]
        first = float(signal_of(usable[0].reading)) if usable else 0.0
        if self.settings.has_target and any(is_usable(row.reading, self.dark_yield) for row in last):
            return 1.0
        return max(confirmed) / first if confirmed and first > 0 else 1.0

    def _interrupted(self) -> Ending:
        try:
            return self._ending(Exit.INTERRUPTED, f"Ctrl-C; the knobs are {self._go_home(*self._home())}")
        except StopAsked:
            return self._ended_by_wish()

    def _ended_by_wish(self) -> Ending:
        if self.attention.wish is Wish.MAKE_SAFE:
            outcome = self._make_safe()
            return self._ending(Exit.MADE_SAFE, f"terminated from outside; {outcome}, and no knob was moved")
        return self._ending(Exit.INTERRUPTED, "Ctrl-C twice; the knobs stay where they are")

    # ---------------------------------------------------------------------------------- finding and tuning

    def _first_light(self) -> bool:
        """Read the start; where nothing is seen there, search outward. Makes the agent and tells it the first shot."""
        row = self._shoot(self.start, "start")
        if not is_usable(row.reading, self.dark_yield):
            self._say("search", "no usable signal at the start: searching outward, step by step within the limits.")
            return self._search(skip=0)
        return self._begin(row)

    def _search(self, skip: int) -> bool:
        """Try settings ever farther from the start, the first `skip` of them already in vain."""
        for index, setting in enumerate(outward(self.bench.knobs, self.start)):
            if index >= self.settings.search_shots:
                break
            if index < skip:
                continue
            self._travel(setting)
            row = self._shoot(setting, "search")
            if is_usable(row.reading, self.dark_yield):
                self._say("search", f"found a usable signal after {index + 1} shots of searching.")
                return self._begin(row)
        self._say("search", "no usable signal anywhere the search went.")
        return False

    def _begin(self, row: ShotRow) -> bool:
        self._agent = self.make_agent(fraction_of(row.setting, self.bench.knobs))
        self._tell(row)
        return True

    def _tune(self) -> str:
        """Ask, move, measure, tell; returns why it ended, in words. A run that holds ends with its shots alone."""
        agent, reserve = self._needed_agent(), min(self.settings.confirm_shots, self.shots // 3)
        reserve = 1 if self.settings.has_target and reserve else reserve  # a look at where it ends, no contest
        reserve = 0 if self.settings.hold else reserve
        while self._spent() < self.shots - reserve:
            if (reason := agent.finished()) is not None and not self.settings.hold:
                return reason
            wish = setting_of(agent.ask(), self.bench.knobs)
            gain = self._expected_gain()
            self.watcher.expect(gain)
            allowed, clipped = self.bench.clip(wish)
            if not self._holds(allowed):
                self._move(allowed)
            self._tell(self._shoot(wish, "tune", clipped=clipped, expected_gain=gain))
            if self.settings.hold and self._spent() % HELD_SHOTS == 0:
                self._say("hold", held(self.rows[-HELD_SHOTS:], self.bench.knobs))
        return "out of shots"

    def _holds(self, setting: Floats) -> bool:
        """Whether a run that holds wants the setting that there is: no actuator is asked to go where it stands."""
        span = np.array([knob.range for knob in self.bench.knobs])
        return self.settings.hold and bool(np.max(np.abs(setting - self.bench.setting) / span) < ROUNDING)

    def _expected_gain(self) -> float | None:
        expects = getattr(self._agent, "expected_gain", None)
        return None if expects is None else expects()

    def _tell(self, row: ShotRow) -> None:
        agent = self._needed_agent()
        agent.tell(self._told(row))
        self._pass_on(getattr(agent, "handed_over", None))

    def _replayed(self, past: Sequence[ShotRow]) -> bool:
        """Tell a new agent what an earlier run saw, then go to where that run was; no shot is lost or taken again."""
        for row in past:
            self._keep(row, show=False)
        for row in _final_readings(past):
            if self._agent is None:
                if is_usable(row.reading, self.dark_yield):
                    self._begin(row)
            elif row.phase == "tune":
                self._agent.ask()  # agents that plan several shots ahead count their questions
                self._tell(row)
        self._say("resume", f"resumed after {len(past)} shots; none of them is taken again.")
        self.start = np.array(past[0].setting)
        self._travel(past[-1].setting)
        return self._agent is not None or self._search(skip=len({tuple(r.asked) for r in past if r.phase == "search"}))

    # ---------------------------------------------------------------------------------- the best setting

    def _confirmed(self) -> Floats:
        """Measure the best settings again, in turns, and give the one that the new readings prefer.

        With a target the one that is believed in: signals prefer the brightest, which is not wanted.
        """
        seen = () if self.settings.has_target else self._seen()
        candidates = nominees(self._believed(), seen, self.bench.knobs, self.settings.signal_noise)
        readings: list[list[float]] = [[] for _ in candidates]
        # One candidate alone has nothing to win: a single reading at it is enough.
        left = min(self.settings.confirm_shots, self.shots - self._spent(), 1 if len(candidates) == 1 else self.shots)
        for turn in range(left):
            if self._spent() >= self.shots:  # an INVALID reading was taken again
                break
            which = turn % len(candidates)
            self._travel(candidates[which])
            row = self._shoot(candidates[which], "confirm")
            if row.reading.worst is not Quality.INVALID:
                readings[which].append(float(signal_of(row.reading)))
        return candidates[winner(readings, self.settings.signal_noise)]

    def _believed(self) -> Floats:
        agent = self._needed_agent()
        believed = setting_of(agent.recommend(), self.bench.knobs)
        self._pass_on(getattr(agent, "handed_over", None))
        return believed

    def _seen(self) -> list[tuple[Floats, Reading]]:
        return [(row.setting, row.reading) for row in self.rows]

    def _home(self) -> tuple[Floats, str]:
        """Where a run that was not cut off leaves the knobs, and what that place is called."""
        if self.settings.on_end == "start":
            return self.start, "the start"
        if self.settings.hold and self._agent is not None:
            return np.array(self.bench.setting), "the setting that was held"
        if self.settings.has_target and self._agent is not None:
            believed = self._believed() if self._best is None else self._best
            return self._within(believed), "the setting believed nearest to the target"
        if self._best is not None:
            return self._best, "the best confirmed setting" if self.settings.confirm_shots else "the best setting"
        lit = [(setting, reading) for setting, reading in self._seen() if is_usable(reading, self.dark_yield)]
        seen = best_seen(lit)  # the brightest of dark readings is noise, and no place to leave a laser
        return (seen[0][0], "the best setting seen") if seen else (self.start, "the start")

    def _within(self, setting: Floats) -> Floats:
        low, high = (np.array([getattr(knob, end) for knob in self.bench.knobs]) for end in ("low", "high"))
        return np.clip(setting, low, high)

    def _go_home(self, goal: Floats, name: str) -> str:
        """Travel there; where the knobs then are, in words."""
        self._say("return", f"going to {name}.")
        arrived = self._travel(goal)
        self.attention.heed()  # a wish during the last shot or move is none that may be missed
        return f"at {name}" if arrived else f"on the way to {name}, as far as the limits let them"

    # ------------------------------------------------------------------------------- one move, one reading

    def _travel(self, goal: Floats) -> bool:
        """Go to a setting in steps that the limits allow; False where they end before it."""
        span = np.array([knob.range for knob in self.bench.knobs])
        while True:
            here = np.array(self.bench.setting)
            allowed, clipped = self.bench.clip(goal)
            if np.array_equal(allowed, here):
                return not clipped
            if clipped and np.all(np.abs(allowed - here) < STUCK * span):
                return False
            self._move(allowed)
            sent = np.max(np.abs(allowed - here) / span)
            if sent > STUCK and np.max(np.abs(self.bench.setting - here) / span) < FOLLOWS * sent:
                raise BenchLost(f"the knobs do not follow: sent to {allowed}, they stand at {self.bench.setting}.")
            if not clipped:
                return True

    def _move(self, setting: Floats) -> None:
        self._attend()
        self.bench.move(setting)
        self.attention.wait(self.settings.settle_s)

    def _shoot(
        self, asked: Floats, phase: str, *, clipped: bool = False, expected_gain: float | None = None
    ) -> ShotRow:
        """Take a reading; an INVALID one is kept, and taken once more before the agent hears of it."""
        row = self._reading(asked, phase, clipped, expected_gain)
        if row.reading.worst is Quality.INVALID and (phase in {"start", "search"} or self._spent() < self.shots):
            row = self._reading(asked, phase, False, expected_gain)
        return row

    def _reading(self, asked: Floats, phase: str, clipped: bool, expected_gain: float | None) -> ShotRow:
        self._attend()
        reading = self.bench.measure()
        setting = np.array(self.bench.setting)
        row = ShotRow(len(self.rows) + 1, phase, np.array(asked), setting, reading, clipped, expected_gain)
        self._keep(row, show=True)
        self._stop_when_blind()
        return row

    def _keep(self, row: ShotRow, *, show: bool) -> None:
        row = replace(row, index=len(self.rows) + 1)
        self.rows.append(row)
        self.recorder.append(row)
        if show:
            self.watcher.shot(row)

    def _stop_when_blind(self) -> None:
        last = self.rows[-self.settings.max_invalid :]
        if len(last) == self.settings.max_invalid and all(row.reading.worst is Quality.INVALID for row in last):
            reasons = "; ".join(last[-1].reading.reasons) or "no reason given"
            raise BenchLost(f"{len(last)} INVALID readings in a row ({reasons}); the bench counts as lost.")

    def _attend(self) -> None:
        """Look whether somebody wants something; every action begins with this."""
        if waited := self.attention.paused:
            self._say("pause", "paused; the laser stays as it is.")
            self.attention.wait_while_paused()
        self.attention.heed()
        if waited:
            self._say("pause", "going on.")

    # ------------------------------------------------------------------------------------------ odds and ends

    def _told(self, row: ShotRow) -> Shot:
        """The shot as the agent hears it; of an INVALID reading only that it was one."""
        fraction = fraction_of(row.setting, self.bench.knobs)
        if row.reading.worst is Quality.INVALID:
            return Shot(fraction, signal=np.nan, features=np.empty(0), usable=False, reading=row.reading)
        return Shot(fraction, float(signal_of(row.reading)), features_of(row.reading), reading=row.reading)

    def _spent(self) -> int:
        """Shots that count into the budget: all but those of a search."""
        return sum(row.phase != "search" for row in self.rows)

    def _needed_agent(self) -> Agent:
        assert self._agent is not None  # noqa: S101 — made with the first usable reading
        return self._agent

    def _pass_on(self, handed_over: str | None) -> None:
        """Say and record once that another agent has taken over."""
        if handed_over is not None and handed_over != self._handed_over:
            self._say("hand-over", handed_over)
            self._handed_over = handed_over

    def _say(self, kind: str, text: str) -> None:
        self.recorder.event(kind, text)
        self.watcher.say(text)

    def _make_safe(self) -> str:
        """Switch emission off; whether that worked, in words. Nothing may keep the record from being closed."""
        try:
            self.bench.make_safe()
        except Exception as error:  # noqa: BLE001 — whatever a broken bench throws
            outcome = f"EMISSION MAY STILL BE ON: make_safe failed ({error})"
        else:
            outcome = "emission is off"
        with suppress(Exception):  # nobody may be looking on any more: a terminal that was closed takes no words
            self.watcher.say(f"{outcome}.")
        return outcome

    def _ending(self, how: Exit, reason: str) -> Ending:
        violations = sum(row.clipped for row in self.rows)
        gain = self._expected_gain()
        return Ending(how, reason, tuple(self.rows), np.array(self.bench.setting), violations, gain)

    def _close(self, ending: Ending) -> None:
        try:
            summary = self.summary_of(ending)
        except BaseException:
            self.recorder.close(ending.reason, {})
            raise
        self.recorder.close(ending.reason, summary)

    def _close_after(self, fault: str) -> None:
        """Close the record, if that can be done at all: it must not hide the fault. The bench may be gone."""
        try:
            ending = self._ending(Exit.MADE_SAFE, fault)
        except Exception:  # noqa: BLE001 — whatever a broken bench throws when it is asked for its setting
            with suppress(Exception):
                self.recorder.close(fault, {})
        else:
            with suppress(Exception):
                self._close(ending)


def _final_readings(rows: Sequence[ShotRow]) -> Iterator[ShotRow]:
    """The rows without those INVALID ones that were taken again at once (`Session._shoot`)."""
    again = False
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        same = following is not None and following.phase == row.phase and np.array_equal(following.asked, row.asked)
        again = row.reading.worst is Quality.INVALID and same and not again
        if not again:
            yield row
