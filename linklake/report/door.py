"""Measures a report from one version of the lake and writes it to where it belongs."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from linklake.questions import Questions
from linklake.report.as_json import as_json
from linklake.report.markdown import markdown
from linklake.report.measuring import Measures
from linklake.report.model import Report, Row
from linklake.report.of_domain import domain_report
from linklake.report.of_index import index_report
from linklake.report.shown import plain
from linklake.verify import serving_damage
from schemas.catalog import MART_VERSION
from schemas.durable import write_durably
from schemas.errors import LakeError, Misuse, NotPublished
from schemas.identity import CanonicalUrl, judge
from schemas.lake import Lake
from schemas.ledger import Snapshot
from schemas.render import quoted

Format = Literal["html", "md", "json"]

_NEAREST: Final = 5
_NO_FILE_NAME: Final = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted: the index (``domain`` None) or a domain, in a format, and where to write it (None: where reports
    belong). ``force`` writes over a file that is there."""

    domain: str | None
    format: Format
    output: Path | None
    force: bool


def report(lake: Lake, request: Request, *, memory: str, threads: int) -> tuple[Report, Path | None, str | None]:
    """The report, the file that it belongs in (None: stdout), and a warning in a line where something is amiss.

    Raises:
        Misuse: the output path exists or cannot be written, or the domain is none.
        NotPublished: the lake holds no marts, or marts of another version.
        LakeError: the index does not have the domain.
    """
    if request.output is not None:
        _check_output(request.output, force=request.force)
    questions = Questions(lake, memory=memory, threads=threads)
    measures = Measures(questions)
    about = _about(lake, questions.snapshot, measures)
    damage = serving_damage(lake, questions.snapshot)
    warning = f"{damage.what}; this report reads the lake itself. {damage.mending}" if damage else None
    if request.domain is None:
        measured = index_report(measures, about)
    else:
        measured = domain_report(measures, about, _known_domain(lake, measures, request.domain))
    return measured, _place(lake, request, measured), warning


def text_of(measured: Report, format_: Format) -> str:
    """A report in a format; only the page needs the library that draws."""
    if format_ == "md":
        return markdown(measured)
    if format_ == "json":
        return as_json(measured)
    from linklake.report.html import html

    return html(measured)


def save(path: Path, text: str) -> None:
    """Write a report whole or not at all.

    Raises:
        LakeError: it cannot be written there.
    """
    try:
        write_durably(path, text)
    except OSError as error:
        raise LakeError(
            f"cannot write {path} ({error.strerror}): name a file in a folder that can be written with --output"
        ) from error


def _about(lake: Lake, snapshot: Snapshot, measures: Measures) -> Row:
    rows = measures.ask("about").rows
    if not rows:
        raise NotPublished(f"{lake.root} has no tables to report on{_why_not(lake, snapshot)}")
    found = rows[0]["mart_version"]
    if found != MART_VERSION:
        raise NotPublished(
            f"the tables in {lake.root} are of version {found}, this linklake reads version {MART_VERSION}: "
            f"run linklake run build_marts --crawl-id {rows[0]['crawl_id']} --force"
        )
    return rows[0]


def _why_not(lake: Lake, snapshot: Snapshot) -> str:
    if snapshot.newest("host_ranks") and not snapshot.newest("domain_nodes"):
        return (
            ": it holds a graph of hosts alone, which is ranked and no more: ask linklake sql 'from host_ranks', or "
            "import a graph of domains"
        )
    if snapshot.crawls() or lake.unsettled():
        return " yet: run linklake build"
    return " yet: it holds no crawl: run linklake crawl, ingest or import-graph first"


def _check_output(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise Misuse(f"{path} is a folder: name a file in it with --output")
    if not path.parent.is_dir():
        raise Misuse(f"{path.parent} is no folder: make it, or name another file with --output")
    if path.exists() and not force:
        raise Misuse(f"{path} is there already: name another file with --output, or write over it with --force")


def _place(lake: Lake, request: Request, measured: Report) -> Path | None:
    if request.output is not None or request.format != "html":
        return request.output
    if measured.domain is None:
        return lake.root / "report.html"
    return lake.root / f"report-{_NO_FILE_NAME.sub('_', measured.domain.lower())[:120]}.html"


# -------------------------------------------------------------------- which domain


def _known_domain(lake: Lake, measures: Measures, given: str) -> str:
    """The domain that is meant: as given, or the registrable domain of a host or URL.

    Raises:
        Misuse: it cannot be a domain.
        LakeError: the index does not have it; the message names the nearest.
    """
    judged = judge(given if "://" in given else f"http://{given}")
    names = [given, *([judged.domain] if isinstance(judged, CanonicalUrl) else [])]
    listed = ", ".join(map(quoted, names))
    known = {row["domain"] for row in measures.answer("known", _KNOWN.format(listed=listed)).rows}
    for name in names:
        if name in known:
            return name
    if not isinstance(judged, CanonicalUrl):
        raise Misuse(f"{plain(given, 120)!r} is no domain ({judged.reason}): write one like example.org")
    nearest = measures.answer("nearest", _NEAREST_SQL.format(domain=quoted(judged.domain), top=_NEAREST)).rows
    words = ", ".join(plain(row["domain"], 100) for row in nearest) or "none at all"
    raise LakeError(f"{plain(judged.domain, 120)} is not in the index of {lake.root}; the nearest that are: {words}")


_KNOWN: Final = "select domain from domains where domain in ({listed})"
_NEAREST_SQL: Final = (
    "select domain from domains order by jaro_winkler_similarity(domain, {domain}) desc, "
    "referring_domains desc, domain limit {top}"
)
