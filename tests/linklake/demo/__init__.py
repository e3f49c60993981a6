"""Tests of the built-in web and its server."""
