"""What a run needs to know of a laser, real or simulated."""

from typing import Protocol

from lasercontrol.bench import Bench
from lasercontrol.config import Config
from lasercontrol.limits import Limits
from lasercontrol.policies import AgentMaker
from lasercontrol.simulated import SimulatedLaser
from lasercontrol.truth import Truth

__all__ = ["TunableLaser"]


class TunableLaser(Protocol):
    """A bench with its limits, who may tune it, and the truth where it is known."""

    @property
    def config(self) -> Config:
        """What the run was told."""

    @property
    def bench(self) -> Bench:
        """What is tuned."""

    @property
    def limits(self) -> Limits:
        """What protects it."""

    @property
    def seed(self) -> int:
        """Of the agent, and of a simulated laser."""

    @property
    def truth(self) -> Truth | None:
        """How good the pulse really is; None of a real laser."""

    @property
    def title(self) -> str:
        """Which laser it is, in a few words."""

    @property
    def emission_expected(self) -> bool:
        """Whether a real laser's light is left on."""

    def agent(self, name: str) -> AgentMaker:
        """Maker of an agent, from the start as fractions (k,); CallerError where it cannot be one for this bench."""

    def nominal(self) -> SimulatedLaser:
        """A simulated laser as the config has it, nothing hidden, at the same start: to rehearse on."""

    def hindrances(self) -> tuple[str, ...]:
        """Why a run would be refused now, in sentences."""

    def facts(self) -> tuple[str, ...]:
        """What stands on the bench now, a sentence an instrument, for the record."""
