"""The process that makes HDF5: begun again when it dies, ended with its writer, and never in the way of the log."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lasercontrol.telemetry import hdf5_follower
from lasercontrol.telemetry.hdf5_follower import Follower
from lasercontrol.telemetry.seal import read_seal, segment_path
from lasercontrol.telemetry.store import Store
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, held, items, same

LONG_S = 20.0


def until(condition: Callable[[], object]) -> None:
    end_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_why_no_hdf5_is_made_is_said(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "nowhere", "nobody", None)
    until(lambda: follower.failure)
    assert "HDF5 is not made" in follower.failure
    assert "No such file" in follower.failure
    follower.end(LONG_S)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_builder_that_was_killed_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_follower, "AGAIN_S", 0.3)
    with Store(tmp_path, SCHEMA) as store:
        for each in items(10):
            store.submit(each)
        until(segment_path(tmp_path, 0).exists)
        assert store._follower
        assert store._follower._child
        os.kill(store._follower._child.pid, signal.SIGTERM)  # not meant for it
        os.kill(store._follower._child.pid, signal.SIGKILL)
        until(lambda: store.hdf5_failure)
        assert store.failure == ""
        until(lambda: segment_path(tmp_path, 0).with_suffix(".crashed").exists())
    assert read_seal(segment_path(tmp_path, 0))
    assert same(held(segment_path(tmp_path, 0)), items(10))
