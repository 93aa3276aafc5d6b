"""An example to copy: a shaper behind a vendor's library. It drives no real product.

`VendorShaper` stands where the Python wrapper of a vendor's DLL would be: it has return codes, units of its own, and a
sign of its own. `VendorPort` makes calls of messages, so that the link keeps its lock, its log, its doubt after a
fault and its recovery. `ExampleShaper` is the driver. docs/adding-an-instrument.md says what else belongs to one.
"""

from typing import Any

from drivers.errors import LinkLost, NotReachable, Refused, ReplyTimeout, WrongReply
from drivers.instrument import number
from drivers.link import Identity, LinkSettings
from drivers.port import Port
from drivers.reach import GroupDelayReach
from drivers.shaper import Shaper
from drivers.spectral_phase import Coefficients

__all__ = ["ExampleShaper", "VendorPort", "VendorShaper"]

OK, GONE, NO_ANSWER = 0, -1, -2
FS_PER_PS = 1e3


class VendorShaper:
    """What an imagined vendor's library offers for one unit. Chirp: second, third, fourth order, in fs², fs³, fs⁴.

    Its sign is the other one: a positive second order here is a negative GDD of this project.
    """

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.chirp = (-10_000.0, 0.0, 0.0)
        self.is_open = False

    def open(self) -> int:
        """A code; 0 is success."""
        self.is_open = True
        return OK

    def close(self) -> int:
        """A code."""
        self.is_open = False
        return OK

    def get_info(self) -> tuple[int, str]:
        """A code, and what the unit is."""
        return (OK if self.is_open else GONE), f"EXAMPLE,SHAPER,{self.serial},1.0"

    def get_chirp(self) -> tuple[int, tuple[float, float, float]]:
        """A code, and what the unit holds."""
        return (OK if self.is_open else GONE), self.chirp

    def set_chirp(self, second_fs2: float, third_fs3: float, fourth_fs4: float) -> int:
        """A code."""
        if not self.is_open:
            return GONE
        self.chirp = (second_fs2, third_fs3, fourth_fs4)
        return OK


class VendorPort:
    """Calls of the library as messages: `INFO`, `GET`, `SET second third fourth`.

    Answers begin with the library's code. What a code means for the link is said here; the rest is the driver's.
    """

    clears = False  # after a fault the unit is closed and opened again

    def __init__(self, unit: VendorShaper, name: str) -> None:
        self._unit, self._name, self._answer = unit, name, b""
        if code := unit.open():
            raise NotReachable(name, f"the library does not find the unit ({code}).")

    def send(self, message: bytes) -> None:
        """Call the library; it blocks until it is done."""
        word, *arguments = message.decode("ascii").split()
        if word == "INFO":
            code, told = self._unit.get_info()
        elif word == "GET":
            code, chirp = self._unit.get_chirp()
            told = " ".join(f"{part!r}" for part in chirp)
        else:
            code, told = self._unit.set_chirp(*(float(part) for part in arguments)), ""
        self._answer = f"{code} {told}".encode("ascii", "replace")
        if code == GONE:
            raise LinkLost(self._name, "the library has lost the unit.")
        if code == NO_ANSWER:
            raise ReplyTimeout(self._name, "the library had no answer in time.")

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:  # noqa: ARG002 — the call is over
        """What the call gave."""
        return self._answer

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """This library gives no blocks."""
        raise WrongReply(self._name, f"{count} bytes were wanted within {timeout_s:g} s; there are no blocks.")

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Nothing is left."""

    def clear(self) -> None:
        """A call leaves nothing behind."""

    def close(self) -> None:
        """Give the unit back."""
        self._unit.close()


class ExampleShaper(Shaper):
    """The example's driver; its resource is the unit's serial number. It drives no real product."""

    identity = Identity("INFO", r"0 EXAMPLE,SHAPER")
    talks = LinkSettings(read_end=b"\n", timeout_s=2.0)
    confidence = "C"
    at_power_loss = "An example; there is no such unit."

    @staticmethod
    def library(serial: str) -> VendorShaper:
        """The vendor's object for a unit; a laboratory gives the real wrapper here."""
        return VendorShaper(serial)

    @classmethod
    def opened(cls, resource: str, *, name: str, backend: str) -> Port:  # noqa: ARG003 — no VISA on the way
        """The library's object for the unit."""
        return VendorPort(cls.library(resource), name)

    def own_reach(self) -> GroupDelayReach:
        """What the data sheet of the unit would say."""
        return GroupDelayReach(reach_ps=10.0, low_thz=280.0, high_thz=300.0, resolution_thz=0.01)

    def load(self, coefficients: Coefficients) -> None:
        """In the library's units and with its sign; Refused with its code."""
        chirp = (-part * FS_PER_PS**power for part, power in zip(coefficients, (2, 3, 4), strict=True))
        self._called("SET " + " ".join(f"{part!r}" for part in chirp))

    @property
    def dispersion(self) -> Coefficients:
        """As the unit holds it; WrongReply where the library's answer is no chirp."""
        reply = self._called("GET")
        parts = [number(part) for part in reply.split()]
        second, third, fourth = parts if len(parts) == 3 else (None, None, None)
        if second is None or third is None or fourth is None:
            self.link.doubt("an answer that is no chirp")
            raise WrongReply(self.name, f"to GET came {reply[:80]!r}, which is no chirp.")
        return -second / FS_PER_PS**2, -third / FS_PER_PS**3, -fourth / FS_PER_PS**4

    def problems(self) -> list[str]:
        """That it is an example."""
        return ["this is an example; it drives no real product"]

    def state(self) -> dict[str, Any]:
        """The unit, and what it holds."""
        return {"unit": self._called("INFO")} | super().state()

    def _called(self, text: str) -> str:
        """What a call gave, without its code; Refused for a code that is not 0, WrongReply for what is none."""
        code, _, told = self.link.query(text).partition(" ")
        if number(code) is None:
            self.link.doubt("an answer without a code")
            raise WrongReply(self.name, f"to {text!r} came {code[:80]!r}, where a code should be.")
        if code != "0":
            raise Refused(self.name, f"refused {text!r} with the code {code}.")
        return told
