"""Tests in a real Home Assistant process."""
