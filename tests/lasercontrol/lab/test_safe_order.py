"""The order in which emission comes and goes, on instruments that keep what was done to them."""

from collections.abc import Callable

import pytest

from drivers.errors import NotObeyed, ReplyTimeout
from lasercontrol.errors import CallerError, SafetyError
from lasercontrol.lab import safe_order
from lasercontrol.lab.safe_order import make_safe, switch_on
from lasercontrol.lab_settings import SafetySettings
from tests.lasercontrol.lab.emission_fakes import CooledSource, FakeShutter, FakeSource

SETTINGS = SafetySettings(shutter="shutter", source="pump", current_a=2.0, temperature_s=0.0)
PATIENT = SafetySettings(shutter="shutter", source="pump", current_a=2.0, temperature_s=0.05)


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def shutter(done: list[str]) -> FakeShutter:
    return FakeShutter(done)


@pytest.fixture
def source(done: list[str]) -> FakeSource:
    return FakeSource(done)


@pytest.fixture
def cooled(done: list[str]) -> CooledSource:
    cooled = CooledSource(done, on=False)
    cooled.temperatures = [25.0]
    return cooled


def _no_wait(seconds: float) -> None:
    """The tests' time."""


# ------------------------------------------------------------------------------------------------------------- off


def test_off_is_shutter_then_energy_then_output(shutter: FakeShutter, source: FakeSource, done: list[str]) -> None:
    assert make_safe(shutter, source) == []
    assert done == ["close", "ramp 0", "output off"]


def test_without_a_source_the_shutter_is_all(shutter: FakeShutter, done: list[str]) -> None:
    assert make_safe(shutter, None) == []
    assert done == ["close"]


def test_the_tec_stays_on_and_the_current_falls_to_its_least(
    shutter: FakeShutter, cooled: CooledSource, done: list[str]
) -> None:
    cooled.cooled, cooled.flows, cooled.set_a = True, True, 2.0
    assert make_safe(shutter, cooled) == []
    assert cooled.cooled
    assert done == ["close", "ramp 0.1", "output off"]


def test_a_range_that_begins_below_zero_is_not_followed(
    shutter: FakeShutter, cooled: CooledSource, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CooledSource, "current_limits_a", property(lambda _: (-1.0, 1.0)))
    make_safe(shutter, cooled)
    assert "ramp 0" in done


@pytest.mark.parametrize("broken", ["close", "ramp 0", "output off", "is open?", "current?", "output?"])
def test_every_step_is_tried_whatever_fails(
    broken: str, shutter: FakeShutter, source: FakeSource, done: list[str]
) -> None:
    shutter.broken = source.broken = {broken}
    make_safe(shutter, source)
    assert [what for what in done if what in {"close", "output off"}][:2] == ["close", "output off"]
    assert any(what in done for what in ("ramp 0", "set 0"))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"close"}, ["shutter is not closed (shutter: no answer to 'close'.)"]),
        ({"is open?"}, ["shutter is not closed (shutter: no answer to 'is open?'.)"]),
        ({"ramp 0"}, []),
        ({"output off"}, ["pump is not off (pump: no answer to 'output off'.)"]),
        ({"output?"}, ["pump is not off (pump: no answer to 'output?'.)"]),
        (
            {"output off", "ramp 0"},
            [
                "pump is not off (pump: no answer to 'output off'.)",
                "the current of pump is not at its least (pump: no answer to 'ramp 0'.)",
            ],
        ),
    ],
)
def test_what_could_not_be_done_is_told(
    broken: set[str], told: list[str], shutter: FakeShutter, source: FakeSource
) -> None:
    shutter.broken = source.broken = broken
    assert make_safe(shutter, source) == told


def test_what_is_read_decides(shutter: FakeShutter, source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeShutter, "close_shutter", lambda shutter: None)
    assert make_safe(shutter, source) == ["shutter is not closed (it reads otherwise)"]
    assert not source.flows


def test_an_act_that_complains_though_it_was_done_is_done(
    shutter: FakeShutter, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complaining(shutter: FakeShutter) -> None:
        shutter.light = False
        raise NotObeyed("shutter", "whatever")

    monkeypatch.setattr(FakeShutter, "close_shutter", complaining)
    assert make_safe(shutter, source) == []


def test_one_garbled_answer_leaves_no_laser_on(shutter: FakeShutter, source: FakeSource, done: list[str]) -> None:
    def once(what: str, do: Callable[[str], None] = source.do) -> None:
        if what == "output off" and what not in done:
            source.done.append(what)
            raise ReplyTimeout("pump", "no answer.")
        do(what)

    source.do = once  # type: ignore[method-assign]
    assert make_safe(shutter, source) == []
    assert not source.flows


def test_no_slow_ramp_while_light_comes_out(shutter: FakeShutter, source: FakeSource, done: list[str]) -> None:
    shutter.broken = {"close"}
    make_safe(shutter, source)
    assert done[:3] == ["close", "set 0", "output off"]


# -------------------------------------------------------------------------------------------------------------- on


def test_on_is_the_whole_order(done: list[str], cooled: CooledSource) -> None:
    shutter = FakeShutter(done, is_open=False)
    switch_on(shutter, cooled, SETTINGS, _no_wait)
    assert done == [
        "close",
        "tec on",
        "temperature?",
        "shutter interlock?",
        "source interlock?",
        "limit?",
        "ramp 0.1",
        "output on",
        "ramp 2",
        "open",
    ]
    assert shutter.light
    assert cooled.flows


def test_a_source_without_tec_and_limit_is_switched_on(
    shutter: FakeShutter, source: FakeSource, done: list[str]
) -> None:
    switch_on(shutter, source, SETTINGS, _no_wait)
    assert done == ["close", "shutter interlock?", "source interlock?", "ramp 0", "output on", "ramp 2", "open"]


def test_without_a_source_the_shutter_opens(shutter: FakeShutter, done: list[str]) -> None:
    switch_on(shutter, None, SafetySettings(shutter="shutter"), _no_wait)
    assert done == ["close", "shutter interlock?", "open"]


def test_a_shutter_without_interlock_has_none_open(
    shutter: FakeShutter, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutter, "interlock", None)
    switch_on(shutter, source, SETTINGS, _no_wait)
    assert shutter.light


def test_the_temperature_must_stay_for_as_long_as_is_asked(shutter: FakeShutter, cooled: CooledSource) -> None:
    cooled.temperatures = [22.0, 24.95, 26.0, 25.05]
    waits: list[float] = []
    switch_on(shutter, cooled, PATIENT, waits.append)
    assert cooled.temperatures == [25.05]
    assert len(waits) >= 4
    assert cooled.flows


@pytest.mark.parametrize("stays_c", [25.2, float("nan")])
def test_a_temperature_that_never_comes_ends_it(
    stays_c: float, shutter: FakeShutter, cooled: CooledSource, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_order, "TEMPERATURE_LIMIT_S", 0.02)
    cooled.temperatures = [stays_c]
    with pytest.raises(SafetyError, match=r"temperature does not stay within 0.1 K.*Emission is off"):
        switch_on(shutter, cooled, SETTINGS, _no_wait)
    assert "output on" not in done
    assert "open" not in done
    assert cooled.cooled


def test_a_wait_that_is_ended_ends_it(shutter: FakeShutter, cooled: CooledSource, done: list[str]) -> None:
    def asked_to_stop(seconds: float) -> None:
        raise KeyboardInterrupt

    cooled.temperatures = [22.0]
    with pytest.raises(KeyboardInterrupt):
        switch_on(shutter, cooled, SETTINGS, asked_to_stop)
    assert done[-3:] == ["close", "ramp 0.1", "output off"]


def test_a_tec_that_tells_no_temperature_is_not_trusted(shutter: FakeShutter, done: list[str]) -> None:
    class Untold(FakeSource):
        tec = False

    with pytest.raises(SafetyError, match="does not tell set and measured temperature"):
        switch_on(shutter, Untold(done), SETTINGS, _no_wait)
    assert "output on" not in done


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda shutter, source: setattr(shutter, "interlock", False), "interlock of shutter is open"),
        (lambda shutter, source: setattr(source, "interlock", False), "key or protection of pump is not clear"),
        (lambda shutter, source: setattr(source, "limit_a", 1.9), "2 A are asked, and the limit of pump is 1.9 A"),
        (lambda shutter, source: setattr(source, "limit_a", float("nan")), "the limit of pump is nan A"),
        (lambda shutter, source: source.broken.add("limit?"), "no answer to 'limit"),
        (lambda shutter, source: source.broken.add("tec on"), "no answer to 'tec on"),
    ],
)
def test_what_is_not_clear_keeps_the_output_off(
    spoil: Callable[[FakeShutter, CooledSource], None],
    told: str,
    shutter: FakeShutter,
    cooled: CooledSource,
    done: list[str],
) -> None:
    spoil(shutter, cooled)
    with pytest.raises(SafetyError, match=told) as caught:
        switch_on(shutter, cooled, SETTINGS, _no_wait)
    assert "Emission is off." in str(caught.value)
    assert "output on" not in done
    assert "open" not in done
    assert done[-3:] == ["close", "ramp 0.1", "output off"]


@pytest.mark.parametrize("broken", ["output on", "ramp 2", "open"])
def test_a_failure_on_the_way_makes_safe(
    broken: str, shutter: FakeShutter, source: FakeSource, done: list[str]
) -> None:
    shutter.broken = source.broken = {broken}
    with pytest.raises(SafetyError, match=rf"was not switched on: .* no answer to '{broken}'\. Emission is off"):
        switch_on(shutter, source, SETTINGS, _no_wait)
    assert done[-3:] == ["close", "ramp 0", "output off"]
    assert not shutter.light
    assert not source.flows


def test_an_output_that_goes_off_by_itself_is_noticed(
    shutter: FakeShutter, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tripping(source: FakeSource, current_a: float) -> None:
        source.flows = source.flows and current_a == 0

    monkeypatch.setattr(FakeSource, "ramp_to", tripping)
    with pytest.raises(SafetyError, match="went off during the ramp"):
        switch_on(shutter, source, SETTINGS, _no_wait)
    assert not shutter.light


def test_what_cannot_be_made_safe_is_shouted(shutter: FakeShutter, source: FakeSource) -> None:
    shutter.broken, source.broken = {"open"}, {"output off"}
    with pytest.raises(SafetyError, match="EMISSION MAY STILL BE ON: pump is not off"):
        switch_on(shutter, source, SETTINGS, _no_wait)


def test_without_its_current_nothing_is_moved(shutter: FakeShutter, source: FakeSource, done: list[str]) -> None:
    with pytest.raises(CallerError, match="nothing was moved"):
        switch_on(shutter, source, SafetySettings(shutter="shutter", source="pump"), _no_wait)
    assert not done
