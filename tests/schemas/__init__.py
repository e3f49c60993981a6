"""Tests of the ground: shapes, identity and place."""
