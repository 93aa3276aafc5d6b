"""Simulated nights: frozen, whole however they are cut, and truthful labels."""

import hashlib
import json
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest

from sim.night import CHANNELS, MODES, NIGHT_VERSION, SPLIT_SEEDS, Night, NightBlock, Split
from sim.night_splits import HELD_OUT_ONLY
from sim.night_wear import losses
from sim.rig import RigKind
from sim.wear import Mode
from tests.closeness import assert_close

METER, PHOTODIODE, MOUNT = (CHANNELS.index(name) for name in ("power_w", "photodiode_a", "mount_c"))
SETTLE, DITHER = 2, 5


def whole(night: Night, block_s: int = 3600) -> NightBlock:
    return NightBlock._make(np.concatenate(parts) for parts in zip(*night.blocks(block_s), strict=True))


def nights(split: Split, count: int = 12) -> Iterator[Night]:
    yield from (Night(split, index) for index in range(count))


def test_version_and_seeds_are_those_that_figures_were_read_on() -> None:
    assert NIGHT_VERSION == 1
    assert SPLIT_SEEDS == {"calibration": 515_001, "tuning": 515_002, "test": 515_003, "held-out": 515_004}


def test_a_small_night_is_the_frozen_one_to_the_last_bit() -> None:
    """When this fails the nights have changed: raise NIGHT_VERSION and read every published figure again."""
    night = Night("held-out", 0, lasers=5, hours=0.75, clock_step=True)
    digest = hashlib.sha256()
    for block in night.blocks(600):
        for part in block:
            digest.update(np.ascontiguousarray(part).tobytes())
    labels = night.labels
    digest.update(repr((labels.mode, labels.onset_s.tolist(), labels.final_loss.round(9).tolist())).encode())
    assert digest.hexdigest()[:16] == "8d87095743eb5ba3"


@pytest.mark.parametrize("block_s", [1, 7, 60, 100, 5000])
def test_rows_do_not_depend_on_how_they_are_cut(block_s: int) -> None:
    night = Night("test", 1, lasers=3, hours=0.5, mains_cut=True)
    for ours, theirs in zip(whole(night, block_s), whole(night), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    sizes = [len(block.t_s) for block in night.blocks(block_s)]
    assert set(sizes[:-1]) <= {block_s}
    assert 0 < sizes[-1] <= block_s


def test_a_laser_does_not_depend_on_how_many_stand_beside_it() -> None:
    few, many = (Night("held-out", 2, lasers=n, hours=0.6) for n in (3, 70))
    ours, theirs = whole(few), whole(many)
    np.testing.assert_array_equal(ours.values, theirs.values[:, :3])
    np.testing.assert_array_equal(ours.rig, theirs.rig)
    assert few.lasers == many.lasers[:3]
    assert few.labels.mode == many.labels.mode[:3]
    np.testing.assert_array_equal(few.labels.loss_s, many.labels.loss_s[:3])


def test_what_is_yielded_is_what_the_docstring_says() -> None:
    block = next(Night("tuning", 0, lasers=2, hours=0.1).blocks(60))
    shapes = {name: (part.shape, part.dtype) for name, part in block._asdict().items()}
    assert shapes == {
        "t_s": ((60,), np.float64),
        "utc_s": ((60,), np.float64),
        "values": ((60, 2, 5), np.float32),
        "quality": ((60, 2, 5), np.uint8),
        "phase": ((60, 2), np.uint8),
        "rig": ((60, 1), np.float32),
    }
    np.testing.assert_array_equal(block.t_s, np.arange(60))


def test_what_is_invalid_is_nan_and_nothing_else() -> None:
    rows = whole(Night("test", 3, lasers=64, hours=2.0))
    np.testing.assert_array_equal(np.isnan(rows.values), rows.quality == 2)
    assert set(np.unique(rows.quality)) == {0, 2}


def test_three_modes_are_for_the_held_out_split_alone() -> None:
    for split in get_args(Split):
        drawn = {mode for night in nights(split) for mode in night.modes}
        if split == "held-out":
            assert set(HELD_OUT_ONLY) <= drawn
        else:
            assert not drawn & set(HELD_OUT_ONLY)
            assert not set(MODES[split]) & set(HELD_OUT_ONLY)
    assert set(HELD_OUT_ONLY) == {Mode.SLOPE, Mode.REVERSE_THEN_WEAR, Mode.RAPID_IN_SWING}


def test_calibration_is_healthy_and_cannot_be_otherwise() -> None:
    assert {mode for night in nights("calibration") for mode in night.modes} == {Mode.HEALTHY}
    with pytest.raises(ValueError, match="must be 0 there for calibration"):
        Night("calibration", failing_share=0.1)


def test_a_healthy_night_of_any_split_still_has_its_rig() -> None:
    labels = Night("test", 0, failing_share=0.0).labels
    assert set(labels.mode) == {Mode.HEALTHY}
    assert not labels.fails.any()
    assert np.isnan(labels.loss_s).all()
    assert np.all((labels.final_loss > 0) & (labels.final_loss < 1e-3))
    assert {RigKind.GLITCH, RigKind.DROPOUT} <= {event.kind for event in labels.events}


def test_no_two_splits_share_a_night() -> None:
    first = {split: next(Night(split, 0, lasers=1, hours=0.1).blocks(60)).values.tobytes() for split in get_args(Split)}
    assert len(set(first.values())) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lasers": 0}, "at least 0 and 1"),
        ({"index": -1}, "at least 0 and 1"),
        ({"hours": 0.01}, "whole number of minutes"),
        ({"failing_share": 1.5}, "0 to 1"),
        ({"split": "training"}, "must be one of"),
    ],
)
def test_what_no_night_can_be_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Night(**({"split": "test"} | wrong))  # type: ignore[arg-type]


def test_a_block_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="block_s is 0"):
        next(Night("test", lasers=1, hours=0.1).blocks(0))


def test_the_dither_swings_neighbours_against_each_other() -> None:
    rows = whole(Night("calibration", 0, lasers=64, hours=1.25, rig=False))
    dither = rows.values[rows.phase[:, 0] == DITHER, :, MOUNT]
    swing = dither - dither.mean(axis=0)
    wave = np.sin(2 * np.pi * np.arange(len(dither)) / 900)
    size_k = 2 * (swing * wave[:, None]).mean(axis=0)
    assert_close(np.abs(size_k), 0.5, rel=0.15)
    assert np.all(np.sign(size_k) == np.where(np.arange(64) % 2, -1, 1))


def test_a_mains_cut_leaves_a_gap_and_begins_anew() -> None:
    night = Night("test", 5, lasers=4, hours=2.0, mains_cut=True, rig=False)
    (cut,) = (event for event in night.labels.events if event.kind is RigKind.MAINS_CUT)
    rows = whole(night)
    gap = int(np.argmax(np.diff(rows.t_s)))
    assert (rows.t_s[gap] + 1, rows.t_s[gap + 1]) == (cut.start_s, cut.end_s)
    assert np.all(np.delete(np.diff(rows.t_s), gap) == 1)
    assert len(rows.t_s) == 7200 - (cut.end_s - cut.start_s)
    assert rows.phase[gap + 1, 0] == 1
    assert rows.phase[gap + 61, 0] == SETTLE
    assert np.all(rows.values[gap + 1, :, METER] < 0.2 * rows.values[gap, :, METER])


def test_a_clock_step_moves_the_calendar_alone() -> None:
    still, moved = (whole(Night("test", 6, lasers=1, hours=0.5, clock_step=step)) for step in (False, True))
    (step,) = (e for e in Night("test", 6, lasers=1, hours=0.5, clock_step=True).events if e.kind is RigKind.CLOCK_STEP)
    np.testing.assert_array_equal(moved.t_s, still.t_s)
    np.testing.assert_array_equal(moved.values, still.values)
    np.testing.assert_array_equal(moved.utc_s - still.utc_s, np.where(still.t_s >= step.start_s, step.size, 0.0))


def test_noise_is_what_healthy_nights_are_said_to_have() -> None:
    for night in nights("calibration", 3):
        rows = whole(Night("calibration", night.index, hours=1.5, rig=False)).values[4600:]
        white = np.diff(rows, axis=0).std(axis=0) / np.sqrt(2) / rows.mean(axis=0)
        assert np.all((white[:, METER] > 1.5e-4) & (white[:, METER] < 2.2e-3))
        assert np.all(np.ptp(rows[:, :, MOUNT], axis=0) < 0.3)


def test_a_sudden_loss_is_there_from_the_labelled_second_on() -> None:
    found = 0
    for index in range(2):
        night = Night("test", index, hours=2.0, rig=False)
        labels, rows = night.labels, whole(night).values
        for i in [i for i, mode in enumerate(labels.mode) if mode is Mode.SUDDEN]:
            at = int(labels.onset_s[i])
            channel = METER if night.lasers[i].drive == "current" else 0
            before, after = rows[at - 10 : at, i, channel].mean(), rows[at : at + 10, i, channel].mean()
            np.testing.assert_array_equal(labels.loss_s[i], at)
            assert_close(abs(after / before - 1), abs(labels.final_loss[i]), rel=0.05)
            assert abs(rows[at, i, channel] / before - 1) > 0.1 > abs(rows[at - 1, i, channel] / before - 1)
            found += 1
    assert found > 3


def test_losses_of_the_labels_are_those_of_the_readings() -> None:
    """At constant current: light at the end over light after settling, up to what mounts and noise do."""
    night = next(n for n in nights("test", 12) if n.lasers[0].drive == "current")
    quiet = Night("test", night.index, hours=3.0, rig=False)
    rows, labels = whole(quiet).values[:, :, PHOTODIODE], quiet.labels
    fresh = np.array([rows[90:400, i].mean() for i in range(64)])
    lost = 1 - rows[-300:].mean(axis=0) / fresh
    late = np.nan_to_num(labels.onset_s, nan=np.inf) > 1800
    assert np.all(np.abs(lost - labels.final_loss)[late] < 0.012)
    assert np.abs(lost - labels.final_loss)[late].mean() < 0.003


def test_loss_levels_are_passed_in_order_and_after_onset() -> None:
    for night in nights("held-out", 6):
        labels = night.labels
        passed = ~np.isnan(labels.loss_s)
        assert np.all(passed[:, :-1] >= passed[:, 1:])
        assert np.all(np.diff(labels.loss_s, axis=1)[passed[:, 1:]] >= 0)
        assert np.all((labels.loss_s >= labels.onset_s[:, None])[passed])
        assert not passed[~labels.fails].any()


def test_a_rapid_loss_of_the_held_out_split_begins_while_its_mount_swings() -> None:
    found = 0
    for night in nights("held-out", 4):
        labels = night.labels
        for i in [i for i, mode in enumerate(labels.mode) if mode is Mode.RAPID_IN_SWING]:
            swings = [event for event in labels.events_of(i) if event.kind is RigKind.MOUNT_SWING]
            assert any(swing.start_s < labels.onset_s[i] < swing.end_s for swing in swings)
            found += 1
    assert found > 3


def test_reverse_ageing_then_wear_first_gains() -> None:
    night = Night("held-out", 0)
    ill = np.nonzero([mode is Mode.REVERSE_THEN_WEAR for mode in night.modes])[0]
    lost = losses(night._worn, ill)
    onset = np.ceil(night.labels.onset_s[ill] / 60).astype(int)
    assert len(ill) > 0
    for path, knot in zip(lost.T, onset, strict=True):
        assert path[0] > path[30] > path[knot - 1]
        assert path[-1] > path[knot] + 1e-3


def test_labels_are_plain_values() -> None:
    labels = Night("held-out", 0, lasers=8, hours=1.0).labels
    again = json.loads(json.dumps(labels.as_dict(), allow_nan=False))
    assert again["mode"] == [str(mode) for mode in labels.mode]
    assert len(again["events"]) == len(labels.events)
