"""Seeing: pages and archives become rows of what was observed."""
