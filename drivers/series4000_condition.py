"""What a Thorlabs Series 4000 controller says of its state in one answer, in words.

Source: Series 4000 SCPI Programmers Reference Manual 3.3 (2015), page 72, "Measurement Register Group".
"""

from enum import KEEP, Flag

__all__ = ["KEEPS_OFF", "Condition"]


class Condition(Flag, boundary=KEEP):
    """What `STAT:MEAS:COND?` says (manual, page 72). Bits that the manual does not use are kept, and told."""

    KEYLOCK = 1
    COMPLIANCE = 2
    INTERLOCK = 4
    CURRENT_LIMIT = 8
    OUTPUT_INHIBIT = 16
    POWER_LIMIT = 32
    TEMPERATURE_PROTECTION = 256
    TEMPERATURE_WINDOW = 512
    TEMPERATURE_SENSOR = 1024
    TEC_COMPLIANCE = 2048
    TEC_CONNECTION = 4096
    OVER_TEMPERATURE = 16384

    @property
    def words(self) -> tuple[str, ...]:
        """Each flag in words."""
        known = tuple(WORDS[flag] for flag in Condition if flag in self)
        unknown = self.value & ~sum(flag.value for flag in Condition)
        return (*known, f"bits {unknown:#x} that the manual does not explain") if unknown else known


WORDS = {
    Condition.KEYLOCK: "the key is turned off",
    Condition.COMPLIANCE: "the diode needs more than the compliance voltage",
    Condition.INTERLOCK: "the interlock is open",
    Condition.CURRENT_LIMIT: "the current is at its limit",
    Condition.OUTPUT_INHIBIT: "the LD ENABLE input keeps the output off",
    Condition.POWER_LIMIT: "the power is at its limit",
    Condition.TEMPERATURE_PROTECTION: "the temperature protection is active",
    Condition.TEMPERATURE_WINDOW: "the temperature is outside its window",
    Condition.TEMPERATURE_SENSOR: "the temperature sensor fails",
    Condition.TEC_COMPLIANCE: "the TEC needs more than the compliance voltage",
    Condition.TEC_CONNECTION: "the TEC is not connected",
    Condition.OVER_TEMPERATURE: "the controller is too hot",
}
KEEPS_OFF = (
    Condition.KEYLOCK
    | Condition.INTERLOCK
    | Condition.OUTPUT_INHIBIT
    | Condition.TEMPERATURE_PROTECTION
    | Condition.OVER_TEMPERATURE
)
"""What keeps a laser diode's output off."""
