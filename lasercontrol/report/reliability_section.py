"""FIT and mean time to failure at use conditions, each figure beside what it assumes."""

import math

import numpy as np

from lasercontrol.report.markup import Markup, element
from lasercontrol.report.night import Night
from lasercontrol.report.reliability import FIT_HOURS, Lifetimes, UseConditions, acceleration, fit_upper, lognormal_of
from lasercontrol.report.table import section, table

__all__ = ["lifetimes_of", "reliability", "reliability_json"]

ENERGIES_EV = (0.4, 0.55, 0.7)
"""Cautious, oxide VCSEL, common for GaAs and InP: the factor between them is the greatest doubt there is."""


def lifetimes_of(night: Night) -> Lifetimes | None:
    """Times to the criterion in hours of the test: seen where it was crossed, else projected."""
    hours = [
        laser.crossed_h if laser.crossed_h is not None else laser.on_h + (laser.hours_to_eol or math.nan)
        for laser in night.lasers
    ]
    seen = sum(laser.crossed_h is not None for laser in night.lasers)
    wearing = sum(math.isfinite(hour) for hour in hours)
    # A night in which one laser wears says nothing of the others' lives.
    return lognormal_of(np.array(hours), seen) if wearing > len(hours) / 2 else None


def reliability_json(night: Night, use: UseConditions) -> dict[str, object]:
    """The same figures for programs."""
    factor = acceleration(use, night.stress_c) if night.stress_c is not None else None
    hours = night.device_hours * (factor or 1.0)
    law = lifetimes_of(night)
    return {
        "failures": night.failures,
        "device_hours": round(night.device_hours, 3),
        "stress_c": None if night.stress_c is None else round(night.stress_c, 2),
        "use_c": use.use_c,
        "current_ratio": use.current_ratio,
        "ea_ev": use.ea_ev,
        "current_exponent": use.exponent,
        "acceleration": None if factor is None else float(f"{factor:.5g}"),
        "fit": _finite(night.failures / hours * FIT_HOURS if hours else math.nan),
        "fit_upper_60": _finite(fit_upper(night.failures, hours, 0.60)),
        "fit_upper_95": _finite(fit_upper(night.failures, hours, 0.95)),
        "wear_median_h": None if law is None else round(law.median_h * (factor or 1.0), 1),
        "wear_sigma": None if law is None else round(law.sigma, 4),
        "mttf_h": None if law is None else round(law.mean_h * (factor or 1.0), 1),
        "at": "use" if factor is not None else "stress",
    }


def _finite(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def reliability(night: Night, use: UseConditions) -> Markup:
    """The part of the page."""
    if not night.device_hours > 0:
        return section("Reliability", element("p", "No device-hours: nothing can be said.", class_="none"))
    return section(
        "Reliability",
        _rates(night, use),
        _wear(night, use),
        element("ul", *[element("li", line) for line in _assumed(night, use)], class_="plain soft"),
    )


def _rates(night: Night, use: UseConditions) -> Markup:
    columns = [
        ("Conditions", "", False),
        ("Acceleration", "", True),
        ("Device-hours", "h", True),
        ("Failures", "", True),
        ("Rate", "FIT", True),
        ("Upper bound 60 %", "FIT", True),
        ("Upper bound 95 %", "FIT", True),
    ]
    rows = [("as tested" + ("" if night.stress_c is None else f", {night.stress_c:.1f} °C"), 1.0)]
    if night.stress_c is not None:
        energies = sorted({*ENERGIES_EV, use.ea_ev})
        rows += [(f"use, {use.use_c:g} °C, Ea {ea:g} eV", acceleration(use, night.stress_c, ea)) for ea in energies]
    return table(columns, [_rate(night, name, factor) for name, factor in rows])


def _rate(night: Night, name: str, factor: float) -> Markup:
    hours = night.device_hours * factor
    point = _thousands(night.failures / hours * FIT_HOURS) if night.failures else "none failed"
    return element(
        "tr",
        element("td", name),
        *[
            element("td", text, class_="n")
            for text in (
                f"{factor:,.3g}",
                _thousands(hours),
                str(night.failures),
                point,
                _thousands(fit_upper(night.failures, hours, 0.60)),
                _thousands(fit_upper(night.failures, hours, 0.95)),
            )
        ],
    )


def _thousands(value: float) -> str:
    """Three digits, then thousands; nobody knows a rate better."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def _wear(night: Night, use: UseConditions) -> Markup:
    law = lifetimes_of(night)
    if law is None:
        words = "Mean time to failure by wear: this log cannot show it; too few lasers wear beyond their uncertainty."
        return element("p", words, class_="soft")
    seen = f"{law.seen} of {law.lasers} lasers seen to cross, {law.lasers - law.seen} projected"
    mean = f"mean (MTTF) {law.mean_h:,.0f} h"
    rows = [("Wear-out as tested", f"median {law.median_h:,.0f} h, σ {law.sigma:.2f} (lognormal), {mean}; {seen}")]
    if night.stress_c is not None:
        factor = acceleration(use, night.stress_c)
        years = f"{law.mean_h * factor / 8766:,.0f} years"
        mean = f"mean (MTTF) {_thousands(law.mean_h * factor)} h ({years})"
        rows.append((f"At use, Ea {use.ea_ev:g} eV", f"median {_thousands(law.median_h * factor)} h, {mean}"))
    return element("dl", *[part for name, text in rows for part in (element("dt", name), element("dd", text))])


def _assumed(night: Night, use: UseConditions) -> list[str]:
    lines = ["The log names no temperature of the test, so nothing is scaled to use conditions."]
    if night.stress_c is not None:
        formula = "(I_stress/I_use)ⁿ · exp[Ea/k (1/T_use − 1/T_stress)]"
        figures = f"T_stress {night.stress_c:.1f} °C, T_use {use.use_c:g} °C, Ea {use.ea_ev:g} eV"
        lines = [
            f"Acceleration {formula} with {figures}, I_stress/I_use {use.current_ratio:g}, n {use.exponent:g}.",
            "Temperatures are the mount's; the junction's rise above it is not known here and taken as equal.",
            "Ea is assumed, not measured; the rows above show what hangs on it.",
        ]
    failed = f"A failed laser counts until it failed; {night.failures} did."
    lines += [
        f"Rate r/T of a constant hazard; one FIT is one failure in 10⁹ device-hours. {failed}",
        "Upper bound χ²(confidence; 2r + 2)/2T, which holds where nothing has failed as well.",
    ]
    if lifetimes_of(night) is not None:
        lines.append("Wear-out is no constant hazard: where lasers wear, MTTF is that of the lognormal law.")
    return lines
