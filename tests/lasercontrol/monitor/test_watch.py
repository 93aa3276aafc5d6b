"""What the monitor finds in rows, and that it does not depend on how they are cut, or on a restart in between."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lasercontrol.monitor.finding import Finding, Kind
from lasercontrol.monitor.temperature_swing import Temperature
from lasercontrol.monitor.watch import Watch, watch_of
from lasercontrol.telemetry.row import Block
from sim.night import Night
from tests.closeness import assert_close
from tests.lasercontrol.monitor.rack_specimen import COEFFICIENT_PER_K, rows_of, schema_of

OF_THE_LASER = {Kind.SUDDEN, Kind.RAPID, Kind.WEAR, Kind.END_OF_LIFE, Kind.POWER_LOSS}
START = 4500  # a row by which the start of all drift is known
T, N = 9000, 10


def found_in(block: Block, schema: Any = None) -> tuple[list[Finding], Watch]:
    watch = watch_of(schema or schema_of(block.values.shape[1]))
    return list(watch.block(block)), watch


def cut(block: Block, rows: slice) -> Block:
    return Block(**{field.name: getattr(block, field.name)[rows] for field in fields(Block)})


def test_a_quiet_rack_is_healthy() -> None:
    found, watch = found_in(rows_of(T, N))
    assert found == []
    for verdict in watch.lasers():
        assert verdict.state == "healthy"
        assert verdict.drift_low_percent < verdict.drift_percent < verdict.drift_high_percent  # type: ignore[operator]
        assert abs(verdict.drift_percent) < 0.1  # type: ignore[arg-type]
        assert verdict.hours_to_eol is None or verdict.hours_to_eol > 100


def test_damage_is_named_at_the_second_row() -> None:
    block = rows_of(T, N)
    block.values[START:, 3, 1:3] *= 0.3
    found, watch = found_in(block)
    mine = [finding for finding in found if finding.kind is Kind.SUDDEN]
    assert [(finding.laser, finding.seq) for finding in mine] == [(3, block.seq[START + 1])]
    assert mine[0].since_utc_s == block.utc_s[START]
    verdict = watch.lasers()[3]
    assert verdict.state == "failed"
    assert verdict.first_alarm_utc == block.utc_s[START + 1]


@pytest.mark.parametrize(("channel", "words"), [(1, "fibre or lens"), (2, "its photodiode")])
def test_one_light_channel_alone_is_a_coupling_and_no_wear(channel: int, words: str) -> None:
    block = rows_of(T, N)
    block.values[START:, 3, channel] *= 0.9
    found, watch = found_in(block)
    assert {finding.kind for finding in found} == {Kind.COUPLING}
    assert words in found[0].evidence
    assert watch.lasers()[3].drift_high_percent < 1.0  # type: ignore[operator]


def test_one_wrong_row_says_nothing() -> None:
    block = rows_of(T, N)
    block.values[START, 3, 1:3] *= 0.5
    block.values[START + 300, 4, 1] *= 3
    assert found_in(block)[0] == []


def test_light_that_goes_with_the_current_is_the_drivers() -> None:
    block = rows_of(T, N)
    block.values[START : START + 2, 3, :3] *= 0.9
    found, watch = found_in(block)
    assert [(finding.kind, finding.active) for finding in found] == [(Kind.RIG, True), (Kind.RIG, False)]
    assert watch.lasers()[3].state == "healthy"


def test_what_was_lost_in_a_gap_was_not_sudden() -> None:
    block = rows_of(T, N)
    block.values[START:, 3, 1:3] *= 0.9
    block.monotonic_s[START:] += 300
    assert Kind.SUDDEN not in {finding.kind for finding in found_in(block)[0]}


def test_half_a_rack_at_one_row_is_the_rig() -> None:
    block = rows_of(T, N)
    block.values[START:, :6, 1:3] *= 0.9
    kinds = [(finding.kind, finding.laser) for finding in found_in(block)[0] if finding.seq < block.seq[START + 60]]
    assert kinds == [(Kind.RIG, None)]


def test_invalid_and_stuck_readings_are_instruments() -> None:
    block = rows_of(T, N)
    block.values[START : START + 50, 2, 1] = np.nan
    block.quality[START : START + 50, 2, 1] = 2
    block.values[START : START + 90, 5, 2] = block.values[START, 5, 2]
    found, _ = found_in(block)
    assert {(finding.laser, finding.kind) for finding in found} == {(2, Kind.INSTRUMENT), (5, Kind.INSTRUMENT)}
    assert [finding.active for finding in found if finding.laser == 2] == [True, False]


def test_a_loss_of_hours_is_found_before_a_twentieth_is_gone() -> None:
    block = rows_of(18_000, N)
    lost = np.clip(0.06 * (np.arange(18_000) - 6000) / 9000, 0, None)[:, None]  # 2.4 % an hour
    block.values[:, 7, 1:3] *= 1 - lost.astype(np.float32)
    found, watch = found_in(block)
    first = next(finding for finding in found if finding.kind is Kind.RAPID)
    assert first.laser == 7
    assert lost[first.seq - 1, 0] < 0.03
    assert {finding.kind for finding in found} <= {Kind.RAPID, Kind.WEAR}
    verdict = watch.lasers()[7]
    assert verdict.mode == "rapid"
    assert_close(verdict.drift_percent, 100 * float(lost[-1, 0]), rel=0.1)
    assert verdict.eol_low_h < verdict.hours_to_eol < verdict.eol_high_h  # type: ignore[operator]


def test_a_loop_that_keeps_the_power_shows_wear_as_current() -> None:
    block = rows_of(18_000, N)
    more = np.clip(0.06 * (np.arange(18_000) - 6000) / 9000, 0, None).astype(np.float32)
    block.values[:, 7, 0] *= 1 + more
    found, watch = found_in(block, schema_of(N, "power"))
    assert {finding.laser for finding in found} == {7}
    assert "more current" in found[0].evidence
    assert watch.lasers()[7].state == "rapid"


def test_a_drift_of_all_is_the_fleets() -> None:
    block = rows_of(18_000, N)
    lost = np.clip(0.03 * (np.arange(18_000) - 6000) / 9000, 0, None)[:, None, None].astype(np.float32)
    block.values[:, :, 1:3] *= 1 - lost
    assert {(finding.kind, finding.laser) for finding in found_in(block)[0]} == {(Kind.FLEET, None)}


def test_the_temperature_coefficient_is_learned_with_its_error() -> None:
    watch = found_in(rows_of(T, N))[1]
    temperature: Temperature = watch.drift.temperature
    assert_close(temperature.per_k[:, 1:], np.full((N, 2), COEFFICIENT_PER_K), rel=0.05)
    pull = (temperature.per_k[:, 1:] - COEFFICIENT_PER_K) / temperature.error_per_k[:, 1:]
    assert np.abs(pull).max() < 6
    assert np.abs(pull).mean() > 0.1
    assert found_in(rows_of(300, N))[1].drift.temperature.error_per_k.min() == 0.02


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 5399), max_size=6, unique=True))
def test_cuts_and_restarts_change_nothing(at: list[int]) -> None:
    night = Night("tuning", 0, lasers=12, hours=1.5, failing_share=0.7)
    lasers = schema_of(12).lasers
    told = tuple(replace(mine, drive=true.drive) for mine, true in zip(lasers, night.lasers, strict=True))
    schema = replace(schema_of(12), lasers=told)
    (rows,) = night.blocks(5400)
    whole = Block(np.arange(len(rows.t_s)), rows.t_s, rows.utc_s, rows.values, rows.quality, rows.phase, rows.rig)
    expected = found_in(whole, schema)[0]
    watch, found = watch_of(schema), []
    for first, last in zip([0, *sorted(at)], [*sorted(at), 5400], strict=True):
        found += list(watch.block(cut(whole, slice(first, last))))
        again = watch_of(schema)
        again.restored(watch.state())
        watch = again
    key = [(finding.seq, finding.kind.value, finding.laser or -1, finding.detector) for finding in expected]
    assert sorted(map(repr, found)) == sorted(map(repr, expected)), key
