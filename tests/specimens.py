"""The zoo: one specimen or more of every kind, on which every law of that kind is tested.

A class without a specimen fails `tests/sim/test_elements.py`, so a newcomer cannot arrive untested.
"""

from sim.elements import Element, GlassBlock, PolynomialPhase, TreacyPair
from sim.glass import FUSED_SILICA, SF11

ELEMENTS: dict[type[Element], list[Element]] = {
    PolynomialPhase: [
        PolynomialPhase(),
        PolynomialPhase(gdd_ps2=-267.422, tod_ps3=2.384, fod_ps4=-0.0955),
    ],
    GlassBlock: [
        GlassBlock(material=FUSED_SILICA, length_mm=10.0, carrier_nm=1030.0),
        GlassBlock(material=SF11, length_mm=250.0, carrier_nm=800.0),
        GlassBlock(material=SF11, length_mm=0.0, carrier_nm=800.0),
    ],
    TreacyPair: [
        TreacyPair(lines_per_mm=1740, incidence_deg=60.0, separation_m=2.0, carrier_nm=1030.0),
        TreacyPair(lines_per_mm=600, incidence_deg=13.8865, separation_m=0.1, carrier_nm=800.0),
    ],
}
