"""Everything that can go wrong between this program and an instrument:

* InstrumentError            the world's fault; `instrument` says whose
  x LinkError                the instrument cannot be reached, or what it says makes no sense
    - NotReachable             nobody answers at this address
    - LinkLost                 the connection went away
    - ReplyTimeout             no whole answer in time
    - WrongReply               an answer that cannot be one
    - WrongIdentity            somebody else answers at this address
  x Refused                  the instrument put an error into its queue, or answered a set with one
  x NotObeyed                the value read back is not the value that was set
  x SetPointLost             after a lost link a set point is not what it was: nothing may be assumed any more
  x OverRange                the instrument says that what it measures is beyond its range
  x NotReady                 a motion, a sweep or a warm-up did not end in time
  x InterlockOpen            the instrument's own interlock, key or protection keeps the output off
* OutOfRange (ValueError)    the caller's mistake; nothing was sent

A message names the instrument, the quantity, the value, the bound, and what was or was not sent.
"""

__all__ = [
    "InstrumentError",
    "InterlockOpen",
    "LinkError",
    "LinkLost",
    "NotObeyed",
    "NotReachable",
    "NotReady",
    "OutOfRange",
    "OverRange",
    "Refused",
    "ReplyTimeout",
    "SetPointLost",
    "WrongIdentity",
    "WrongReply",
]


class InstrumentError(Exception):
    """The world's fault. `instrument` is the name that the link was given."""

    def __init__(self, instrument: str, message: str) -> None:
        super().__init__(f"{instrument}: {message}")
        self.instrument, self.message = instrument, message


class LinkError(InstrumentError):
    """The instrument cannot be reached, or what it says makes no sense."""


class NotReachable(LinkError):  # noqa: N818 — named by what happened, as all below
    """Nobody answers at this address."""


class LinkLost(LinkError):  # noqa: N818
    """The connection went away."""


class ReplyTimeout(LinkError):  # noqa: N818
    """No whole answer in time."""


class WrongReply(LinkError):  # noqa: N818
    """An answer that cannot be one."""


class WrongIdentity(LinkError):  # noqa: N818
    """Somebody else answers at this address."""


class Refused(InstrumentError):  # noqa: N818
    """The instrument put an error into its queue, or answered a set with one."""


class NotObeyed(InstrumentError):  # noqa: N818
    """The value read back is not the value that was set."""


class SetPointLost(InstrumentError):  # noqa: N818
    """After a lost link a set point is not what it was."""


class OverRange(InstrumentError):  # noqa: N818
    """The instrument says that what it measures is beyond its range."""


class NotReady(InstrumentError):  # noqa: N818
    """A motion, a sweep or a warm-up did not end in time."""


class InterlockOpen(InstrumentError):  # noqa: N818
    """The instrument's own interlock, key or protection keeps the output off."""


class OutOfRange(ValueError):  # noqa: N818
    """The caller asked for what the instrument cannot do; nothing was sent."""
