"""What a gate costs beside its stage, at ten million links: ``make bench-gates``."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from schemas.catalog import dataset as dataset_named
from schemas.lake import CODE_VERSION, Lake, StagingArea
from schemas.ledger import Partition, PartitionKey
from schemas.render import quoted, sql_type
from transforms.engines.duckdb import Resources, connect
from transforms.links.stages import SETTLE_CRAWL

CRAWL_ID: Final = "bench"
STAGES: Final = ("dedupe_links", "classify_links", "build_edges")
BUDGET: Final = 0.10
"""Share of its stage that a gate may cost (issue: orchestration)."""

LINKS_PER_PAGE: Final = 40
PAGES_PER_HOST: Final = 50

_SOUND: Final = {"string": "''", "bool": "false", "list<item: string>": "[]"}
BEGIN: Final = "timestamptz '2026-11-01 00:00:00+00'"


def place(prefix: str, host: str, path: str) -> str:
    """URL, host and domain of one end of a link; a hash stands for the id, which no stage takes apart."""
    domain = f"'site' || {host} || '.example'"
    texts = {"url": f"'https://www.' || {domain} || '/' || {path}", "host": f"'www.' || {domain}", "domain": domain}
    columns = []
    for what, text in texts.items():
        name = f"{prefix}_{what}"
        columns += [f"{text} as {name}", f"cast(hash({text}) >> 1 as bigint) as {name}_id"]
    return ", ".join([*columns, f"{domain} as {prefix}_icann_domain"])


def filled(name: str, given: Mapping[str, str], source: str) -> str:
    """A SELECT of all columns of a dataset: the given expressions, something sound for the others."""
    columns = []
    for column in dataset_named(name).columns:
        kind = str(column.type)
        some = (
            "null" if column.nullable else {"string": "''", "bool": "false", "list<item: string>": "[]"}.get(kind, "0")
        )
        value = given.get(column.name, quoted(column.values[0]) if column.values else some)
        columns.append(f"cast({value} as {sql_type(column.type)}) as {column.name}")
    return f"select {', '.join(columns)} from ({source})"


def _tables(rows: int) -> dict[str, str]:
    """The SELECT of each dataset that an observation of ``rows`` links leaves: pages of 40 links, 50 pages a host.

    Every value follows from the row's number, so that each run of the benchmark judges the same rows. A third of the
    links stay on their host, the others prefer few targets, as on the web.
    """
    pages = max(1, rows // LINKS_PER_PAGE)
    hosts = max(1, pages // PAGES_PER_HOST)
    page = "printf('%s/article-%d.html', ['news', 'blog', 'shop'][1 + p % 3], p)"
    fetched = f"{BEGIN} + to_milliseconds(p)"
    said = {"crawl_id": quoted(CRAWL_ID), "fetch_id": "printf('%016x', p)", "fetched_at": fetched}
    ours = {f"source_{w}": f"source_{w}" for w in ("url", "url_id", "host", "host_id", "domain", "domain_id")}
    theirs = {f"target_{w}": f"target_{w}" for w in ("url", "url_id", "host", "host_id", "domain", "domain_id")}
    icann = {f"{end}_icann_domain": f"{end}_icann_domain" for end in ("source", "target")}
    linked = (
        f"select i, p, i % {LINKS_PER_PAGE} as position, case when i % 3 = 0 then p // {PAGES_PER_HOST} else "
        f"cast({hosts} * pow((hash(i) % 1000003) / 1000003.0, 3) as bigint) end as t "
        f"from (select range as i, range // {LINKS_PER_PAGE} as p from range({rows}))"
    )
    source = place("source", f"(p // {PAGES_PER_HOST})", page)
    target = place("target", "t", "printf('topic-%d/page-%d', i % 7, i)")
    times = {"started_at": BEGIN, "observed_from": BEGIN, "finished_at": f"{BEGIN} + to_milliseconds({pages})"}
    return {
        "crawls": filled(
            "crawls", {"crawl_id": quoted(CRAWL_ID), **times, "observed_to": times["finished_at"]}, "select 1"
        ),
        "page_fetches": filled(
            "page_fetches",
            {**said, **ours, **icann, "requested_url": "source_url", "state": "'fetched'",
             "requested_host": "source_host", "requested_domain": "source_domain", "status": "200",
             "link_count": f"{LINKS_PER_PAGE}"},
            f"select *, {source} from (select range as p from range({pages}))",
        ),
        "link_observations": filled(
            "link_observations",
            {**said, **ours, **theirs, **icann, "position": "position", "href": "target_url", "link_type": "'text'",
             "rel": "case when i % 5 = 0 then ['nofollow'] else [] end", "placement": "'main'",
             "anchor_text": "printf('anchor text %d', i % 5000)", "context_left": "'some words before it'",
             "context_right": "'and some words after it'"},
            f"select *, {source}, {target} from ({linked})",
        ),
    }  # fmt: skip


def write_observation(lake: Lake, rows: int, connection: duckdb.DuckDBPyConnection) -> None:
    """Publish a made-up crawl as if it had been observed and settled."""
    tables = _tables(rows)
    with lake.stage_area(SETTLE_CRAWL.name, CRAWL_ID) as area:
        partitions = [partition(lake, area, name, select, connection) for name, select in tables.items()]
        lake.publish(lake.finish_staging(area, partitions, reads={}, receipt={"rows": {}}))


def partition(
    lake: Lake, area: StagingArea, name: str, select: str, connection: duckdb.DuckDBPyConnection
) -> Partition:
    dataset = dataset_named(name)
    columns = ", ".join(c.name for c in dataset.columns)
    bucket = f"cast({dataset.bucket_by} & {lake.buckets - 1} as integer)" if dataset.bucket_by else "0::integer"
    connection.execute(f"create or replace temp table made as select {columns}, {bucket} as bucket from ({select})")
    files = []
    for (number,) in connection.execute("select distinct bucket from made order by 1").fetchall():
        path = area.part(name, number)
        connection.execute(
            f"copy (select * from made where bucket = {number}) to {quoted(str(path))} "
            "(format parquet, compression zstd, compression_level 1)"
        )
        files.append(lake.seal(path, dataset, CRAWL_ID, number))
    return Partition(
        key=PartitionKey(name, CRAWL_ID),
        stage=area.stage,
        attempt=area.attempt,
        stage_version=SETTLE_CRAWL.version,
        schema_version=dataset.schema_version,
        code_version=CODE_VERSION,
        files=tuple(files),
        facts={
            "kind": "crawl",
            "seeds_hash": "",
            "started_at": "2026-11-01T00:00:00+00:00",
            "observed_to": "2026-11-02T00:00:00+00:00",
        }
        if name == "crawls"
        else {},
    )


def receipt_of(*words: str) -> dict[str, Any]:
    """Run a command in a process of its own; its receipt."""
    done = subprocess.run([sys.executable, "-m", "linklake", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr + done.stdout)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print seconds of each stage and of its gate, and their share; 1 when a gate costs more than its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--lake", type=Path, default=Path(".bench/gates"))
    parser.add_argument("--stage", choices=STAGES, action="append")
    given = parser.parse_args(arguments)
    shutil.rmtree(given.lake, ignore_errors=True)
    lake = Lake.open_or_create(given.lake)
    with connect(Resources("6GB", 2, given.lake / "_spill")) as connection:
        write_observation(lake, given.rows, connection)
    shutil.rmtree(given.lake / "_spill", ignore_errors=True)
    print(f"{given.rows:,} observed links, {CODE_VERSION}, seconds and peak RSS as the receipts say")
    print(f"{'stage':<16}{'rows':>12}{'stage s':>9}{'MiB':>7}{'gate s':>9}{'MiB':>7}{'share':>8}")
    is_over = False
    for stage in STAGES:
        words = (stage, "--crawl-id", CRAWL_ID, "--lake", str(given.lake))
        run, gate = receipt_of("run", *words, "--no-publish"), receipt_of("gate", *words)
        share = gate["seconds"] / run["seconds"]
        is_over |= share > BUDGET
        print(
            f"{stage:<16}{run['rows']['out']:>12,}{run['seconds']:>9.1f}{run['peak_rss_bytes'] >> 20:>7}"
            f"{gate['seconds']:>9.1f}{gate['peak_rss_bytes'] >> 20:>7}{share:>8.1%}",
            flush=True,
        )
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
