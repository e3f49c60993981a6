"""Tests of the stages after observation."""
