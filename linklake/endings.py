"""How a command ends: its exit code, its last words and, where it has one, its receipt."""

import os
import signal
import traceback
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from linklake import stopping
from linklake.config import Settings
from linklake.progress import say
from linklake.receipts import Clock, Receipt, record_failure
from linklake.shell import in_lake
from linklake.verify import mending
from schemas.errors import DamagedFile, GateFailed, LinklakeError, Misuse, NoInput
from schemas.lake import CODE_VERSION


@dataclass(slots=True)
class Attempt:
    """What a command is at, for its receipt."""

    stage: str
    crawl_id: str | None = None
    next: str | None = None
    """What mends a failure, where that is known better than ``linklake status`` knows it."""

    def begin(self, crawl_id: str) -> str:
        """Say the crawl id, first of all that is said."""
        self.crawl_id = crawl_id
        say(f"crawl_id {crawl_id}")
        return crawl_id


def receipted(given: Namespace, settings: Settings, stage: str, work: Callable[[Attempt], Receipt]) -> int:
    """Do the work and print its receipt as the very last line, however it ends; returns the exit code.

    Raises:
        Misuse: the call itself is wrong: that has no receipt.
    """
    _check_receipt_path(given.receipt)
    clock, attempt, code, ending = Clock(), Attempt(stage), 0, _Ending(given, settings)
    root = settings.folder("lake")
    stopping.at_the_latest(lambda: _end_at_once(attempt, clock, root, ending))
    try:
        receipt = clock.stamp(_worded(work(attempt)))
        words = receipt.message and in_lake(receipt.message, settings)
        stopping.over()
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, Misuse) and not stopping.asked():
            raise
        stopping.over()
        code, said = explained(error)
        receipt = _failed(attempt, error, said, clock, root)
        if not receipt.findings:  # what a gate stopped is on record already, under the name of its stage
            record_failure(root, receipt, clock)
        words = ending.failed(said)
    ending.say(receipt, words)
    return code


@dataclass(frozen=True, slots=True)
class _Ending:
    """The last words of a command and its receipt, said once, whoever comes first."""

    given: Namespace
    settings: Settings
    once: Lock = field(default_factory=Lock)

    def failed(self, said: str) -> str:
        """The line that says what failed, with commands that can be typed as they stand."""
        return f"linklake {self.given.command}: {in_lake(said, self.settings)}"

    def say(self, receipt: Receipt, words: str | None) -> None:
        if not self.once.acquire(blocking=False):
            return
        if words:
            say(words)
        message, next_ = (text and in_lake(text, self.settings) for text in (receipt.message, receipt.next))
        with suppress(BrokenPipeError):  # nobody listens any more: the exit code still says how it ended
            replace(receipt, message=message, next=next_).print(self.given.receipt)


def _end_at_once(attempt: Attempt, clock: Clock, root: Path, ending: _Ending) -> None:
    """The end of a command that a signal did not end in time: it leaves no row of stage_runs."""
    error = KeyboardInterrupt()
    _, said = explained(error)
    ending.say(_failed(attempt, error, said, clock, root), ending.failed(said))


def explained(error: BaseException) -> tuple[int, str]:
    """Exit code and the words for the person on call; the traceback of a defect is written to stderr before them."""
    if isinstance(error, KeyboardInterrupt) or stopping.asked():
        return stopping.end(stopping.asked() or signal.SIGINT)
    if isinstance(error, DamagedFile) and error.partition:
        return error.exit_code, f"{error}: {mending(error.partition)}"
    if isinstance(error, LinklakeError):
        return error.exit_code, str(error)
    if isinstance(error, OSError) and error.strerror:
        return 1, ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    traceback.print_exception(error)
    return 1, f"a defect of linklake {CODE_VERSION} ({type(error).__name__}): please report the lines above"


def _worded(receipt: Receipt) -> Receipt:
    if receipt.message or receipt.outcome != "unchanged":
        return receipt
    message = f"{receipt.stage} for crawl {receipt.crawl_id} is already published, from the same inputs"
    return replace(receipt, message=message)


def _failed(attempt: Attempt, error: BaseException, words: str, clock: Clock, root: Path) -> Receipt:
    outcome = "stopped" if isinstance(error, GateFailed) else "no_input" if isinstance(error, NoInput) else "failed"
    if stopping.asked():
        outcome = "failed"
    next_ = attempt.next or ("linklake status" if (root / "_lake.json").exists() else "linklake doctor")
    receipt = Receipt(attempt.stage, attempt.crawl_id, outcome, published=False, message=words, next=next_)
    if isinstance(error, GateFailed) and error.next_command:
        receipt = replace(receipt, findings=error.findings, next=error.next_command)
    return clock.stamp(receipt)


def _check_receipt_path(path: Path | None) -> None:
    """Better no work than work whose receipt cannot be written."""
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Misuse(f"cannot write the receipt to {path}: name a file in a folder that exists and can be written")
