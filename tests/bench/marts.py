"""Marts of ten million links, and how fast the file answers what people ask most: ``make bench-marts``."""

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb

from schemas.lake import CODE_VERSION, Lake
from schemas.render import quoted
from tests.bench.gates import BEGIN, CRAWL_ID, filled, partition, place, receipt_of
from transforms.engines.duckdb import Resources, connect
from transforms.links.stages import SETTLE_CRAWL
from transforms.marts.serving import SERVING_FILE

STAGES: Final = ("build_edges", "rank_domains", "score_farms", "score_authority", "build_marts")
SECONDS, MEMORY_MIB, MILLISECONDS = 300.0, 8 << 10, 200.0
"""What building the marts may take, and each question (issue: showcase)."""

RUNS: Final = 5
LINKS_PER_PAGE: Final = 40
PAGES_PER_HOST: Final = 10
_PLACE: Final = ("url", "url_id", "host", "host_id", "domain", "domain_id", "icann_domain")

QUESTIONS: Final = (
    ("the domains of highest authority", "from domains order by authority_rank limit 100"),
    ("a domain at a glance", "from v_overview where domain = $domain"),
    ("who links to it", "from v_referring_domains where target_domain = $domain "
     "order by source_authority_score desc, source_domain limit 100"),
    ("its links, best source first", "from backlinks where target_domain = $domain "
     "order by source_authority_score desc, source_url, target_url limit 100"),
    ("its newest links", "from backlinks where target_domain = $domain "
     "order by first_seen desc, source_url, target_url limit 100"),
    ("one link of each domain", "from v_one_link_per_domain where target_domain = $domain "
     "order by source_authority_score desc, source_domain limit 100"),
    ("in which words", "from v_anchors where target_domain = $domain "
     "order by referring_domains desc, anchor_text limit 100"),
    ("its best pages", "from v_best_pages where domain = $domain "
     "order by referring_domains desc, backlinks desc, url limit 100"),
    ("its broken pages", "from v_broken_targets where target_domain = $domain "
     "order by referring_domains desc, target_url limit 100"),
    ("to whom it links", "from v_linked_domains where source_domain = $domain "
     "order by links desc, target_domain limit 100"),
    ("its links to others", "from outlinks where source_domain = $domain order by source_url, target_url limit 100"),
)  # fmt: skip
"""Ten about one domain, and one about all."""


def answers(path: Path, domain: str, threads: int) -> Iterator[tuple[str, int, float, float]]:
    """Of every question: its name, rows, and milliseconds of its first run and the median of five in a new reader."""
    for name, question in QUESTIONS:
        values = {"domain": domain} if "$domain" in question else None
        with duckdb.connect(str(path), read_only=True, config={"threads": threads}) as connection:
            took, rows = [], 0
            for _ in range(RUNS):
                begin = time.perf_counter()
                rows = len(connection.execute(question, values).fetchall())
                took.append((time.perf_counter() - begin) * 1000)
        yield name, rows, took[0], statistics.median(took)


def asked_of(path: Path) -> tuple[str, str]:
    """The domain with most backlinks, and the one in the middle."""
    with duckdb.connect(str(path), read_only=True) as connection:
        ordered = connection.execute("select domain from domains order by backlinks desc, domain").fetchall()
    return str(ordered[0][0]), str(ordered[len(ordered) // 2][0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each stage and each question took; 1 when the marts or a question are over their budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--lake", type=Path, default=Path(".bench/marts"))
    parser.add_argument("--reuse", action="store_true", help="the lake of the last run: build its marts again")
    given = parser.parse_args(arguments)
    words = ("--crawl-id", CRAWL_ID, "--lake", str(given.lake))
    if not given.reuse:
        _observe(given.lake, given.rows)
    print(f"{given.rows:,} links, {CODE_VERSION}, seconds and peak RSS as the receipts say")
    is_over = False
    for stage in STAGES[-1:] if given.reuse else STAGES:
        receipt = receipt_of("run", stage, *words, "--memory", "5GB", *(["--force"] if given.reuse else []))
        seconds, mib = receipt["seconds"], receipt["peak_rss_bytes"] >> 20
        print(f"{stage:<16}{receipt['rows']['out']:>12,} rows{seconds:>9.1f} s{mib:>7} MiB", flush=True)
        is_over |= stage == STAGES[-1] and (seconds > SECONDS or mib > MEMORY_MIB)
    path = Lake.open(given.lake).serving / SERVING_FILE
    print(f"{path.name}: {path.stat().st_size >> 20:,} MiB")
    for domain in asked_of(path):
        print(f"\nabout {domain}, milliseconds: first, median of {RUNS}")
        for name, rows, first, median in answers(path, domain, threads=2):
            print(f"{name:<34}{rows:>5} rows{first:>9.1f}{median:>9.1f}", flush=True)
            is_over |= median > MILLISECONDS
    return int(is_over)


# -- ten million links ---------------------------------------------------------------------------------------


def _observe(lake: Path, rows: int) -> None:
    """Publish made-up links with their classes, as if a crawl had been deduplicated and classified."""
    shutil.rmtree(lake, ignore_errors=True)
    opened, spill = Lake.open_or_create(lake), lake.with_name(f"{lake.name}-spill")
    with connect(Resources("6GB", 2, spill)) as connection, opened.stage_area(SETTLE_CRAWL.name, CRAWL_ID) as area:
        connection.execute(f"create temp table linked as {_linked(rows)}")
        partitions = [partition(opened, area, *table, connection) for table in _tables().items()]
        opened.publish(opened.finish_staging(area, partitions, reads={}, receipt={"rows": {}}))
    shutil.rmtree(spill, ignore_errors=True)


def _linked(rows: int) -> str:
    """Row by row who links to whom: pages of 40 links, 10 pages a host, a third of the links on their host.

    The others prefer few of ten times as many hosts, and there one of 40 sections, or a page that nobody else links to;
    no page links twice to one URL. Every value follows from the row's number, so that each run builds the same tables.
    """
    hosts = max(1, rows // LINKS_PER_PAGE // PAGES_PER_HOST)
    host = (
        f"case when i % 3 = 0 then p // {PAGES_PER_HOST} "
        f"else cast(10 * {hosts} * pow((hash(i) % 1000003) / 1000003.0, 3) as bigint) end"
    )
    path = (
        f"case when hash(i + 1) % 2 = 0 then printf('section-%d', i % {LINKS_PER_PAGE}) else printf('page-%d', i) end"
    )
    source = place("source", f"(p // {PAGES_PER_HOST})", "printf('article-%d.html', p)")
    return (
        f"select *, {source}, {place('target', 't', path)} from (select i, p, {host} as t from "
        f"(select range as i, range // {LINKS_PER_PAGE} as p from range({rows})))"
    )


def _tables() -> dict[str, str]:
    """The SELECT of each dataset over ``linked``; of every fiftieth link the target was asked for too, and is gone."""
    source, target = ({f"{end}_{w}": f"{end}_{w}" for w in _PLACE} for end in ("source", "target"))
    as_source = {f"source_{w}": f"target_{w}" for w in _PLACE}
    fetch = {"crawl_id": quoted(CRAWL_ID), "fetched_at": f"{BEGIN} + to_milliseconds(n)"}
    ended = f"{BEGIN} + interval 1 day"
    times = {"started_at": BEGIN, "observed_from": BEGIN, "finished_at": ended, "observed_to": ended}
    asked = ("url", "host", "domain")
    return {
        "crawls": filled("crawls", {"crawl_id": quoted(CRAWL_ID), **times}, "select 1"),
        "page_fetches": " union all ".join([
            filled(
                "page_fetches",
                {**fetch, **source, **{f"requested_{w}": f"source_{w}" for w in asked}, "state": "'fetched'",
                 "status": "200", "fetch_id": "printf('%016x', n)", "title": "printf('Article %d', n)"},
                f"select *, p as n from linked where i % {LINKS_PER_PAGE} = 0",
            ),
            filled(
                "page_fetches",
                {**fetch, **as_source, **{f"requested_{w}": f"target_{w}" for w in asked}, "state": "'http_error'",
                 "status": "404", "fetch_id": "printf('f%015x', n)"},
                "select *, i as n from linked where i % 50 = 1",
            ),
        ]),
        "links": filled(
            "links",
            {**source, **target, "crawl_id": quoted(CRAWL_ID), "link_types": "['text']", "link_type": "'text'",
             "rel": "case when i % 5 = 0 then ['nofollow'] else [] end", "sightings": "1",
             "followed_sightings": "case when i % 5 = 0 then 0 else 1 end",
             "anchor_text": "printf('anchor text %d', hash(i + 2) % 20000)",
             "placement": "['main', 'list', 'footer', 'navigation', 'sidebar', 'comment'][1 + i % 6]",
             "link_scope": "case when source_host = target_host then 'same_host' else 'external' end",
             "link_state": "'live'", "first_seen": f"{BEGIN} + to_milliseconds(p)",
             "last_seen": f"{BEGIN} + to_milliseconds(p)", "last_checked_at": f"{BEGIN} + to_milliseconds(p)",
             "seen_crawl_id": quoted(CRAWL_ID)},
            "from linked",
        ),
        "link_classes": filled(
            "link_classes",
            {**source, **target, "crawl_id": quoted(CRAWL_ID), "is_nofollow": "i % 5 = 0",
             "rel_class": "case when i % 5 = 0 then 'nofollow' else 'follow' end", "passes_equity": "i % 5 <> 0",
             "equity_block_reason": "case when i % 5 = 0 then 'rel_nofollow' end", "anchor_class": "'other'",
             "origin_role": "case when i % 6 < 2 then 'editorial' else 'widget' end",
             "origin_reason": "case when i % 6 < 2 then 'placement: content' else 'placement: shared block' end",
             "platform_class": "['news', 'blog', 'unknown', 'gov'][1 + p % 4]", "classifier_version": "'2'"},
            "from linked",
        ),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
