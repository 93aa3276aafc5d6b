"""When journals may go: once their rows are in a sealed HDF5 segment that is still intact, and old enough."""

import time
from pathlib import Path

from lasercontrol.telemetry.journal import journal_number, journals
from lasercontrol.telemetry.seal import intact, read_seal, segment_path

__all__ = ["drop_old_journals"]

ALWAYS_KEPT = 2
"""The newest journals stay: a log is gone on with from them."""


def drop_old_journals(folder: Path, keep_s: float, now_utc_s: float | None = None) -> list[Path]:
    """Delete journals whose segment was sealed more than keep_s ago, is read again now and still has its checksum.

    Returns what was deleted. A journal whose segment has changed since stays. Raises OSError.
    """
    now_utc_s = time.time() if now_utc_s is None else now_utc_s
    gone = []
    for path in journals(folder)[:-ALWAYS_KEPT]:
        segment = segment_path(folder, journal_number(path))
        seal = read_seal(segment)
        if seal is not None and now_utc_s - seal.checked_utc_s >= keep_s and intact(segment, seal):
            path.unlink()
            gone.append(path)
    return gone
