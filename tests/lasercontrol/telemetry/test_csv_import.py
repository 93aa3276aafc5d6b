"""Foreign CSV logs: forms, headers, units, mappings, and everything that may be wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from lasercontrol.errors import CallerError, ConfigError, InputFileError, LogError
from lasercontrol.telemetry.csv_columns import column_of
from lasercontrol.telemetry.csv_grid import blocks_of, schema_of
from lasercontrol.telemetry.csv_import import import_csv
from lasercontrol.telemetry.csv_rows import read_csv
from lasercontrol.telemetry.import_call import ImportCall, call_of
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Phase, Schema
from tests.closeness import assert_close

LONG = """unit,hours,I (mA),Power [uW]
A,0,100,2000
A,10,101,2001
B,0,200,1999
B,20,,2000
"""


def read(path: Path, text: str | bytes, **words: object) -> tuple[Schema, Block]:
    """The log that a text becomes, without a child process."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    call = ImportCall(path=path, out=path, **words)  # type: ignore[arg-type]
    readings = read_csv(path, call.mapping, call.zone)
    schema = schema_of(readings, call)
    (block,) = blocks_of(readings, schema, path)
    return schema, block


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rack.csv"


def test_long_form_becomes_rows_of_all_lasers(path: Path) -> None:
    schema, block = read(path, LONG)
    assert [laser.laser_id for laser in schema.lasers] == ["A", "B"]
    assert [channel.name for channel in schema.channels] == ["current_a", "power_w"]
    assert_close(block.monotonic_s, np.array([0, 36_000, 72_000]), rel=0)
    assert_close(block.values[0], np.array([[0.1, 0.002], [0.2, 0.001999]]), rel=1e-6)
    assert block.phase[1].tolist() == [Phase.STRESS, Phase.OFF], "B has no reading at 10 h: no news of it"
    assert block.quality[2, 1].tolist() == [2, 0], "an empty field is INVALID, its neighbour is not"


def test_the_steadier_of_current_and_light_is_what_was_kept(path: Path) -> None:
    assert read(path, LONG)[0].lasers[0].drive == "power"
    assert read(path, LONG, drive="current")[0].lasers[0].drive == "current"


@pytest.mark.parametrize(
    "text",
    [
        "hours,A I (mA),B I (mA)\n0,100,200\n10,101,\n",
        "hours;A I (mA);B I (mA)\n0;100,0;200\n10;101;\n",
        "\ufeffTime [min]\tA_current_ma\tB_current_ma\r\n0\t100\t200\r\n600\t101\tNaN\r\n",
        "# of another rack\n\nt (s),I:A [A],I:B [A]\n0,0.1,0.2\n36000,.101,9.9E37\n",
        "h,A,B\n0,100,200\n10,101,-\n",
    ],
)
def test_wide_forms_are_one(path: Path, text: str) -> None:
    schema, block = read(path, text, mapping={"*": "current [mA]"} if text.startswith("h,") else {})
    assert [laser.laser_id for laser in schema.lasers] == ["A", "B"]
    assert_close(block.values[:, :, 0], np.array([[0.1, 0.2], [0.101, np.nan]]), rel=1e-6)
    assert block.monotonic_s.tolist() == [0, 36_000]


def test_stamps_are_utc_whatever_the_zone(path: Path) -> None:
    text = "laser,timestamp,power (dBm)\nA,2026-11-25T18:00:00+01:00,0\nA,2026-11-25 18:00:10,3.0103\n"
    schema, block = read(path, text, zone="Europe/Berlin")
    assert schema.recipe["imported"]["dated"]
    assert np.diff(block.utc_s).tolist() == [10]
    assert_close(block.values[:, 0, 0], np.array([1e-3, 2e-3]), rel=1e-5)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "is empty"),
        ("unit,hours,pct_increase\n", None, "no reading"),
        ("unit,hours,colour\nA,0,1\n", 1, "'colour' is not understood"),
        ("unit,hours,current\nA,0,1\n", 1, "without a known unit"),
        ("unit,pct_increase\nA,0\n", 1, "0 columns of time"),
        ("hours,pct_increase\n0,0\n", 1, "names no laser"),
        ("unit,hours\nA,0\n", 1, "holds no quantity"),
        ("unit,hours,current_a,I [mA]\nA,0,1,2\n", 1, "as another one does"),
        ("unit,hours,pct_increase\nA,0\n", 2, "has 2 fields, the header has 3"),
        ("unit,hours,pct_increase\nA,0,0\nA,1,high\n", 3, "'high'; a number is wanted"),
        ("unit,hours,pct_increase\nA,0,0\nA,-1,1\n", 3, "a number not below 0"),
        ("unit,hours,pct_increase\nA,,0\n", 2, "a number not below 0"),
        ("unit,hours,pct_increase\nA,0,0\nB,0,0\nA,0,1\n", 4, "on line 2 already"),
        ("unit,hours,pct_increase\n,0,0\n", 2, "an id has 1 to 64"),
        ('unit,hours,pct_increase\n"A,0,0\n', 2, "is no CSV"),
        ("laser,timestamp,power_w\nA,yesterday,0\n", 2, "a stamp as"),
        (b"unit,hours\x00", 1, "binary data"),
        ("unit,hours,pct_increase\nA\x07,0,0\n", 2, "printable"),
    ],
)
def test_what_is_no_log_is_refused_with_its_line(path: Path, text: str | bytes, line: int | None, words: str) -> None:
    with pytest.raises(InputFileError, match=words) as caught:
        read(path, text)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")


def test_a_mapping_must_name_columns_that_are_there(path: Path) -> None:
    with pytest.raises(InputFileError, match="names 'Iop', which is no column"):
        read(path, LONG, mapping={"Iop": "current [mA]"})
    with pytest.raises(ValueError, match="not understood as 'colour'"):
        column_of("x", {"x": "colour"})
    assert column_of("comment", {"comment": "ignore"}).role == "ignored"


def test_a_mapping_file_is_read_with_lines(path: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text("Iop: current [mA]\n")
    call = call_of(path, path, ["Tc=temp [K]"], mapping, drive="power", started="2026-11-25T18:00+01:00")
    assert call.mapping == {"Iop": "current [mA]", "Tc": "temp [K]"}
    assert call.started_utc_s == 1_795_626_000
    mapping.write_text("a: ignore\nIop: [current, mA]\n")
    with pytest.raises(ConfigError) as caught:
        call_of(path, path, [], mapping)
    assert caught.value.line == 2


@pytest.mark.parametrize("words", [{"drive": "light"}, {"zone": "Mars/Olympus"}, {"started": "18:00"}])
def test_a_wrong_call_is_refused(path: Path, words: dict[str, str]) -> None:
    with pytest.raises(CallerError):
        call_of(path, path, [], None, **words)  # type: ignore[arg-type]
    with pytest.raises(CallerError, match="HEADER=NAME"):
        call_of(path, path, ["nonsense"], None)


def test_import_writes_a_log_that_can_be_read_back(path: Path, tmp_path: Path) -> None:
    path.write_text("unit,hours,pct_increase\n7,0,0\n7,250,1.5\n")
    out = tmp_path / "rack.h5"
    told = import_csv(ImportCall(path=path, out=out))
    assert "judges it at 10 %" in told.sentences[1]
    schema, parts = read_log(out)
    (block,) = parts
    assert isinstance(block, Block)
    assert schema.period_s == 900_000
    assert_close(block.values.ravel(), np.array([0, 1.5]), rel=0)
    with pytest.raises(LogError, match="exists already"):
        import_csv(ImportCall(path=path, out=out))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rack.csv", "rack.h5"]


def test_what_the_child_refuses_keeps_its_line_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    path.write_text("unit,hours,pct_increase\n7,0,0\n7,250,x\n")
    with pytest.raises(InputFileError, match="'x'; a number is wanted") as caught:
        import_csv(ImportCall(path=path, out=tmp_path / "rack.h5"))
    assert caught.value.line == 3
    assert [each.name for each in tmp_path.iterdir()] == ["rack.csv"]
