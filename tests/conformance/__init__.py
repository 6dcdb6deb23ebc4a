"""Test cases of the Open Charge Alliance, as whole conversations."""
