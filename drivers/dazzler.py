"""Fastlite Dazzler, an acousto-optic shaper (AOPDF), by the text files of its program ("text file mode").

Source: Dazzler system manual V3.00, chapters 2.1, 5.4 and 6.2. A request is written as request.tmp and renamed to
request.txt in the program's default directory; the program takes it away. It holds star commands, a line `#wave`, and
`key=value` lines. Its transfer function is exp(iφ) with φ = -(delay Δω + second/2 Δω² + third/6 Δω³ + fourth/24 Δω⁴):
with that minus sign the dials have this project's signs, since the first of them is a delay (not tried on a Dazzler).
They are about the dial "position", in fs, fs², fs³ and fs⁴.

The resource is that folder; the site's own wave.txt (from the parameters' folder) must be copied into it.

What is confirmed: without `saved_to`, that the request was taken away and no more, for there is no completion code,
and a message on the program's screen may wait for an operator. With `saved_to`, what the front panel holds afterwards,
which the program is asked to save (`*SAVE WAVETXT`, manual 6.2.5; not tried on a Dazzler). The optical phase is never
measured here. The phase selector must stand at "polynomial", else the dials do nothing: this cannot be asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from drivers.errors import NotObeyed, NotReady, OutOfRange, WrongReply
from drivers.folder_port import FolderPort
from drivers.link import Identity, Link, LinkSettings
from drivers.port import Port
from drivers.reach import GroupDelayReach, group_delay_ends_ps
from drivers.shaper import Shaper
from drivers.spectral_phase import Coefficients, moved_to
from drivers.wave_file import CONTROLS, WaveFile

__all__ = ["Dazzler"]

C_NM_THZ = 299_792.458
FS_PER_PS = 1e3
REACH_PS = 4.0  # a Dazzler makes less than 10 ps from the first to the last; the crystal's data sheet says what
SAVED = "lasercontrol_wave.txt"
SAME_NM, SAME_FS = 0.01, 1.0  # of the dials read back; their resolution is not verified


class Dazzler(Shaper):
    """A Dazzler. `dispersion` is what was last asked and taken, or read back from the panel; it is not measured.

    band_thz: optical frequencies that the crystal shapes. reach_ps: ±group delay. template: the site's wave file, in
    the folder. keys: control (`drivers.wave_file.CONTROLS`) → key, where the template spells it otherwise. saved_to:
    the folder's absolute path as the Dazzler's own computer has it, for reading back (a relative one crashes its
    program).
    """

    identity = Identity("READ wave.txt", r"(?s).*\w\s*=")
    talks = LinkSettings(read_end=b"\0", timeout_s=10.0)
    confidence = "B"
    at_power_loss = (
        "Without radio frequency nothing is diffracted, so that the shaped beam vanishes; what its program restores "
        "after a restart is its own wave.txt, not what was loaded last."
    )

    def __init__(
        self,
        link: Link,
        *,
        band_thz: Sequence[float] | None = None,
        reach_ps: float = REACH_PS,
        template: str = "wave.txt",
        keys: Mapping[str, str] | None = None,
        saved_to: str | None = None,
    ) -> None:
        super().__init__(link)
        link.identity = Identity(f"READ {template}", self.identity.pattern)
        self._keys = dict(keys or {})
        if unknown := self._keys.keys() - CONTROLS.keys():
            raise OutOfRange(f"{link.name}: keys names {', '.join(sorted(unknown))}; there are {', '.join(CONTROLS)}.")
        if not 0 < reach_ps < 10 or (band_thz is not None and len(band_thz) != 2):
            raise OutOfRange(
                f"{link.name}: reach_ps is within 0 to 10, band_thz two numbers; got {reach_ps}, {band_thz}."
            )
        if saved_to is not None and not (saved_to.startswith(("/", "\\\\")) or saved_to[1:3] in {":\\", ":/"}):
            raise OutOfRange(f"{link.name}: saved_to={saved_to!r} is no absolute path, which crashes the program.")
        self.band_thz, self.reach_ps, self.template, self.saved_to = band_thz, reach_ps, template, saved_to
        self._held: Coefficients | None = None

    @classmethod
    def opened(cls, resource: str, *, name: str, backend: str) -> Port:  # noqa: ARG003 — no VISA on the way
        """The folder."""
        return FolderPort(resource, name)

    def connect(self) -> str:
        """See that the folder and its template are there, and hold the keys that are needed."""
        super().connect()
        controls, _ = self._controls()
        return f"Dazzler folder, {self.template}: {', '.join(controls.values())}"

    def own_reach(self) -> GroupDelayReach:
        """From the options; OutOfRange where no band was given."""
        if self.band_thz is None:
            raise OutOfRange(f"{self.name}: the band of the crystal is not known: give band_thz; nothing was sent.")
        low_thz, high_thz = self.band_thz
        return GroupDelayReach(self.reach_ps, low_thz, high_thz, 0.5 / self.reach_ps)

    @property
    def position_nm(self) -> float:
        """The dial "position" of the site's template, in nm, about which the orders are; it is left as it is."""
        controls, template = self._controls()
        return self._number(template, controls["position"])

    @property
    def dispersion(self) -> Coefficients:
        """What was last asked and taken, or read back from the panel. NotReady where nothing was since the start."""
        if self._held is None:
            raise NotReady(
                self.name, "what it holds is not known before something has been loaded: it cannot be asked."
            )
        return self._held

    def load(self, coefficients: Coefficients) -> None:
        """Ask for the dials; NotObeyed where the panel that was saved has others."""
        controls, template = self._controls()
        wanted = self._dials(coefficients, template, controls)
        lines = [f"{controls[control]}={value:.3f}" for control, value in wanted.items()]
        stars = [f"*SAVE WAVETXT {self._saved_path()}"] if self.saved_to else []
        head = f"REQUEST request.txt {SAVED}" if self.saved_to else "REQUEST request.txt"
        self._held = None
        self.link.query("\n".join([head, *stars, "#wave", *lines]))
        self._held = self._read_back(controls, wanted) if self.saved_to else coefficients

    def problems(self) -> list[str]:
        """A template without the keys, a pulse outside the crystal's band, and that nothing is read back."""
        found = []
        try:
            controls, _ = self._controls()
        except OutOfRange as error:
            return [str(error)]
        if self.band_thz is None:
            found.append("band_thz, the crystal's band, is not given")
        if not self.saved_to:
            found.append(f"without saved_to nothing is read back: {', '.join(controls.values())} are only asked for")
        return found

    def state(self) -> dict[str, Any]:
        """The template's position, and the dispersion where something was loaded."""
        return {"position_nm": self.position_nm, "read_back": self.saved_to is not None} | super().state()

    def _dials(self, asked: Coefficients, template: WaveFile, controls: Mapping[str, str]) -> dict[str, float]:
        """Control → value: the polynomial about the dial "position", its delay centred about the template's."""
        position_nm = self._number(template, controls["position"])
        delay_ps, about = moved_to(asked, self._offset_rad_per_ps(position_nm))
        delay_ps -= sum(group_delay_ends_ps(*asked, *self.band_rad_per_ps)) / 2
        orders = ("second_order", "third_order", "fourth_order")
        dials = {
            control: part * FS_PER_PS**power for control, part, power in zip(orders, about, (2, 3, 4), strict=True)
        }
        delay_fs = self._number(template, controls["delay"]) + delay_ps * FS_PER_PS
        return {"position": position_nm, "delay": delay_fs} | dials

    def _read_back(self, controls: Mapping[str, str], wanted: Mapping[str, float]) -> Coefficients:
        text = self.link.query(f"READ {SAVED}")
        try:
            panel = WaveFile.from_text(text)
            found = {control: panel.number(key) for control, key in controls.items()}
        except (ValueError, KeyError) as error:
            self.link.doubt("a wave file that is none")
            raise WrongReply(
                self.name, f"the panel that was saved is no wave file ({error.args[0]}): {text[:60]!r}."
            ) from None
        for control, bound in (("position", SAME_NM), ("delay", SAME_FS)):
            if abs(found[control] - wanted[control]) > bound:
                raise NotObeyed(self.name, f"{control}: asked {wanted[control]:g}, the panel has {found[control]:g}.")
        second, third, fourth = (found[control] for control in ("second_order", "third_order", "fourth_order"))
        about = (second / FS_PER_PS**2, third / FS_PER_PS**3, fourth / FS_PER_PS**4)
        return moved_to(about, -self._offset_rad_per_ps(found["position"]))[1]

    def _controls(self) -> tuple[dict[str, str], WaveFile]:
        """Control → key in the site's template; OutOfRange where one is not there."""
        if not self.link.idn:
            self.link.connect()
        try:
            template = WaveFile.from_text(self.link.idn)
            return {control: template.key_of(control, self._keys.get(control)) for control in CONTROLS}, template
        except (ValueError, KeyError) as error:
            raise OutOfRange(
                f"{self.name}: {error.args[0]} ({self.template}); name it in `keys`. Nothing was sent."
            ) from None

    def _number(self, template: WaveFile, key: str) -> float:
        try:
            return template.number(key)
        except ValueError as error:
            raise OutOfRange(f"{self.name}: {error} ({self.template}); nothing was sent.") from None

    def _offset_rad_per_ps(self, position_nm: float) -> float:
        if not position_nm > 0:
            raise OutOfRange(f"{self.name}: position={position_nm:g} nm in {self.template}; nothing was sent.")
        return float(2 * np.pi * (C_NM_THZ / position_nm - self.carrier_thz))

    def _saved_path(self) -> str:
        assert self.saved_to is not None  # noqa: S101 — the caller has looked
        between = "\\" if "\\" in self.saved_to else "/"
        return f"{self.saved_to.rstrip(between)}{between}{SAVED}"
