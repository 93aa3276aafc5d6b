"""Tests of `lasercontrol`."""
