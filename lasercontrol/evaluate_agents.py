"""Who is compared: agents by name, and how each is made for the lasers of a trial.

Besides the names of `agents.registry`: `policy`, the shipped one that fits, with all that stands behind it in a
session; `policy:FILE`, the same around another file; `alone:FILE`, the file's agent with nothing behind it, fitting or
not; `bayesian`, which needs an extra.
"""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from agents.policy_file import PolicyFile, PolicyFileError, load
from agents.protocol import Agent
from agents.registry import CLASSICAL, make
from agents.registry import NAMES as REGISTERED
from lasercontrol import policies
from lasercontrol.bench import Floats
from lasercontrol.course import Lane, Maker
from lasercontrol.errors import CallerError
from lasercontrol.forward import LaserModel
from lasercontrol.policies import Choice, Site, agent_of, chosen, mismatches
from lasercontrol.trial import Trial
from sim.chain import STRETCHER

__all__ = ["BAYESIAN", "NAMES", "budget_of", "maker_of", "require_known"]

POLICY, BAYESIAN = "policy", "bayesian"
NAMES = tuple(dict.fromkeys((POLICY, *REGISTERED, BAYESIAN)))
"""Agents without a file."""

FILED = ("policy:", "alone:")
MODEL_SHOTS, BAYESIAN_SHOTS, CLASSICAL_SHOTS = 25, 60, 200


def budget_of(agent: str) -> int:
    """Shots where no other number is asked for, the reading at the start included."""
    if agent == BAYESIAN:
        return BAYESIAN_SHOTS
    return CLASSICAL_SHOTS if agent in CLASSICAL else MODEL_SHOTS


def require_known(agents: tuple[str, ...]) -> None:
    """CallerError for a name that there is not, a file that holds no policy, or an extra that is not installed."""
    filed = [name for name in agents if name.startswith(FILED)]
    if unknown := [name for name in agents if name not in NAMES and name not in filed]:
        known = f"{', '.join(NAMES)}, and policy:FILE or alone:FILE"
        raise CallerError(f"there is no agent {', '.join(unknown)}; there are {known}")
    if not agents:
        raise CallerError(f"name at least one agent of {', '.join(NAMES)}")
    for name in filed:
        _file_of(name)
    if BAYESIAN in agents and find_spec("bayes_opt") is None:
        raise CallerError("agent bayesian needs the extra bayes: pip install 'lasercontrol[bayes]'")


def maker_of(name: str, trial: Trial) -> Maker:
    """How to make an agent for each laser of a trial; what lasers share is made once."""
    models = _Models(trial)
    if name == "estimator":
        return models.estimator
    if name == BAYESIAN:
        return _bayesian
    if name == POLICY or name.startswith(FILED):
        return _Policies(name, trial, models)
    return lambda lane: make(name, travel=lane.travel, seed=lane.seed, optimum=lane.optimum)


def _bayesian(lane: Lane) -> Agent:
    from agents.bayesian import BayesianSearch

    return BayesianSearch(lane.travel, lane.seed)


class _Models:
    """Models of what is known of each laser, one for all lasers of equal spectra."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self._made: dict[int, LaserModel] = {}

    def estimator(self, lane: Lane) -> Agent:
        """A model-based estimator that knows the spectrum as measured, with its usual error, and the ranges."""
        return make("estimator", travel=lane.travel, seed=lane.seed, forward=self._of(lane.amplitude))

    def _of(self, amplitude: Floats) -> LaserModel:
        scenario = self.trial.scenario
        if id(amplitude) not in self._made:
            self._made[id(amplitude)] = LaserModel(
                amplitude,
                scenario.knobs,
                observe=self.trial.observe,
                offset_reach=scenario.offset_reach,
                b_range_rad=scenario.told_b_rad,
            )
        return self._made[id(amplitude)]


class _Policies:
    """Learned agents, one file for all lasers of equal spectra.

    What may have to take over is built with the first agent, so that it counts as set-up and not as a decision.
    """

    def __init__(self, name: str, trial: Trial, models: _Models) -> None:
        self.trial, self.models = trial, models
        self.file = None if name == POLICY else _file_of(name)
        self.alone = name.startswith("alone:")
        self._choices: dict[int, Choice] = {}

    def __call__(self, lane: Lane) -> Agent:
        """The agent of a laser. CallerError where the file lacks what its agent needs."""
        if self.alone and self.file is not None:
            return _bare(self.file, self._site(lane.amplitude), lane)
        estimator = partial(self.models.estimator, lane)
        if id(lane.amplitude) not in self._choices:
            self._choices[id(lane.amplitude)] = self._choice(self._site(lane.amplitude))
            estimator()
        return self._choices[id(lane.amplitude)].agent(lane.travel, estimator)

    def _choice(self, site: Site) -> Choice:
        """As in a session, but that a named file which does not fit leaves the estimator, as a default would."""
        if self.file is None:
            return chosen(None, site)
        wrong = mismatches(self.file.manifest, site)
        return Choice(site, None, f"it does not fit ({'; '.join(wrong)})") if wrong else chosen(self.file.path, site)

    def _site(self, amplitude: Floats) -> Site:
        scenario = self.trial.scenario
        return Site(
            knobs=scenario.knobs,
            channels=(self.trial.observe,),
            amplitude=amplitude,
            stretcher=STRETCHER,
            b_range_rad=scenario.told_b_rad,
            axes=self.trial.instruments.axes,
        )


def _bare(file: PolicyFile, site: Site, lane: Lane) -> Agent:
    try:
        return agent_of(file, site, lane.travel)
    except (ValueError, ArithmeticError) as error:
        raise CallerError(
            f"{file.path}: makes no agent here: {str(error).rstrip('.')}; nothing was evaluated."
        ) from None


def _file_of(name: str) -> PolicyFile:
    """The file of `policy:FILE` or `alone:FILE`, or the packaged policy of that name."""
    told = name.partition(":")[2]
    path = Path(told) if Path(told).exists() else policies.packaged().get(told, Path(told))
    try:
        return load(path)
    except PolicyFileError as error:
        raise CallerError(f"{str(error).rstrip('.')}; nothing was evaluated.") from None
