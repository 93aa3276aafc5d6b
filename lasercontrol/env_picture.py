"""One shot of the environment as a picture, drawn without any window."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.observation import Observation

__all__ = ["picture_of"]

DRAWN = ("frog", "marginals", "autocorrelation", "spectrum", "history")


def picture_of(observation: Observation) -> NDArray[np.uint8]:
    """The first diagnostic on the left, the knobs on the right; shape (height, width, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)  # ships no types for its methods
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    name = next((name for name in DRAWN if name in observation), "log_signal")
    if name == "frog":
        left.imshow(observation[name][-1].T, origin="lower", aspect="auto")
    else:
        left.plot(observation[name], ".-")
    left.set_title(f"{name}, log signal {observation['log_signal'].item():.2f}")
    right.bar(range(len(observation["knobs"])), observation["knobs"])
    right.set(ylim=(-0.5, 0.5), title="knobs")
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]
