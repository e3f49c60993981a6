"""Runs commands as a shell would: with byte streams, both of them, and in the order in which they were written."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from linklake.cli import main

RECEIPT_FIELDS = {
    "stage", "crawl_id", "outcome", "published", "rows", "seconds", "peak_rss_bytes", "next", "message", "commit",
    "code_version",
    "findings",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; ``merged`` is what ``2>&1`` shows."""

    code: int
    out: str
    err: str
    merged: str

    @property
    def receipt(self) -> dict[str, Any]:
        """The receipt, which has to be the very last line of the merged streams."""
        assert self.merged.endswith("\n")
        receipt: dict[str, Any] = json.loads(self.merged.splitlines()[-1])
        assert set(receipt) == RECEIPT_FIELDS
        assert self.out.splitlines()[-1] == self.merged.splitlines()[-1], "it goes to stdout"
        return receipt

    @property
    def has_receipt(self) -> bool:
        """Whether anything that looks like a receipt was written."""
        return '"outcome"' in self.merged

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines of stdout, each a JSON object."""
        return [json.loads(line) for line in self.out.splitlines()]


class _Sink(io.RawIOBase):
    """Keeps what is written, by itself and merged with what others write."""

    def __init__(self, merged: bytearray) -> None:
        self.own, self._merged = bytearray(), merged

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.own += data
        self._merged += data
        return len(data)


def _environment(given: Mapping[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINKLAKE_", "AIRFLOW_"))}
    return kept | dict(given or {})


def call(
    *arguments: object, stdin: bytes = b"", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Ended:
    """Run a command in this process, with streams buffered as those of a process that writes to a pipe."""
    merged = bytearray()
    out, err = _Sink(merged), _Sink(merged)
    stdout = io.TextIOWrapper(io.BufferedWriter(out), encoding="utf-8")
    stderr = io.TextIOWrapper(io.BufferedWriter(err), encoding="utf-8", line_buffering=True)
    with (
        patch.dict(os.environ, _environment(environment), clear=True),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        chdir(folder or Path.cwd()),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit_:  # argparse
            code = int(exit_.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
    return Ended(code, out.own.decode(), err.own.decode(), merged.decode())


def command_line(*arguments: object) -> list[str]:
    """The words that start the command in a process of its own."""
    return [sys.executable, "-m", "linklake", *map(str, arguments)]


def process(*arguments: object, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Ended:
    """Run a command in a process of its own, stderr merged into stdout as BashOperator does it."""
    words, variables = command_line(*arguments), _environment(environment)
    done = subprocess.run(words, env=variables, cwd=folder, stdout=-1, stderr=subprocess.STDOUT, timeout=120)
    text = done.stdout.decode()
    return Ended(done.returncode, text, "", text)


def warc_record(url: str, html: bytes, *, date: str = "2026-03-01T12:00:00Z") -> bytes:
    """A WARC response, as a gzip member."""
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{len(html):032x}>\r\nWARC-Date: {date}\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + body + b"\r\n\r\n", mtime=0)


def two_pages(path: Path) -> Path:
    """A web archive of two pages that link to each other and to a third."""
    one = warc_record("http://one.test/", b"<p><a href='http://two.test/'>two</a> <a href='/b'>b</a></p>")
    two = warc_record("http://two.test/", b"<p><a rel=nofollow href='http://one.test/'>one</a></p>")
    path.write_bytes(one + two)
    return path
