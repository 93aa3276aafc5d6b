"""What a column of a foreign log holds, read from its header: `I (mA)`, `power_mw`, `hours`, `L07 Vf [V]`.

A header is a name and, behind it or in brackets, a unit. A mapping gives a header other words, in the same grammar.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["CHANGE", "Column", "Role", "column_of", "columns_of"]

Role = Literal["laser", "time", "moment", "value", "ignored"]
CHANGE = "change_percent"
"""A change of the aged quantity in %, where a log holds nothing else: wear counts upwards."""

NAMES = {
    "laser": "laser laserid laser_id unit unit_id device device_id dut dut_id serial serialno serial_no sn id",
    "time": "hours hour hrs h time t elapsed age life elapsed_time time_elapsed seconds minutes days",
    "moment": "timestamp date datetime date_time utc time_utc",
    "current_a": "current i iop i_op if drive_current operating_current bias laser_current ild",
    "power_w": "power p pop p_op po popt optical_power light output_power output lop",
    "photodiode_a": "photodiode photocurrent ipd im monitor monitor_current pd_current photodiode_current imon mpd",
    "voltage_v": "voltage v vf vop v_op forward_voltage laser_voltage vld",
    "mount_c": "mount temperature temp case case_temperature heatsink mount_temperature tcase tmount t_c tc",
    "chamber_c": "chamber oven ambient chamber_temperature oven_temperature tchamber",
    CHANGE: "change increase drift delta pct_increase pct_change percent_increase percent_change relative_change",
}
MEANING = {name: role for role, names in NAMES.items() for name in (role, *names.split())}

Scale = tuple[float, float]
"""Factor, then offset: value * factor + offset is in the unit of the channel's name."""
AMPERE: dict[str, Scale] = {"a": (1, 0), "ma": (1e-3, 0), "ua": (1e-6, 0), "na": (1e-9, 0)}
WATT: dict[str, Scale] = {"w": (1, 0), "mw": (1e-3, 0), "uw": (1e-6, 0), "dbm": (1, 0)}
CELSIUS: dict[str, Scale] = {"c": (1, 0), "degc": (1, 0), "k": (1, -273.15)}
TIME_S = {"h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "s": 1.0, "sec": 1.0, "ms": 1e-3}
TIME_S |= {"seconds": 1.0, "min": 60.0, "minutes": 60.0, "d": 86_400.0, "days": 86_400.0, "kh": 3.6e6}
UNITS: dict[str, dict[str, Scale]] = {
    "current_a": AMPERE,
    "photodiode_a": AMPERE,
    "power_w": WATT,
    "voltage_v": {"v": (1, 0), "mv": (1e-3, 0)},
    "mount_c": CELSIUS,
    "chamber_c": CELSIUS,
    CHANGE: {"%": (1, 0), "pct": (1, 0), "percent": (1, 0)},
    "time": {name: (factor, 0) for name, factor in TIME_S.items()},
    "laser": {},
    "moment": {},
}
SELF_TIMED = {"hours": "h", "hour": "h", "hrs": "h", "h": "h", "seconds": "s", "minutes": "min", "days": "d"}
BRACKETED = re.compile(r"^(?P<name>.*?)\s*[\[(]\s*(?P<unit>[^\])]*)\s*[\])]$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. quantity: name of the channel, with its unit; laser: whose it is, where a column belongs to one."""

    role: Role
    quantity: str = ""
    scale: Scale = (1.0, 0.0)
    decibel: bool = False
    laser: str | None = None

    def converted(self, value: float) -> float:
        """In the unit of the quantity's name; dBm become W."""
        if self.decibel:
            return float(1e-3 * 10 ** (value / 10)) if value < 300 else float("inf")
        return value * self.scale[0] + self.scale[1]


def columns_of(headers: list[str], mapping: Mapping[str, str]) -> list[Column]:
    """What each column holds. Raises ValueError, in words for a person, where one is not understood or stands twice."""
    if unknown := [name for name in mapping if name != "*" and name not in headers]:
        raise ValueError(f"the mapping names {unknown[0]!r}, which is no column; there are {_listed(headers)}")
    found = [column_of(header, mapping) for header in headers]
    seen: set[tuple[str, str | None]] = set()
    for header, column in zip(headers, found, strict=True):
        key = (column.quantity or column.role, column.laser)
        if column.role != "ignored" and key in seen:
            raise ValueError(f"column {header!r} holds {key[0]} as another one does; map one of them to `ignore`")
        seen.add(key)
    return found


def column_of(header: str, mapping: Mapping[str, str] = {}) -> Column:
    """What one column holds. Raises ValueError where it is not understood."""
    words = mapping.get(header)
    if words is not None and words.strip().lower() in {"", "ignore"}:
        return Column("ignored")
    column = _plain(header if words is None else words) or _of_one_laser(header if words is None else words)
    if column is None and words is None and "*" in mapping and header.strip():
        column = _plain(mapping["*"])
        if column is not None and column.role == "value":
            return Column("value", column.quantity, column.scale, column.decibel, header.strip())
    if column is None:
        raise ValueError(
            f"column {header!r} is not understood{'' if words is None else f' as {words!r}'}; give it a name and a "
            f"unit that are, as --map '{header}=current [mA]', or --map '{header}=ignore'"
        )
    return column


def _plain(header: str) -> Column | None:
    name, unit = _split(header)
    if (role := MEANING.get(name)) is None:
        return None
    if role in {"laser", "moment"}:
        return Column("laser" if role == "laser" else "moment") if not unit else None
    if role == "time":
        unit = unit or SELF_TIMED.get(name, "")
    elif role == CHANGE:
        unit = unit or "%"
    if not unit and name == role:  # `current_a`: the name is the channel's own, unit and all
        unit = role.rpartition("_")[2]
    scale = UNITS[role].get(unit)
    if scale is None:
        raise ValueError(f"column {header!r} holds {role} without a known unit; known are {_listed(UNITS[role])}")
    return Column("time" if role == "time" else "value", "" if role == "time" else role, scale, unit == "dbm")


def _of_one_laser(header: str) -> Column | None:
    """`L07 I (mA)`, `L07_current_ma` or `I L07 [mA]`: a laser's id beside a name that is known."""
    bracketed = BRACKETED.match(header.strip())
    name, unit = (bracketed["name"], f" [{bracketed['unit']}]") if bracketed else (header.strip(), "")
    for cut in re.finditer(r"[\s_.:/-]+", name):
        for laser, rest in ((name[: cut.start()], name[cut.end() :]), (name[cut.end() :], name[: cut.start()])):
            if not laser or MEANING.get(laser.lower()):
                continue
            try:
                column = _plain(rest + unit)
            except ValueError:
                continue
            if column is not None and column.role == "value":
                return Column("value", column.quantity, column.scale, column.decibel, laser)
    return None


def _split(header: str) -> tuple[str, str]:
    """Name and unit, both plain."""
    text = header.strip()
    if bracketed := BRACKETED.match(text):
        return _tidy(bracketed["name"]), _unit(bracketed["unit"])
    name = _tidy(text)
    if name in MEANING:
        return name, ""
    for cut in (name.rpartition("_"), name.rpartition("/")):
        if MEANING.get(cut[0]) and _unit(cut[2]) in UNITS[MEANING[cut[0]]]:
            return cut[0], _unit(cut[2])
    return name, ""


def _tidy(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().strip("\"'").lower().replace("%", "percent")).strip("_")


def _unit(unit: str) -> str:
    return unit.strip().lower().replace("µ", "u").replace("μ", "u").replace("°", "").replace("degrees", "deg")


def _listed(names: object) -> str:
    listed = [str(name) for name in names]  # type: ignore[attr-defined]
    return ", ".join(repr(name) for name in listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "")
