"""Files for other tools: any mart or view as CSV, a domain's disavow file, the graph of domains."""

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import groupby
from pathlib import Path
from typing import Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from linklake.config import Settings
from linklake.harmless import cell, visible
from linklake.known_domains import Index, Row, domain_of, open_index
from linklake.progress import say
from linklake.questions import ask, write
from schemas.catalog import MARTS, VIEWS
from schemas.dataset import Dataset
from schemas.errors import Misuse, UnknownName
from schemas.lake import Lake
from schemas.render import quoted
from schemas.vocabulary import DISAVOW_REASON

DOMAIN_COLUMNS: Final = ("domain", "target_domain", "source_domain")
"""By which ``--domain`` chooses rows: the first of these that a table has."""

LONGEST_URL: Final = 2048
MOST_LINES: Final = 100_000
"""What Google takes: https://support.google.com/webmasters/answer/2648487."""

GRAPH_COLUMNS: Final = ("source_domain", "target_domain", "link_count", "followed_link_count")
"""As ``import-graph`` reads them."""

_BATCH_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write: ``table`` of a csv, rows of ``domain`` alone, to ``output`` or else to stdout."""

    table: str | None = None
    domain: str | None = None
    output: Path | None = None


def export_csv(lake: Lake, settings: Settings, request: ExportRequest) -> None:
    """Write a mart or view, or the rows of one domain in it, ordered by its key.

    Raises:
        Misuse: there is no such table, it has no domains, or the output cannot be written.
        LakeError: the domain is not in the index, or there are no marts.
    """
    table = _table(request.table)
    column = next((c.name for c in table.columns if c.name in DOMAIN_COLUMNS), None)
    if request.domain and column is None:
        raise Misuse(f"{table.name} is not about domains: leave out --domain")
    with _opened(request.output) as stream:
        index = open_index(lake, settings)
        which = f" where {column} = {quoted(index.known(domain_of(request.domain)))}" if request.domain else ""
        columns, key = ", ".join(c.name for c in table.columns), ", ".join(table.key)
        sql = f"select {columns} from {table.name}{which} order by {key}"
        names, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
        write(names, (tuple(map(cell, row)) for row in rows), stream, format="csv")


def export_disavow(lake: Lake, settings: Settings, request: ExportRequest) -> None:
    """Write what the owner of a domain may want to disavow, in Google's format, with the reasons as comments.

    Raises:
        Misuse: no domain is named, or the output cannot be written.
        LakeError: the domain is not in the index, or there are no marts.
    """
    if request.table or not request.domain:
        raise Misuse("a disavow file is of one domain: linklake export disavow --domain DOMAIN")
    with _opened(request.output) as stream:
        index = open_index(lake, settings)
        domain = index.known(domain_of(request.domain))
        candidates = index.rows(f"from disavow_candidates where target_domain = {quoted(domain)}")
        for line in disavow_lines(index, domain, candidates):
            stream.write(f"{line}\n")
    say(f"{len(candidates)} candidates for {domain}: read them before you hand anything in")


def export_graph(lake: Lake, settings: Settings, request: ExportRequest) -> None:
    """Write who links to whom, domain by domain: TSV, or Parquet where the output is called so.

    Raises:
        Misuse: rows are asked for that a graph does not have, or the output cannot be written.
        LakeError: there is no graph.
    """
    if request.table or request.domain:
        raise Misuse("a graph is exported whole: linklake export graph [--output FILE]")
    sql = f"select {', '.join(GRAPH_COLUMNS)} from domain_edges order by source_domain, target_domain"

    def edges() -> Iterable[tuple[str, str, int, int]]:
        open_index(lake, settings)
        _, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
        return rows

    if request.output and request.output.suffix == ".parquet":
        with _aside(request.output) as aside:
            _write_parquet(aside, edges())
        return
    with _opened(request.output) as stream:
        stream.write("\t".join(GRAPH_COLUMNS) + "\n")
        for source, target, *counts in edges():
            stream.write("\t".join((visible(source), visible(target), *map(str, counts))) + "\n")


EXPORTS: Final[dict[str, Callable[[Lake, Settings, ExportRequest], None]]] = {
    "csv": export_csv,
    "disavow": export_disavow,
    "graph": export_graph,
}


def disavow_lines(index: Index, domain: str, candidates: Iterable[Row]) -> Iterator[str]:
    """The lines of a disavow file: whole domains before single pages, those with most links first."""
    scope = _comment(index.info["scope"])
    yield f"# Candidates to disavow for {visible(domain)}, by linklake: data as of {index.as_of}, scope: {scope}."
    yield "# Read every line first. Google disregards most bad links by itself; a good one that is disavowed is lost."
    ordered = sorted(candidates, key=lambda c: (c["entry_kind"], c["disavow_reason"], -c["backlinks"], c["entry"]))
    written = 0
    for reason, group in groupby(ordered, key=lambda c: str(c["disavow_reason"])):
        yield "#"
        yield f"# {DISAVOW_REASON[reason]}"
        for candidate in group:
            yield _said(candidate)
            line = f"domain:{candidate['entry']}" if candidate["entry_kind"] == "domain" else str(candidate["entry"])
            if problem := _problem(line, written):
                yield f"# left out, {problem}: {_comment(line)}"
            else:
                written += 1
                yield line


def _said(candidate: Row) -> str:
    links = f"{candidate['backlinks']} links, {candidate['followed_backlinks']} pass equity"
    return f"# {links}: {_comment(candidate['why'])}" if candidate["why"] else f"# {links}"


def _problem(line: str, written: int) -> str | None:
    """Why Google would not take a line."""
    if not line.isascii() or not line.isprintable() or " " in line:
        return "not plain ASCII"
    if len(line) > LONGEST_URL:
        return f"longer than {LONGEST_URL} characters"
    return f"beyond {MOST_LINES:,} lines" if written >= MOST_LINES else None


def _comment(text: object) -> str:
    return visible(str(text))[:500]


def _table(name: str | None) -> Dataset:
    tables = {table.name: table for table in (*MARTS, *VIEWS)}
    if name in tables:
        return tables[name]
    asked = f"there is no mart or view {name}" if name else "name a mart or view: linklake export csv TABLE"
    raise UnknownName(f"{asked}; there are {', '.join(tables)}")


def _write_parquet(path: Path, rows: Iterable[tuple[str, str, int, int]]) -> None:
    schema = pa.schema([pa.field(c, pa.int64() if c.endswith("_count") else pa.string()) for c in GRAPH_COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        batch: list[tuple[str, str, int, int]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _BATCH_ROWS:
                writer.write_table(_edges(batch, schema))
                batch.clear()
        writer.write_table(_edges(batch, schema))


def _edges(rows: list[tuple[str, str, int, int]], schema: pa.Schema) -> pa.Table:
    return pa.table([[row[i] for row in rows] for i in range(len(schema))], schema=schema)


# -- where it goes -------------------------------------------------------------------------------------------


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """A stream of UTF-8 that becomes the output when all is written, or stdout."""
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
        yield sys.stdout
        return
    with _aside(output) as aside, aside.open("w", encoding="utf-8", errors="replace", newline="") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _aside(output: Path) -> Iterator[Path]:
    """A new file beside the output, which takes its name at the end; nothing stays of one that is not finished.

    Raises:
        Misuse: the output exists, or its folder cannot be written to.
    """
    if output.exists() or output.is_symlink():
        raise Misuse(f"{output} exists: name another --output, or move it away")
    aside = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    try:
        aside.touch(exist_ok=False)
    except OSError as error:
        raise Misuse(f"cannot write {output} ({error.strerror}): name an --output in a folder that takes it") from error
    try:
        yield aside
        try:
            os.link(aside, output)  # refuses what another has written meanwhile
        except FileExistsError:
            raise Misuse(f"{output} exists: name another --output, or move it away") from None
        except OSError:  # a disk that knows no links
            os.rename(aside, output)
    finally:
        aside.unlink(missing_ok=True)
