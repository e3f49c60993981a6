"""Runs stages against the lake: read one version, stage the output, audit it, publish it."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from linklake.config import Settings
from linklake.data_docs import document
from linklake.findings import Acceptance, Fact, facts, findings_message, mending_command
from linklake.pipeline import (
    STAGES,
    Inputs,
    counted,
    fingerprint_of,
    held,
    is_built,
    is_committed,
    missing_inputs,
    next_command,
    question_of,
    refusal,
    require_inputs,
    resolve,
    run_command,
    slot_of,
)
from linklake.progress import say
from linklake.receipts import Clock, Receipt, record_run, records
from linklake.verify import version_to_serve
from schemas.catalog import MARTS
from schemas.catalog import dataset as dataset_named
from schemas.dataset import Dataset
from schemas.errors import Conflict, GateFailed, LinklakeError, NoInput, NotPublished
from schemas.lake import CODE_VERSION, Lake, Staged, StagingArea
from schemas.ledger import IMPORT_KIND, Partition, PartitionKey, Snapshot
from transforms.engines.duckdb import DuckDB, Resources
from transforms.expectations import prepare
from transforms.gates import Audit, Finding, Given, Moment, audit, stopping
from transforms.marts.serving import build_serving, served_version, sole_builder
from transforms.marts.stages import BUILD_MARTS
from transforms.stage import REJECTS, Run, Stage

NOTHING_ACCEPTED: Final = Acceptance()

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
        GateFailed: the audit stopped the output; it lies in quarantine.
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
            _verify_inputs(lake, inputs)
            _bind_inputs(lake, engine, stage, inputs, parts)
            partitions = _build(lake, engine, stage, run, area, fingerprint)
            rows = _rows_by_fate(engine, stage, partitions)
            reads = _reads(snapshot, inputs, partitions)
            staged = lake.finish_staging(area, partitions, reads=reads, receipt={"rows": rows})
            if publish:
                prepare()
                found = audit(engine, stage.name, *_given(lake, snapshot, staged, run))
                page = _gate(lake, stage, staged, found)
        if not publish:
            next_ = f"linklake gate {stage.name} --crawl-id {crawl_id}"
            return clock.stamp(Receipt(stage.name, crawl_id, "staged", published=False, rows=rows, next=next_))
        return _let_through(lake, stage, staged, found.findings, page, NOTHING_ACCEPTED, settings, clock)


def gate_stage(
    lake: Lake,
    stage: Stage,
    crawl_id: str,
    settings: Settings,
    *,
    parts: Parts | None = None,
    accepting: Acceptance = NOTHING_ACCEPTED,
) -> Receipt:
    """Audit what a stage left staged for a crawl, else what lies in quarantine, and publish it.

    Rules that ``accepting`` names do not stop it.

    Raises:
        NotPublished: nothing is staged and nothing is published.
        GateFailed: as ``run_stage``.
        Misuse: a rule is named that can never be accepted, or that does not stop it.
        Conflict: as ``run_stage``, or the inputs are no longer those it was built from; it is discarded then.
    """
    clock = Clock()
    snapshot = lake.snapshot()
    attempts = (*lake.quarantined(stage.name, crawl_id), *lake.staged(stage.name, crawl_id))
    waiting = [s for s in attempts if not is_committed(snapshot, s)]
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
        if stage not in STAGES:  # an import is made of a list that the lake does not hold
            fingerprint = dict(staged.partitions[0].inputs)
        try:
            lake.fence(snapshot, staged)
            _check_inputs(staged, fingerprint)
        except Conflict:
            lake.discard(staged)
            raise
        run = Run(crawl_id, parts.started_at if parts else _as_of(snapshot, crawl_id))
        prepare()
        with _engine(settings, area) as engine:
            with _damage_named(lake, inputs):
                _bind_inputs(lake, engine, stage, inputs, parts)
                found = audit(engine, stage.name, *_given(lake, snapshot, staged, run), bind=True)
            if found.is_stopped:
                _verify_inputs(lake, inputs)
            page = _gate(lake, stage, staged, found)
        accepting.check(found.findings, f"{stage.name} for crawl {crawl_id}")
        return _let_through(lake, stage, staged, found.findings, page, accepting, settings, clock)


def build(lake: Lake, settings: Settings, *, crawl_ids: Sequence[str], on_stage: Callable[[Receipt], None]) -> Receipt:
    """Every stage after observation for those crawls, oldest first; stages whose inputs a crawl lacks are left out.

    So is what was quarantined or retracted, while its inputs are the same. A gate that stops a crawl does not hold the
    others.

    Raises:
        NoInput: no stage had its inputs.
        GateFailed: a gate stopped a stage; all that could be built without it is built.
    """
    clock = Clock()
    receipts, left, stopped = [], [], []
    for crawl_id in crawl_ids:
        for stage in STAGES[1:]:
            snapshot = lake.snapshot()
            if refusal(snapshot, stage, crawl_id) or missing_inputs(snapshot, stage, crawl_id):
                continue
            if why := held(lake, snapshot, stage, crawl_id, resolve(snapshot, stage, crawl_id)):
                left.append(f"{stage.name} for crawl {crawl_id} ({why})")
                continue
            try:
                receipt = run_stage(lake, stage, crawl_id, settings)
            except GateFailed as error:
                stopped.append(error)
                continue
            on_stage(receipt)
            receipts.append(receipt)
    if stopped:
        raise stopped[0]
    if not receipts and not left:
        raise NoInput(
            f"no crawl in {lake.root} has anything to build from: run linklake crawl, ingest or import-graph first"
        )
    outcome = "built" if any(r.outcome == "built" for r in receipts) else "unchanged"
    rows = {"out": sum(r.rows.get("out", 0) for r in receipts)}
    message = f"left out: {', '.join(left)}; see linklake status" if left else None
    next_ = "linklake status" if left else question_of(lake.snapshot(), crawl_ids[-1])
    return clock.stamp(Receipt("build", crawl_ids[-1], outcome, published=True, rows=rows, next=next_, message=message))


def refresh_serving(lake: Lake, settings: Settings) -> None:
    """Bring the serving file up to the newest published marts; it is a copy, so a lost one is simply made again.

    Where all marts were retracted it becomes one of empty tables.

    Raises:
        DamagedFile: a file of the marts is not what was published; what is served stays.
    """
    with sole_builder(lake.serving):
        snapshot = lake.snapshot()
        newest = snapshot.newest(MARTS[0].name)
        served = served_version(lake.serving)
        if newest is None and served is None:
            return
        partitions = {m.name: snapshot.find(m.name, newest.key.crawl_id) if newest else None for m in MARTS}
        version = version_to_serve(snapshot) if newest else "nothing"
        if served == version:
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
    reads = {str(p.key): p.version for p in counted(inputs)}
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


def _verify_inputs(lake: Lake, inputs: Inputs) -> None:
    for partition in chain.from_iterable(inputs.values()):
        lake.verify(partition)


@contextmanager
def _damage_named(lake: Lake, inputs: Inputs) -> Iterator[None]:
    """A gate trusts the inputs that the run before it verified, until something fails; then it looks whether they are
    why.

    Raises:
        DamagedFile: one of them is missing or altered.
    """
    try:
        yield
    except duckdb.Error:
        _verify_inputs(lake, inputs)
        raise


def _bind_inputs(lake: Lake, engine: DuckDB, stage: Stage, inputs: Inputs, parts: Parts | None) -> None:
    for given, partitions in inputs.items():
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


def _gate(lake: Lake, stage: Stage, staged: Staged, found: Audit) -> Path | None:
    """Have the second judge look at the same numbers, and say what only warns; the page that tells of it.

    Raises:
        GateFailed: the two judges differ; the output stays staged.
    """
    docs = document(lake.root, found, mending=run_command(stage.name, staged.crawl_id))
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
    return docs.page


def _let_through(
    lake: Lake,
    stage: Stage,
    staged: Staged,
    findings: Sequence[Finding],
    page: Path | None,
    accepting: Acceptance,
    settings: Settings,
    clock: Clock,
) -> Receipt:
    """Publish what nothing stops, or only what was accepted; the rest goes to quarantine.

    Raises:
        GateFailed: a rule stops it.
    """
    found = facts(findings, accepting)
    if stops := [f for f in stopping(findings) if not accepting.covers(f)]:
        lake.quarantine(staged, found)
        error = _stopped(stage, staged, stops, found, page)
        rows = dict(staged.receipt["rows"])
        receipt = Receipt(stage.name, staged.crawl_id, "stopped", published=False, rows=rows, message=str(error))
        with suppress(LinklakeError, OSError):  # a lake that cannot take the record holds the findings all the same
            record_run(lake, clock.stamp(replace(receipt, next=error.next_command, findings=found)), clock)
        raise error
    return _publish(lake, staged, found, settings, clock)


def _stopped(
    stage: Stage, staged: Staged, stops: Sequence[Finding], found: Sequence[Fact], page: Path | None
) -> GateFailed:
    run = run_command(stage.name, staged.crawl_id)
    mending = mending_command(stage.name, staged.crawl_id, stops)
    listed = "; ".join(str(f) for f in stops[:5])
    otherwise = "" if mending == run else f", or let it through by {mending}"
    return GateFailed(
        f"the gate stopped {stage.name} for crawl {staged.crawl_id}: {listed}. It lies in quarantine, nothing was "
        f"published: mend the cause, then run {run}{otherwise}{f' (see {page})' if page else ''}",
        findings=found,
        next_command=mending,
    )


def _publish(lake: Lake, staged: Staged, found: Sequence[Fact], settings: Settings, clock: Clock) -> Receipt:
    rows = dict(staged.receipt["rows"])
    following = next_command(lake.snapshot(), staged.stage, staged.crawl_id)
    receipt = Receipt(staged.stage, staged.crawl_id, "built", published=True, rows=rows, next=following)
    receipt = clock.stamp(replace(receipt, findings=tuple(found), message=findings_message(found)))
    kept, files = records(lake, lake.area_of(staged), receipt, clock)
    accepted = [fact for fact in found if fact["accepted"]]
    try:
        notes = {"accepted": accepted} if accepted else None
        snapshot = lake.publish(staged, more=kept, more_from=files, notes=notes)
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
