"""The traces A to G of an analyser: how they are kept, in which unit and format they are sent."""

from drivers.emulators.osa_optics import Floats, levels_dbm
from drivers.emulators.scpi import Call, ScpiError, Tree, decimal, word

__all__ = ["LEVEL", "OsaTraces", "index", "nr3"]

LEVEL = "DISPlay[:WINDow]:TRACe:Y1[:SCALe]"
ATTRIBUTES = ("WRITe", "FIX", "MAX", "MIN", "RAVG", "CALC")
UNITS = ("DBM", "W", "DBM/NM", "W/NM")
FORMATS = {"ASC": "ASCII", "ASCII": "ASCII", "REAL": "REAL,64", "REAL,32": "REAL,32", "REAL,64": "REAL,64"}
Trace = tuple[Floats, Floats, float]  # wavelength in nm, power in W, resolution in nm


class OsaTraces:
    """Traces, empty in the beginning; teaches a tree its headers. What is made for sending is kept until it changes."""

    def __init__(self, tree: Tree) -> None:
        self._format, self._linear, self._unit, self._active = "ASCII", False, 0, "A"
        self._attributes = dict.fromkeys("ABCDEFG", "FIX") | {"A": "WRITe"}
        self._traces: dict[str, Trace] = {}
        self._sent: dict[tuple[str, ...], bytes] = {}
        tree.add("FORMat[:DATA]", query=lambda _: self._format, set=self._set_format)
        tree.add(f"{LEVEL}:SPACing", query=lambda _: str(int(self._linear)), set=self._set_spacing)
        tree.add(f"{LEVEL}:UNIT", query=lambda _: str(self._unit), set=self._set_unit)
        tree.add("TRACe:ACTive", query=lambda _: f"TR{self._active}", set=self._set_active)
        tree.add("TRACe[:DATA]:SNUMber", query=self._count)
        tree.add("TRACe[:DATA]:X", query=lambda call: self._column(call, 0))
        tree.add("TRACe[:DATA]:Y", query=lambda call: self._column(call, 1))
        tree.add("TRACe:DELete", set=self._delete)
        tree.add("TRACe:DELete:ALL", set=lambda _: self._delete_all())
        for letter in self._attributes:
            self._teach_attribute(tree, letter)

    def written(self, wavelength_nm: Floats, power_w: Floats, resolution_nm: float) -> None:
        """A sweep has ended: traces that are in WRITE show it."""
        for letter, attribute in self._attributes.items():
            if attribute == "WRITe":
                self._traces[letter] = wavelength_nm, power_w, resolution_nm
        self._sent.clear()

    def _teach_attribute(self, tree: Tree, letter: str) -> None:
        def put(call: Call) -> None:
            self._attributes[letter] = ATTRIBUTES[index(call.only(), ATTRIBUTES)]

        header = f"TRACe:ATTRibute:TR{letter}"
        tree.add(header, query=lambda _: str(ATTRIBUTES.index(self._attributes[letter])), set=put)

    def _set_format(self, call: Call) -> None:
        asked = ",".join(part.upper() for part in call.arguments)
        if asked not in FORMATS:
            raise ScpiError(-224)
        self._format = FORMATS[asked]

    def _set_spacing(self, call: Call) -> None:
        self._linear = bool(index(call.only(), ("LOGarithmic", "LINear")))
        self._unit = int(self._linear)
        self._sent.clear()

    def _set_unit(self, call: Call) -> None:
        self._unit = index(call.only(), UNITS)
        self._linear = bool(self._unit % 2)
        self._sent.clear()

    def _set_active(self, call: Call) -> None:
        self._active = _letter(call.only())

    def _delete(self, call: Call) -> None:
        self._traces.pop(_letter(call.only()), None)
        self._sent.clear()

    def _delete_all(self) -> None:
        self._traces.clear()
        self._sent.clear()

    def _trace(self, call: Call) -> Trace | None:
        return self._traces.get(_letter(call.arguments[0]) if call.arguments else self._active)

    def _count(self, call: Call) -> str:
        trace = self._trace(call)
        return str(trace[0].size if trace else 0)

    def _column(self, call: Call, which: int) -> bytes:
        """Wavelengths (0) or levels (1) of a trace, or its samples first to last, counted from 1."""
        key = self._format, str(which), *call.arguments
        if key not in self._sent:
            trace = self._trace(call)
            if trace is None:
                raise ScpiError(-230)
            first, last = self._samples(call, trace[0].size)
            values = trace[0] * 1e-9 if which == 0 else self._levels(*trace[1:])
            self._sent[key] = self._formatted(values[first:last])
        return self._sent[key]

    @staticmethod
    def _samples(call: Call, count: int) -> tuple[int, int]:
        if len(call.arguments) < 2:
            return 0, count
        if len(call.arguments) != 3:
            raise ScpiError(-109)
        first, last = (round(decimal(text, low=1, high=50_001)) for text in call.arguments[1:])
        return first - 1, last

    def _levels(self, power_w: Floats, resolution_nm: float) -> Floats:
        shown_w = power_w / resolution_nm if self._unit >= UNITS.index("DBM/NM") else power_w
        return shown_w if self._linear else levels_dbm(shown_w)

    def _formatted(self, values: Floats) -> bytes:
        if self._format == "ASCII":
            return ",".join(nr3(value) for value in values).encode("ascii")
        data = values.astype("<f8" if self._format == "REAL,64" else "<f4").tobytes()
        return b"#%d%d" % (len(str(len(data))), len(data)) + data


def nr3(value: float) -> str:
    """As the manual writes a number: sign, eight decimals, three digits of exponent."""
    mantissa, exponent = f"{value:+.8E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}"


def index(text: str, names: tuple[str, ...], *, first: int = 0) -> int:
    """Which of the names, said by its name or its number; numbers begin at `first`. -222, -224 for none."""
    if text.isdigit():
        if not first <= int(text) < first + len(names):
            raise ScpiError(-222)
        return int(text) - first
    return names.index(word(text, names))


def _letter(text: str) -> str:
    upper = text.upper()
    if len(upper) != 3 or not upper.startswith("TR") or upper[2] not in "ABCDEFG":
        raise ScpiError(-224)
    return upper[2]
