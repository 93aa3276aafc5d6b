"""A wanted pulse from a file, and what is none."""

from pathlib import Path

import numpy as np
import pytest

from lasercontrol.errors import InputFileError
from lasercontrol.profile_file import read_profile
from sim.profile import PROFILE_GRID
from tests.closeness import assert_close


def written(folder: Path, *rows: str) -> Path:
    path = folder / "wanted.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_rows_in_any_order_and_dialect_are_lines_between_points(tmp_path: Path) -> None:
    path = written(tmp_path, "time in ps;intensity", "12,0;4", "8;0", "10;2", "10;6", "14;4", "16;0")
    profile = read_profile(path)
    at = {time: profile[PROFILE_GRID.n // 2 + round(time / PROFILE_GRID.dt_ps)] for time in (-5, -4, -3, 0, 2, 3, 5)}
    assert_close([at[-3], at[0], at[2], at[3]], [0.5, 1.0, 1.0, 0.5], rel=1e-12)  # the file's middle is at 12 ps
    assert at[-5] == at[-4] == at[5] == 0
    assert np.count_nonzero(profile) == 8 / PROFILE_GRID.dt_ps - 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["0,1", "1,1", "2,1"], "has 3 different times; a profile needs at least 5."),
        ([f"{t},0" for t in range(6)], "no light: the greatest intensity is 0."),
        (["0,1", "1,-0.1", *[f"{t},1" for t in range(2, 6)]], ":2: intensity is -0.1; it must lie in 0 to 1e+30"),
        (["0,1", "inf,1", *[f"{t},1" for t in range(2, 6)]], ":2: time is inf ps; it must be a finite number."),
        ([f"{100 * t},1" for t in range(6)], "spans 500 ps; at most 128 ps fit the window (times are wanted in ps)."),
        ([f"{t},{int(t == 0.1)}" for t in (-0.2, 0.0, 0.1, 0.15, 0.2)], "all its light lies between two steps"),
        (["time,intensity"], "no row of two numbers in the whole file; it begins with 'time,intensity'."),
        (["0;1;2", "1;1;2"], "has 3 columns, 2 are wanted (keep time and intensity)"),
        ([], "is empty; rows of time in ps and intensity are wanted."),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path: Path, rows: list[str], said: str) -> None:
    with pytest.raises(InputFileError) as refused:
        read_profile(written(tmp_path, *rows))
    assert said in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="is a folder; a profile file is wanted"):
        read_profile(tmp_path)
