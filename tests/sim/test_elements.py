"""Laws that hold for every optical element, and for the next one too."""

from collections.abc import Callable, Iterator
from inspect import isabstract

import numpy as np
import pytest

from sim.array import Array
from sim.elements import Element, GlassBlock, PolynomialPhase
from sim.glass import FUSED_SILICA
from tests.closeness import assert_close
from tests.specimens import ELEMENTS

SPECIMENS = [specimen for specimens in ELEMENTS.values() for specimen in specimens]
ω = np.linspace(-6.0, 6.0, 13)
every_element = pytest.mark.parametrize("element", SPECIMENS, ids=str)


def kinds(parent: type) -> Iterator[type]:
    children: list[type] = parent.__subclasses__()
    for kind in children:
        if not isabstract(kind) and kind.__module__.startswith("sim."):
            yield kind
        yield from kinds(kind)


def strangers(parent: type) -> set[str]:
    return {kind.__name__ for kind in kinds(parent)} - {kind.__name__ for kind in ELEMENTS}


def test_every_element_has_a_specimen() -> None:
    assert len({*kinds(Element)}) >= 3, "this test would pass by looking at nothing"
    assert not strangers(Element), f"add a specimen of {strangers(Element)} to tests/specimens.py"


def test_an_unknown_newcomer_is_noticed() -> None:
    class Root:
        """A family of its own, so that the newcomer is not left behind in the real one."""

    newcomer = type("Newcomer", (Root,), {"__module__": "sim.newcomer", "phase_rad": None, "coefficients": None})
    assert strangers(Root) == {newcomer.__name__}


@every_element
def test_near_the_carrier_the_phase_is_its_taylor_polynomial(
    element: Element, asarray: Callable[[Array], Array]
) -> None:
    near = np.array([-1e-2, -1e-3, 1e-6, 1e-3, 1e-2])
    taylor = PolynomialPhase(**element.coefficients._asdict())
    assert_close(element.phase_rad(asarray(near)), taylor.phase_rad(near), rel=1e-12)


@every_element
def test_constant_and_delay_are_left_out(element: Element, asarray: Callable[[Array], Array]) -> None:
    """|φ(ω)| <= |curvature| ω² down to the smallest ω: neither a constant nor a slope is left."""
    tiny = np.array([-1e-9, 0.0, 1e-9])
    phase_rad = np.asarray(element.phase_rad(asarray(tiny)))
    assert phase_rad[1] == 0
    assert (np.abs(phase_rad) <= 0.51 * abs(element.coefficients.gdd_ps2) * tiny**2).all()


@every_element
def test_phase_follows_shape_library_and_precision(element: Element, asarray: Callable[[Array], Array]) -> None:
    batch = np.stack([ω, 0.5 * ω])
    exact = element.phase_rad(asarray(batch))
    single = element.phase_rad(asarray(batch.astype(np.float32)))
    assert type(exact) is type(asarray(ω))
    assert exact.shape == batch.shape
    assert (exact.dtype, single.dtype) == (asarray(ω).dtype, asarray(ω.astype(np.float32)).dtype)
    assert_close(single, element.phase_rad(batch.astype(np.float32).astype(np.float64)), rel=2e-6)
    assert_close(exact[0], element.phase_rad(ω), rel=1e-12)


@pytest.mark.parametrize("length_mm", [-1.0, float("inf"), float("nan")])
def test_glass_without_a_length_is_refused(length_mm: float) -> None:
    with pytest.raises(ValueError, match=r"length_mm=.* mm is not a length"):
        GlassBlock(material=FUSED_SILICA, length_mm=length_mm, carrier_nm=1030.0)


def test_glass_refuses_a_carrier_its_equation_does_not_know() -> None:
    with pytest.raises(ValueError, match="wavelength 100 nm is outside"):
        GlassBlock(material=FUSED_SILICA, length_mm=1.0, carrier_nm=100.0)


def test_phase_of_glass_grows_with_its_length() -> None:
    thin, thick = (GlassBlock(material=FUSED_SILICA, length_mm=l, carrier_nm=1030.0) for l in (2.0, 6.0))
    assert_close(thick.phase_rad(ω), 3 * thin.phase_rad(ω), rel=1e-14)
    assert_close(thick.coefficients, 3 * np.array(thin.coefficients), rel=1e-14)


def test_gradient_of_the_phase_is_the_group_delay() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    element = GlassBlock(material=FUSED_SILICA, length_mm=10.0, carrier_nm=1030.0)
    offsets = torch.tensor([-1e-3, 1e-3], dtype=torch.float64, requires_grad=True)
    element.phase_rad(offsets).sum().backward()
    assert_close(offsets.grad, element.coefficients.gdd_ps2 * np.array([-1e-3, 1e-3]), rel=1e-5)
