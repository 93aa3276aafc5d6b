"""One link for several drivers: the axes or channels of an instrument that has one line, which opens but once."""

from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from drivers.errors import LinkError, SetPointLost
from drivers.instrument import Instrument
from drivers.link import Link
from drivers.visa_port import physical_link

__all__ = ["forget", "join", "shared"]


class _Sharers:
    """Who shares a link. After it was lost, the set points of all of them are read again."""

    def __init__(self) -> None:
        self.drivers: WeakSet[Instrument] = WeakSet()

    def verify(self) -> None:
        """SetPointLost with all that any of them has lost."""
        lost: list[SetPointLost] = []
        for driver in list(self.drivers):
            try:
                driver.verify_set_points()
            except SetPointLost as error:
                lost.append(error)
            except LinkError:  # which leaves doubt, so that the rest is read again; but these would not be told again
                if not lost:
                    raise
                break
        if lost:
            raise SetPointLost(lost[0].instrument, " ".join(error.message for error in lost))


_LINKS: WeakValueDictionary[tuple[str, str], Link] = WeakValueDictionary()
_SHARERS: WeakKeyDictionary[Link, _Sharers] = WeakKeyDictionary()


def shared(made: Link, resource: str, backend: str) -> Link:
    """The link over the wire of a resource that somebody holds already, or else the one that was just made."""
    return _LINKS.setdefault((physical_link(resource), backend), made)


def join(link: Link, driver: Instrument) -> None:
    """Have a driver's set points read again with those of all the others."""
    sharers = _SHARERS.setdefault(link, _Sharers())
    sharers.drivers.add(driver)
    link.verify = sharers.verify


def forget(link: Link) -> None:
    """Give this link to nobody else; who has it keeps it."""
    for key, known in list(_LINKS.items()):
        if known is link:
            del _LINKS[key]
