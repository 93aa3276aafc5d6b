"""Killed by SIGKILL, nothing acknowledged is lost. In short; `make prove-store` does it at every call and 200 times."""

from pathlib import Path

import numpy as np
import pytest

from tests.lasercontrol.telemetry.kill_shim import COMPILER
from tests.lasercontrol.telemetry.kill_sweep import sweep
from tests.lasercontrol.telemetry.prove_store import killed_at_random

RECOVERY_S = 10.0
SWEPT = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@SWEPT
def test_a_store_killed_before_a_call(tmp_path: Path) -> None:
    outcome = sweep("store", tmp_path, every=4)
    assert outcome.points > 20
    assert (outcome.lost, outcome.wrong) == (0, 0)
    assert outcome.recovery_s < RECOVERY_S


@SWEPT
def test_hdf5_killed_before_a_call(tmp_path: Path) -> None:
    outcome = sweep("hdf5", tmp_path, every=61)
    assert outcome.points > 6
    assert (outcome.wrong, outcome.unreadable) == (0, 0)
    assert outcome.recovery_s < RECOVERY_S


def test_a_store_killed_at_random_goes_on(tmp_path: Path) -> None:
    result = killed_at_random(tmp_path / "log", 2, np.random.default_rng(4))
    assert result["acknowledged"] > 0
    assert [result[name] for name in ("lost", "twice", "out_of_order", "wrong_values", "unsealed")] == [0] * 5
    assert result["slowest_resume_s"] < RECOVERY_S
