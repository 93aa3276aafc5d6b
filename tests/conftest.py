"""What every test may ask for. Nothing global is changed but the number of threads."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read by BLAS and torch as they load, so it stands before them
os.environ.setdefault("MPLBACKEND", "Agg")  # no test opens a window

import numpy as np
import pytest
from hypothesis import settings

from sim.array import Array

SEED = int(os.environ.get("LASERCONTROL_TEST_SEED", "20260101"))
ROOT = Path(__file__).parents[1]

# No deadline: how fast a test runs is the machine's affair. Derandomised: the same examples for everybody.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_report_header() -> str:
    """Print the seed, so that any red run can be repeated."""
    return f"seed: {SEED} (set LASERCONTROL_TEST_SEED to change it)"


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of its own for each test, from the seed in the header."""
    return np.random.default_rng(SEED)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of measured spectra and ageing data beside the checkout; its licence keeps it out of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the measured data folder ../shared/data is absent on this machine")
    return folder


@pytest.fixture(params=["numpy", "torch"])
def backend(request: pytest.FixtureRequest) -> ModuleType:
    """The array library; every law of `sim` is held on both."""
    if request.param == "numpy":
        return np
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    torch.set_num_threads(1)
    return import_module("torch")


@pytest.fixture
def asarray(backend: ModuleType) -> Callable[[Array], Array]:
    """Turn numbers into an array of the backend, float64 unless they say otherwise, shape (1,) at least."""

    def convert(values: Array) -> Array:
        own = np.atleast_1d(np.array(values))  # a copy: torch warns when it is handed read-only memory
        return backend.asarray(own if own.dtype.kind in "fc" else own.astype(np.float64))

    return convert
