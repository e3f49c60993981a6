"""Every stage of both sides, in order; runs them against the lake: read, stage, audit, publish."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from linklake.config import Settings
from linklake.receipts import Clock, Receipt, stage_run
from schemas.catalog import MARTS
from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.errors import Conflict, GateFailed, LinklakeError, NoInput, NotPublished, UnknownName
from schemas.lake import CODE_VERSION, Lake, Staged, StagingArea, check_crawl_id
from schemas.ledger import IMPORT_KIND, Partition, PartitionKey, Snapshot
from transforms.engines.duckdb import DuckDB, Resources
from transforms.farms.stages import SCORE_FARMS
from transforms.gates import Finding, audit_files, audit_laws, audit_rows, stopping
from transforms.graph.stages import BUILD_EDGES, RANK_DOMAINS, RANK_HOSTS, SCORE_AUTHORITY
from transforms.links.stages import CLASSIFY_LINKS, DEDUPE_LINKS, SETTLE_CRAWL
from transforms.marts.serving import build_serving, served_version, sole_builder
from transforms.marts.stages import BUILD_MARTS
from transforms.stage import REJECTS, Input, Run, Stage

STAGES: Final[tuple[Stage, ...]] = (
    SETTLE_CRAWL,
    DEDUPE_LINKS,
    CLASSIFY_LINKS,
    BUILD_EDGES,
    RANK_HOSTS,
    RANK_DOMAINS,
    SCORE_FARMS,
    SCORE_AUTHORITY,
    BUILD_MARTS,
)
"""In the order of the flow."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an observation left to be settled: files or rows by dataset, and a fingerprint of all of it."""

    fingerprint: str
    started_at: datetime
    files: Mapping[str, Sequence[Path]]
    rows: Mapping[str, pa.Table]


Inputs = dict[Input, tuple[Partition, ...]]


def stage_named(name: str) -> Stage:
    """The stage of that name, or the one that writes the dataset of that name.

    Raises:
        UnknownName: there is none; the message lists those there are.
    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    for stage in STAGES:
        if name in stage.outputs:
            return stage
    raise UnknownName(f"there is no stage {name}: the stages are {', '.join(s.name for s in STAGES)}")


def known_crawl(lake: Lake, snapshot: Snapshot, crawl_id: str) -> str:
    """The crawl id itself.

    Raises:
        Misuse: it is no crawl id at all.
        UnknownName: the lake knows no such crawl; the message lists the newest.
    """
    check_crawl_id(crawl_id)
    known = [c.crawl_id for c in snapshot.crawls()]
    waiting = [*lake.unsettled(), *(s.crawl_id for s in lake.staged())]
    if crawl_id in known or crawl_id in waiting:
        return crawl_id
    listed = ", ".join(known[-5:]) or "none yet"
    raise UnknownName(f"there is no crawl {crawl_id} in {lake.root}: the newest are {listed}")


def newest_crawl(snapshot: Snapshot, stage: Stage) -> str:
    """The newest crawl that has the stage's inputs; an import only where no other crawl has them.

    Raises:
        NoInput: no crawl has them.
    """
    newest_first = reversed(snapshot.crawls())
    for crawl in sorted(newest_first, key=lambda c: c.kind == IMPORT_KIND):
        if not _missing(resolve(snapshot, stage, crawl.crawl_id)):
            return crawl.crawl_id
    needed = ", ".join(i.dataset for i in stage.inputs if not i.is_optional)
    raise NoInput(
        f"no crawl has the inputs of {stage.name} ({needed}): run linklake crawl, ingest or import-graph first"
    )


def resolve(snapshot: Snapshot, stage: Stage, crawl_id: str) -> Inputs:
    """The partitions that each input of a stage means for a crawl."""
    found: Inputs = {}
    for given in stage.inputs:
        if given.which == "crawl":
            one = snapshot.find(given.dataset, crawl_id)
            found[given] = (one,) if one else ()
        elif given.which == "previous":
            one = snapshot.previous(given.dataset, crawl_id)
            found[given] = (one,) if one else ()
        elif given.which == "history":
            crawls = snapshot.history(crawl_id)
            every = (snapshot.find(given.dataset, c.crawl_id) for c in crawls)
            found[given] = tuple(p for p in every if p)
    return found


def run_stage(
    lake: Lake,
    stage: Stage,
    crawl_id: str,
    settings: Settings,
    *,
    publish: bool = True,
    parts: Parts | None = None,
) -> Receipt:
    """Build one stage for one crawl: nothing to do when the same inputs were built already.

    Raises:
        NotPublished, NoInput: an input is not there (yet).
        GateFailed: the audit stopped the output; it stays staged.
        Conflict: another run changed what this one had read.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    inputs = {} if parts else resolve(snapshot, stage, crawl_id)
    _require(lake, snapshot, stage, crawl_id, inputs)
    fingerprint = {"_observing": parts.fingerprint} if parts else _fingerprint(inputs)
    if _is_built(snapshot, stage, crawl_id, fingerprint):
        if stage is BUILD_MARTS:
            lake.refresh_sql()
            refresh_serving(lake, settings)
        return clock.stamp(Receipt(stage.name, crawl_id, "unchanged", published=True))
    run = Run(crawl_id, parts.started_at if parts else _as_of(snapshot, crawl_id))
    with lake.stage_area(stage.name, crawl_id) as area:
        with _engine(settings, area) as engine:
            _bind_inputs(lake, engine, stage, inputs, parts)
            partitions = _build(lake, engine, stage, run, area, fingerprint)
            rows = _rows_by_fate(engine, stage, partitions)
            reads = _reads(snapshot, inputs, partitions)
            staged = lake.finish_staging(area, partitions, reads=reads, receipt={"rows": rows})
            if publish:
                _audit_files(lake, stage, staged)
                _audit_tables(engine, stage, staged)
        if not publish:
            next_ = f"linklake gate {stage.name} --crawl-id {crawl_id}"
            return clock.stamp(Receipt(stage.name, crawl_id, "staged", published=False, rows=rows, next=next_))
        return _publish(lake, staged, settings, clock)


def gate_stage(lake: Lake, stage: Stage, crawl_id: str, settings: Settings, *, parts: Parts | None = None) -> Receipt:
    """Audit what a stage left staged for a crawl, and publish it.

    Raises:
        NotPublished: nothing is staged and nothing is published.
        GateFailed: as ``run_stage``.
        Conflict: as ``run_stage``, or the inputs are no longer those it was built from; it is discarded then.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    waiting = [s for s in lake.staged(stage.name, crawl_id) if not _is_committed(snapshot, s)]
    if not waiting:
        if all(snapshot.find(name, crawl_id, _slot(stage, name)) for name in stage.outputs):
            message = f"{stage.name} for crawl {crawl_id} is already published"
            return clock.stamp(Receipt(stage.name, crawl_id, "unchanged", published=True, message=message))
        raise NotPublished(
            f"nothing of {stage.name} is staged for crawl {crawl_id}: "
            f"run linklake run {stage.name} --crawl-id {crawl_id}"
        )
    staged = waiting[-1]
    with lake.claimed(staged) as area:
        inputs = {} if parts else resolve(snapshot, stage, crawl_id)
        fingerprint = {"_observing": parts.fingerprint} if parts else _fingerprint(inputs)
        try:
            lake.fence(snapshot, staged)
            _check_inputs(staged, fingerprint)
        except Conflict:
            lake.discard(staged)
            raise
        _audit_files(lake, stage, staged)
        with _engine(settings, area) as engine:
            _bind_inputs(lake, engine, stage, inputs, parts)
            for partition in staged.partitions:
                dataset = dataset_named(partition.key.dataset)
                engine.bind(dataset.name, dataset, [lake.staged_path(staged, f) for f in partition.files])
            _audit_tables(engine, stage, staged)
        return _publish(lake, staged, settings, clock)


def build(lake: Lake, settings: Settings, *, crawl_ids: Sequence[str], on_stage: Callable[[Receipt], None]) -> Receipt:
    """Every stage after observation for those crawls, oldest first; stages whose inputs a crawl lacks are left out.

    Raises:
        NoInput: no stage had its inputs.
    """
    clock = Clock()
    receipts = []
    for crawl_id in crawl_ids:
        for stage in STAGES[1:]:
            if _missing(resolve(lake.snapshot(), stage, crawl_id)):
                continue
            receipt = run_stage(lake, stage, crawl_id, settings)
            on_stage(receipt)
            receipts.append(receipt)
    if not receipts:
        raise NoInput(
            f"no crawl in {lake.root} has anything to build from: run linklake crawl, ingest or import-graph first"
        )
    outcome = "built" if any(r.outcome == "built" for r in receipts) else "unchanged"
    rows = {"out": sum(r.rows.get("out", 0) for r in receipts)}
    return clock.stamp(
        Receipt("build", crawl_ids[-1], outcome, published=True, rows=rows, next="linklake sql 'from index_info'")
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stage stands for a crawl: ``published``, ``outdated`` (an input changed since), ``staged`` (waits for its
    gate), ``ready`` (its inputs are there) or ``waiting``."""

    stage: str
    crawl_id: str
    state: str
    rows: int = 0


def progress(lake: Lake, snapshot: Snapshot, crawl_id: str) -> Iterator[Progress]:
    """Where every stage stands for a published crawl; stages that by nature have no input are left out."""
    for stage in STAGES:
        if any(_never_has(snapshot, crawl_id, i.dataset) for i in stage.inputs if not i.is_optional):
            continue
        inputs = resolve(snapshot, stage, crawl_id)
        waiting = [s for s in lake.staged(stage.name, crawl_id) if not _is_committed(snapshot, s)]
        built = [snapshot.find(name, crawl_id, _slot(stage, name)) for name in stage.outputs]
        rows = sum(p.rows for p in built if p)
        if waiting:
            yield Progress(stage.name, crawl_id, "staged", sum(p.rows for p in waiting[-1].partitions))
        elif stage is SETTLE_CRAWL or _is_built(snapshot, stage, crawl_id, _fingerprint(inputs)):
            yield Progress(stage.name, crawl_id, "published", rows)
        elif all(built):
            yield Progress(stage.name, crawl_id, "outdated", rows)
        else:
            yield Progress(stage.name, crawl_id, "waiting" if _missing(inputs) else "ready")


def refresh_serving(lake: Lake, settings: Settings) -> None:
    """Bring the serving file up to the newest published marts; it is a copy, so a lost one is simply made again.

    Raises:
        DamagedFile: a file of the marts is not what was published; what is served stays.
    """
    with sole_builder(lake.serving):
        snapshot = lake.snapshot()
        newest = snapshot.newest(MARTS[0].name)
        if newest is None:
            return
        partitions = {m.name: snapshot.find(m.name, newest.key.crawl_id) for m in MARTS}
        versions = ",".join(f"{name}@{p.version if p else 0}" for name, p in partitions.items())
        version = f"{newest.key.crawl_id}:{versions}"
        if served_version(lake.serving) == version:
            return
        for partition in filter(None, partitions.values()):
            lake.verify(partition)
        parts = {name: [lake.path(f) for f in p.files] if p else [] for name, p in partitions.items()}
        with _explained("the serving file", settings):
            build_serving(lake.serving, parts, version=version, resources=_resources(settings, lake.serving / ".spill"))


# -------------------------------------------------------------------- inputs


def _missing(inputs: Inputs) -> list[Input]:
    return [i for i, partitions in inputs.items() if not partitions and not i.is_optional]


def _require(lake: Lake, snapshot: Snapshot, stage: Stage, crawl_id: str, inputs: Inputs) -> None:
    missing = _missing(inputs)
    if not missing:
        return
    dataset = missing[0].dataset
    for staged in lake.staged(crawl_id=crawl_id):
        if any(p.key.dataset == dataset for p in staged.partitions):
            raise NotPublished(
                f"{dataset} for crawl {crawl_id} is staged but not published: "
                f"run linklake gate {dataset} --crawl-id {crawl_id}"
            )
    if not any(dataset in s.outputs for s in STAGES) or _never_has(snapshot, crawl_id, dataset):
        raise NoInput(f"crawl {crawl_id} has no {dataset}: there is nothing for {stage.name} to do")
    writer = stage_named(dataset).name
    raise NotPublished(
        f"{stage.name} needs {dataset} for crawl {crawl_id}, which is not built: "
        f"run linklake run {writer} --crawl-id {crawl_id}"
    )


def _never_has(snapshot: Snapshot, crawl_id: str, dataset: str) -> bool:
    """An import has edges of one kind and no pages, so that some stages have by nature no input."""
    kind = next((c.kind for c in snapshot.crawls() if c.crawl_id == crawl_id), None)
    if kind != IMPORT_KIND:
        return False
    absent = {n for s in STAGES[:4] for n in s.outputs if not snapshot.find(n, crawl_id, _slot(s, n))}
    for stage in STAGES[4:]:
        if any(i.dataset in absent and not i.is_optional for i in stage.inputs):
            absent |= set(stage.outputs)
    return dataset in absent


def _fingerprint(inputs: Inputs) -> dict[str, str]:
    return {str(p.key): str(p.version) for partitions in inputs.values() for p in partitions}


def _is_built(snapshot: Snapshot, stage: Stage, crawl_id: str, fingerprint: Mapping[str, str]) -> bool:
    for name in stage.outputs:
        found = snapshot.find(name, crawl_id, _slot(stage, name))
        if found is None or found.stage_version != stage.version or dict(found.inputs) != dict(fingerprint):
            return False
        if found.schema_version != dataset_named(name).schema_version:
            return False
    return True


def _is_there_already(snapshot: Snapshot, staged: Staged) -> bool:
    """The same stage was built from the same inputs by another attempt."""
    found = [(p, snapshot.partitions.get(p.key)) for p in staged.partitions]
    return all(f and (f.stage_version, dict(f.inputs)) == (p.stage_version, dict(p.inputs)) for p, f in found)


def _check_inputs(staged: Staged, fingerprint: Mapping[str, str]) -> None:
    """Refuse output built from other inputs than its gate would audit it with (a crawl that arrived late).

    Raises:
        Conflict: they differ.
    """
    if any(dict(p.inputs) != dict(fingerprint) for p in staged.partitions):
        raise Conflict(
            f"the inputs of {staged.stage} for crawl {staged.crawl_id} are others since it was staged; nothing was "
            f"published: run {staged.stage} again"
        )


def _is_committed(snapshot: Snapshot, staged: Staged) -> bool:
    return any((found := snapshot.partitions.get(p.key)) and found.attempt == staged.attempt for p in staged.partitions)


def _as_of(snapshot: Snapshot, crawl_id: str) -> datetime:
    return next(c.observed_to for c in snapshot.crawls() if c.crawl_id == crawl_id)


def _reads(snapshot: Snapshot, inputs: Inputs, outputs: Sequence[Partition]) -> dict[str, int]:
    """What the commit must find unchanged: what was read, and what is replaced."""
    reads = {str(p.key): p.version for partitions in inputs.values() for p in partitions}
    for partition in outputs:
        found = snapshot.partitions.get(partition.key)
        reads[str(partition.key)] = found.version if found else 0
    return reads


# -------------------------------------------------------------------- building


def _resources(settings: Settings, temporary: Path) -> Resources:
    return Resources(settings.text("memory"), settings.whole("threads"), temporary)


@contextmanager
def _engine(settings: Settings, area: StagingArea) -> Iterator[DuckDB]:
    """An engine that spills into the attempt's folder; what it spilled goes when it is closed, never before."""
    resources = _resources(settings, area.temporary)
    try:
        engine = DuckDB(resources)
    except duckdb.Error as error:
        raise LinklakeError(
            f"DuckDB cannot start with memory {resources.memory}, threads {resources.threads}: {_first_line(error)}"
        ) from error
    try:
        with _explained(area.stage, settings):
            yield engine
    finally:
        engine.close()
        shutil.rmtree(area.temporary, ignore_errors=True)


@contextmanager
def _explained(what: str, settings: Settings) -> Iterator[None]:
    """Turn what DuckDB says of memory and disks into one line that says what to do."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        memory = settings.text("memory")
        raise LinklakeError(
            f"{what} needs more than {memory} of memory, or more disk to spill: raise --memory or free some space "
            f"({_first_line(error)})"
        ) from error
    except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
        raise LinklakeError(
            f"{what} could not read or write a file, what was published stays: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _bind_inputs(lake: Lake, engine: DuckDB, stage: Stage, inputs: Inputs, parts: Parts | None) -> None:
    for given, partitions in inputs.items():
        for partition in partitions:
            lake.verify(partition)
        paths = [lake.path(f) for p in partitions for f in p.files]
        engine.bind(given.name, dataset_named(given.dataset), paths)
    if parts:
        for given in stage.inputs:
            if given.dataset in parts.rows:
                engine.bind_arrow(given.name, parts.rows[given.dataset])
            else:
                engine.bind(given.name, dataset_named(given.dataset), parts.files.get(given.dataset, ()))


def _build(
    lake: Lake, engine: DuckDB, stage: Stage, run: Run, area: StagingArea, fingerprint: Mapping[str, str]
) -> list[Partition]:
    outputs = stage.build(run, engine)
    partitions = []
    for name, output in outputs.items():
        dataset = dataset_named(name)
        written = engine.write(
            dataset,
            output,
            crawl_id=run.crawl_id,
            buckets=lake.buckets,
            part=lambda bucket, dataset=dataset: area.part(dataset.name, bucket),  # type: ignore[misc]
        )
        files = tuple(lake.seal(path, dataset, run.crawl_id, bucket) for bucket, path in written.items())
        partitions.append(
            Partition(
                key=PartitionKey(name, run.crawl_id, _slot(stage, name)),
                stage=stage.name,
                attempt=area.attempt,
                stage_version=stage.version,
                schema_version=dataset.schema_version,
                code_version=CODE_VERSION,
                files=files,
                inputs=fingerprint,
                facts=_facts(dataset, list(written.values())),
            )
        )
    return partitions


def _facts(dataset: Dataset, paths: Sequence[Path]) -> dict[str, str]:
    """What readers need to know of a crawl without opening its file."""
    if dataset.name != "crawls":
        return {}
    row = pq.read_table(paths[0], columns=["kind", "seeds_hash", "started_at", "observed_to"]).to_pylist()[0]
    return {
        "kind": row["kind"],
        "seeds_hash": row["seeds_hash"],
        "started_at": row["started_at"].isoformat(),
        "observed_to": row["observed_to"].isoformat(),
    }


def _slot(stage: Stage, dataset: str) -> str:
    return stage.name if dataset_named(dataset).writers == "many" else ""


def _rows_by_fate(engine: DuckDB, stage: Stage, partitions: Sequence[Partition]) -> dict[str, int]:
    rows = {p.key.dataset: p.rows for p in partitions}
    fates = {"out": sum(count for name, count in rows.items() if name != REJECTS)}
    if stage.counts_rows_of:
        given = next(i for i in stage.inputs if i.dataset == stage.counts_rows_of)
        fates["in"] = engine.count(given.name)
    fates["rejected"] = rows.get(REJECTS, 0)
    return {**fates, **rows}


# -------------------------------------------------------------------- publishing


def _audit_files(lake: Lake, stage: Stage, staged: Staged) -> None:
    findings = []
    for partition in staged.partitions:
        paths = [lake.staged_path(staged, f) for f in partition.files]
        findings += audit_files(dataset_named(partition.key.dataset), partition, paths)
    _stop_at(findings, stage, staged)


def _audit_tables(engine: DuckDB, stage: Stage, staged: Staged) -> None:
    findings = []
    for partition in staged.partitions:
        findings += audit_rows(engine, dataset_named(partition.key.dataset), staged.crawl_id)
    _stop_at(findings, stage, staged)
    _stop_at(audit_laws(engine, stage.name), stage, staged)


def _stop_at(findings: Sequence[Finding], stage: Stage, staged: Staged) -> None:
    if stops := stopping(findings):
        listed = "; ".join(str(f) for f in stops[:5])
        raise GateFailed(
            f"the gate stopped {stage.name} for crawl {staged.crawl_id}: {listed}. It stays staged, nothing was "
            f"published: mend the cause, then run {_command_of(stage)} --crawl-id {staged.crawl_id}"
        )


def _publish(lake: Lake, staged: Staged, settings: Settings, clock: Clock) -> Receipt:
    rows = dict(staged.receipt["rows"])
    receipt = clock.stamp(Receipt(staged.stage, staged.crawl_id, "built", published=True, rows=rows))
    row, files = stage_run(lake, lake.area_of(staged), receipt, clock)
    try:
        lake.publish(staged, more=(row,), more_from=files)
    except Conflict:
        lake.discard(staged)
        if not _is_there_already(lake.snapshot(), staged):
            raise
        receipt = replace(receipt, outcome="unchanged", message="another run published the same just before")
    if staged.stage == BUILD_MARTS.name:
        refresh_serving(lake, settings)
    return replace(clock.stamp(receipt), next=_next_command(staged))


def _next_command(staged: Staged) -> str:
    names = [s.name for s in STAGES]
    at = names.index(staged.stage) + 1 if staged.stage in names else len(names)
    if at < len(names):
        return f"linklake run {names[at]} --crawl-id {staged.crawl_id}"
    return "linklake sql 'from index_info'"


def _command_of(stage: Stage) -> str:
    """The command that runs a stage; ``import_graph`` is no stage of its own but a door."""
    return f"linklake run {stage.name}" if stage in STAGES else f"linklake {stage.name.replace('_', '-')}"
