"""The command line: what can be asked, and how each answer ends (receipt, exit code)."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from linklake import commands, stopping
from linklake.config import SETTINGS, Settings, load
from linklake.endings import explained
from linklake.progress import say, silence
from linklake.shell import in_lake
from schemas.lake import CODE_VERSION

_SETTING_FLAGS: Final = {
    "crawl": ("contact", "pages", "depth", "delay", "concurrency"),
    "check": ("contact", "delay", "concurrency"),
    "ingest": ("contact",),
}
_LAKE: Final = "./lake, or LINKLAKE_LAKE"
_ENGINE_COMMANDS: Final = (
    "demo", "crawl", "check", "ingest", "import-graph", "build", "run", "gate", "retract", "sql", "export", "explain",
    "report",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (DESIGN §4: 0 done, 1 failed, 2 misuse, 99 nothing to do)."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command is None:
        parser.print_help(sys.stderr)
        return 2
    settings = None
    try:
        settings = _settings(given)
        code = int(given.run(given, settings))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough (`| head`)
        code = 0
    except (Exception, KeyboardInterrupt) as error:
        stopping.over()
        code, words = explained(error)
        say(f"linklake {given.command}: {in_lake(words, settings) if settings else words}")
    _leave_quietly()
    return code


def _settings(given: argparse.Namespace) -> Settings:
    flags = {setting.name: getattr(given, setting.name, None) for setting in SETTINGS}
    settings = load(flags, environment=os.environ, folder=Path.cwd())
    if hasattr(given, "lake"):
        commands.check_lake_path(settings, os.environ)
    return settings


def _leave_quietly() -> None:
    """Let nothing of what a closed pipe did not take be complained about at exit, with an exit code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            silence(stream)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="linklake", description="A self-hosted backlink index for data engineers.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"linklake {CODE_VERSION}")
    doors = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, help_, run, arguments in _COMMANDS:
        door = doors.add_parser(name, help=help_, description=help_, allow_abbrev=False)
        door.set_defaults(run=run)
        for flags, options in arguments:
            door.add_argument(*flags, **options)
        if name not in ("init", "stages", "schema", "canonicalize", "extract"):
            default = "demo-lake" if name == "demo" else None
            door.add_argument("--lake", default=default, help=f"folder of the lake (default {default or _LAKE})")
        if name in _ENGINE_COMMANDS:
            door.add_argument("--memory", help="DuckDB's memory limit, such as 8GB")
            door.add_argument("--threads", help="threads of DuckDB")
        for setting in SETTINGS:
            if setting.name in _SETTING_FLAGS.get(name, ()):
                door.add_argument(f"--{setting.name}", help=setting.meaning)
    return parser


def _argument(*flags: str, **options: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return flags, options


_CRAWL_ID: Final = _argument("--crawl-id", help="the crawl (a-z 0-9 . -)")
_RECEIPT: Final = _argument("--receipt", type=Path, metavar="PATH", help="write the receipt to a file too")
_REASON: Final = _argument("--reason", metavar="TEXT", help="why, for whoever looks at it later")
_NO_PUBLISH: Final = _argument("--no-publish", action="store_true", help="stop before the gate: output stays staged")

_WARC: Final = _argument("--warc", action="store_true", help="keep every answer in LAKE/_warc/ID.warc.gz")
_CONNECT_TO: Final = _argument(
    "--connect-to",
    action="append",
    default=[],
    metavar="HOST=ADDRESS:PORT",
    help="connect there instead of looking HOST (or *.SUFFIX) up; names that address as allowed",
)
_ALLOW_NETWORK: Final = _argument(
    "--allow-network",
    action="append",
    default=[],
    metavar="NETWORK",
    help="a non-public network that may be connected to, such as 10.1.0.0/16",
)
_TOOLS: Final = ("ahrefs", "majestic", "semrush", "moz", "gsc", "bing", "generic")
"""crawlers.link_lists.TOOLS: not imported here, so that other commands start fast."""

_COMMANDS: Final = (
    (
        "demo",
        "crawl a generated web on loopback, build everything, show what came out",
        commands.demo,
        (
            _argument("--sites", type=int, default=300, help="how many sites the web has (60 or more; default 300)"),
            _argument("--seed", type=int, default=1, help="another seed is another web (default 1)"),
        ),
    ),
    ("init", "write a commented linklake.toml", commands.init, ()),
    ("config", "print each setting with its origin", commands.config, ()),
    ("doctor", "is this installation sound", commands.doctor, ()),
    (
        "crawl",
        "crawl the real web within the seeds' registrable domains (contact required)",
        commands.crawl,
        (
            _argument("seeds", nargs="*", metavar="SEED", help="URL to start from"),
            _argument("--seeds", dest="seeds_file", type=Path, metavar="FILE", help="file with a seed a line"),
            _argument("--demo", action="store_true", help="crawl the tiny built-in web, served on loopback meanwhile"),
            _argument("--follow-external", action="store_true", help="follow links to other domains too"),
            _WARC,
            _CONNECT_TO,
            _ALLOW_NETWORK,
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "check",
        "fetch the pages of a list of links again and say what became of each (contact required)",
        commands.check,
        (
            _argument(
                "links", nargs="?", type=Path, metavar="LINKS", help="CSV as a tool exports it, or source,target"
            ),
            _argument("--as", dest="tool", choices=_TOOLS, help="whose export it is (else from its header)"),
            _argument(
                "--target",
                action="append",
                default=[],
                metavar="TARGET",
                help="domain, host or URL prefix that links lead to, for lists without targets (Search Console)",
            ),
            _argument("--skip-targets", action="store_true", help="fetch the pages alone, not what they link to"),
            _argument("--output", type=Path, metavar="FILE", help="the result (default LINKS.checked.csv, a new file)"),
            _WARC,
            _CONNECT_TO,
            _ALLOW_NETWORK,
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "ingest",
        "read web archives (WARC and WAT, plain, .gz or .zst; a path, s3:// or http(s)://)",
        commands.ingest,
        (
            _argument("archives", nargs="*", metavar="FILE", help="web archive"),
            _argument("--paths", metavar="LIST", help="file (or s3://, http(s)://) with an archive a line; may be .gz"),
            _argument("--prefix", help="what comes before each line of LIST, such as s3://commoncrawl"),
            _argument("--shard", metavar="I/K", help="read every K-th archive, from the I-th on; settle when all are"),
            _argument("--targets", type=Path, metavar="FILE", help="keep only links to the domains, hosts, prefixes"),
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "import-graph",
        "read an edge list made elsewhere (Parquet, TSV, CSV)",
        commands.import_graph,
        (
            _argument("edges", type=Path, metavar="EDGES", help="columns source_domain, target_domain (or _host)"),
            _argument("--as", dest="node", choices=("domain", "host"), help="what names are (else from the columns)"),
            _argument("--nodes", type=Path, metavar="FILE", help="further nodes: a column domain or host"),
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "build",
        "every stage after observation, for every crawl not built yet",
        commands.build,
        (_CRAWL_ID, _RECEIPT),
    ),
    (
        "run",
        "build one stage for one crawl",
        commands.run,
        (
            _argument("stage", metavar="STAGE", help="see linklake stages"),
            _argument("--force", action="store_true", help="build it again although its inputs are the same"),
            _CRAWL_ID,
            _NO_PUBLISH,
            _RECEIPT,
        ),
    ),
    (
        "gate",
        "audit what a stage left staged, or what lies in quarantine, and publish it",
        commands.gate,
        (
            _argument("name", metavar="DATASET|STAGE", help="what is staged or quarantined"),
            _argument(
                "--accept",
                action="append",
                default=[],
                metavar="RULE",
                help="publish although RULE (or DATASET.RULE) does not hold; give --reason",
            ),
            _argument("--discard", action="store_true", help="throw away what is quarantined; give --reason"),
            _REASON,
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "next",
        "which crawl to build next: the first that is not up to date, else the newest",
        commands.next_crawl,
        (
            _argument("stages", nargs="*", metavar="STAGE", help="up to date at these stages (default: all)"),
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    (
        "retract",
        "withdraw what was published and what was built from it, or put it back",
        commands.retract,
        (
            _argument("name", nargs="?", metavar="DATASET|STAGE", help="what is published"),
            _argument("--undo", type=int, metavar="COMMIT", help="put back what that retraction withdrew"),
            _REASON,
            _CRAWL_ID,
            _RECEIPT,
        ),
    ),
    ("status", "what is staged, published, failed, and the next command", commands.status, (_CRAWL_ID,)),
    (
        "verify",
        "read every published file: is it what was written; names what mends it",
        commands.verify,
        (_argument("--quick", action="store_true", help="only look for missing and cut files"), _CRAWL_ID, _RECEIPT),
    ),
    (
        "housekeeping",
        "merge small files, delete what no version of the lake names",
        commands.housekeeping,
        (_argument("--dry-run", action="store_true", help="change nothing, say what would be"), _RECEIPT),
    ),
    (
        "sql",
        "read-only SQL over the marts and every dataset",
        commands.sql,
        (
            _argument("query", metavar="SELECT", help="one SELECT"),
            _argument("--format", choices=("table", "csv", "json"), default="table", help="how to write the answer"),
        ),
    ),
    (
        "export",
        "write a mart or view as CSV, a domain's disavow file, or the graph of domains",
        commands.export,
        (
            _argument("what", choices=("csv", "disavow", "graph"), help="what to write"),
            _argument("table", nargs="?", metavar="TABLE", help="of a csv: a mart or view, see linklake schema"),
            _argument("--domain", metavar="DOMAIN", help="the rows of this domain alone; a disavow file needs it"),
            _argument(
                "--output", type=Path, metavar="FILE", help="a new file (default stdout); graph: .tsv or .parquet"
            ),
        ),
    ),
    (
        "explain",
        "take the score of a domain apart; or show a link (or the links of a page) and read its record again",
        commands.explain,
        (
            _argument("source", metavar="SOURCE", help="a domain, or the URL of a page"),
            _argument("target", nargs="?", metavar="TARGET", help="URL that it links to (default: list its links)"),
            _argument("--archive", metavar="FILE", help="where the archive lies now, if it was moved"),
        ),
    ),
    (
        "report",
        "the index, or one domain of it, as one page that opens offline (or as Markdown or JSON on stdout)",
        commands.report,
        (
            _argument("--domain", metavar="DOMAIN", help="report on one domain (or host, or URL) instead of the index"),
            _argument("--format", choices=("html", "md", "json"), default="html", help="how to write it"),
            _argument(
                "--output",
                type=Path,
                metavar="FILE",
                help="where to write it, a new file (default: LAKE/report.html or LAKE/report-DOMAIN.html, made anew; "
                "md and json: stdout)",
            ),
            _argument("--force", action="store_true", help="write over FILE if it is there"),
        ),
    ),
    ("stages", "every stage, in order", commands.stages, ()),
    (
        "schema",
        "every dataset, or one with its columns",
        commands.schema,
        (
            _argument("dataset", nargs="?", metavar="DATASET", help="a dataset"),
            _argument("--format", choices=("markdown", "ddl"), default="markdown", help="how to write it"),
        ),
    ),
    ("canonicalize", "canonical URLs of the lines on stdin, as TSV", commands.canonicalize, ()),
    (
        "extract",
        "link observations of the HTML on stdin, as JSON lines",
        commands.extract,
        (_argument("--url", required=True, help="URL of the page"),),
    ),
)


def command_names() -> list[str]:
    """Every command."""
    return [name for name, *_ in _COMMANDS]
