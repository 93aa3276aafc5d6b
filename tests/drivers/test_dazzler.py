"""The Dazzler's files, pinned, and its program beside a watched folder."""

import os
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.dazzler import Dazzler
from drivers.emulators.clock import VirtualClock
from drivers.emulators.dazzler import EXAMPLE_WAVE, DazzlerBox
from drivers.emulators.faults import Fault
from drivers.errors import NotObeyed, NotReachable, NotReady, OutOfRange, ReplyTimeout, WrongReply
from drivers.folder_port import LOCK, FolderPort
from drivers.script import Script
from drivers.spectral_phase import greatest_phase_rad
from drivers.wave_file import WaveFile
from tests.closeness import assert_close
from tests.drivers.shaper_stand import BAND, CARRIER_THZ, dazzler, with_pulse
from tests.drivers.stand import FAST, scripted

AT_POSITION_THZ = 299_792.458 / 1030.0
SAVED = "lasercontrol_wave.txt"


def asked(gdd_fs2: float, tod_fs3: float = 0.0, delay_fs: float = 3500.0, *, save: str = "") -> str:
    """A request for the example's keys, as the manual's figure 6.3 has one."""
    head = f"REQUEST request.txt {SAVED}\n*SAVE WAVETXT {save}" if save else "REQUEST request.txt"
    return (
        f"{head}\n#wave\nposition=1030.000\ndelay={delay_fs:.3f}\n"
        f"order2={gdd_fs2:.3f}\norder3={tod_fs3:.3f}\norder4=0.000"
    )


def panel(text: str, **dials: float) -> str:
    """The example with other dials."""
    for key, value in dials.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{key}="))
        text = text.replace(line, f"{key}={value:.3f}")
    return text


def over_page(*pairs: tuple[str, str | None], template: str = EXAMPLE_WAVE, **options: Any) -> tuple[Dazzler, Script]:
    """A Dazzler over a script, its pulse about the very position of the template."""
    shaper, script = scripted(Dazzler, *pairs, idn=template, band_thz=(285.0, 297.0), **options)
    shaper.carrier_thz, shaper.band_rad_per_ps = AT_POSITION_THZ, BAND
    return shaper, script


def test_a_dispersion_is_asked_in_femtoseconds_and_believed_when_taken() -> None:
    shaper, script = over_page((asked(100_000.0), "TAKEN"))
    shaper.load_dispersion(0.1, 0.0, 0.0)
    assert_close(shaper.dispersion[0], 0.1, rel=1e-12)
    assert not script.pairs


def test_the_delay_is_centred_about_the_templates() -> None:
    """TOD alone delays both edges by TOD 8²/2: half of that is taken off the dial."""
    shaper, script = over_page((asked(0.0, 5e7, delay_fs=3500.0 - 0.05 * 32.0 / 2 * 1e3), "TAKEN"))
    shaper.load_dispersion(0.0, 0.05, 0.0)
    assert not script.pairs


def test_the_panel_is_read_back_where_it_can_be_saved() -> None:
    held = panel(EXAMPLE_WAVE, order2=100_000.0)
    request = asked(100_000.0, save=rf"C:\dazzler\data\{SAVED}")
    shaper, script = over_page((request, "TAKEN"), (f"READ {SAVED}", held), saved_to="C:\\dazzler\\data\\")
    shaper.load_dispersion(0.1, 0.0, 0.0)
    assert_close(shaper.dispersion[0], 0.1, rel=1e-9)
    assert not script.pairs


@pytest.mark.parametrize(
    ("held", "error"),
    [
        (EXAMPLE_WAVE, NotObeyed),
        (panel(EXAMPLE_WAVE, order2=100_000.0, delay=3000.0), NotObeyed),
        (panel(EXAMPLE_WAVE, order2=100_000.0, position=1040.0), NotObeyed),
        ("%&QX~#@", WrongReply),
        ("position=1030\n", WrongReply),
        (EXAMPLE_WAVE.replace("order2=0.000", "order2=abc"), WrongReply),
        (EXAMPLE_WAVE.replace("order2=0.000", "order2=nan"), WrongReply),
    ],
)
def test_another_panel_is_told(held: str, error: type[Exception]) -> None:
    pairs = ((asked(100_000.0, save=f"/data/{SAVED}"), "TAKEN"), (f"READ {SAVED}", held))
    shaper, script = over_page(*pairs, saved_to="/data")
    with pytest.raises(error):
        shaper.load_dispersion(0.1, 0.0, 0.0)
    assert "dispersion" not in shaper.set_points
    assert not script.pairs


def test_before_anything_was_loaded_it_is_not_known() -> None:
    shaper, script = over_page()
    with pytest.raises(NotReady, match="cannot be asked"):
        _ = shaper.dispersion
    shaper.connect()
    assert shaper.state() == {"position_nm": 1030.0, "read_back": False}
    assert not script.pairs


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (EXAMPLE_WAVE.replace("order3", "a3"), "no key for third_order; it has position, width"),
        (EXAMPLE_WAVE + "Order 2=5\n", "several keys for second_order"),
        (EXAMPLE_WAVE.replace("position=1030.000\nwidth", "position=red\nwidth"), "position='red' is no number"),
        (EXAMPLE_WAVE + "a line\n", "'a line' is no line of a wave file"),
    ],
)
def test_a_template_without_the_keys_is_refused(template: str, told: str) -> None:
    shaper, script = over_page(template=template)
    with pytest.raises(OutOfRange, match=rf"{told}.*nothing was sent|{told}.*Nothing was sent"):
        shaper.load_dispersion(0.1, 0.0, 0.0)
    assert not script.pairs


def test_a_config_may_name_the_keys() -> None:
    template = EXAMPLE_WAVE.replace("order2", "GDD (fs^2)")
    wanted = asked(100_000.0).replace("order2", "GDD (fs^2)")
    shaper, script = over_page((wanted, "TAKEN"), template=template, keys={"second_order": "gdd (fs^2)"})
    shaper.load_dispersion(0.1, 0.0, 0.0)
    assert not script.pairs


@pytest.mark.parametrize("spelled", ["Second order", "2nd-order", "ORDER2", "order_2"])
def test_the_names_of_the_front_panel_are_known(spelled: str) -> None:
    wave = WaveFile.from_text(f"{spelled}=5\n#phase\n1 2 3\n")
    assert wave.key_of("second_order") == spelled
    assert_close(wave.number(spelled), 5.0, rel=1e-12)


def test_beyond_the_reach_nothing_is_sent() -> None:
    shaper, script = over_page()
    shaper.connect()
    with pytest.raises(OutOfRange, match=r"beyond the actuator's ±4 ps; nothing was sent"):
        shaper.load_dispersion(1.0, 0.0, 0.0)
    assert not script.pairs


def test_without_the_crystals_band_nothing_is_sent() -> None:
    shaper, script = scripted(Dazzler)
    with_pulse(shaper)
    with pytest.raises(OutOfRange, match="give band_thz; nothing was sent"):
        shaper.load_dispersion(0.1, 0.0, 0.0)
    assert not script.pairs


@pytest.mark.parametrize(
    "options",
    [{"reach_ps": 12.0}, {"band_thz": (1.0,)}, {"saved_to": "data"}, {"keys": {"gdd": "order2"}}, {"reach_ps": 0.0}],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        Dazzler.at("/data", **options)


# ------------------------------------------------------------------------------------------- beside a program


@pytest.mark.parametrize("wanted", [(0.2, 0.0, 0.0), (-0.1, 0.02, 0.004), (0.0, -0.1, 0.0)])
@pytest.mark.parametrize("read_back", [True, False])
def test_the_field_gets_the_dispersion_that_was_asked(wanted: tuple[float, float, float], read_back: bool) -> None:
    """About a carrier that is not the dial's position."""
    with dazzler(read_back=read_back) as (shaper, at):
        shaper.carrier_thz = 292.0
        shaper.load_dispersion(*wanted)
        box = at.server.box
        assert isinstance(box, DazzlerBox)
        for found in (shaper.dispersion, box.coefficients(292.0)):
            left = (found[0] - wanted[0], found[1] - wanted[1], found[2] - wanted[2])
            assert greatest_phase_rad(left, BAND) < 1e-3


def test_the_transfer_function_of_the_manual_sends_red_first_for_a_positive_second_order() -> None:
    """φ in exp(iφ) has a minus sign, so that exp(-i phase_rad) has the dials' own signs."""
    box = DazzlerBox("shaper", VirtualClock(FAST), Path("unused"))
    box.panel |= {"order2": "100000", "delay": "0"}
    red, blue = (
        box.phase_rad(np.array([CARRIER_THZ - 1.0 + step for step in (-0.01, 0.01)])),
        box.phase_rad(np.array([CARRIER_THZ + 1.0 + step for step in (-0.01, 0.01)])),
    )
    assert np.diff(red)[0] < np.diff(blue)[0]


def test_it_tells_its_folder_and_what_is_not_confirmed() -> None:
    with dazzler() as (shaper, _):
        assert shaper.connect() == "Dazzler folder, wave.txt: position, delay, order2, order3, order4"
        assert not shaper.problems()
        shaper.load_dispersion(0.1, 0.0, 0.0)
        assert_close(shaper.state()["gdd_ps2"], 0.1, rel=1e-9)
    with dazzler(read_back=False) as (shaper, _):
        assert "nothing is read back" in shaper.problems()[0]


def test_a_request_that_nobody_takes_is_withdrawn() -> None:
    with dazzler(timeout_s=0.2) as (shaper, at):
        at.inject(Fault("deaf", seconds=5.0))
        with pytest.raises(ReplyTimeout, match=r"not taken in 0\.2 s and is withdrawn"):
            shaper.load_dispersion(0.1, 0.0, 0.0)
        folder = Path(at.resource)
        assert not (folder / "request.txt").exists()
        at.heal()
        shaper.load_dispersion(0.1, 0.0, 0.0)


def test_a_request_that_is_lost_is_only_noticed_with_reading_back() -> None:
    """Why `saved_to` is worth its option, and what the driver without it cannot know."""
    with dazzler(timeout_s=0.5) as (shaper, at):
        at.inject(Fault("drop"))
        with pytest.raises(ReplyTimeout, match="has not come whole"):
            shaper.load_dispersion(0.1, 0.0, 0.0)
        with pytest.raises(NotReady):
            _ = shaper.dispersion
    with dazzler(read_back=False) as (shaper, at):
        at.inject(Fault("drop"))
        shaper.load_dispersion(0.1, 0.0, 0.0)


def test_somebody_elses_request_is_not_overwritten() -> None:
    with dazzler(timeout_s=0.3) as (shaper, at):
        shaper.connect()
        at.inject(Fault("deaf", seconds=5.0))
        (Path(at.resource) / "request.txt").write_text("theirs", encoding="ascii")
        with pytest.raises(WrongReply, match=r"another request\.txt waits"):
            shaper.load_dispersion(0.1, 0.0, 0.0)
        assert (Path(at.resource) / "request.txt").read_text(encoding="ascii") == "theirs"


def test_the_older_way_with_a_wave_file_of_its_own(tmp_path: Path) -> None:
    box = DazzlerBox("shaper", VirtualClock(FAST), tmp_path)
    wave = tmp_path / "mine.txt"
    wave.write_text("ORDER2=5\nno such key=1\n", encoding="ascii")
    assert box.answer(f"{wave}\n*NOSUCH\n".encode()).data is None
    assert (box.panel["order2"], "no such key" in box.panel) == ("5", False)


def test_only_one_program_may_ask(tmp_path: Path) -> None:
    first = FolderPort(str(tmp_path), "shaper")
    with pytest.raises(NotReachable, match="another program asks already"):
        FolderPort(str(tmp_path), "shaper")
    first.close()
    FolderPort(str(tmp_path), "shaper").close()
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_a_program_that_has_died_is_taken_over(tmp_path: Path) -> None:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    (tmp_path / LOCK).write_text(f"{socket.gethostname()} {child}", encoding="ascii")
    FolderPort(str(tmp_path), "shaper").close()
    (tmp_path / LOCK).write_text(f"elsewhere {child}", encoding="ascii")
    with pytest.raises(NotReachable, match="delete it if there is none"):
        FolderPort(str(tmp_path), "shaper")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    shaper = Dazzler.at(str(tmp_path / "missing"))
    with pytest.raises(NotReachable, match="is not there"):
        shaper.connect()
