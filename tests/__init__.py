"""Tests of every package, and the drawn truth of the tiny web."""
