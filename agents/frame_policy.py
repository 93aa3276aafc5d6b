"""The learned agent that sees FROG frames: a network reads each, beliefs are multiplied, the best setting is gone to.

It compares every signal with the one it expected (`agents.suspicion`), and says so when it cannot be trusted.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from agents.belief import Mixture, doubted, fused, mixture_of
from agents.policy_file import PolicyFile, PolicyFileError
from agents.protocol import Floats, Shot, Travel
from agents.suspicion import Suspicion

__all__ = ["FramePolicy"]

SURE = 0.995
"""Expected share of the best peak at which no further shot is worth taking."""
HOLD = 0.003
"""Expected gain in peak below which the knobs stay: readings are noisy, optics wear."""
LEAST_SHOTS = 2  # one frame alone cannot tell a pulse from its time reverse
SPREAD = 0.05  # natural units: errors that frames share, and drift from shot to shot
WAY_ERROR = 0.05  # of the way gone since the last frame: knobs do not do quite what is read back from them
DOUBT = 0.02  # share of frames that are read wrong
OUTPUTS = ("log_weight", "mean", "log_sharpness", "skew")


class FramePolicy:
    """Implements `agents.protocol.Agent` around a file of kind "frames".

    span: range of each knob in native units, shape (3,). The file's numbers hold `root_native`, 9: a departure of the
    knobs in native units times this matrix, (3, 3) by rows, is one in natural coordinates. Raises PolicyFileError
    where the file is of another kind or lacks them.

    departure: of the wanted pulse from the most intense one, fractions (m, 3) from B (m,); without it the most intense
    one is wanted. What is believed of the optimum and of B is then believed of the wanted setting, a known way off, and
    what was said of a share of the best peak holds of the pulse without that departure.
    """

    name = "policy"

    def __init__(
        self, file: PolicyFile, travel: Travel, span: Floats, departure: Callable[[Floats], Floats] | None = None
    ) -> None:
        root = np.asarray(file.manifest.numbers.get("root_native", ()), dtype=np.float64)
        if file.manifest.kind != "frames" or root.size != len(span) ** 2:
            raise PolicyFileError(
                f"{file.path}: holds a policy of kind {file.manifest.kind} with {root.size} numbers of root_native; "
                f"frames of {len(span)} knobs want kind frames and {len(span) ** 2}."
            )
        self.file, self.travel, self.departure = file, travel, departure
        self.root = np.diag(span) @ root.reshape(len(span), -1)
        self.way = np.linalg.inv(self.root)
        self.belief: Mixture | None = None
        self._displaced: tuple[Mixture, Mixture] | None = None  # a belief about the optimum, and about what is wanted
        self.suspicion = Suspicion()
        self._here = np.asarray(travel.start, dtype=np.float64)
        self._shots = 0

    @property
    def distrust(self) -> str | None:
        """Why the policy should not be followed any more, with measured and expected signal; None while it may be."""
        return self.suspicion.sentence

    def ask(self) -> Floats:
        """The setting wanted next, shape (k,), within bounds and step."""
        if self.belief is None:
            return self._here
        wanted, expected = self._wanted(self.belief)
        if expected - self._expected(self.belief, self._here) < HOLD:
            return self._here
        return self.travel.clipped(wanted, self._here)

    def tell(self, shot: Shot) -> None:
        """Multiply the belief by what the frame says; an unusable one says nothing."""
        if not shot.usable or not shot.features.max() > 0:
            return
        came, self._here = self._here, np.asarray(shot.fraction, dtype=np.float64)
        points = self._points_of_last()
        outputs = self._run(shot.features, points)
        seen = mixture_of(*(outputs[name][0] for name in OUTPUTS))
        seen.mean[:, :3] += self._here @ self.root
        if self.belief is None:
            self.belief = seen
        else:
            gone = float(np.linalg.norm((self._here - came) @ self.root))
            before = doubted(self.belief, DOUBT, SPREAD, WAY_ERROR * gone)
            belief = fused(before, doubted(seen, DOUBT, SPREAD))
            self.suspicion.compare(self.belief, outputs["log_signal"], shot.signal, belief.doubted_share)
            self.belief = belief
        self.suspicion.remember(self._here @ self.root, shot.signal)
        self._shots += 1

    def recommend(self) -> Floats:
        """The setting believed best, shape (k,)."""
        return self.travel.start if self.belief is None else self._wanted(self.belief)[0]

    def finished(self) -> str | None:
        """Once the peak here is expected to be as good as the best."""
        if self.belief is None or self._shots < LEAST_SHOTS or self.suspicion.strikes:
            return None
        expected = self._expected(self.belief, self._here)
        if expected < SURE:
            return None
        if self.departure is not None:
            return f"the wanted pulse is expected here, to within {1 - expected:.1%} of a peak"
        return f"the peak is expected at {expected:.1%} of the best, and no further shot is worth taking"

    def expected_gain(self) -> float | None:
        """Relative gain in signal that is expected of the next shot; None before the first, and with a target."""
        if self.belief is None or self.departure is not None:
            return None
        wanted = self.ask()
        if wanted is self._here:
            return 0.0
        belief, places = self.belief, np.stack([self._here, wanted]) @ self.root
        points, weight = belief.scattered()
        points = np.concatenate([points - np.append(place, 0.0) for place in places])
        blank = np.ones(self.file.manifest.inputs["frames"][1] or 1)  # the network reads a frame with every question
        signals = np.exp(self._run(blank, points)["log_signal"].astype(np.float64)).reshape(2, -1) @ weight
        return float(max(0.0, signals[1] / signals[0] - 1))

    def _points_of_last(self) -> Floats:
        """Where the network is asked for signals, (m, 4): ways from here and from earlier shots, of each component."""
        if self.belief is None:
            return np.zeros((1, 4))
        return self.suspicion.points(self.belief, self._here @ self.root)

    def _run(self, features: Floats, points: Floats) -> dict[str, Floats]:
        inputs = {"frames": (features / features.max())[None], "points": points}
        if "knobs" in self.file.manifest.inputs:
            inputs["knobs"] = self._here[None]
        return self.file.run(inputs)

    def _wanted(self, belief: Mixture) -> tuple[Floats, float]:
        point, expected = self._aimed(belief).best()
        return np.clip(point @ self.way, -0.5, 0.5), expected

    def _expected(self, belief: Mixture, setting: Floats) -> float:
        return float(self._aimed(belief).expected_peak((setting @ self.root)[None])[0])

    def _aimed(self, belief: Mixture) -> Mixture:
        """The belief about the wanted setting, each component displaced as its own B says; of one belief but once."""
        if self.departure is None:
            return belief
        if self._displaced is None or self._displaced[0] is not belief:
            mean = belief.mean.copy()
            mean[:, :3] += self.departure(mean[:, 3]) @ self.root
            self._displaced = belief, replace(belief, mean=mean)
        return self._displaced[1]
