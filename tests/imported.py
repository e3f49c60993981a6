"""What the server of tests/killable.py has imported before it forks; no thread may run then."""

import os
import threading

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations.expectations  # noqa: F401

import linklake.cli
import linklake.observe
import linklake.runs  # noqa: F401

assert threading.active_count() == 1, threading.enumerate()
