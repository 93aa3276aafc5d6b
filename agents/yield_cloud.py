"""What is believed after some yields: a small cloud of hypotheses, each pulled onto the readings.

One yield fixes one combination of optimum, B and scale. Two readings only sift the bank of the prior; from the third on
some of what is left is slid onto its own noisy copy of the readings (randomised maximum likelihood: Kitanidis 1995,
Oliver 1996), a few Levenberg-Marquardt steps through the network. What cannot explain the readings is replaced.
"""

from math import hypot

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Floats
from agents.yield_model import N_HYPOTHESIS, N_KNOB, SCALE_SIGMA, YieldModel

__all__ = ["YieldCloud"]

N_MEMBER = 32
N_SIFTED = 768
N_JURY = 32  # hypotheses that judge a setting
FIRST_SLID = 3  # readings from which hypotheses are slid
SIFTED_UNTIL = 5  # readings up to which what is replaced comes from the sifted prior
N_READING = 12  # the last ones are explained
STEPS_FIRST, STEPS_LATER, STEPS_LOST = 4, 2, 6
BLUR = 0.12  # of the logarithm: how wrong a hypothesis may be that is yet to be slid
WORTH_A_STEP = 1.0  # of the cost, that a step promises to take away
LONGEST = 12.0  # natural units: how far one step may slide
B_SIGMA_RAD = 0.9
DAMPING, EASIER, HARDER = 0.03, 1 / 6, 6.0
TEMPER = 6.0  # costs hold the luck of each member's own noise; weights follow them only so far
LOST_EACH, LOST_LEAST = 4.0, 10.0  # cost per reading, and besides: where the best member costs more, all are wrong
N_ANEW, N_LOOKED_AT, N_LOOKED_FOR = 24, 160, 4
"""Members that then begin anew: of so many hypotheses, those that explain so many of the last readings best."""
Rows = NDArray[np.intp]

_SIGN = np.array([-1.0] * N_KNOB + [1.0] * 3)  # a way is from the optimum to the point
SIGNS = np.outer(_SIGN, _SIGN)


class YieldCloud:
    """Members (m, 5) and their weights (m,), which sum to one; none before the first reading.

    scale_sigma: of the logarithm of the unknown scale.

    foreseen: mean and standard deviation of the newest log signal as the members expected it before they were slid;
    None while they were only sifted. lost: for how many readings running no member has explained them.
    """

    def __init__(self, model: YieldModel, rng: np.random.Generator, scale_sigma: float = SCALE_SIGMA) -> None:
        self.model, self.rng, self.scale_sigma = model, rng, scale_sigma
        self.points: Floats = np.zeros((0, N_KNOB))
        self.logs: Floats = np.zeros(0)
        self.members: Floats = np.zeros((0, N_HYPOTHESIS))
        self.weights: Floats = np.zeros(0)
        self.foreseen: tuple[float, float] | None = None
        self.lost = 0

    def tell(self, point: Floats, log_signal: float) -> None:
        """Take in a reading at a point (3,), natural, counted from the start."""
        self.points = np.concatenate([self.points, point[None]])
        self.logs = np.append(self.logs, log_signal)
        self._variance = self.model.log_noise(self.logs, 0.0) ** 2
        n = len(self.logs)
        if n <= SIFTED_UNTIL:
            self._sift(point)
        if n < FIRST_SLID:
            self.members, self.weights = self._sifted, _weights(self._sifted_cost())
            return
        if n == FIRST_SLID:
            self._begin()
        else:
            self._renew()
        self._slide(STEPS_LOST if self.lost else STEPS_FIRST if n <= FIRST_SLID + 1 else STEPS_LATER)

    def expected(self, points: Floats) -> Floats:
        """Expected share of the best peak at points (c, 3), shape (c,)."""
        optima = self.members[:, :N_KNOB]
        square = (points**2).sum(axis=1)[:, None] + (optima**2).sum(axis=1) - 2 * points @ optima.T
        return np.asarray(1 / np.sqrt(1 + np.maximum(square, 0)) @ self.weights)  # Gaussian at the top, a tail below

    def some(self, count: int) -> Floats:
        """Members (count, 5) in proportion to their weights."""
        return np.asarray(self.members[_drawn(self.weights, count, self.rng)])

    def predicted(self, points: Floats) -> tuple[Floats, Floats]:
        """Mean and variance of the log signal to be read at points (c, 3), each (c,), as some members have it."""
        crowded = len(self.members) > N_JURY
        members = self.some(N_JURY) if crowded else self.members
        weights = np.full(N_JURY, 1 / N_JURY) if crowded else self.weights
        values = self._log_signals(points, members)
        mean = values @ weights
        return mean, (values - mean[:, None]) ** 2 @ weights

    def signal(self, points: Floats) -> Floats:
        """Expected signal at points (c, 3), shape (c,); nothing is drawn."""
        return np.asarray(np.exp(self._log_signals(points, self.members)) @ self.weights)

    def _log_signals(self, points: Floats, members: Floats) -> Floats:
        asked = np.empty((len(points), len(members), N_KNOB + 1))
        asked[..., :N_KNOB] = points[:, None] - members[:, :N_KNOB]
        asked[..., N_KNOB] = members[:, 3]
        values, _ = self.model.signal(asked.reshape(-1, N_KNOB + 1))
        return np.asarray(values.reshape(asked.shape[:2]) + members[:, 4])

    # ------------------------------------------------------------------------------------------------ the prior

    def _sift(self, point: Floats) -> None:
        """Some of the bank after the first reading; what they say of each further one; their likeliest scales."""
        if len(self.logs) == 1:
            bank, reach, at_start = self.model.bank
            rows = _drawn(self._first_weights(), N_SIFTED, self.rng)
            self._sifted, self._reach, self._seen = bank[rows], reach[rows], at_start[rows][:, None]
        else:
            asked = np.column_stack([point - self._sifted[:, :N_KNOB], self._sifted[:, 3]])
            self._seen = np.column_stack([self._seen, self.model.signal(asked)[0]])
        precision = 1 / (self.model.log_noise(self.logs) ** 2 + BLUR**2)
        scale = (self.logs - self._seen) @ precision / (precision.sum() + self.scale_sigma**-2)
        self._sifted[:, 4] = scale + 0.5 * BLUR * self.rng.standard_normal(N_SIFTED)

    def _first_weights(self) -> Floats:
        """Of the bank after the first reading, whatever the scale."""
        *_, at_start = self.model.bank
        variance = self.scale_sigma**2 + self.model.log_noise(self.logs[0]) ** 2
        return _weights((self.logs[0] - at_start) ** 2 / variance)

    def _sifted_cost(self) -> Floats:
        left = self.logs - self._seen - self._sifted[:, 4:]
        variance = self.model.log_noise(self.logs) ** 2 + BLUR**2
        return np.asarray((left**2 / variance).sum(axis=1) + (self._sifted[:, 4] / self.scale_sigma) ** 2)

    # ---------------------------------------------------------------------------------------------- the members

    def _begin(self) -> None:
        rows = _drawn(_weights(self._sifted_cost()), N_MEMBER, self.rng)
        self.members, self._anchors, self._width = self._sifted[rows], self._sifted[rows], self._reach[rows]
        self._luck = self.rng.standard_normal((N_MEMBER, FIRST_SLID))
        self._data = self._products(self.members, self._luck)
        self._hill = _Hill(self.model, self._anchors, self._width, self.scale_sigma)

    def _renew(self) -> None:
        """Members in proportion to their weights, and others in place of copies; what the newest reading says."""
        rows = _drawn(self.weights, N_MEMBER, self.rng)
        self.members, self._anchors, self._width = self.members[rows], self._anchors[rows], self._width[rows]
        newest = self.rng.standard_normal((N_MEMBER, 1))
        self._data = self._data[rows] + self._products(self.members, newest)
        missing, sigma = self._newest
        self.foreseen = float(missing.mean() + self.logs[-1]), float(hypot(missing.std(), np.median(sigma)))
        self._luck = np.column_stack([self._luck[rows], newest])[:, -N_READING:]
        copies = np.nonzero(rows[1:] == rows[:-1])[0] + 1
        if self.lost:
            self._put(np.arange(N_MEMBER - N_ANEW, N_MEMBER), *self._looked_for())
        elif len(self.logs) <= SIFTED_UNTIL and len(copies):
            others = _drawn(_weights(self._sifted_cost()), len(copies), self.rng)
            self._put(copies, self._sifted[others], self._reach[others])
        elif len(copies):
            self._luck[copies] = self.rng.standard_normal((len(copies), self._luck.shape[1]))
            self._data[copies] = self._products(self.members[copies], self._luck[copies])
        self._hill = _Hill(self.model, self._anchors, self._width, self.scale_sigma)

    def _looked_for(self) -> tuple[Floats, Floats]:
        """Hypotheses of the bank (n, 5) that roughly explain the first reading and the last ones, and their reach."""
        bank, reach, at_start = self.model.bank
        rows = _drawn(self._first_weights(), N_LOOKED_AT, self.rng)
        points, logs = self.points[-N_LOOKED_FOR:], np.append(self.logs[0], self.logs[-N_LOOKED_FOR:])
        asked = np.empty((len(rows), len(points), N_KNOB + 1))
        asked[..., :N_KNOB] = points - bank[rows, None, :N_KNOB]
        asked[..., N_KNOB] = bank[rows, None, 3]
        values = self.model.signal(asked.reshape(-1, N_KNOB + 1))[0].reshape(asked.shape[:2])
        left = logs - np.column_stack([at_start[rows], values])
        found = bank[rows]
        found[:, 4] = left.mean(axis=1)
        cost = ((left - found[:, 4:]) ** 2).sum(axis=1) / BLUR**2 + (found[:, 4] / self.scale_sigma) ** 2
        best = cost.argsort()[:N_ANEW]
        return found[best], reach[rows][best]

    def _put(self, rows: Rows, others: Floats, width: Floats) -> None:
        self.members[rows], self._anchors[rows], self._width[rows] = others, others, width
        self._luck[rows] = self.rng.standard_normal((len(rows), self._luck.shape[1]))
        self._data[rows] = self._products(others, self._luck[rows])

    def _slide(self, steps: int) -> None:
        """Levenberg-Marquardt of every member at once, each towards its own copy of the readings and of the prior.

        After the first step only those go on that have still a way to go.
        """
        at, data, damping = self.members.copy(), self._data, np.full(N_MEMBER, DAMPING)
        cost, slope, curvature = self._hill.seen(at, data)
        rows = np.arange(N_MEMBER)
        for _ in range(steps):
            damped = curvature[rows] * (1 + np.eye(N_HYPOTHESIS) * damping[rows, None, None])
            move = np.linalg.solve(damped, slope[rows, :, None])[..., 0]
            going = (move * slope[rows]).sum(axis=1) > WORTH_A_STEP
            rows, move = rows[going], move[going]
            if not len(rows):
                break
            length = np.sqrt((move[:, :N_KNOB] ** 2).sum(axis=1, keepdims=True))
            trial = at[rows] - move * np.minimum(1.0, LONGEST / np.maximum(length, 1e-9))
            trial[:, 3] = np.clip(trial[:, 3], *self.model.b_bounds)
            trial_data = self._products(trial, self._luck[rows])
            found = self._hill.seen(trial, trial_data, rows)
            better = found[0] < cost[rows]
            damping[rows] *= np.where(better, EASIER, HARDER)
            taken = rows[better]
            at[taken], data[taken] = trial[better], trial_data[better]
            cost[taken], slope[taken], curvature[taken] = (part[better] for part in found)
        self.members, self.weights = at, _weights(cost / TEMPER)
        unexplained = cost.min() > LOST_EACH * min(len(self.logs), N_READING) + LOST_LEAST
        self.lost = self.lost + 1 if unexplained else 0

    def _products(self, at: Floats, luck: Floats) -> Floats:
        """Of slopes and residual, summed over the last readings, (m, 6, 6); luck: (m, n) of as many readings."""
        points, logs = self.points[-luck.shape[1] :], self.logs[-luck.shape[1] :]
        m, n = luck.shape
        asked = np.empty((m, n, N_KNOB + 1))
        asked[..., :N_KNOB] = points - at[:, None, :N_KNOB]
        asked[..., N_KNOB] = at[:, None, 3]
        distance = np.einsum("mnk,mnk->mn", asked[..., :N_KNOB], asked[..., :N_KNOB])
        sigma = np.sqrt(self._variance[-n:] + self.model.unknown(distance))
        values, slope = self.model.signal(asked.reshape(m * n, -1))
        side_by_side = np.ones((m, n, N_HYPOTHESIS + 1))
        side_by_side[..., : N_KNOB + 1] = slope.reshape(m, n, -1)
        side_by_side[..., N_HYPOTHESIS] = values.reshape(m, n) + at[:, 4:] - logs
        self._newest = side_by_side[:, -1, N_HYPOTHESIS].copy(), sigma[:, -1]
        side_by_side[..., N_HYPOTHESIS] -= sigma * luck
        side_by_side /= sigma[..., None]
        return np.asarray((side_by_side.transpose(0, 2, 1) @ side_by_side) * SIGNS)


class _Hill:
    """What members must get down: the misfit to the readings and, in here, the distance from their anchors."""

    def __init__(self, model: YieldModel, anchors: Floats, width: Floats, scale_sigma: float) -> None:
        self.anchors = anchors.copy()
        self.anchors[:, 4] = 0.0
        self.stiffness = np.zeros((len(anchors), N_HYPOTHESIS, N_HYPOTHESIS))
        self.stiffness[:, :N_KNOB, :N_KNOB] = model.curvature / width[:, None, None] ** 2
        self.stiffness[:, 3, 3], self.stiffness[:, 4, 4] = B_SIGMA_RAD**-2, scale_sigma**-2

    def seen(self, at: Floats, products: Floats, rows: Rows | slice = slice(None)) -> tuple[Floats, Floats, Floats]:
        """Cost (m,), half its slope over the hypothesis (m, 5) and half its curvature (m, 5, 5), of some members."""
        away, stiffness = at - self.anchors[rows], self.stiffness[rows]
        pull = (stiffness @ away[..., None])[..., 0]
        return (
            products[:, -1, -1] + (pull * away).sum(axis=1),
            products[:, :-1, -1] + pull,
            products[:, :-1, :-1] + stiffness,
        )


def _weights(cost: Floats) -> Floats:
    """exp(-cost/2), summing to one."""
    weight = np.exp(-0.5 * np.minimum(cost - cost.min(), 120.0))
    return np.asarray(weight / weight.sum())


def _drawn(weights: Floats, count: int, rng: np.random.Generator) -> Rows:
    """Rows in proportion to their weights, as evenly as can be, rising."""
    edges = np.cumsum(weights)
    at = (np.arange(count) + rng.random()) / max(count, 1) * edges[-1]
    return np.asarray(np.minimum(np.searchsorted(edges, at), len(weights) - 1))
