"""Tests of `drivers.emulators`."""
