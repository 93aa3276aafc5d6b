"""Learned policies: which one fits a bench, and the agent "policy" with all that stands behind it.

A file that somebody names must fit, or nothing begins. Of those that come with the program the first that fits is
taken; where none does, the estimator decides and the run says why: a default leaves nobody without an agent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from agents.ladder import Ladder
from agents.policy_file import PolicyFile, PolicyFileError, load
from agents.protocol import Agent, Floats, Travel
from lasercontrol.errors import CallerError
from lasercontrol.policy_fit import Site, mismatches, spectrum_of
from lasercontrol.target import Target

__all__ = ["AgentMaker", "Choice", "Site", "agent_of", "chosen", "mismatches", "packaged", "spectrum_of"]

PREFIX = "policy-"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A policy for a site, or None and why there is none."""

    site: Site
    policy: PolicyFile | None
    why: str = ""

    @property
    def name(self) -> str | None:
        """Of the policy."""
        return self.policy.manifest.name if self.policy else None

    @property
    def facts(self) -> str:
        """Which file it is, for a record."""
        if self.policy is None:
            return self.why
        return f"{self.name} ({self.policy.path.name}, SHA-256 {self.policy.manifest.onnx_sha256})"

    def agent(
        self, travel: Travel, estimator: Callable[[], Agent] | None, noise: float = 0.025, seed: int = 0
    ) -> Ladder:
        """The agent "policy" from a start: the policy, and behind it the estimator, a simplex, the best seen.

        With a target the policy and the estimator alone: a simplex knows none.

        noise: relative standard deviation of the signal in one shot. seed: of a policy that draws.
        """
        policy = agent_of(self.policy, self.site, travel, seed) if self.policy else None
        aimed = self.site.departure is not None
        return Ladder(policy, estimator, travel, noise=noise, why=self.why, aimed=aimed)


@dataclass(frozen=True, slots=True)
class AgentMaker:
    """Makes an agent from the start as fractions (k,).

    choice: of the agent "policy", None of any other. target: what it goes to, None: the most intense pulse.
    """

    made: Callable[[Floats], Agent]
    choice: Choice | None = None
    target: Target | None = None

    def __call__(self, start: Floats) -> Agent:
        """A new agent."""
        return self.made(start)


def packaged() -> dict[str, Path]:
    """The policies that come with the program, by name: `configs/policy-NAME.json` beside its network."""
    folder = resources.files("lasercontrol.configs")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    found = [name.removesuffix(".json") for name in names if name.startswith(PREFIX)]
    return {stem.removeprefix(PREFIX): Path(str(folder / f"{stem}.json")) for stem in found}


def chosen(path: Path | None, site: Site) -> Choice:
    """The policy of a path, or of the name of a packaged one; without either, the first packaged one that fits.

    CallerError where the file that is named cannot be used or does not fit: each mismatch in words.
    """
    if path is None:
        return _first_fitting(site)
    try:
        policy = load(_located(path))
        if wrong := mismatches(policy.manifest, site):
            raise CallerError(f"{path}: the policy does not fit this bench: {'; '.join(wrong)}; nothing was moved.")
        _require_agent(policy, site)
    except PolicyFileError as error:
        raise CallerError(f"{str(error).rstrip('.')}; nothing was moved.") from None
    return Choice(site, policy)


def agent_of(policy: PolicyFile, site: Site, travel: Travel, seed: int = 0) -> Agent:
    """The learned agent of a file alone, nothing behind it: a new one for a new start. seed: of one that draws."""
    return _MAKERS[policy.manifest.kind](policy, site, travel, seed)


def _require_agent(policy: PolicyFile, site: Site) -> None:
    """PolicyFileError where the file has all but what its agent needs: found before anything begins."""
    middle = np.zeros(len(site.knobs))
    try:
        agent_of(policy, site, Travel(middle, middle + 1))
    except PolicyFileError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise PolicyFileError(f"{policy.path}: its numbers make no agent: {error}.") from None


def _located(path: Path) -> Path:
    known = packaged()
    return known.get(str(path), path) if not path.exists() else path


def _first_fitting(site: Site) -> Choice:
    refused = []
    for name, policy, wrong in _looked_through(site):
        if policy is not None:
            return Choice(site, policy)
        refused.append(f"{name}: {wrong}")
    why = f"the shipped policies do not fit ({'; '.join(refused)})" if refused else "no policy is shipped"
    return Choice(site, None, why)


def _looked_through(site: Site) -> Iterator[tuple[str, PolicyFile | None, str]]:
    """Each packaged policy, or the first thing that is wrong with it."""
    for name, path in packaged().items():
        try:
            policy = load(path)
            if wrong := mismatches(policy.manifest, site):
                yield name, None, wrong[0]
                continue
            _require_agent(policy, site)
        except PolicyFileError as error:  # an installation that was damaged
            yield name, None, str(error).rstrip(".")
        else:
            yield name, policy, ""


def _frames(policy: PolicyFile, site: Site, travel: Travel, _seed: int) -> Agent:
    from agents.frame_policy import FramePolicy

    return FramePolicy(policy, travel, site.span, site.departure)


def _yields(policy: PolicyFile, site: Site, travel: Travel, seed: int) -> Agent:
    from agents.yield_policy import YieldPolicy

    return YieldPolicy(policy, travel, site.span, seed)


def _actor(policy: PolicyFile, site: Site, travel: Travel, _seed: int) -> Agent:
    from lasercontrol.actor import ActorAgent

    return ActorAgent(policy, travel, site.knobs)


_MAKERS: dict[str, Callable[[PolicyFile, Site, Travel, int], Agent]] = {
    "frames": _frames,
    "yields": _yields,
    "actor": _actor,
}
