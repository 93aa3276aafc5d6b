"""Steps of gym-laser's own environment, timed on request; run by the Python of the peer's environment.

For every line on standard input that holds a number of steps, one line with the CPU seconds per step comes back. This
file knows nothing of this project: none of it is installed there.
"""

import json
import sys
import time
import warnings
from importlib import import_module
from typing import Any

__all__ = ["serve"]


def serve() -> None:
    """Make the environment, say hello with the versions, then answer."""
    warnings.simplefilter("ignore")  # the peer's own affairs
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    gym_laser: Any = import_module("gym_laser")
    env = import_module("gym_laser.LaserEnv").FROGLaserEnv(**gym_laser.default_dynamics)
    env.action_space.seed(1)
    env.reset(seed=1)
    _answer({"torch": torch.__version__, "gymnasium": import_module("gymnasium").__version__})
    for line in sys.stdin:
        _answer(_cpu_s_per_step(env, int(line)))


def _cpu_s_per_step(env: Any, steps: int) -> float:
    actions = [env.action_space.sample() for _ in range(steps)]
    start_s = time.process_time()
    for action in actions:
        env.step(action)
    return (time.process_time() - start_s) / steps


def _answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
