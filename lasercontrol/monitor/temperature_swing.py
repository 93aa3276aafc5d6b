"""What the mount's temperature does to each laser, learned while the recipe swings it, with how uncertain that is.

Within each swing the logarithms are regressed on the temperature about the swing's own means, so that wear between two
swings does not enter; the swings' sums of squares add up.
"""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.monitor.finding import State
from lasercontrol.monitor.minute_means import Minute

__all__ = ["Temperature"]

UNKNOWN_PER_K = 0.02
"""Standard deviation of a coefficient that was never learned: T0 of 50 K. Sources: the table of T0 in the facts."""
SUMS = 9  # 1, T, T², y (3), Ty (3)
CARRIED = ("swing", "squares", "products", "residual", "freedom")


class Temperature:
    """Coefficients (n, 3) per K of the logarithms of current, meter and photodiode."""

    def __init__(self, n: int) -> None:
        self.swing = np.zeros((n, SUMS + 3))  # of the swing that is running; the last three: y²
        self.squares = np.zeros(n)
        self.products, self.residual = np.zeros((n, 3)), np.zeros((n, 3))
        self.freedom = np.zeros(n)

    def take(self, minute: Minute) -> NDArray[np.bool_]:
        """One minute; which lasers have just ended a swing, (n,)."""
        good = minute.dither & np.isfinite(minute.mount_c)
        t = np.where(good, minute.mount_c, 0.0)
        y = np.where(good[:, None], minute.log, 0.0)
        self.swing += np.column_stack([good, t, t**2, y, t[:, None] * y, y**2])
        ended = ~minute.dither & (self.swing[:, 0] > 0)
        if ended.any():
            self._close(ended)
        return ended

    @property
    def per_k(self) -> NDArray[np.float64]:
        """Coefficients (n, 3); 0 where nothing was learned."""
        known = self.squares > 0
        return np.asarray(np.where(known[:, None], self.products / np.where(known, self.squares, 1.0)[:, None], 0.0))

    @property
    def error_per_k(self) -> NDArray[np.float64]:
        """Their standard errors (n, 3)."""
        spread = self.residual / np.maximum(self.freedom, 1)[:, None]
        error = np.sqrt(spread / np.where(self.squares > 0, self.squares, np.inf)[:, None])
        return np.asarray(np.where((self.freedom > 2)[:, None], error, UNKNOWN_PER_K))

    def state(self) -> State:
        """The sums."""
        return {name: getattr(self, name).copy() for name in CARRIED}

    def restored(self, state: State) -> None:
        """Takes them up again."""
        for name in CARRIED:
            setattr(self, name, state[name].copy())

    def _close(self, ended: NDArray[np.bool_]) -> None:
        count = np.maximum(self.swing[:, 0], 1.0)
        t, tt = self.swing[:, 1] / count, self.swing[:, 2]
        y, ty, yy = self.swing[:, 3:6] / count[:, None], self.swing[:, 6:9], self.swing[:, 9:12]
        squares = np.where(ended, np.maximum(tt - count * t**2, 0.0), 0.0)
        products = np.where(ended[:, None], ty - (count * t)[:, None] * y, 0.0)
        total = np.where(ended[:, None], np.maximum(yy - count[:, None] * y**2, 0.0), 0.0)
        slope = products / np.where(squares > 0, squares, np.inf)[:, None]
        self.squares += squares
        self.products += products
        self.residual += np.maximum(total - slope * products, 0.0)
        self.freedom += np.where(ended, np.maximum(count - 2, 0.0), 0.0)
        self.swing[ended] = 0.0
