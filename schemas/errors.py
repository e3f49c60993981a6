"""Every error that linklake raises on purpose, as one tree.

::

    LinklakeError                exit code 1: something failed; the message says what, where and what to do
    ├── Misuse                   exit code 2: the call itself is wrong (unknown stage, bad seed, bad setting)
    │   ├── UnknownName          a stage, dataset, crawl or setting that does not exist
    │   └── BadSetting           a setting whose value cannot be used
    ├── NoInput                  exit code 99: there is by nature nothing to do
    ├── LakeError                the lake cannot be read or written as asked
    │   ├── NewerLake            written by a newer linklake than this one
    │   ├── Conflict             another commit changed what this one had read (the fence)
    │   ├── DamagedFile          a file of a published partition is missing or altered
    │   └── NotPublished         a partition is needed that is not published (yet)
    ├── GateFailed               an audit stopped a partition
    └── ArchiveError             a web archive that cannot be read at all
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.ledger import Partition


class LinklakeError(Exception):
    """Something failed; ``str(error)`` is one line for the person on call."""

    exit_code = 1


class Misuse(LinklakeError):
    """The call itself is wrong."""

    exit_code = 2


class UnknownName(Misuse):
    """A stage, dataset, crawl or setting that does not exist."""


class BadSetting(Misuse):
    """A setting whose value cannot be used."""


class NoInput(LinklakeError):
    """There is by nature nothing to do: Airflow skips the task and all that follows."""

    exit_code = 99


class LakeError(LinklakeError):
    """The lake cannot be read or written as asked."""


class NewerLake(LakeError):
    """The lake was written by a newer linklake than this one."""


class Conflict(LakeError):
    """Another commit changed what this one had read."""


class DamagedFile(LakeError):
    """A file of a published partition is missing or altered; ``partition``, where known, says which."""

    def __init__(self, message: str, partition: "Partition | None" = None) -> None:
        super().__init__(message)
        self.partition = partition


class NotPublished(LakeError):
    """A partition is needed that is not published (yet)."""


class GateFailed(LinklakeError):
    """An audit stopped a partition: ``findings`` are what it found, ``next_command`` mends it."""

    def __init__(self, words: str, *, findings: Sequence[dict[str, Any]] = (), next_command: str | None = None):
        super().__init__(words)
        self.findings = tuple(findings)
        self.next_command = next_command


class ArchiveError(LinklakeError):
    """A web archive that cannot be read at all."""
