"""What each command does: opens the lake, calls the door, prints, returns the exit code.

Libraries that take long to import (numba, Scrapy) are imported by the commands that need them.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from linklake.config import Settings, write_template
from linklake.receipts import Clock, Receipt, record_failure
from schemas.catalog import DATASETS, dataset
from schemas.errors import BadSetting, GateFailed, LinklakeError, Misuse, NoInput, NotPublished
from schemas.lake import Lake, check_crawl_id, new_crawl_id, now
from schemas.render import comments, create_table, markdown

if TYPE_CHECKING:
    from linklake.pipeline import Parts


def check_airflow_lake(settings: Settings, environment: Mapping[str, str]) -> None:
    """Under Airflow a relative lake would lie in BashOperator's temporary folder.

    Raises:
        BadSetting: the lake is relative there.
    """
    lake = settings.text("lake")
    if "AIRFLOW_CTX_DAG_ID" in environment and not Path(lake).is_absolute():
        raise BadSetting(f"the lake {lake} is relative, and this task runs in a temporary folder: set LINKLAKE_LAKE to an absolute path")


# -------------------------------------------------------------------- observing


def demo(given: Namespace, settings: Settings) -> int:
    """Crawl the built-in web and build everything."""
    from linklake.config import with_values
    from linklake.demo.show import demo as show

    # The built-in web is ours: nobody needs to be reached, nobody minds the pace.
    show(Path(given.lake or "demo-lake"), with_values(settings, contact="https://demo.invalid/", delay=0.0))
    return 0


def crawl(given: Namespace, settings: Settings) -> int:
    """Crawl within scope and budget."""
    from linklake.observe import CrawlRequest, read_seeds
    from linklake.observe import crawl as observe

    seeds = read_seeds(given.seeds, given.seeds_file)
    request = CrawlRequest(
        seeds=seeds,
        follow_external=given.follow_external,
        connect_to=_pairs(given.connect_to),
        allow_networks=tuple(given.allow_network),
    )
    return _observed("crawl", given, settings, lambda lake, crawl_id: observe(lake, settings, request, crawl_id))


def ingest(given: Namespace, settings: Settings) -> int:
    """Read web archives."""
    from linklake.observe import ingest as observe

    return _observed("ingest", given, settings, lambda lake, crawl_id: observe(lake, settings, given.archives, crawl_id))


def import_graph(given: Namespace, settings: Settings) -> int:
    """Read an edge list."""
    from linklake.observe import import_graph as observe

    def door(lake: Lake, crawl_id: str) -> Receipt:
        return observe(lake, settings, given.edges, crawl_id, node=given.node, nodes=given.nodes)

    return _observed("import-graph", given, settings, door)


def _observed(stage: str, given: Namespace, settings: Settings, door: Callable[[Lake, str], Receipt]) -> int:
    crawl_id = check_crawl_id(given.crawl_id) if given.crawl_id else new_crawl_id(now())
    root = Path(settings.text("lake"))

    def work() -> Receipt:
        print(f"crawl_id {crawl_id}", file=sys.stderr)
        return door(Lake.open_or_create(root), crawl_id)

    return _receipted(stage, crawl_id, root, given.receipt, work)


# -------------------------------------------------------------------- building


def build(given: Namespace, settings: Settings) -> int:
    """Every stage after observation."""
    from linklake.pipeline import build as build_all
    from linklake.pipeline import known_crawl

    lake = Lake.open(Path(settings.text("lake")))
    snapshot = lake.snapshot()
    crawl_ids = [known_crawl(lake, snapshot, given.crawl_id)] if given.crawl_id else []

    def work() -> Receipt:
        chosen = crawl_ids or [c.crawl_id for c in snapshot.crawls()]
        if not chosen:
            raise NoInput(f"{lake.root} holds no crawl: run linklake crawl, ingest or import-graph first")
        print(f"crawl_id {chosen[-1]}", file=sys.stderr)
        return build_all(lake, settings, crawl_ids=chosen, on_stage=tell)

    return _receipted("build", given.crawl_id, lake.root, given.receipt, work)


def run(given: Namespace, settings: Settings) -> int:
    """One stage."""
    from linklake.observe import settle
    from linklake.pipeline import SETTLE_CRAWL, known_crawl, newest_crawl, run_stage, stage_named

    stage = stage_named(given.stage)
    lake = Lake.open(Path(settings.text("lake")))
    snapshot = lake.snapshot()
    if given.crawl_id:
        known_crawl(lake, snapshot, check_crawl_id(given.crawl_id))

    def work() -> Receipt:
        crawl_id = given.crawl_id
        if stage is SETTLE_CRAWL:
            crawl_id = crawl_id or next(iter(lake.unsettled()), None)
            if crawl_id is None:
                raise NoInput(f"no crawl in {lake.root} waits to be settled")
        crawl_id = crawl_id or newest_crawl(snapshot, stage)
        print(f"crawl_id {crawl_id}", file=sys.stderr)
        if stage is SETTLE_CRAWL and crawl_id in lake.unsettled():
            return settle(lake, settings, crawl_id, publish=not given.no_publish)
        if stage is SETTLE_CRAWL:
            return Receipt(stage.name, crawl_id, "unchanged", published=True)
        return run_stage(lake, stage, crawl_id, settings, publish=not given.no_publish)

    return _receipted(stage.name, given.crawl_id, lake.root, given.receipt, work)


def gate(given: Namespace, settings: Settings) -> int:
    """Audit and publish what is staged."""
    from linklake.observe import observed_parts
    from linklake.pipeline import SETTLE_CRAWL, gate_stage, known_crawl, stage_named

    stage = stage_named(given.name)
    lake = Lake.open(Path(settings.text("lake")))
    snapshot = lake.snapshot()
    if given.crawl_id:
        known_crawl(lake, snapshot, check_crawl_id(given.crawl_id))

    def work() -> Receipt:
        crawl_id = given.crawl_id or _newest_staged(lake, stage.name)
        print(f"crawl_id {crawl_id}", file=sys.stderr)
        parts: Parts | None = None
        if stage is SETTLE_CRAWL and crawl_id in lake.unsettled():
            parts = observed_parts(lake, crawl_id)
        receipt = gate_stage(lake, stage, crawl_id, settings, parts=parts)
        if receipt.message:
            print(receipt.message, file=sys.stderr)
        return receipt

    return _receipted(stage.name, given.crawl_id, lake.root, given.receipt, work)


def tell(receipt: Receipt) -> None:
    """One line about a stage that ended, with named numbers."""
    rows = f" rows_out={receipt.rows['out']:,}" if "out" in receipt.rows else ""
    print(
        f"{receipt.stage:<16} {receipt.outcome} crawl_id={receipt.crawl_id}{rows} seconds={receipt.seconds:.1f} "
        f"peak_rss_mib={receipt.peak_rss_bytes >> 20}",
        file=sys.stderr,
        flush=True,
    )


def _newest_staged(lake: Lake, stage: str) -> str:
    staged = lake.staged(stage)
    if staged:
        return staged[-1].crawl_id
    newest = lake.snapshot().crawls()
    if newest:
        return newest[-1].crawl_id
    raise NotPublished(f"nothing of {stage} is staged in {lake.root}: see linklake status")


def _receipted(stage: str, crawl_id: str | None, root: Path, path: Path | None, work: Callable[[], Receipt]) -> int:
    """Run and print the receipt as the very last line, whatever happens but misuse."""
    clock = Clock()
    try:
        receipt = work()
    except Misuse:
        raise
    except LinklakeError as error:
        outcome = "stopped" if isinstance(error, GateFailed) else "no_input" if isinstance(error, NoInput) else "failed"
        receipt = clock.stamp(Receipt(stage, crawl_id, outcome, published=False, message=str(error), next="linklake status"))
        record_failure(root, receipt, clock)
        print(f"linklake {stage}: {error}", file=sys.stderr)
        receipt.print(path)
        return error.exit_code
    except OSError as error:
        message = f"{error.filename or root}: {error.strerror or error}"
        receipt = clock.stamp(Receipt(stage, crawl_id, "failed", published=False, message=message, next="linklake status"))
        print(f"linklake {stage}: {message}", file=sys.stderr)
        receipt.print(path)
        return 1
    replace(receipt, seconds=clock.seconds).print(path)
    return 0


# -------------------------------------------------------------------- asking


def status(given: Namespace, settings: Settings) -> int:
    """Where everything stands."""
    from linklake.pipeline import known_crawl
    from linklake.status import status as look

    lake = Lake.open(Path(settings.text("lake")))
    if given.crawl_id:
        known_crawl(lake, lake.snapshot(), given.crawl_id)
    said = look(lake, given.crawl_id)
    print("\n".join(said.lines))
    for command in dict.fromkeys(said.commands):
        print(f"next: {command}")
    return 1 if said.is_failed else 0


def sql(given: Namespace, settings: Settings) -> int:
    """Answer one SELECT."""
    from linklake.questions import ask, write

    lake = Lake.open(Path(settings.text("lake")))
    names, rows = ask(lake, given.query, memory=settings.text("memory"), threads=settings.whole("threads"))
    sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]
    write(names, rows, sys.stdout, format=given.format)
    sys.stdout.flush()
    return 0


def stages(given: Namespace, settings: Settings) -> int:
    """List the stages."""
    from linklake.pipeline import STAGES

    for stage in STAGES:
        reads = ", ".join(f"{i.name}{'?' if i.is_optional else ''}" for i in stage.inputs)
        print(f"{stage.name}\n    {stage.meaning}\n    {reads} -> {', '.join(stage.outputs)}")
    return 0


def schema(given: Namespace, settings: Settings) -> int:
    """Describe the datasets."""
    if not given.dataset:
        for one in DATASETS:
            print(f"{one.name:<20} {one.kind:<6} one row per {one.grain}")
        return 0
    one = dataset(given.dataset)
    print(markdown(one) if given.format == "markdown" else ";\n".join([create_table(one), *comments(one)]) + ";")
    return 0


def canonicalize(given: Namespace, settings: Settings) -> int:
    """URLs on stdin, TSV on stdout."""
    from linklake.stdin_doors import canonicalize as lines

    for line in lines(sys.stdin.buffer):
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


def extract(given: Namespace, settings: Settings) -> int:
    """HTML on stdin, JSON lines on stdout."""
    from linklake.stdin_doors import extract_lines

    for line in extract_lines(sys.stdin.buffer.read(), given.url):
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


# -------------------------------------------------------------------- this installation


def init(given: Namespace, settings: Settings) -> int:
    """Write linklake.toml."""
    print(f"wrote {write_template(Path.cwd())}: every line in it is a default; uncomment what you change")
    return 0


def config(given: Namespace, settings: Settings) -> int:
    """Print every setting with its origin."""
    for value in settings:
        print(f"{value.setting.name:<12} {value.value!s:<24} {value.origin}")
    return 0


def doctor(given: Namespace, settings: Settings) -> int:
    """Look at the installation."""
    from linklake.doctor import doctor as look

    checks = list(look(settings))
    for check in checks:
        print(f"{'ok  ' if check.is_sound else 'FAIL'} {check.name:<10} {check.detail}")
    return 0 if all(check.is_sound for check in checks) else 1


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(item.partition("=")[::2] for item in given)
    for host, place in pairs.items():
        if not host or ":" not in place:
            raise Misuse(f"--connect-to {host}={place}: give HOST=ADDRESS:PORT, such as *.test=127.0.0.1:8000")
    return pairs
