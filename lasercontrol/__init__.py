"""Tune a pulsed laser to its shortest pulse in a handful of shots, on real instruments or on a simulator."""

__version__ = "0.1.0"
