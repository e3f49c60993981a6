"""Runs stages against the lake: read one version, stage the output, audit it, publish it."""

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
from linklake.data_docs import document
from linklake.pipeline import (
    STAGES,
    Inputs,
    fingerprint_of,
    is_built,
    is_committed,
    missing_inputs,
    next_command,
    question_of,
    refusal,
    require_inputs,
    resolve,
    slot_of,
)
from linklake.progress import say
from linklake.receipts import Clock, Receipt, stage_run
from linklake.verify import version_to_serve
from schemas.catalog import MARTS
from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.errors import Conflict, GateFailed, LinklakeError, NoInput, NotPublished
from schemas.lake import CODE_VERSION, Lake, Staged, StagingArea
from schemas.ledger import IMPORT_KIND, Partition, PartitionKey, Snapshot
from transforms.engines.duckdb import DuckDB, Resources
from transforms.expectations import prepare
from transforms.gates import Audit, Given, Moment, audit, stopping
from transforms.marts.serving import build_serving, served_version, sole_builder
from transforms.marts.stages import BUILD_MARTS
from transforms.stage import REJECTS, Run, Stage

_SPACE_FACTOR: Final = 3
"""Disk that a stage may need, in sizes of its input: output, spill, and the copy for serving."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an observation left to be settled: files or rows by dataset, and a fingerprint of all of it."""

    fingerprint: str
    started_at: datetime
    files: Mapping[str, Sequence[Path]]
    rows: Mapping[str, pa.Table]


def run_stage(
    lake: Lake,
    stage: Stage,
    crawl_id: str,
    settings: Settings,
    *,
    publish: bool = True,
    parts: Parts | None = None,
    force: bool = False,
) -> Receipt:
    """Build one stage for one crawl: nothing to do when the same inputs were built already, unless by ``force``.

    Raises:
        NotPublished, NoInput: an input is not there (yet).
        GateFailed: the audit stopped the output; it stays staged.
        Conflict: another run changed what this one had read.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    inputs = {} if parts else resolve(snapshot, stage, crawl_id)
    require_inputs(lake, snapshot, stage, crawl_id)
    fingerprint = {"_observing": parts.fingerprint} if parts else fingerprint_of(inputs)
    if not force and is_built(snapshot, stage, crawl_id, fingerprint):
        if stage is BUILD_MARTS:
            lake.refresh_sql()
            refresh_serving(lake, settings)
        return clock.stamp(Receipt(stage.name, crawl_id, "unchanged", published=True, commit=snapshot.number))
    _require_space(lake, stage, inputs, parts)
    run = Run(crawl_id, parts.started_at if parts else _as_of(snapshot, crawl_id))
    with lake.stage_area(stage.name, crawl_id) as area:
        with _engine(settings, area) as engine:
            _bind_inputs(lake, engine, stage, inputs, parts)
            partitions = _build(lake, engine, stage, run, area, fingerprint)
            rows = _rows_by_fate(engine, stage, partitions)
            reads = _reads(snapshot, inputs, partitions)
            staged = lake.finish_staging(area, partitions, reads=reads, receipt={"rows": rows})
            if publish:
                prepare()
                _gate(lake, stage, staged, audit(engine, stage.name, *_given(lake, snapshot, staged, run)))
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
    waiting = [s for s in lake.staged(stage.name, crawl_id) if not is_committed(snapshot, s)]
    if not waiting:
        if all(snapshot.find(name, crawl_id, slot_of(stage, name)) for name in stage.outputs):
            message = f"{stage.name} for crawl {crawl_id} is already published"
            receipt = Receipt(stage.name, crawl_id, "unchanged", published=True, message=message)
            return clock.stamp(replace(receipt, commit=snapshot.number))
        raise NotPublished(
            f"nothing of {stage.name} is staged for crawl {crawl_id}: "
            f"run linklake run {stage.name} --crawl-id {crawl_id}"
        )
    staged = waiting[-1]
    with lake.claimed(staged) as area:
        inputs = {} if parts else resolve(snapshot, stage, crawl_id)
        fingerprint = {"_observing": parts.fingerprint} if parts else fingerprint_of(inputs)
        try:
            lake.fence(snapshot, staged)
            _check_inputs(staged, fingerprint)
        except Conflict:
            lake.discard(staged)
            raise
        run = Run(crawl_id, parts.started_at if parts else _as_of(snapshot, crawl_id))
        prepare()
        with _engine(settings, area) as engine:
            _bind_inputs(lake, engine, stage, inputs, parts)
            _gate(lake, stage, staged, audit(engine, stage.name, *_given(lake, snapshot, staged, run), bind=True))
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
            snapshot = lake.snapshot()
            if refusal(snapshot, stage, crawl_id) or missing_inputs(snapshot, stage, crawl_id):
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
    following = question_of(lake.snapshot(), crawl_ids[-1])
    return clock.stamp(Receipt("build", crawl_ids[-1], outcome, published=True, rows=rows, next=following))


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
        version = version_to_serve(snapshot)
        if served_version(lake.serving) == version:
            return
        for partition in filter(None, partitions.values()):
            lake.verify(partition)
        parts = {name: [lake.path(f) for f in p.files] if p else [] for name, p in partitions.items()}
        with _explained("the serving file", settings):
            build_serving(lake.serving, parts, version=version, resources=_resources(settings, lake.serving / ".spill"))


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


def _require_space(lake: Lake, stage: Stage, inputs: Inputs, parts: Parts | None) -> None:
    """Better no work than work that ends on a full disk.

    Raises:
        LinklakeError: less is free than the stage may need.
    """
    read = sum(p.bytes for partitions in inputs.values() for p in partitions)
    if parts:
        read += sum(path.stat().st_size for paths in parts.files.values() for path in paths)
    free = shutil.disk_usage(lake.root).free
    if free < _SPACE_FACTOR * read:
        raise LinklakeError(
            f"{stage.name} reads {read >> 20:,} MiB and may need {_SPACE_FACTOR * read >> 20:,} MiB of disk, but only "
            f"{free >> 20:,} MiB are free at {lake.root}: free some space and run it again"
        )


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
                key=PartitionKey(name, run.crawl_id, slot_of(stage, name)),
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
    names = ["kind", "seeds_hash", "started_at", "observed_to", "is_target_scoped"]
    row = pq.read_table(paths[0], columns=names).to_pylist()[0]
    scoped = {"is_target_scoped": "true"} if row["is_target_scoped"] else {}
    return {
        "kind": row["kind"],
        "seeds_hash": row["seeds_hash"],
        "started_at": row["started_at"].isoformat(),
        "observed_to": row["observed_to"].isoformat(),
        **scoped,
    }


def _rows_by_fate(engine: DuckDB, stage: Stage, partitions: Sequence[Partition]) -> dict[str, int]:
    rows = {p.key.dataset: p.rows for p in partitions}
    fates = {"out": sum(count for name, count in rows.items() if name != REJECTS)}
    if stage.counts_rows_of:
        given = next(i for i in stage.inputs if i.dataset == stage.counts_rows_of)
        fates["in"] = engine.count(given.name)
    fates["rejected"] = rows.get(REJECTS, 0)
    return {**fates, **rows}


# -------------------------------------------------------------------- publishing


def _given(lake: Lake, snapshot: Snapshot, staged: Staged, run: Run) -> tuple[Moment, list[Given]]:
    """What the gate of staged output needs to know, beside its inputs."""
    crawls = snapshot.crawls()
    moment = Moment(
        run.crawl_id,
        run.as_of,
        datetime.fromisoformat(staged.created_at),
        max((c.observed_to for c in crawls if c.kind != IMPORT_KIND and c.crawl_id != run.crawl_id), default=None),
    )
    is_known = any(c.crawl_id == run.crawl_id for c in crawls)
    is_import = any(p.facts.get("kind") == IMPORT_KIND for p in staged.partitions)
    given = []
    for partition in staged.partitions:
        name = partition.key.dataset
        before = snapshot.previous(name, run.crawl_id) if is_known else None if is_import else snapshot.newest(name)
        paths = tuple(lake.staged_path(staged, f) for f in partition.files)
        given.append(Given(partition, paths, before.rows if before else None))
    return moment, given


def _gate(lake: Lake, stage: Stage, staged: Staged, found: Audit) -> None:
    """Stop what breaks a rule that stops; say what only warns. Both judges see the same numbers.

    Raises:
        GateFailed: the audit stopped the output, or its two judges differ; it stays staged.
    """
    command = f"{_command_of(stage)} --crawl-id {staged.crawl_id}"
    docs = document(lake.root, found, mending=command)
    if docs.trouble:
        say(f"warning: {docs.trouble}")
    if docs.validation and docs.validation.broken != found.broken:
        apart = ", ".join(sorted(docs.validation.broken ^ found.broken))
        raise GateFailed(
            f"the gate and Great Expectations differ on {apart} of {stage.name} for crawl {staged.crawl_id}: nothing "
            f"was published; this is a defect of linklake {CODE_VERSION}, please report it with {docs.page}"
        )
    for finding in found.findings:
        if finding.severity == "warn":
            say(f"warning: {finding}")
    if stops := stopping(found.findings):
        listed = "; ".join(str(f) for f in stops[:5])
        raise GateFailed(
            f"the gate stopped {stage.name} for crawl {staged.crawl_id}: {listed}. It stays staged, nothing was "
            f"published: mend the cause, then run {command}{f' (see {docs.page})' if docs.page else ''}"
        )


def _publish(lake: Lake, staged: Staged, settings: Settings, clock: Clock) -> Receipt:
    rows = dict(staged.receipt["rows"])
    receipt = clock.stamp(Receipt(staged.stage, staged.crawl_id, "built", published=True, rows=rows))
    row, files = stage_run(lake, lake.area_of(staged), receipt, clock)
    try:
        snapshot = lake.publish(staged, more=(row,), more_from=files)
    except Conflict:
        lake.discard(staged)
        snapshot = lake.snapshot()
        if not _is_there_already(snapshot, staged):
            raise
        receipt = replace(receipt, outcome="unchanged", message="another run published the same just before")
    if staged.stage == BUILD_MARTS.name:
        refresh_serving(lake, settings)
    following = next_command(snapshot, staged.stage, staged.crawl_id)
    return replace(clock.stamp(receipt), next=following, commit=snapshot.number)


def _command_of(stage: Stage) -> str:
    """The command that runs a stage; ``import_graph`` is no stage of its own but a door."""
    return f"linklake run {stage.name}" if stage in STAGES else f"linklake {stage.name.replace('_', '-')}"
