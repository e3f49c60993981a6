"""The door that asks after a list of links: fetches their pages and targets once, and says what became of each row."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from crawlers.link_lists import BadRow, LinkList, ListedLink, read_link_list
from crawlers.settings import CrawlConfig
from crawlers.targets import Targets, targets_of
from linklake.config import Settings
from linklake.observe import already_published, begun, carry_on_crawl, contact_of, observe_live
from linklake.progress import say
from linklake.receipts import Clock, Receipt
from linklake.verdicts import VERDICT, Sighting, Visited, loose, target_verdict_of, verdict_of
from schemas.durable import write_durably
from schemas.errors import Misuse
from schemas.identity import CanonicalUrl, judge
from schemas.lake import Lake, now

COLUMNS: Final = (
    "line", "source_url", "target_url", "verdict", "target", "match", "found_url", "rel", "anchor_text", "placement",
    "is_hidden", "status", "final_url", "target_status", "target_final_url", "detail",
)  # fmt: skip

_REQUEST: Final = "check.json"
_EXAMPLES: Final = 5
_FETCH_COLUMNS: Final = (
    "fetch_id", "requested_url", "source_url", "state", "status", "error", "redirect_chain", "content_type",
    "is_nofollow",
)  # fmt: skip
_LINK_COLUMNS: Final = ("fetch_id", "target_url", "link_type", "rel", "anchor_text", "placement", "is_hidden")
_FORMULA: Final = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""What makes a spreadsheet compute a cell (OWASP, CSV injection), full-width forms included."""

_UNSEEN: Final = dict.fromkeys(
    [*range(0x20), 0x7F, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF],
    "\ufffd",
) | {0x200C: "\u200c", 0x200D: "\u200d"}
"""Controls, zero-width and direction marks; the joiners of Persian and of emoji stay."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to ask after: a list, whose it is (else by its header), where its links lead when it names no targets, and
    where the result goes (else beside the list)."""

    links: Path
    tool: str | None = None
    targets: tuple[str, ...] = ()
    skip_targets: bool = False
    output: Path | None = None
    connect_to: Mapping[str, str] = field(default_factory=dict)
    allow_networks: tuple[str, ...] = ()
    warc: bool = False
    """Keep every answer in a web archive in the lake."""

    @property
    def result(self) -> Path:
        """Where the result goes."""
        name = self.links.name.removesuffix(".gz")
        return self.output or self.links.with_name(f"{Path(name).stem}.checked.csv")


def check(lake: Lake, settings: Settings, request: CheckRequest, crawl_id: str) -> Receipt:
    """Fetch each page and each target of a list once, publish them as a crawl, and write the result.

    A killed check with the same list and crawl id is carried on. One that is published already only has its result
    written, unless it is there.

    Raises:
        Misuse: the list cannot be read, names no targets and none were given, or the result exists.
        LinklakeError: as ``crawl``.
    """
    clock = Clock()
    listed = read_link_list(request.links, request.tool)
    wanted = targets_of([(text, "--target") for text in request.targets], "--target") if request.targets else None
    if not listed.has_targets and wanted is None:
        raise Misuse(
            f"{request.links} ({listed.tool}) names no targets: say where its links lead, such as --target example.com"
        )
    config = _config(lake, settings, request, listed, crawl_id)
    receipt = already_published(lake, config.facts(), clock)
    if request.result.exists():
        if receipt:
            return replace(receipt, message=f"{receipt.message}, its result is {request.result}")
        raise Misuse(f"{request.result} exists: name another --output, or move it away")
    if not request.result.parent.is_dir():
        raise Misuse(f"cannot write {request.result}: name an --output in a folder that exists")
    if receipt is None:
        _announce(listed, config, request)
        _remember(lake, request, crawl_id)
        receipt = observe_live(lake, settings, config)
    return _told(lake, clock, receipt, request, listed, wanted)


def carry_on(lake: Lake, settings: Settings, crawl_id: str) -> Receipt:
    """Carry on the check of that id with its list and settings.

    Raises:
        Misuse: there is none to carry on, or its list is not there any more.
    """
    begun(lake, crawl_id, "check")
    clock, request = Clock(), _remembered(lake, crawl_id)
    listed = read_link_list(request.links, request.tool)
    wanted = targets_of([(text, "--target") for text in request.targets], "--target") if request.targets else None
    if request.result.exists():
        raise Misuse(f"{request.result} exists: move it away")
    receipt = carry_on_crawl(lake, settings, crawl_id, "check")
    return _told(lake, clock, receipt, request, listed, wanted)


# -------------------------------------------------------------------- what to fetch


def _config(lake: Lake, settings: Settings, request: CheckRequest, listed: LinkList, crawl_id: str) -> CrawlConfig:
    """A crawl of the listed pages, and of their targets, that follows redirects anywhere and no link."""
    asked = [one for link in listed.links for one in _asked(link, request)]
    seeds = tuple(dict.fromkeys(one.url for one in asked))
    return CrawlConfig(
        crawl_id=crawl_id,
        kind="check",
        started_at=now().isoformat(),
        folder=str(lake.observing(crawl_id)),
        seeds=seeds,
        contact=contact_of(settings),
        follow_external=True,
        depth=0,
        page_budget=len(seeds),
        delay=settings.number("delay"),
        concurrency=settings.whole("concurrency"),
        connect_to=dict(request.connect_to),
        allow_networks=request.allow_networks,
        warc=str(lake.warc(crawl_id)) if request.warc else None,
    )


def _asked(link: ListedLink, request: CheckRequest) -> Iterator[CanonicalUrl]:
    yield link.source
    if link.target is not None and not request.skip_targets:
        yield link.target


def _announce(listed: LinkList, config: CrawlConfig, request: CheckRequest) -> None:
    """Say how much there is to fetch, at least how long that takes, and which rows are none."""
    pages = len({link.source.url for link in listed.links})
    busiest = Counter(seed.host for seed in config.judged_seeds()).most_common(1)[0]
    say(
        f"check: {len(listed.links):,} links ({listed.tool}) on {pages:,} pages, {len(config.seeds) - pages:,} further "
        f"targets; {busiest[1]:,} requests to {busiest[0]} take at least {busiest[1] * config.delay / 60:,.1f} minutes"
    )
    if listed.bad:
        examples = "; ".join(f"line {row.line} {row.detail}" for row in listed.bad[:_EXAMPLES])
        say(f"check: bad_rows={len(listed.bad):,} of {request.links}, such as {examples}")


def _remember(lake: Lake, request: CheckRequest, crawl_id: str) -> None:
    folder = lake.observing(crawl_id)
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "links": str(request.links.absolute()),
        "tool": request.tool,
        "targets": list(request.targets),
        "skip_targets": request.skip_targets,
        "output": str(request.result.absolute()),
    }
    write_durably(folder / _REQUEST, json.dumps(said))


def _remembered(lake: Lake, crawl_id: str) -> CheckRequest:
    said = json.loads((lake.observing(crawl_id) / _REQUEST).read_text(encoding="utf-8"))
    return CheckRequest(
        links=Path(said["links"]),
        tool=said["tool"],
        targets=tuple(said["targets"]),
        skip_targets=said["skip_targets"],
        output=Path(said["output"]),
    )


# -------------------------------------------------------------------- what became of it


def _told(
    lake: Lake, clock: Clock, receipt: Receipt, request: CheckRequest, listed: LinkList, wanted: Targets | None
) -> Receipt:
    """The receipt once the result is written, with the rows by verdict."""
    results = list(_results(lake, str(receipt.crawl_id), listed, wanted))
    _write(request.result, results)
    verdicts = Counter(row["verdict"] for row in results)
    targets = Counter(row["target"] for row in results if row["target"] in ("redirected", "broken"))
    counts = {f"links_{word}": verdicts[word] for word in VERDICT if verdicts[word]}
    counts |= {f"targets_{word}": n for word, n in sorted(targets.items())}
    listed_counts = ", ".join(f"{name.replace('_', ' ', 1)} {n:,}" for name, n in counts.items())
    message = f"{len(results):,} rows of {request.links.name}: {listed_counts}; see {request.result}"
    rows = receipt.rows | {"rows": len(results), **counts}
    return clock.stamp(replace(receipt, rows=rows, message=message))


def _results(lake: Lake, crawl_id: str, listed: LinkList, wanted: Targets | None) -> Iterator[dict[str, Any]]:
    fetches = {row["requested_url"]: row for row in _rows(lake, crawl_id, "page_fetches", _FETCH_COLUMNS)}
    visited = {url: _visited(row) for url, row in fetches.items()}
    finals = {url: fetch.final_url for url, fetch in visited.items() if fetch.state in ("fetched", "not_html")}
    keys = {loose(url) for link in listed.links if link.target for url in _ends(link.target.url, finals)}
    sightings = _sightings(lake, crawl_id, keys, wanted, finals)
    for row in listed.rows:
        if isinstance(row, BadRow):
            yield {"line": row.line, "source_url": row.text, "verdict": "bad_row", "target": "", "detail": row.detail}
        else:
            fetch_id = fetches.get(row.source.url, {}).get("fetch_id", "")
            yield _result(row, visited, sightings.get(fetch_id, []), finals)


def _ends(url: str, finals: Mapping[str, str]) -> tuple[str, str]:
    return url, finals.get(url, url)


def _result(
    link: ListedLink, visited: Mapping[str, Visited], sightings: list[Sighting], finals: Mapping[str, str]
) -> dict[str, Any]:
    page = visited.get(link.source.url)
    target_url = link.target.url if link.target else None
    said = verdict_of(page, target_url, sightings, finals)
    target = visited.get(target_url or "")
    word, remark = target_verdict_of(target)
    found = said.found
    return {
        "line": link.line,
        "source_url": link.source.url,
        "target_url": target_url,
        "verdict": said.verdict,
        "target": word,
        "match": said.match,
        "found_url": found.target_url if found else None,
        "rel": " ".join(found.rel) if found else None,
        "anchor_text": found.anchor_text if found else None,
        "placement": found.placement if found else None,
        "is_hidden": str(found.is_hidden).lower() if found else None,
        "status": page.status if page else None,
        "final_url": page.final_url if page else None,
        "target_status": target.status if target else None,
        "target_final_url": target.final_url if target else None,
        "detail": "; ".join(part for part in (said.detail, f"target: {remark}" if remark else "") if part),
    }


def _visited(row: Mapping[str, Any]) -> Visited:
    return Visited(
        state=row["state"],
        status=row["status"],
        error=row["error"],
        final_url=row["source_url"],
        redirect_chain=tuple(row["redirect_chain"]),
        content_type=row["content_type"],
        is_nofollow=row["is_nofollow"],
    )


def _sightings(
    lake: Lake, crawl_id: str, keys: set[str], wanted: Targets | None, finals: Mapping[str, str]
) -> dict[str, list[Sighting]]:
    """By fetch, the links that may be listed ones: to a spelling of a target or of where one ended, or wanted."""
    found: dict[str, list[Sighting]] = {}
    for row in _rows(lake, crawl_id, "link_observations", _LINK_COLUMNS):
        url = row["target_url"]
        if keys.isdisjoint(map(loose, _ends(url, finals))) and not _is_wanted(url, wanted):
            continue
        fetch_id = row.pop("fetch_id")
        found.setdefault(fetch_id, []).append(Sighting(**{**row, "rel": tuple(row["rel"])}))
    return found


def _is_wanted(url: str, wanted: Targets | None) -> bool:
    judged = judge(url) if wanted else None
    return wanted is not None and isinstance(judged, CanonicalUrl) and wanted.keeps(judged)


def _rows(lake: Lake, crawl_id: str, dataset: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    partition = lake.snapshot().find(dataset, crawl_id)
    for file in partition.files if partition else ():
        for batch in pq.ParquetFile(lake.path(file)).iter_batches(columns=list(columns)):
            yield from batch.to_pylist()


def _write(path: Path, results: Iterable[Mapping[str, Any]]) -> None:
    """Write the result whole or not at all, and over nothing."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows({name: _cell(row.get(name)) for name in COLUMNS} for row in results)
    except FileExistsError:
        raise Misuse(f"{path} exists: name another --output, or move it away") from None
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula, and that shows what it holds."""
    text = "" if value is None else str(value).translate(_UNSEEN)
    return f"'{text}" if text.startswith(_FORMULA) else text
