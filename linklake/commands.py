"""What each command does: opens the lake, calls the door, prints, returns the exit code.

Libraries that take long to import (numba, Scrapy) are imported by the commands that need them.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from linklake.config import FILE, Settings, write_template
from linklake.endings import Attempt, receipted
from linklake.progress import say
from linklake.receipts import Receipt
from linklake.shell import in_lake
from schemas.catalog import DATASETS, VIEWS, dataset
from schemas.errors import BadSetting, DamagedFile, Misuse, NoInput, NotPublished
from schemas.lake import Lake, check_crawl_id, new_crawl_id, now
from schemas.ledger import IMPORT_KIND, PartitionKey, Snapshot
from schemas.render import comments, create_table, markdown
from transforms.links.stages import SETTLE_CRAWL
from transforms.stage import Stage

_PATTERN_SIGNS: Final = ("*", "?", "[")


def check_lake_path(settings: Settings, environment: Mapping[str, str]) -> None:
    """See that the lake is where it is meant to be, and that engines will find it there.

    Under Airflow a relative lake would lie in BashOperator's temporary folder. A path that is a pattern makes DuckDB
    read every folder that it matches, that of a neighbour too, and cut the name of a database at its first ``?``.

    Raises:
        BadSetting: it is relative under Airflow, or its path is a pattern.
    """
    lake = settings.text("lake")
    if "AIRFLOW_CTX_DAG_ID" in environment and not Path(lake).is_absolute():
        raise BadSetting(
            f"the lake {lake} is relative, and this task runs in a temporary folder: "
            "set LINKLAKE_LAKE to an absolute path"
        )
    places = (str(Path(lake).absolute()), str(Path(lake).resolve()))
    if pattern := next((place for place in places if any(sign in place for sign in _PATTERN_SIGNS)), None):
        raise BadSetting(
            f"the path of the lake, {pattern}, holds one of {' '.join(_PATTERN_SIGNS)}, which engines read as patterns"
            ": move or rename it"
        )


# -------------------------------------------------------------------- observing


def demo(given: Namespace, settings: Settings) -> int:
    """Crawl a generated web and build everything."""
    from linklake.demo.show import demo as show

    show(_root(settings), settings, seed=given.seed, sites=given.sites)
    return 0


def crawl(given: Namespace, settings: Settings) -> int:
    """Crawl within scope and budget."""
    from linklake.observe import CrawlRequest, read_seeds
    from linklake.observe import crawl as observe

    if given.demo:
        return _crawl_demo(given, settings)
    if given.crawl_id and not given.seeds and given.seeds_file is None:
        return _observed(given, settings, lambda lake, crawl_id: _carry_on_crawl(lake, settings, crawl_id))
    seeds = read_seeds(given.seeds, given.seeds_file)
    request = CrawlRequest(
        seeds=seeds,
        follow_external=given.follow_external,
        connect_to=_pairs(given.connect_to),
        allow_networks=tuple(given.allow_network),
        warc=given.warc,
    )
    return _observed(given, settings, lambda lake, crawl_id: observe(lake, settings, request, crawl_id))


def _carry_on_crawl(lake: Lake, settings: Settings, crawl_id: str) -> Receipt:
    from linklake.demo.show import crawl_built_in_web, is_of_built_in_web
    from linklake.observe import carry_on_crawl

    if is_of_built_in_web(lake, crawl_id):  # which has to be served meanwhile
        return crawl_built_in_web(lake, settings, crawl_id)
    return carry_on_crawl(lake, settings, crawl_id)


def _crawl_demo(given: Namespace, settings: Settings) -> int:
    from linklake.demo.show import crawl_built_in_web

    if given.seeds or given.seeds_file or given.warc:
        raise Misuse("--demo brings its own seeds and keeps no archive: leave out SEED, --seeds and --warc")
    return _observed(given, settings, lambda lake, crawl_id: crawl_built_in_web(lake, settings, crawl_id))


def ingest(given: Namespace, settings: Settings) -> int:
    """Read web archives."""
    from linklake.ingestion import IngestRequest, carry_on, parse_shard
    from linklake.ingestion import ingest as observe

    shard = parse_shard(given.shard) if given.shard else (1, 1)
    is_named = bool(given.archives or given.paths)
    if not is_named and not given.crawl_id:
        raise Misuse("name web archives to read, or the --crawl-id of an ingestion to carry on")
    if shard[1] > 1 and not given.crawl_id:
        raise Misuse("--shard needs --crawl-id: the shards of one crawl share it")
    request = IngestRequest(tuple(given.archives), given.paths, given.prefix, shard, given.targets)

    def door(lake: Lake, crawl_id: str) -> Receipt:
        if is_named:
            return observe(lake, settings, request, crawl_id)
        return carry_on(lake, settings, shard, crawl_id)

    return _observed(given, settings, door)


def check(given: Namespace, settings: Settings) -> int:
    """Ask after a list of links."""
    from linklake.check import CheckRequest, carry_on
    from linklake.check import check as observe

    if given.links is None:
        if not given.crawl_id:
            raise Misuse("name a list of links to check, or the --crawl-id of a check to carry on")
        return _observed(given, settings, lambda lake, crawl_id: carry_on(lake, settings, crawl_id))
    request = CheckRequest(
        links=given.links,
        tool=given.tool,
        targets=tuple(given.target),
        skip_targets=given.skip_targets,
        output=given.output,
        connect_to=_pairs(given.connect_to),
        allow_networks=tuple(given.allow_network),
        warc=given.warc,
    )
    return _observed(given, settings, lambda lake, crawl_id: observe(lake, settings, request, crawl_id))


def import_graph(given: Namespace, settings: Settings) -> int:
    """Read an edge list."""
    from linklake.observe import import_graph as observe

    def door(lake: Lake, crawl_id: str) -> Receipt:
        return observe(lake, settings, given.edges, crawl_id, node=given.node, nodes=given.nodes)

    return _observed(given, settings, door)


def _observed(given: Namespace, settings: Settings, door: Callable[[Lake, str], Receipt]) -> int:
    crawl_id = check_crawl_id(given.crawl_id) if given.crawl_id else new_crawl_id(now())

    def work(attempt: Attempt) -> Receipt:
        attempt.begin(crawl_id)
        return door(Lake.open_or_create(_root(settings)), crawl_id)

    return receipted(given, settings, given.command, work)


# -------------------------------------------------------------------- building


def build(given: Namespace, settings: Settings) -> int:
    """Every stage after observation."""
    from linklake.runs import build as build_all

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        snapshot = lake.snapshot()
        if given.crawl_id:
            crawl_ids = [_known(lake, snapshot, given.crawl_id)]
        else:
            crawl_ids = [crawl.crawl_id for crawl in snapshot.crawls()] or list(lake.unsettled())
        if not crawl_ids:
            raise NoInput(f"{lake.root} holds no crawl: run linklake crawl, ingest or import-graph first")
        _settled(lake, snapshot, attempt.begin(crawl_ids[-1]))
        return build_all(lake, settings, crawl_ids=crawl_ids, on_stage=tell)

    return receipted(given, settings, "build", work)


def run(given: Namespace, settings: Settings) -> int:
    """One stage."""
    from linklake.observe import settle
    from linklake.pipeline import stage_named
    from linklake.runs import run_stage

    stage = stage_named(given.stage)

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        snapshot = lake.snapshot()
        crawl_id = _known(lake, snapshot, given.crawl_id) if given.crawl_id else None
        if stage is SETTLE_CRAWL:
            crawl_id = crawl_id or next(iter(lake.unsettled()), None)
            if crawl_id is None:
                raise NoInput(f"no crawl in {lake.root} waits to be settled")
            attempt.begin(crawl_id)
            if crawl_id in lake.unsettled():
                return settle(lake, settings, crawl_id, publish=not given.no_publish)
            if given.force:
                raise Misuse("what was observed is gone once it is settled: it cannot be built again")
            return Receipt(stage.name, _settled(lake, snapshot, crawl_id), "unchanged", published=True)
        crawl_id = attempt.begin(crawl_id or _newest(lake, snapshot, stage))
        crawl_id, publish = _settled(lake, snapshot, crawl_id), not given.no_publish
        return run_stage(lake, stage, crawl_id, settings, publish=publish, force=given.force)

    return receipted(given, settings, stage.name, work)


def gate(given: Namespace, settings: Settings) -> int:
    """Audit and publish what is staged or quarantined, or discard it."""
    from linklake.findings import Acceptance, check_reason, user
    from linklake.observe import gate_settled
    from linklake.pipeline import IMPORT_GRAPH, gated_stage, stage_named
    from linklake.quarantine import discard
    from linklake.runs import gate_stage

    name = given.name if given.name == IMPORT_GRAPH else stage_named(given.name).name
    if given.accept and given.discard:
        raise Misuse("give --accept or --discard, not both")
    if given.reason and not (given.accept or given.discard):
        raise Misuse("--reason goes with --accept RULE or --discard")
    accepting = Acceptance()
    if given.accept:
        accepting = Acceptance(tuple(given.accept), check_reason(given.reason, "it is let through"), user())
    reason = check_reason(given.reason, "it is thrown away") if given.discard else ""

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        snapshot = lake.snapshot()
        crawl_id = _known(lake, snapshot, given.crawl_id) if given.crawl_id else _newest_staged(lake, snapshot, name)
        attempt.begin(crawl_id)
        stage = gated_stage(lake, name, crawl_id)
        if given.discard:
            return discard(lake, stage, crawl_id, by=user(), reason=reason)
        if stage is SETTLE_CRAWL and crawl_id in lake.unsettled():
            return gate_settled(lake, settings, crawl_id, accepting=accepting)
        return gate_stage(lake, stage, crawl_id, settings, accepting=accepting)

    return receipted(given, settings, name, work)


def retract(given: Namespace, settings: Settings) -> int:
    """Withdraw what was published, or put it back."""
    from linklake.findings import check_reason, user
    from linklake.retract import key_of, undo
    from linklake.retract import retract as withdraw

    if given.undo is not None:
        if given.name or given.crawl_id:
            raise Misuse("--undo COMMIT stands alone: the commit says what it withdrew")
        reason = check_reason(given.reason, "it is put back") if given.reason else ""
    elif not given.name or not given.crawl_id:
        raise Misuse("say what to withdraw: linklake retract DATASET --crawl-id CRAWL --reason TEXT")
    else:
        key_of(given.name, check_crawl_id(given.crawl_id))
        reason = check_reason(given.reason, "it is withdrawn")

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        if given.undo is not None:
            return undo(lake, settings, given.undo, by=user(), reason=reason)
        return withdraw(lake, settings, given.name, attempt.begin(given.crawl_id), by=user(), reason=reason)

    return receipted(given, settings, "retract", work)


def next_crawl(given: Namespace, settings: Settings) -> int:
    """Which crawl to build next: the first that is not up to date, else the newest."""
    from linklake.pipeline import STAGES, left_alone, newest_crawl, pending, stage_named

    stages = [stage_named(name) for name in given.stages] or STAGES[1:]

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        snapshot = lake.snapshot()
        waiting = list(pending(lake, snapshot, stages))
        crawl_id = _known(lake, snapshot, given.crawl_id) if given.crawl_id else next(iter(waiting), None)
        held = list(left_alone(lake, snapshot, stages))
        crawl_id = attempt.begin(crawl_id or newest_crawl(snapshot, stages[0], besides=held))
        rows = {"crawls": len(waiting), "held": len(held)}
        receipt = Receipt("next", crawl_id, "unchanged", published=True, rows=rows)
        if crawl_id not in waiting:
            state = "left alone, see linklake status" if crawl_id in held else "up to date"
            return replace(receipt, message=f"crawl {crawl_id} is {state}; {len(waiting)} crawls wait{_held(held)}")
        names, listed = ", ".join(s.name for s in stages), ", ".join(waiting[:5])
        message = f"crawls that wait for {names}: {len(waiting)}, {listed}{_held(held)}"
        command = f"linklake run {stages[0].name} --crawl-id {crawl_id}"
        return replace(receipt, outcome="pending", published=False, message=message, next=command)

    return receipted(given, settings, "next", work)


def _held(crawl_ids: Sequence[str]) -> str:
    """Crawls that a gate stopped or a person retracted, so that they are not forgotten."""
    return f"; {len(crawl_ids)} are left alone ({', '.join(crawl_ids[:5])}): see linklake status" if crawl_ids else ""


def tell(receipt: Receipt) -> None:
    """One line about a stage that ended, with named numbers."""
    rows = f" rows_out={receipt.rows['out']:,}" if "out" in receipt.rows else ""
    say(
        f"{receipt.stage:<16} {receipt.outcome} crawl_id={receipt.crawl_id}{rows} seconds={receipt.seconds:.1f} "
        f"peak_rss_mib={receipt.peak_rss_bytes >> 20}"
    )


def _root(settings: Settings) -> Path:
    return settings.folder("lake")


def _lake(settings: Settings) -> Lake:
    return Lake.open(_root(settings))


def _known(lake: Lake, snapshot: Snapshot, crawl_id: str) -> str:
    """A crawl id that somebody gave."""
    from linklake.pipeline import known_crawl

    return known_crawl(lake, snapshot, crawl_id)


def _settled(lake: Lake, snapshot: Snapshot, crawl_id: str) -> str:
    """The id of a crawl whose observations are published; those of another are no input to anything yet."""
    if any(crawl.crawl_id == crawl_id for crawl in snapshot.crawls()):
        return crawl_id
    if retraction := snapshot.retraction_of(PartitionKey("crawls", crawl_id)):
        raise NotPublished(
            f"crawl {crawl_id} is retracted: linklake retract --undo {retraction.number} puts it back, "
            f"or observe it again"
        )
    if lake.staged("settle_crawl", crawl_id):
        raise NotPublished(
            f"crawl {crawl_id} is settled but not published: run linklake gate settle_crawl --crawl-id {crawl_id}"
        )
    raise NotPublished(
        f"crawl {crawl_id} is observed but not settled: run linklake run settle_crawl --crawl-id {crawl_id}"
    )


def _newest(lake: Lake, snapshot: Snapshot, stage: Stage) -> str:
    """The newest crawl that has the stage's inputs, else one that can say which input it lacks, and why."""
    from linklake.pipeline import newest_crawl

    try:
        return newest_crawl(snapshot, stage)
    except NoInput:
        crawls = snapshot.crawls()
        observed = [*lake.unsettled(), *(crawl.crawl_id for crawl in crawls if crawl.kind != IMPORT_KIND)]
        if not observed and not crawls:
            raise
        return observed[-1] if observed else crawls[-1].crawl_id


def _newest_staged(lake: Lake, snapshot: Snapshot, stage_name: str) -> str:
    if staged := lake.staged(stage_name) or lake.quarantined(stage_name):
        return staged[-1].crawl_id
    if crawls := snapshot.crawls():
        return crawls[-1].crawl_id
    raise NotPublished(f"nothing of {stage_name} is staged in {lake.root}: see linklake status")


# -------------------------------------------------------------------- asking


def status(given: Namespace, settings: Settings) -> int:
    """Where everything stands."""
    from linklake.status import status as look

    lake = _lake(settings)
    if given.crawl_id:
        _known(lake, lake.snapshot(), given.crawl_id)
    said = look(lake, given.crawl_id)
    for line in said.lines:
        print(in_lake(line, settings))
    for command in dict.fromkeys(said.commands):
        print(f"next: {in_lake(command, settings)}")
    return 1 if said.is_failed else 0


def verify(given: Namespace, settings: Settings) -> int:
    """Compare every published file with what was written."""
    from linklake.verify import damages

    def work(attempt: Attempt) -> Receipt:
        lake = _lake(settings)
        snapshot = lake.snapshot()
        crawl_id = attempt.begin(_known(lake, snapshot, given.crawl_id)) if given.crawl_id else None
        partitions = [p for _, p in sorted(snapshot.partitions.items()) if crawl_id in (None, p.key.crawl_id)]
        found = list(damages(lake, partitions, quick=given.quick))
        for damage in found:
            print(in_lake(f"{damage.what}: {damage.mending}", settings))
        if found:
            attempt.next = next((damage.command for damage in found if damage.command), None)
            raise DamagedFile(f"{len(found)} of {len(partitions)} partitions are damaged, {found[0].what}")
        rows = {"partitions": len(partitions), "files": sum(len(p.files) for p in partitions)}
        rows["bytes"] = sum(p.bytes for p in partitions)
        how = "is there in its size" if given.quick else "is what was written, read and compared"
        message = f"every file of {len(partitions)} partitions {how} ({rows['files']} files, {rows['bytes']:,} bytes)"
        receipt = Receipt("verify", crawl_id, "unchanged", published=True, rows=rows, message=message)
        return replace(receipt, commit=snapshot.number)

    return receipted(given, settings, "verify", work)


def housekeeping(given: Namespace, settings: Settings) -> int:
    """Merge small files and delete what nothing names."""
    from linklake.housekeeping import housekeeping as tidy

    return receipted(given, settings, "housekeeping", lambda _: tidy(_lake(settings), at=now(), dry_run=given.dry_run))


def sql(given: Namespace, settings: Settings) -> int:
    """Answer one SELECT."""
    from linklake.questions import ask, write

    lake = _lake(settings)
    names, rows = ask(lake, given.query, memory=settings.text("memory"), threads=settings.whole("threads"))
    if isinstance(sys.stdout, TextIOWrapper):  # whatever the locale says: answers are UTF-8, line ends as written
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    write(names, rows, sys.stdout, format=given.format)
    return 0


def export(given: Namespace, settings: Settings) -> int:
    """Write a file for other tools."""
    from linklake.export import EXPORTS, ExportRequest

    EXPORTS[given.what](_lake(settings), settings, ExportRequest(given.table, given.domain, given.output))
    return 0


def explain(given: Namespace, settings: Settings) -> int:
    """Show a link's record and read it again from its archive, or take the score of a domain apart."""
    from linklake.explain import explain as look
    from linklake.explain_domain import explain_domain

    if "://" not in given.source and not given.target and not given.archive:
        said = explain_domain(_lake(settings), settings, given.source)
    else:
        said = look(_lake(settings), settings, given.source, given.target, archive=given.archive)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    for line in said.lines:
        print(line)
    return 0 if said.is_same else 1


def report(given: Namespace, settings: Settings) -> int:
    """Write the report of the index, or of a domain."""
    from linklake.report.door import Request, save, text_of
    from linklake.report.door import report as measure

    lake = _lake(settings)
    request = Request(given.domain, given.format, given.output, given.force)
    measured, path, warning = measure(lake, request, memory=settings.text("memory"), threads=settings.whole("threads"))
    if warning:
        say(f"linklake report: {in_lake(warning, settings)}")
    text = text_of(measured, given.format)
    if path is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
        sys.stdout.write(text)
        return 0
    save(path, text)
    print(f"wrote {path} ({len(text.encode()) / 1e6:.1f} MB): open it in any browser, it needs no network")
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
        for one in (*DATASETS, *VIEWS):
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
    return 0


def extract(given: Namespace, settings: Settings) -> int:
    """HTML on stdin, JSON lines on stdout."""
    from linklake.stdin_doors import extract_lines

    for line in extract_lines(sys.stdin.buffer.read(), given.url):
        sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    return 0


# -------------------------------------------------------------------- this installation


def init(given: Namespace, settings: Settings) -> int:
    """Write linklake.toml."""
    print(f"wrote {write_template(Path.cwd())}: every line in it is a default; uncomment what you change")
    return 0


def config(given: Namespace, settings: Settings) -> int:
    """Print which file was read, and every setting with its origin."""
    print(f"{FILE:<12} {settings.file or f'none found in {Path.cwd()}: linklake init writes one'}")
    for value in settings:
        print(f"{value.setting.name:<12} {value.value!s:<24} {value.origin}")
    return 0


def doctor(given: Namespace, settings: Settings) -> int:
    """Look at the installation."""
    from linklake.doctor import doctor as look

    checks = list(look(settings))
    for check in checks:
        print(f"{'ok  ' if check.is_sound else 'FAIL'} {check.name:<10} {in_lake(check.detail, settings)}")
    return 0 if all(check.is_sound for check in checks) else 1


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(item.partition("=")[::2] for item in given)
    for host, place in pairs.items():
        if not host or ":" not in place:
            raise Misuse(f"--connect-to {host}={place}: give HOST=ADDRESS:PORT, such as *.test=127.0.0.1:8000")
    return pairs
