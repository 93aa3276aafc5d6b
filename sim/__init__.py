"""Physics of pulses: pure functions and frozen values, on NumPy or torch. Knows no instrument and no file."""
