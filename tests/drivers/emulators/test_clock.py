"""The twin's time."""

from types import SimpleNamespace

import pytest

from drivers.emulators.clock import VirtualClock
from tests.closeness import assert_close


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_clock_runs_forward(speed: float) -> None:
    with pytest.raises(ValueError, match="needs a speed over 0"):
        VirtualClock(speed)


@pytest.mark.parametrize("speed", [0.5, 1.0, 1000.0])
def test_virtual_seconds_are_real_ones_times_the_speed(speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [50.0]
    monkeypatch.setattr("drivers.emulators.clock.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    clock = VirtualClock(speed)
    now_s[0] += 4.0
    assert_close(clock.now_s, 4.0 * speed, rel=1e-12)
    assert_close(clock.real_s(clock.now_s + 10.0), 10.0 / speed, rel=1e-12)
    assert clock.real_s(clock.now_s - 1.0) == 0.0


def test_it_never_goes_back() -> None:
    clock = VirtualClock(1e6)
    seen = [clock.now_s for _ in range(1000)]
    assert seen == sorted(seen)
