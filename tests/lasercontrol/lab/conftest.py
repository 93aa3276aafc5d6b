"""A folder of its own for the state of every bench that a test opens."""

from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where latch and ownership of a bench lie."""
    monkeypatch.setenv("LASERCONTROL_STATE", str(tmp_path))
    return tmp_path
