"""A policy that fits the default bench, by its manifest, and an agent in place of the one that would run it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.policy_file import Manifest, PolicyFile, TraceAxes, TrainedKnob, save
from agents.protocol import Agent, Floats, Shot, Travel
from lasercontrol import policies
from lasercontrol.policy_fit import Site, spectrum_of
from lasercontrol.scenario import default_amplitude, scenario_for
from sim.chain import STRETCHER
from sim.frog import FrogAxes
from tests.agents.policy_specimen import manifest, network


def site(**changes: Any) -> Site:
    """The bench of the default config, with changes."""
    scenario = scenario_for("wide")
    usual = Site(
        knobs=scenario.knobs,
        channels=("frog",),
        amplitude=default_amplitude(),
        stretcher=STRETCHER,
        b_range_rad=scenario.b_range_rad,
    )
    return replace(usual, **changes)


def fitting(**changes: Any) -> Manifest:
    """The manifest of a policy that was trained for it, with changes."""
    here, axes = site(), FrogAxes()
    spectrum, spectrum_thz = spectrum_of(here.amplitude)
    told: dict[str, Any] = {
        "axes": TraceAxes(axes.n_delay, axes.n_frequency, axes.bin_thz),
        "knobs": tuple(TrainedKnob(k.name, k.unit, k.low, k.high, k.before_amplifier) for k in here.knobs),
        "spectrum": spectrum,
        "spectrum_thz": spectrum_thz,
        "stretcher": here.stretcher,
        "b_range_rad": here.b_range_rad,
    }
    return manifest(**(told | changes))


class Doubter:
    """Asks for the middle of every range; from its second shot on it distrusts itself."""

    name = "doubter"

    def __init__(self, travel: Travel) -> None:
        self.travel, self.told = travel, 0

    @property
    def distrust(self) -> str | None:
        return "measured 0.5, expected 1" if self.told > 1 else None

    def ask(self) -> Floats:
        return np.zeros_like(self.travel.start)

    def tell(self, shot: Shot) -> None:
        self.told += 1

    def recommend(self) -> Floats:
        return np.zeros_like(self.travel.start)

    def finished(self) -> str | None:
        return None


def doubting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies of frames are run by a Doubter."""

    def made(_file: PolicyFile, _site: Site, travel: Travel, _seed: int) -> Agent:
        return Doubter(travel)

    monkeypatch.setitem(policies._MAKERS, "frames", made)


def shipped(monkeypatch: pytest.MonkeyPatch, folder: Path, **named: Manifest) -> None:
    """These, by name, are the policies that come with the program."""
    for name, each in named.items():
        save(folder / f"policy-{name}", replace(each, name=name), network())
    monkeypatch.setattr(policies, "packaged", lambda: {name: folder / f"policy-{name}.json" for name in sorted(named)})
