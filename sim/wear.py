"""How laser diodes wear: modes, laws and acceleration."""

from enum import StrEnum

__all__ = ["Mode"]


class Mode(StrEnum):
    """What is the matter with a laser; everything else that its readings show is the rig's doing."""

    HEALTHY = "healthy"
    """Ordinary wear-out at its field rate, 2 % in 1,000 h: nothing that a night can show."""
    THRESHOLD = "threshold"
    """Gradual: the threshold rises (pattern A of Huang et al.)."""
    BOTH = "both"
    """Gradual: the threshold rises and the slope falls (pattern B)."""
    SLOPE = "slope"
    """Gradual: the slope falls (pattern C). Held-out split only."""
    RAPID = "rapid"
    """Dark lines grow: per cents within hours, after a random onset."""
    SUDDEN = "sudden"
    """Catastrophic optical damage: most of the light lost within one sample."""
    INFANT = "infant"
    """Infant mortality: sudden or rapid, early in the night."""
    REVERSE = "reverse"
    """Reverse ageing: the light grows in the first hours, and stays. No failure."""
    LEAKAGE = "leakage"
    """A leakage current grows, and 1/f noise with it."""
    REVERSE_THEN_WEAR = "reverse-then-wear"
    """The light grows in the first hours, then wear sets in. Held-out split only."""
    RAPID_IN_SWING = "rapid-in-swing"
    """Dark lines that begin while the laser's mount swings. Held-out split only."""

    @property
    def fails(self) -> bool:
        """Whether the laser itself loses light: what a monitor must find, and what alone it may call wear."""
        return self not in {Mode.HEALTHY, Mode.REVERSE}
