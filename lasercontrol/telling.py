"""What a run came to, in numbers and in sentences; of a real laser only what was measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.bench import Channel, Quality
from lasercontrol.record_content import ShotRow
from lasercontrol.session import Ending
from lasercontrol.shot import signal_of
from lasercontrol.target import Target
from lasercontrol.truth import Score
from lasercontrol.tunable import TunableLaser

__all__ = ["autocorrelation_fwhm_ps", "sentences_of", "shots_to", "summary_of"]


def summary_of(
    ending: Ending,
    laser: TunableLaser,
    scores: Sequence[Score],
    path: Path,
    shots: int,
    policy: str | None = None,
    target: Target | None = None,
) -> dict[str, Any]:
    """A run as one flat JSON object; scores: the truth of each shot, none of a real laser; policy: name of the learned.

    target: what was wanted; the run then has target_… besides, of a simulated laser what of it was reached in truth.
    expected_gain: what the agent expected of one more shot in the end; expected_gains: of every shot, before it.
    """
    knobs = laser.bench.knobs
    return {
        "agent": laser.config.session.agent,
        "policy": policy,
        "observe": ",".join(laser.bench.channels),
        "scenario": laser.config.scenario.name,
        "bench": laser.config.lab.name if laser.config.lab else "simulated",
        "seed": laser.seed,
        "shots": len(ending.rows),
        **_true_figures(ending, laser, scores, shots),
        **(_target_figures(ending, laser, target) if target else {}),
        **_measured_figures(ending.rows),
        "expected_gain": _rounded(ending.expected_gain),
        "expected_gains": [_rounded(row.expected_gain) for row in ending.rows],
        "limit_violations": ending.limit_violations,
        "setting": {knob.name: round(float(at), 9) for knob, at in zip(knobs, ending.setting, strict=True)},
        "record": str(path),
        "exit_reason": ending.reason,
    }


def _rounded(gain: float | None) -> float | None:
    return None if gain is None else round(gain, 6)


def shots_to(fraction: float, scores: Sequence[Score], shots: int) -> int:
    """First shot whose pulse is at least this fraction of the best reachable; one more than there were if none."""
    reached = [n for n, score in enumerate(scores, start=1) if score.reachable_fraction >= fraction]
    return reached[0] if reached else max(shots, len(scores)) + 1


def autocorrelation_fwhm_ps(channel: Channel) -> float | None:
    """Full width at half maximum of the autocorrelation that a channel shows, a FROG as its sum over frequency.

    None where it does not fall to half within the scan.
    """
    signal = channel.signal.sum(axis=-1) if "frequency_thz" in channel.axes else channel.signal
    delay_ps, half = channel.axes["delay_ps"], signal.max() / 2
    if half <= 0:  # no light, or a background that is none
        return None
    above = np.nonzero(signal >= half)[0]
    first, last = int(above[0]), int(above[-1])
    if first == 0 or last == len(signal) - 1:
        return None
    left = np.interp(half, signal[first - 1 : first + 1], delay_ps[first - 1 : first + 1])
    right = np.interp(-half, -signal[last : last + 2], delay_ps[last : last + 2])
    return float(right - left)


def sentences_of(summary: dict[str, Any]) -> tuple[str, ...]:
    """The same for people."""
    told = [f"{summary['exit_reason']}."]
    if "strehl" in summary and "target" in summary:
        told += [f"  shots    {summary['shots']}", *_target_in_words(summary)]
        told += [f"  pulse    {summary['fwhm_ps']:.3f} ps; the transform limit is {summary['fwhm_tl_ps']:.3f} ps"]
    elif "strehl" in summary:
        last = f"at shot {summary['shots_to_95']}" if summary["shots_to_95"] <= summary["shots"] else "never"
        share = summary["reachable_fraction"]
        reachable = f"itself {summary['reachable_strehl']:.3f} of the limit's"
        told += [
            f"  shots    {summary['shots']}; 95 % of the best reachable {last}",
            f"  pulse    {summary['fwhm_ps']:.3f} ps; the transform limit is {summary['fwhm_tl_ps']:.3f} ps",
            f"  peak     {summary['strehl']:.3f} of the transform limit's",
            f"           {share:.3f} of the best reachable at this B with these knobs, {reachable}",
            *([f"  held     {summary['held_fraction']:.3f} of it in the mean"] if "held_fraction" in summary else []),
        ]
    else:
        told += [f"  shots    {summary['shots']}", *_target_in_words(summary), *_measured_in_words(summary)]
    return (
        *told,
        *_expected_in_words(summary),
        *_left_in_words(summary),
        f"  limits   {summary['limit_violations']} proposals were clipped",
        f"  record   {summary['record']}",
        f"  picture  {summary.get('picture') or 'none: ' + summary.get('picture_error', 'the run was cut short')}",
    )


def _target_figures(ending: Ending, laser: TunableLaser, target: Target) -> dict[str, Any]:
    """What was wanted, and of a simulated laser how near the true pulse came."""
    width_ps = target.autocorrelation_fwhm_ps
    wanted: dict[str, Any] = {
        "target": target.in_words,
        "target_fwhm_ps": target.fwhm_ps,
        "target_profile": str(laser.config.session.target_profile) if target.profile is not None else None,
        "target_autocorrelation_fwhm_ps": None if width_ps is None else round(width_ps, 4),
    }
    if laser.truth is None:
        return wanted
    if target.fwhm_ps is not None:
        reached_ps = laser.truth.at(ending.setting).fwhm_ps
        return wanted | {"target_error": round(reached_ps / target.fwhm_ps - 1, 6)}
    overlap = target.overlap_with(laser.truth.at(ending.setting).intensity)
    return wanted | {"target_overlap": None if overlap is None else round(overlap, 6)}


def _target_in_words(summary: dict[str, Any]) -> list[str]:
    if "target" not in summary:
        return []
    line = f"  target   {summary['target']}"
    if "target_error" in summary:
        line += f"; the pulse has {summary['fwhm_ps']:.3f} ps, {summary['target_error']:+.1%}"
    elif "target_overlap" in summary:
        line += f"; the pulse overlaps with it by {summary['target_overlap']:.3f}"
    elif summary["target_autocorrelation_fwhm_ps"] is not None:
        line += f"; its autocorrelation is {summary['target_autocorrelation_fwhm_ps']:.3f} ps wide at half its height"
    return [line]


def _expected_in_words(summary: dict[str, Any]) -> list[str]:
    gain = summary.get("expected_gain")
    return [] if gain is None else [f"  next     one more shot is expected to gain {gain:.1%} in signal"]


def _left_in_words(summary: dict[str, Any]) -> list[str]:
    """How a real bench was left."""
    if "emission" not in summary:
        return []
    at = ", ".join(f"{name} {value:.6g}" for name, value in summary["setting"].items())
    return [f"  setting  {at}", f"  emission {'is off' if summary['emission'] == 'off' else 'IS STILL ON'}"]


def _true_figures(ending: Ending, laser: TunableLaser, scores: Sequence[Score], shots: int) -> dict[str, Any]:
    if laser.truth is None:
        return {}
    final = laser.truth.at(ending.setting)
    held = {"held_fraction": round(float(np.mean([score.reachable_fraction for score in scores])), 6)}
    return {
        **(held if laser.config.session.hold and scores else {}),
        "shots_to_95": shots_to(0.95, scores, shots),
        "strehl": round(final.strehl, 6),
        "reachable_fraction": round(final.reachable_fraction, 6),
        "reachable_strehl": round(laser.truth.best_strehl, 6),
        "fwhm_ps": round(final.fwhm_ps, 6),
        "fwhm_tl_ps": round(laser.truth.limit_fwhm_ps, 6),
    }


def _measured_figures(rows: Sequence[ShotRow]) -> dict[str, Any]:
    """What the first and the last good reading say: signal gained, width of the autocorrelation."""
    good = [row for row in rows if row.reading.worst is not Quality.INVALID]
    found: dict[str, Any] = {"signal_gain": None, "invalid_readings": len(rows) - len(good)}
    if not good:
        return found
    first, last = (float(signal_of(row.reading)) for row in (good[0], good[-1]))
    if first > 0:
        found["signal_gain"] = round(last / first, 4)
    for name in ("autocorrelation", "frog"):
        if name in good[0].reading.channels and name in good[-1].reading.channels:
            ends = [autocorrelation_fwhm_ps(row.reading.channels[name]) for row in (good[0], good[-1])]
            found["autocorrelation_fwhm_ps"] = [None if end is None else round(end, 4) for end in ends]
            break
    return found


def _measured_in_words(summary: dict[str, Any]) -> list[str]:
    told = []
    if summary["signal_gain"] is not None:
        told.append(f"  signal   {summary['signal_gain']:.3g} times that of the first good reading")
    if "autocorrelation_fwhm_ps" in summary:
        first, last = (
            "wider than the scan" if end is None else f"{end:.3f} ps" for end in summary["autocorrelation_fwhm_ps"]
        )
        told.append(f"  width    {last} of the autocorrelation at half its height; at the start {first}")
    if summary["invalid_readings"]:
        told.append(f"  invalid  {summary['invalid_readings']} readings")
    return told
