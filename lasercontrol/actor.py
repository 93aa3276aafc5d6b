"""An actor trained by reward, from its file: what it is shown is made of the reading just as in training.

The file speaks of knobs in its own bounds; a bench may have others. Settings pass through native units, so that a step
of the actor is the same change of the pulse as in training.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from agents.policy_file import Manifest, PolicyFile, PolicyFileError
from agents.protocol import Floats, Shot, Travel
from lasercontrol.bench import Knob, Reading
from lasercontrol.errors import CallerError
from lasercontrol.observation import ObservationSpec, blank_past, look, space_of

__all__ = ["STEP", "ActorAgent", "observation_json", "observation_of"]

STEP = "step"
"""Name of the one output, (n, k): the change of each knob as a share of its greatest step in training, -1 to 1."""

AT_REST = 0.005  # of a knob's range: a fifth of the way that costs 5 % of the peak
RESTS = 2  # shots running


class ActorAgent:
    """Asks for what the actor of a file would do; it never saw the hidden laser, and keeps only what it was shown.

    PolicyFileError where the file is none of an actor, or its network takes other arrays than its observation gives.
    """

    name = "actor"
    handed_over: str | None = None
    distrust: str | None = None  # an actor expects no signal that could be missed

    def __init__(self, file: PolicyFile, travel: Travel, knobs: tuple[Knob, ...]) -> None:
        self.file, self.travel = file, travel
        self.spec, self.max_step = observation_of(file.manifest), _max_step(file.manifest)
        trained, here = file.manifest.knobs, knobs
        self._low = np.array([knob.low for knob in trained])
        self._range = np.array([knob.high - knob.low for knob in trained])
        self._bench_low = np.array([knob.low for knob in here])
        self._bench_range = np.array([knob.range for knob in here])
        self.here = np.asarray(travel.start, dtype=np.float64)
        self._past = blank_past(self.spec, len(trained), ())
        self._action = np.zeros(len(trained))
        self._seen: dict[str, NDArray[Any]] | None = None
        self._rests = 0

    def ask(self) -> Floats:
        """One step of the actor from where the knobs are, (k,); before the first shot, no step."""
        if self._seen is None:
            return self.here
        arrays = {name: np.asarray(values)[None] for name, values in self._seen.items()}
        self._action = np.clip(self.file.run(arrays)[STEP][0].astype(np.float64), -1.0, 1.0)
        wish = self.travel.clipped(self.here + self._action * self.max_step / self._bench_range, self.here)
        self._rests = self._rests + 1 if np.abs(wish - self.here).max() < AT_REST else 0
        return wish

    def tell(self, shot: Shot) -> None:
        """Look at the reading; its `reading` must be one of this program's. CallerError where it is missing."""
        if not isinstance(shot.reading, Reading):
            raise CallerError(f"{self.file.path}: an actor needs the whole reading of a shot, and was told none.")
        self.here = np.asarray(shot.fraction, dtype=np.float64)
        native = (self.here + 0.5) * self._bench_range + self._bench_low
        fraction = np.clip((native - self._low) / self._range - 0.5, -0.5, 0.5)
        seen = look(self.spec, shot.reading, fraction, self._action, self._past)
        self._seen, self._past = seen.observation, seen.past

    def recommend(self) -> Floats:
        """Where the knobs are, (k,): an actor has no better belief than where it went."""
        return self.here

    def finished(self) -> str | None:
        """When it moves no more."""
        if self._rests < RESTS:
            return None
        return f"the policy has moved no knob by {AT_REST:.1%} of its range for {RESTS} shots"

    def expected_gain(self) -> float | None:
        """An actor does not say."""
        return None


def observation_of(manifest: Manifest) -> ObservationSpec:
    """What an actor is shown. PolicyFileError where the manifest does not say, or its network takes something else."""
    if manifest.kind != "actor":
        raise PolicyFileError(f"{manifest.name}: is a policy of kind {manifest.kind}, no actor.")
    try:
        spec = TypeAdapter(ObservationSpec).validate_python(manifest.training.get("observation"))
    except (ValidationError, CallerError) as error:
        raise PolicyFileError(
            f"{manifest.name}: does not say what it is shown: {str(error).splitlines()[0]}."
        ) from None
    spaces = space_of(spec, len(manifest.knobs)).spaces
    shown = {name: (None, *(space.shape or ())) for name, space in spaces.items()}
    taken = {name: tuple(shape) for name, shape in manifest.inputs.items()}
    if shown != taken or dict(manifest.outputs) != {STEP: (None, len(manifest.knobs))}:
        raise PolicyFileError(f"{manifest.name}: its network does not take what it is shown: {shown}, not {taken}.")
    return spec


def observation_json(spec: ObservationSpec) -> dict[str, Any]:
    """The specification as a manifest holds it."""
    return {**asdict(spec), "shown": list(spec.shown)}


def _max_step(manifest: Manifest) -> Floats:
    """Greatest step of each knob in training, in its unit."""
    steps = np.array(manifest.numbers.get("max_step", ()), dtype=np.float64)
    if steps.shape != (len(manifest.knobs),) or not (steps > 0).all():
        raise PolicyFileError(f"{manifest.name}: names no greatest step for each of its knobs.")
    return steps
