"""Where a bench's state lies between runs: who owns it, and whether its interlock has tripped.

It belongs to the machine's user, unless LASERCONTROL_STATE names another folder. Where several people log in to one
lab computer, that should be a folder which all of them may write: what is made in it is theirs together.
"""

import os
import sys
from pathlib import Path

from lasercontrol.errors import CallerError

__all__ = ["open_state", "state_folder"]

VARIABLE = "LASERCONTROL_STATE"
GROUP_STAYS = 0o2777  # permissions, and that what is made in a folder belongs to the folder's group


def state_folder(bench_name: str) -> Path:
    """The folder of one bench, made where there is none: for its owner alone, or for whom LASERCONTROL_STATE is.

    CallerError where it cannot be made, or the name is no name of a folder.
    """
    if not bench_name.strip(".") or set(bench_name) & set("/\\\0"):
        raise CallerError(f"{bench_name!r} cannot be the name of a bench: its state could have no folder.")
    try:
        root = _root()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = root / bench_name
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(root.stat().st_mode & GROUP_STAYS)
    except (OSError, RuntimeError) as error:  # RuntimeError: this user has no home
        raise CallerError(
            f"the state of the bench {bench_name} has no folder: {error}; nothing was moved. "
            f"{VARIABLE} may name one that can be written."
        ) from error
    return folder


def open_state(path: Path, flags: int) -> int:
    """A descriptor of a state file, made where there is none, for those whom its folder is for. OSError."""
    number = os.open(path, flags | os.O_CREAT, 0o600)
    if sys.platform != "win32" and os.fstat(number).st_uid == os.geteuid():
        os.fchmod(number, path.parent.stat().st_mode & 0o666)
    return number


def _root() -> Path:
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "lasercontrol"
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".local" / "state") / "lasercontrol"
