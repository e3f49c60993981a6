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
from tests.bench.gates import CRAWL_ID, receipt_of, write_observation
from transforms.engines.duckdb import Resources, connect
from transforms.marts.serving import SERVING_FILE

STAGES: Final = (
    "dedupe_links", "classify_links", "build_edges", "rank_domains", "score_farms", "score_authority", "build_marts",
)  # fmt: skip
SECONDS, MEMORY_MIB, MILLISECONDS = 300.0, 8 << 10, 200.0
"""What building the marts may take, and each question (issue: showcase)."""

RUNS: Final = 5

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
    print(f"{given.rows:,} observed links, {CODE_VERSION}, seconds and peak RSS as the receipts say")
    is_over = False
    for stage in STAGES[-1:] if given.reuse else STAGES:
        receipt = receipt_of("run", stage, *words, *(["--force"] if given.reuse else []))
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


def _observe(lake: Path, rows: int) -> None:
    shutil.rmtree(lake, ignore_errors=True)
    with connect(Resources("6GB", 2, lake.with_name(f"{lake.name}-spill"))) as connection:
        write_observation(Lake.open_or_create(lake), rows, connection)
    shutil.rmtree(lake.with_name(f"{lake.name}-spill"), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
