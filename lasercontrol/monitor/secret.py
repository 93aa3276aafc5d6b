"""Passwords, keys and tokens: from the environment or a file, never from a config, never into a log or a message."""

import os
from pathlib import Path

from lasercontrol.errors import CallerError

__all__ = ["secret"]


def secret(source: str) -> str:
    """What `env:NAME` or `file:PATH` holds, without the end of its line. CallerError where there is nothing."""
    kind, _, place = source.partition(":")
    if kind == "env":
        found = os.environ.get(place, "")
    else:
        try:
            found = Path(place).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CallerError(f"the secret in {place} cannot be read: {type(error).__name__}.") from None
    if not (found := found.strip()):
        raise CallerError(f"the secret {source} is empty or missing.")
    return found
