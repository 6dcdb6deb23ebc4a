"""Tests of the central system; they run with or without Home Assistant."""
