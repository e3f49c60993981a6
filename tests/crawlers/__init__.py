"""Tests of seeing: extraction, placement, directives and fetching."""
