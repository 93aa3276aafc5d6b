"""The login of an analyser on its socket, one for each connection as the drivers of others know it."""

import re
from collections.abc import Mapping
from typing import Literal

from drivers.emulators.device import Answer

__all__ = ["Login"]

CHALLENGE, WELCOME = b"AUTHENTICATE CRAM-MD5.", b"READY"
DENIED = b"ERROR"  # assumed: what is really said was not seen


class Login:
    """Stands before the box: `OPEN "user"`, the password in plain text, and only then commands; `CLOSE` ends it.

    accounts: user → password; None lets anything in. Commands before the login are not answered.
    """

    def __init__(self, accounts: Mapping[str, str | None]) -> None:
        self._accounts, self._user = accounts, ""
        self._at: Literal["door", "password", "inside"] = "door"

    def __call__(self, message: bytes) -> Answer | None:
        """The answer to a message of the login; None for one that is the box's."""
        text = message.decode("latin-1")
        if self._at == "password":
            return self._judged(text)
        if self._at == "inside" and text.strip().upper() != "CLOSE":
            return None
        opened = re.fullmatch(r'\s*OPEN\s+"([^"]*)"\s*', text, re.IGNORECASE)
        self._user, self._at = (opened.group(1), "password") if opened else ("", "door")
        return Answer(CHALLENGE if opened else None)

    def _judged(self, password: str) -> Answer:
        wanted = self._accounts.get(self._user, "")
        right = self._user in self._accounts and (wanted is None or password == wanted)
        self._at = "inside" if right else "door"
        return Answer(WELCOME if right else DENIED)
