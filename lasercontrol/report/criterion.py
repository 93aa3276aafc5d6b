"""What a log is held to: the recipe's criterion of end of life, or a customary one, which is then said."""

from lasercontrol.report.night import Criterion
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.row import Schema

__all__ = ["criterion_of"]

CHANGE_PERCENT = 10.0  # GaAs lasers of Meeker & Escobar (1998): end of life at 10 % more current
CURRENT_PERCENT = 20.0  # [M] customary: 20 % more current at constant power
POWER_PERCENT = 36.9  # [M] customary: 2 dB less power at constant current


def criterion_of(schema: Schema) -> Criterion:
    """What the log is held to."""
    if any(channel.name == CHANGE for channel in schema.channels):
        words = "no recipe came with this log of per cent change, so it is judged at 10 %, as the GaAs lasers of Meeker"
        return Criterion(CHANGE_PERCENT, "change", f"{words} and Escobar (1998) are")
    if schema.lasers[0].drive == "power":
        words = "no recipe came with this log, so it is judged at the customary 20 % more current at constant power"
        return Criterion(CURRENT_PERCENT, "current", words)
    words = (
        "no recipe came with this log, so it is judged at the customary 2 dB (36.9 %) less light at constant current"
    )
    return Criterion(POWER_PERCENT, "loss of light", words)
