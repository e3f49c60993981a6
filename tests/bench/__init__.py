"""Measurements at a size that tests have no time for."""
