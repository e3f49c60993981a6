"""What tests of DAGs start outside Airflow: linklake itself, and archives for it to read."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[2]
LINKLAKE: Final = REPOSITORY / ".venv" / "bin" / "linklake"

LANDED: Final = ("landed-first", "a-landed-second")
"""The crawls of the lake `landed`, in the order in which they were observed."""

TABLES: Final = (
    "page_fetches",
    "link_observations",
    "links",
    "link_classes",
    "domain_edges",
    "domain_nodes",
    "host_ranks",
    "domain_ranks",
    "farm_verdicts",
    "domain_authority",
    "domains",
    "backlinks_all",
    "anchors",
)
"""Those without times of the run itself."""


def linklake(*words: object) -> str:
    """What a command prints on stdout; it must succeed."""
    done = subprocess.run([LINKLAKE, *map(str, words)], capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def receipt(*words: object) -> dict[str, Any]:
    """The receipt of a command."""
    return dict(json.loads(linklake(*words).splitlines()[-1]))


def hashes(lake: Path) -> dict[str, str]:
    """A hash over all rows of each table as it stands now."""
    one = "select '{0}' as name, md5(string_agg(r, '|' order by r)) as hash from (select t::varchar as r from {0} t)"
    lines = linklake("sql", " union all ".join(one.format(t) for t in TABLES), "--lake", lake, "--format", "json")
    return {row["name"]: row["hash"] for row in map(json.loads, lines.splitlines())}


def write_archive(path: Path, pages: Mapping[str, str], *, at: str) -> Path:
    """A plain WARC file of HTML pages, all fetched at that time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for number, (url, html) in enumerate(pages.items()):
            body = html.encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
            block = head.encode() + body
            fields = (
                "WARC/1.0",
                "WARC-Type: response",
                f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>",
                f"WARC-Date: {at}",
                f"WARC-Target-URI: {url}",
                "Content-Type: application/http; msgtype=response",
                f"Content-Length: {len(block)}",
            )
            stream.write("\r\n".join(fields).encode() + b"\r\n\r\n" + block + b"\r\n\r\n")
    return path


def write_script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    os.chmod(path, 0o755)
    return path
