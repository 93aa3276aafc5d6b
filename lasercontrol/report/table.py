"""Parts of the page and tables in them."""

from lasercontrol.report.markup import Markup, element
from lasercontrol.report.night import LaserLine
from lasercontrol.report.times import Clock

__all__ = ["anchor", "moment", "number", "section", "table"]


def section(heading: str, *children: object, said: str = "") -> Markup:
    """A part of the page."""
    return element("section", element("h2", heading), element("p", said, class_="note") if said else None, *children)


def table(columns: list[tuple[str, str, bool]], rows: list[Markup], *, sortable: bool = False) -> Markup:
    """columns: name, unit, whether numbers stand in it."""
    head = [
        element("th", name, element("small", f" [{unit}]") if unit else None, scope="col", class_="n" if n else None)
        for name, unit, n in columns
    ]
    inner = element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_="sortable" if sortable else None,
    )
    return element("div", inner, class_="scroll")


def anchor(laser: LaserLine) -> str:
    """Name of its row, for links."""
    return f"laser-{laser.number}"


def moment(utc_s: float | None, clock: Clock) -> Markup:
    """A cell with a moment."""
    return element("td", clock.at(utc_s), class_="n", data_v=_plain(utc_s))


def number(shown: object, value: float | None) -> Markup:
    """A cell with a number; value is what it is sorted by."""
    return element("td", shown, class_="n", data_v=_plain(value))


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
