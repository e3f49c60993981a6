"""Tests of the kernels that find link farms."""
