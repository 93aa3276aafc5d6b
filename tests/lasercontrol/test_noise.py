import numpy as np
import pytest

from lasercontrol.noise import pixel_normals


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937], ids=lambda kind: kind.__name__)
def test_moments_are_those_of_a_standard_normal(bits: type[np.random.BitGenerator]) -> None:
    drawn = pixel_normals(np.random.Generator(bits(7)), (1000, 1000)).astype(np.float64)
    assert abs(drawn.mean()) < 4e-3
    assert drawn.std() == pytest.approx(1.0, rel=3e-3, abs=0)
    assert (drawn**4).mean() == pytest.approx(3.0, rel=2e-2, abs=0)
    neighbours = np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]
    assert abs(neighbours) < 4e-3


def test_the_same_seed_gives_the_same_pixels_and_any_shape_is_filled() -> None:
    one, two = (pixel_normals(np.random.default_rng(3), (3, 5, 7)) for _ in range(2))
    assert one.shape == (3, 5, 7)
    assert np.array_equal(one, two)
