"""Tests of the array kernels that measure a link graph."""
