"""Tests of the marts and of the file that BI opens."""
