"""Tests of the real bench."""
