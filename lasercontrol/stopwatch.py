"""CPU time of a piece of work, on a machine that others use too."""

import time
from collections.abc import Callable

__all__ = ["cpu_s", "least_cpu_s", "repeats_for"]


def cpu_s(work: Callable[[], object]) -> float:
    """CPU time of the work in all threads."""
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def repeats_for(work: Callable[[], object], slice_s: float) -> int:
    """How often the work fits into a slice of CPU time; at least once. A first call warms up."""
    work()
    return max(1, round(slice_s / max(cpu_s(work), 1e-7)))


def least_cpu_s(work: Callable[[], object], *, repeats: int, rounds: int) -> float:
    """CPU time of one call in all threads: the mean over `repeats` calls, the least of so many rounds."""

    def series() -> None:
        for _ in range(repeats):
            work()

    return min(cpu_s(series) for _ in range(rounds)) / repeats
