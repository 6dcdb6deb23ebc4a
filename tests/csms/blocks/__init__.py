"""Tests of the functional blocks."""
