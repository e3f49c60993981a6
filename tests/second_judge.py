"""A stand-in for Great Expectations, which takes 3 s to import and half a second a gate: it counts as the profile does.

Processes of their own, ``Killable`` ones too, and tests marked ``great_expectations`` have the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from unittest.mock import patch

from linklake import data_docs, runs
from transforms import expectations
from transforms.expectations import Validation
from transforms.gates import Audit


@contextmanager
def replaced() -> Iterator[None]:
    """Gates of this process ask the stand-in."""
    with patch.object(data_docs, "validate", _validate), patch.object(runs, "prepare", lambda: None):
        yield


@contextmanager
def restored() -> Iterator[None]:
    """Gates of this process ask Great Expectations."""
    with (
        patch.object(data_docs, "validate", expectations.validate),
        patch.object(runs, "prepare", expectations.prepare),
    ):
        yield


def _validate(audit: Audit) -> Validation:
    broken = frozenset(f"{p.dataset}.{rule}" for p in audit.profiles for rule, failed in p.failed.items() if failed)
    is_stopped = any(audit.rules[rule].severity == "stop" for rule in broken)
    return Validation(version("great-expectations"), broken, is_stopped, {"results": []})
