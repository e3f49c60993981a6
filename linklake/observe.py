"""The doors that observe (crawl, import-graph; ingest stands beside): each ends in a settled, published crawl."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawlers.edge_lists import EdgeList, Node, read_edge_list
from crawlers.journal import JOURNAL, Journal, check_same_crawl
from crawlers.settings import CrawlConfig
from linklake.config import Settings
from linklake.findings import Acceptance
from linklake.progress import say
from linklake.receipts import Clock, Receipt
from linklake.runs import NOTHING_ACCEPTED, Parts, gate_stage, run_stage
from schemas.catalog import dataset
from schemas.durable import file_sha256
from schemas.errors import BadSetting, LinklakeError, Misuse, NotPublished
from schemas.identity import Rejected, judge, psl_version
from schemas.lake import CODE_VERSION, Lake, now
from transforms.graph.stages import import_graph as import_stage
from transforms.links.stages import SETTLE_CRAWL

_OTHER_INPUT: Final = "crawl {} is published already, from other input: choose another --crawl-id"
_CRAWL_CONFIG: Final = "crawl.json"
_CONFIG_FIELDS: Final = {"pages": "page_budget"}
"""Settings that ``CrawlConfig`` has under another name."""

_STOP_SECONDS: Final = 3.0
"""How long a crawl may take to stop; less than a command may (linklake/stopping)."""


_EXAMPLES: Final = 5
_SHARD: Final = "shard-"


def begun(lake: Lake, crawl_id: str, kind: str, folder: Path | None = None) -> dict[str, Any]:
    """The first line of the journal of an observation (in a shard's folder, where it is one) that can be carried on.

    Raises:
        Misuse: there is no observation of that kind and id.
    """
    folder = folder or lake.observing(crawl_id)
    said = Journal.read(folder).crawl if (folder / JOURNAL).exists() else {}
    if said.get("kind") != kind:
        what = {"crawl": "seeds", "check": "a list of links", "ingest": "web archives"}[kind]
        raise Misuse(f"{lake.root} holds no {kind} {crawl_id} to carry on: name {what} to begin one")
    return said


@dataclass(frozen=True, slots=True)
class CrawlRequest:
    """What a crawl is asked for beyond the settings."""

    seeds: tuple[str, ...]
    follow_external: bool = False
    connect_to: Mapping[str, str] = field(default_factory=dict)
    allow_networks: tuple[str, ...] = ()
    warc: bool = False
    """Keep every answer in a web archive in the lake."""


def read_seeds(given: Sequence[str], path: Path | None) -> tuple[str, ...]:
    """Canonical seeds from the command line and from a file with one a line (blank lines and # comments are left out).

    Raises:
        Misuse: there is none, the file cannot be read, or one is no http(s) URL.
    """
    found = [(seed, "the command line") for seed in given]
    if path is not None:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise Misuse(f"cannot read the seed file {path} ({error.strerror}): check the path") from error
        except UnicodeDecodeError as error:
            raise Misuse(f"the seed file {path} is not UTF-8 text: give one with a URL a line") from error
        numbered = [(line.strip(), f"{path} line {n}") for n, line in enumerate(lines, start=1)]
        found += [(line, where) for line, where in numbered if line and not line.startswith("#")]
    if not found:
        where = f"{path} holds no seed" if path else "no seed given"
        raise Misuse(f"{where}: name URLs to start from, such as https://example.org/")
    return tuple(dict.fromkeys(_seed(seed, where) for seed, where in found))


def _seed(seed: str, where: str) -> str:
    judged = judge(seed)
    if isinstance(judged, Rejected):
        raise Misuse(
            f"the seed {seed!r} ({where}) is no http(s) URL ({judged.reason}): write one like https://a.example/"
        )
    return judged.url


def crawl(lake: Lake, settings: Settings, request: CrawlRequest, crawl_id: str, *, settle_it: bool = True) -> Receipt:
    """Crawl from the seeds in a process of its own; a killed run with the same crawl id is carried on.

    Without ``settle_it`` the observation is left as it is, for ``linklake run settle_crawl``.

    Raises:
        BadSetting: no contact is set, or a setting cannot be used.
        LinklakeError: the crawling process failed; what it had acknowledged is kept.
    """
    config = CrawlConfig(
        crawl_id=crawl_id,
        started_at=now().isoformat(),
        folder=str(lake.observing(crawl_id)),
        seeds=request.seeds,
        contact=contact_of(settings),
        follow_external=request.follow_external,
        page_budget=settings.whole("pages"),
        depth=settings.whole("depth"),
        delay=settings.number("delay"),
        concurrency=settings.whole("concurrency"),
        connect_to=dict(request.connect_to),
        allow_networks=request.allow_networks,
        warc=str(lake.warc(crawl_id)) if request.warc else None,
    )
    return observe_live(lake, settings, config, settle_it=settle_it)


def contact_of(settings: Settings) -> str:
    """Whom owners of sites can ask.

    Raises:
        BadSetting: no contact is set.
    """
    if contact := settings.text("contact"):
        return contact
    raise BadSetting(
        "a crawl needs a contact for its User-Agent: set contact in linklake.toml, LINKLAKE_CONTACT or --contact"
    )


def carry_on_crawl(lake: Lake, settings: Settings, crawl_id: str, kind: str = "crawl") -> Receipt:
    """Carry on the crawl (or check) of that id with what it was begun with; flags win over these.

    Raises:
        Misuse: there is none to carry on.
        LinklakeError: as ``crawl``, or a flag would make another crawl of it.
    """
    if receipt := published_before(lake, crawl_id, kind, Clock()):
        return receipt
    begun(lake, crawl_id, kind)
    config = CrawlConfig.read(lake.observing(crawl_id) / _CRAWL_CONFIG)
    flags = {v.setting.name: v.value for v in settings if v.origin == f"--{v.setting.name}"}
    named = {_CONFIG_FIELDS.get(name, name): value for name, value in flags.items()}
    changed: dict[str, Any] = {name: value for name, value in named.items() if hasattr(config, name)}
    places = {"folder": str(lake.observing(crawl_id)), "warc": str(lake.warc(crawl_id)) if config.warc else None}
    return observe_live(lake, settings, replace(config, **{**places, **changed}))


def observe_live(lake: Lake, settings: Settings, config: CrawlConfig, *, settle_it: bool = True) -> Receipt:
    """Run or carry on what a configuration describes; errors as ``crawl``."""
    clock, crawl_id, folder = Clock(), config.crawl_id, Path(config.folder)
    if receipt := already_published(lake, config.facts(), clock):
        return receipt
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / JOURNAL).exists():
        check_same_crawl(folder, Journal.read(folder), config.facts())
    path = folder / _CRAWL_CONFIG
    config.write(path)
    if code := _crawl_apart(path):
        raise LinklakeError(
            f"the {config.kind} {crawl_id} was broken off (exit code {code}, see above); what it had acknowledged "
            f"is safe: run linklake {config.kind} --crawl-id {crawl_id} to carry it on"
        )
    if not settle_it:
        return clock.stamp(Receipt(config.kind, crawl_id, "staged", published=False))
    return observed(lake, settings, crawl_id, config.kind, clock)


def _crawl_apart(config: Path) -> int:
    """Run a crawl in a process of its own, which ends with this one; its exit code."""
    words = [sys.executable, "-m", "crawlers", str(config), str(os.getpid())]
    with subprocess.Popen(words) as crawler:
        try:
            return crawler.wait()
        finally:
            if crawler.poll() is None:  # told to stop, it keeps what it has seen
                crawler.terminate()
                try:
                    crawler.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    crawler.kill()


def observed(lake: Lake, settings: Settings, crawl_id: str, stage: str, clock: Clock) -> Receipt:
    """Settle and publish what was observed; the receipt counts it by fate, and says when there is reason to look."""
    folder = lake.observing(crawl_id)
    counts = Counter[str]()
    for shard in observation_folders(folder):
        counts.update((Journal.read(shard).complete or {}).get("counts", {}))
    _tell_truncated(observed_parts(lake, crawl_id), counts)
    receipt = settle(lake, settings, crawl_id)
    said_by_gate = receipt.message if receipt.findings else None
    is_worth_building = bool(receipt.rows.get("page_fetches", 1))
    return replace(
        clock.stamp(receipt),
        stage=stage,
        rows=receipt.rows | counts,
        message="; ".join(filter(None, (_reason_to_look(counts, crawl_id), said_by_gate))) or None,
        next=f"linklake build --crawl-id {crawl_id}" if is_worth_building else "linklake status",
    )


def _tell_truncated(parts: Parts, counts: Counter[str]) -> None:
    """Say how many links were left out on pages with more than the limit, with examples."""
    columns = ["source_url", "truncated_link_count"]
    found = [pq.read_table(path, columns=columns).to_pylist() for path in parts.files["page_fetches"]]
    pages = [row for rows in found for row in rows if row["truncated_link_count"]]
    if pages:
        counts["truncated_links"] = sum(row["truncated_link_count"] for row in pages)
        listed = ", ".join(f"{row['source_url']} ({row['truncated_link_count']:,})" for row in pages[:_EXAMPLES])
        say(f"truncated_links={counts['truncated_links']:,} pages={len(pages):,}, such as {listed}")


def _reason_to_look(counts: Mapping[str, int], crawl_id: str) -> str | None:
    """One line when something was rejected or no page was found, with the question that shows more."""
    rejected = {name.removeprefix("rejected_"): n for name, n in counts.items() if name.startswith("rejected_")}
    if rejected:
        return _rejections(rejected, crawl_id)
    if not counts.get("fetched"):
        listed = ", ".join(f"{name} {n}" for name, n in counts.items()) or "there was none"
        sql = f"select requested_url, state, status, error from page_fetches where crawl_id = '{crawl_id}'"
        return f'no page was read ({listed}){_why_no_page(counts)}; linklake sql "{sql}"'
    return None


def _why_no_page(counts: Mapping[str, int]) -> str:
    if counts.get("skipped_conversion"):
        return ": a WET file holds the text of pages and no links, give the WARC or the WAT of the same name"
    if counts.get("skipped_metadata") and not counts.get("http_error"):
        return ": its metadata describe no response, and so hold no links"
    return ""


def _rejections(by_reason: Mapping[str, int], crawl_id: str) -> str:
    listed = ", ".join(f"{reason} {n}" for reason, n in by_reason.items())
    sql = f"select archive_file, archive_offset, reason, detail from rejected_records where crawl_id = '{crawl_id}'"
    return f'rejected and kept: {listed}; linklake sql "{sql}"'


def import_graph(
    lake: Lake, settings: Settings, edges: Path, crawl_id: str, *, node: Node | None, nodes: Path | None
) -> Receipt:
    """Read an edge list into a crawl of its own.

    Raises:
        ArchiveError, Misuse: the list cannot be read, is none, or the crawl id belongs to another crawl.
    """
    clock = Clock()
    found = read_edge_list(edges, node=node, nodes_path=nodes)
    named = [str(p) for p in (edges, nodes) if p]
    hashes = [file_sha256(Path(p)) for p in named]
    facts = crawl_facts(crawl_id, "import", f"edges between {found.node}s from {edges.name}", seeds=hashes, config={})
    if receipt := already_published(lake, facts, clock):
        return receipt
    rows = {
        "crawls": _crawl_row(facts, now(), is_complete=True),
        f"{found.node}_nodes": found.nodes,
        f"{found.node}_edges": found.edges,
        "rejected_records": _rejected_rows(found, crawl_id),
    }
    started_at = datetime.fromisoformat(str(facts["started_at"]))
    parts = Parts(str(facts["seeds_hash"]), started_at, {}, rows)
    receipt = run_stage(lake, import_stage(found.node), crawl_id, settings, parts=parts)
    said = {"loops": found.loop_count, "odd_names": len(found.odd_names)}
    counts = {**receipt.rows, "rejected": found.rejected_count, **said}
    command = f"linklake run rank_{found.node}s --crawl-id {crawl_id}"
    message = "; ".join(_remarks(found, crawl_id)) or None
    return replace(clock.stamp(receipt), stage="import-graph", rows=counts, message=message, next=command)


def _remarks(found: EdgeList, crawl_id: str) -> Iterator[str]:
    """What whoever made the list should know."""
    if found.rejected_count:
        yield _rejections({"bad_row": found.rejected_count}, crawl_id)
    if found.loop_count:
        yield f"{found.loop_count:,} rows lead from a {found.node} to itself and become no edge"
    if found.odd_names:
        examples = ", ".join(map(repr, found.odd_names[:_EXAMPLES]))
        what = "registrable domains" if found.node == "domain" else "host names"
        yield f"{len(found.odd_names):,} names are no {what} and are taken as given, such as {examples}"


def settle(lake: Lake, settings: Settings, crawl_id: str, *, publish: bool = True) -> Receipt:
    """Settle what a crawl left in its observation folder, which goes once it is published."""
    receipt = run_stage(lake, SETTLE_CRAWL, crawl_id, settings, parts=observed_parts(lake, crawl_id), publish=publish)
    return _cleared(lake, receipt)


def gate_settled(lake: Lake, settings: Settings, crawl_id: str, *, accepting: Acceptance = NOTHING_ACCEPTED) -> Receipt:
    """Audit and publish what ``settle`` left staged."""
    parts = observed_parts(lake, crawl_id)
    return _cleared(lake, gate_stage(lake, SETTLE_CRAWL, crawl_id, settings, parts=parts, accepting=accepting))


def _cleared(lake: Lake, receipt: Receipt) -> Receipt:
    """Once a crawl is published, its observation folder holds nothing that is not in the lake."""
    if receipt.published and receipt.crawl_id:
        shutil.rmtree(lake.observing(receipt.crawl_id), ignore_errors=True)
    return receipt


def observed_parts(lake: Lake, crawl_id: str) -> Parts:
    """The acknowledged parts of a crawl that is not settled yet, of all its shards where it has some.

    Raises:
        NotPublished: the crawl is still being observed, its observation was broken off, or a shard is not there.
        LakeError: its shards were begun with different inputs.
    """
    folders = observation_folders(lake.observing(crawl_id))
    states = {folder: Journal.read(folder) for folder in folders}
    for folder, state in states.items():
        if state.complete is None:
            shard = f" --shard {shard_of(folder)}" if len(folders) > 1 else ""
            raise NotPublished(
                f"the observation of crawl {crawl_id} was broken off: "
                f"run linklake {state.crawl['kind']} --crawl-id {crawl_id}{shard} to carry it on"
            )
    names = ("page_fetches", "link_observations", "rejected_records")
    files = {
        name: [folder / p.files[name].name for folder, state in states.items() for p in state.parts if name in p.files]
        for name in names
    }
    completes = [state.complete for state in states.values() if state.complete]
    first = next(iter(states.values())).crawl
    for folder, state in states.items():
        check_same_crawl(folder, state, first)
    finished_at = max(datetime.fromisoformat(complete["finished_at"]) for complete in completes)
    row = _crawl_row(first, finished_at, is_complete=all(complete["is_complete"] for complete in completes))
    hashes = [file_sha256(folder / JOURNAL) for folder in folders]
    fingerprint = hashes[0] if len(hashes) == 1 else _digest(hashes)
    return Parts(fingerprint, datetime.fromisoformat(first["started_at"]), files, {"crawls": row})


def shard_folder(folder: Path, shard: int, of: int) -> Path:
    """Where one of several processes that observe one crawl keeps its journal and its parts."""
    return folder / f"{_SHARD}{shard}-of-{of}"


def shard_of(folder: Path) -> str:
    """Which shard a folder is, as ``2/8``."""
    return folder.name.removeprefix(_SHARD).replace("-of-", "/")


def check_shards(folder: Path, of: int, facts: Mapping[str, object]) -> None:
    """See that what was begun in an observation folder is in as many shards, and of the same crawl.

    Raises:
        Misuse: it was begun by one process, or in another number of shards.
        LakeError: another shard was begun with other inputs.
    """
    begun = {_shard_count(path): path for path in folder.glob(f"{_SHARD}*-of-*")}
    if (folder / JOURNAL).exists():
        begun[1] = folder
    for count, path in begun.items():
        if count != of:
            how = f"in {count} shards: give --shard I/{count}" if count > 1 else "by one process: leave out --shard"
            raise Misuse(f"crawl {folder.name} was begun {how}, or choose another --crawl-id")
        if (path / JOURNAL).exists() and (path / JOURNAL).stat().st_size:
            check_same_crawl(path, Journal.read(path), facts)


def observation_folders(folder: Path) -> list[Path]:
    """The folders of a crawl that hold a journal: its own, or one for each shard.

    Raises:
        NotPublished: a shard has not begun yet.
    """
    shards = sorted(folder.glob(f"{_SHARD}*-of-*"))
    if not shards:
        return [folder]
    of = _shard_count(shards[0])
    expected = [shard_folder(folder, shard, of) for shard in range(1, of + 1)]
    if missing := [path for path in expected if path not in shards]:
        raise NotPublished(
            f"crawl {folder.name} is not observed yet: {len(missing)} of {of} shards have not begun, the first is "
            f"--shard {shard_of(missing[0])}"
        )
    return expected


def _shard_count(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


def crawl_facts(
    crawl_id: str, kind: str, scope: str, *, seeds: Sequence[str], config: Mapping[str, Any]
) -> dict[str, object]:
    """What a crawl is: the first line of its journal, and its row of ``crawls``."""
    return {
        "crawl_id": crawl_id,
        "kind": kind,
        "started_at": now().isoformat(),
        "scope": scope,
        "seeds_hash": _digest(sorted(seeds)),
        "config_hash": _digest(config),
        "code_version": CODE_VERSION,
        "psl_version": psl_version(),
    }


def already_published(lake: Lake, facts: Mapping[str, object], clock: Clock) -> Receipt | None:
    """The receipt of a crawl that is published already, from the same seeds; None when it is not published.

    Raises:
        Misuse: the crawl id belongs to a crawl of other seeds.
    """
    crawl_id, kind = str(facts["crawl_id"]), str(facts["kind"])
    published = lake.snapshot().find("crawls", crawl_id)
    if published and published.facts["seeds_hash"] != facts["seeds_hash"] and not lake.observing(crawl_id).exists():
        raise Misuse(_OTHER_INPUT.format(crawl_id))
    return published_before(lake, crawl_id, kind, clock)


def published_before(lake: Lake, crawl_id: str, kind: str, clock: Clock) -> Receipt | None:
    """The receipt of a crawl of that kind that is published already; None when it is not published.

    Raises:
        Misuse: the crawl id belongs to a crawl of another kind.
    """
    published = lake.snapshot().find("crawls", crawl_id)
    if published is None or lake.observing(crawl_id).exists():
        return None
    if published.facts["kind"] != kind:
        raise Misuse(_OTHER_INPUT.format(crawl_id))
    message = f"crawl {crawl_id} is already published"
    stage = {"import": "import-graph"}.get(kind, kind)
    command = f"linklake build --crawl-id {crawl_id}"
    receipt = Receipt(stage, crawl_id, "unchanged", published=True, message=message, next=command)
    return clock.stamp(replace(receipt, commit=published.version))


def _crawl_row(facts: Mapping[str, Any], finished_at: datetime, *, is_complete: bool) -> pa.Table:
    schema = dataset("crawls").schema
    given = [name for name in schema.names if name not in {"observed_from", "observed_to"}]
    row = {name: facts.get(name) for name in given}
    row["started_at"] = datetime.fromisoformat(str(facts["started_at"]))
    row |= {"finished_at": finished_at, "is_complete": is_complete}
    row["is_target_scoped"] = bool(facts.get("is_target_scoped"))
    return pa.Table.from_pylist([row], schema=pa.schema([schema.field(name) for name in given]))


def _rejected_rows(found: EdgeList, crawl_id: str) -> pa.Table:
    rows = [
        {
            "crawl_id": crawl_id,
            "reject_id": hashlib.blake2b(f"{row.path.name}|{i}|{row.number}".encode(), digest_size=8).hexdigest(),
            "stage": "import-graph",
            "reason": "bad_row",
            "detail": row.detail,
            "record": row.text,
            "byte_count": len(row.text.encode()),
            "archive_file": str(row.path),
            "archive_offset": row.number,
        }
        for i, row in enumerate(found.rejected)
    ]
    return pa.Table.from_pylist(rows, schema=dataset("rejected_records").schema)


def _digest(value: object) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=8).hexdigest()
