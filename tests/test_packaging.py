"""What is in the checkout is in the installed program."""

import tomllib
from pathlib import Path

import lasercontrol

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_of_ours_is_packaged() -> None:
    tops = ("agents", "drivers", "lasercontrol", "sim")
    folders = {path.parent for top in tops for path in (ROOT / top).rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders} | {"lasercontrol.configs"}
    assert names == set(PROJECT["tool"]["setuptools"]["packages"]), "place the folder in pyproject.toml"


def test_every_kind_of_config_file_is_packaged() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["lasercontrol.configs"]
    files = [path for path in (ROOT / "configs").iterdir() if path.is_file() and path.suffix not in {".py", ".pyc"}]
    strays = [path.name for path in files if not any(path.match(pattern) for pattern in patterns)]
    assert not strays, f"pyproject.toml packages {patterns}, which leaves out {strays}"


def test_the_version_is_stated_twice_and_the_same() -> None:
    assert lasercontrol.__version__ == PROJECT["project"]["version"]


def test_every_dependency_is_pinned_in_the_tested_set() -> None:
    pinned = {_name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    extras = PROJECT["project"]["optional-dependencies"].values()
    needed = {_name(line) for group in [PROJECT["project"]["dependencies"], *extras] for line in group}
    assert needed <= pinned, f"constraints.txt lacks {needed - pinned}"


def _name(requirement: str) -> str:
    return requirement.replace(">", "=").split("=")[0].strip().lower().replace("_", "-")
