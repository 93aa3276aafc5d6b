"""Instruments: links, declared parameters, one file each. Knows no physics."""
