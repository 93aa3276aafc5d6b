"""Instruments of the twin: they speak the protocols of real ones over TCP, a serial line, HTTP or a folder.

Written from the manuals, never from the drivers' tables: a mistake shared by both would never be found. An emulator
knows no physics; what it measures it is told by a callable. The standard library and NumPy suffice.
"""
