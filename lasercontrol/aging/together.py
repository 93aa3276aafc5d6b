"""Many instruments asked at the same time, each by one thread at a time, and none waited for longer than the others."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from drivers.errors import LinkError

__all__ = ["STILL_BUSY", "Together"]

STILL_BUSY = "it has not answered yet"
SILENT = (TimeoutError, LinkError)


class Together:
    """One task an instrument under way at the most. What comes too late is thrown away, and never taken for new.

    Who failed the last time is asked again and not waited for: a dead instrument does not slow the others' rows.
    """

    def __init__(self, names: int) -> None:
        self._pool = ThreadPoolExecutor(max(1, names), thread_name_prefix="instrument")
        self._under_way: dict[str, Future[Any]] = {}
        self._failing: set[str] = set()

    def ask(self, tasks: Mapping[str, Callable[[], Any]], patience_s: float) -> dict[str, Any]:
        """Instrument → what its task gave, or the Exception that it raised. TimeoutError: it is not ready."""
        begun: dict[str, Future[Any]] = {}
        for name, task in tasks.items():
            before = self._under_way.get(name)
            if before is not None and before.done() and before.exception() is None:
                self._failing.discard(name)
            if before is None or before.done():
                begun[name] = self._under_way[name] = self._pool.submit(task)
        wait([future for name, future in begun.items() if name not in self._failing], timeout=patience_s)
        told = {name: self._outcome(begun.get(name)) for name in tasks}
        self._failing |= {name for name, each in told.items() if isinstance(each, SILENT)}
        return told

    @staticmethod
    def _outcome(future: Future[Any] | None) -> Any:
        if future is None or not future.done():
            return TimeoutError(STILL_BUSY)
        return error if (error := future.exception()) is not None else future.result()

    def close(self) -> None:
        """What is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
