"""Packaged configurations, found by name as `lasercontrol.configs` wherever the program runs."""
