"""The one comparison of this test suite.

Most library comparisons carry a hidden absolute tolerance (NumPy 1e-8, pytest 1e-12, torch 1e-7). A millimetre of glass
has a TOD of 4e-8 ps³, so such a comparison calls it equal to zero. Here the tolerance is relative, and nothing else;
a lint rule bans the others.
"""

import numpy as np

from sim.array import Array


def assert_close(actual: Array, expected: Array, *, rel: float) -> None:
    """Fail unless |actual - expected| <= rel |expected| element by element.

    NumPy or torch on either side (gradients are dropped); shapes broadcast. Against an exact zero write the bound
    with its scale instead: ``assert abs(error_ps2) < 1e-9 * gdd_ps2``.
    """
    np.testing.assert_allclose(_numpy(actual), _numpy(expected), rtol=rel, atol=0.0)  # noqa: TID251 — the one place


def _numpy(values: Array) -> Array:
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
