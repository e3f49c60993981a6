"""Every stage of both sides, in order, and where each stands for a crawl (ready, staged, published, outdated)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.catalog import dataset as dataset_named
from schemas.errors import NoInput, NotPublished, UnknownName
from schemas.lake import Lake, Staged, check_crawl_id
from schemas.ledger import IMPORT_KIND, Partition, PartitionKey, Snapshot
from transforms.farms.stages import SCORE_FARMS
from transforms.graph.stages import BUILD_EDGES, RANK_DOMAINS, RANK_HOSTS, SCORE_AUTHORITY, import_graph
from transforms.links.stages import CLASSIFY_LINKS, DEDUPE_LINKS, SETTLE_CRAWL
from transforms.marts.stages import BUILD_MARTS
from transforms.stage import Input, Stage

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

_CORPUS_WIDE: Final = frozenset(name for stage in STAGES if stage.is_corpus_wide for name in stage.outputs)

IMPORT_GRAPH: Final = "import_graph"

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


def gated_stage(lake: Lake, name: str, crawl_id: str | None) -> Stage:
    """The stage whose output a gate is asked for; an import, which is none of ``STAGES``, by what was stopped of it.

    Raises:
        UnknownName: there is none.
    """
    if name != IMPORT_GRAPH:
        return stage_named(name)
    stopped = {p.key.dataset for s in lake.quarantined(IMPORT_GRAPH, crawl_id) for p in s.partitions}
    return import_graph("host" if "host_edges" in stopped else "domain")


def run_command(stage_name: str, crawl_id: str) -> str:
    """What runs a stage again; an import is no stage of its own but a door."""
    door = "import-graph EDGES" if stage_name == IMPORT_GRAPH else f"run {stage_name}"
    return f"linklake {door} --crawl-id {crawl_id}"


def known_crawl(lake: Lake, snapshot: Snapshot, crawl_id: str) -> str:
    """The crawl id itself.

    Raises:
        Misuse: it is no crawl id at all.
        UnknownName: the lake knows no such crawl; the message lists the newest.
    """
    check_crawl_id(crawl_id)
    known = [c.crawl_id for c in snapshot.crawls()]
    waiting = [*lake.unsettled(), *(s.crawl_id for s in (*lake.staged(), *lake.quarantined()))]
    waiting += [key.crawl_id for retraction in snapshot.retractions for key in retraction.roots]
    if crawl_id in known or crawl_id in waiting:
        return crawl_id
    listed = ", ".join(known[-5:]) or "none yet"
    raise UnknownName(f"there is no crawl {crawl_id} in {lake.root}: the newest are {listed}")


def newest_crawl(snapshot: Snapshot, stage: Stage, *, besides: Collection[str] = ()) -> str:
    """The newest crawl, besides those, that has the stage's inputs; an import only where no other crawl has them.

    Raises:
        NoInput: no crawl has them.
    """
    newest_first = reversed(snapshot.crawls())
    for crawl in sorted(newest_first, key=lambda c: c.kind == IMPORT_KIND):
        if crawl.crawl_id not in besides and not missing_inputs(snapshot, stage, crawl.crawl_id):
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
            found[given] = _partitions(snapshot, given, crawl_id)
        elif given.which == "previous":
            one = snapshot.previous(given.dataset, crawl_id)
            found[given] = (one,) if one else ()
        elif given.which == "history":
            crawls = snapshot.history(crawl_id)
            found[given] = tuple(p for c in crawls for p in _partitions(snapshot, given, c.crawl_id))
    return found


def _partitions(snapshot: Snapshot, given: Input, crawl_id: str) -> tuple[Partition, ...]:
    """Those of a crawl: of records every run's."""
    if given.is_record:
        return snapshot.of(given.dataset, crawl_id)
    one = snapshot.find(given.dataset, crawl_id)
    return (one,) if one else ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stage stands for a crawl: ``published``, ``outdated`` (an input changed since), ``staged`` (waits for its
    gate), ``quarantined``, ``retracted`` (see ``held``), ``ready`` (its inputs are there) or ``waiting``."""

    stage: str
    crawl_id: str
    state: str
    rows: int = 0


def progress(lake: Lake, snapshot: Snapshot, crawl_id: str) -> Iterator[Progress]:
    """Where every stage stands for a published crawl; stages that by nature have no input are left out."""
    for stage in STAGES:
        if not _is_for(snapshot, stage, crawl_id):
            continue
        inputs = resolve(snapshot, stage, crawl_id)
        waiting = [s for s in lake.staged(stage.name, crawl_id) if not is_committed(snapshot, s)]
        built = [snapshot.find(name, crawl_id, slot_of(stage, name)) for name in stage.outputs]
        rows = sum(p.rows for p in built if p)
        if waiting:
            yield Progress(stage.name, crawl_id, "staged", sum(p.rows for p in waiting[-1].partitions))
        elif stage is SETTLE_CRAWL or is_built(snapshot, stage, crawl_id, fingerprint_of(inputs)):
            yield Progress(stage.name, crawl_id, "published", rows)
        elif why := held(lake, snapshot, stage, crawl_id, inputs):
            yield Progress(stage.name, crawl_id, why, rows)
        elif all(built):
            yield Progress(stage.name, crawl_id, "outdated", rows)
        else:
            yield Progress(stage.name, crawl_id, "waiting" if missing_inputs(snapshot, stage, crawl_id) else "ready")


def pending(lake: Lake, snapshot: Snapshot, stages: Sequence[Stage]) -> Iterator[str]:
    """Crawls, oldest first, for which one of the stages is not up to date and could be built or published now.

    A crawl for which one of them has by nature no input (an import) is not theirs. One that is left alone is not
    pending until there is something new to build it from.
    """
    names = {s.name for s in stages}
    for crawl in snapshot.crawls():
        states = {p.stage: p.state for p in progress(lake, snapshot, crawl.crawl_id) if p.stage in names}
        found = set(states.values())
        if states.keys() == names and found & {"staged", "outdated", "ready"} and found.isdisjoint(HELD):
            yield crawl.crawl_id


def left_alone(lake: Lake, snapshot: Snapshot, stages: Sequence[Stage]) -> Iterator[str]:
    """Crawls, oldest first, for which one of the stages is held: a person decides (ADR 0008)."""
    names = {s.name for s in stages}
    for crawl in snapshot.crawls():
        if any(p.state in HELD for p in progress(lake, snapshot, crawl.crawl_id) if p.stage in names):
            yield crawl.crawl_id


HELD: Final = ("quarantined", "retracted")


def held(lake: Lake, snapshot: Snapshot, stage: Stage, crawl_id: str, inputs: Inputs) -> str | None:
    """Why a stage is left alone for a crawl: what it makes of these very inputs was stopped, or withdrawn."""
    made = (stage.version, fingerprint_of(inputs))
    for staged in lake.quarantined(stage.name, crawl_id):
        if all(_made(p) == made for p in staged.partitions) and not lake.is_stale(snapshot, staged):
            return "quarantined"
    key = PartitionKey(stage.outputs[0], crawl_id, slot_of(stage, stage.outputs[0]))
    found = snapshot.retraction_of(key)
    if found and key in found.roots and (withdrawn := found.find(key)) and _made(withdrawn) == made:
        return "retracted"
    return None


def _made(partition: Partition) -> tuple[int, dict[str, str]]:
    """By which version of its stage and from which inputs a partition was built."""
    return partition.stage_version, dict(partition.inputs)


def missing_inputs(snapshot: Snapshot, stage: Stage, crawl_id: str) -> list[Input]:
    """Inputs that a stage cannot do without and that are not published.

    What is corpus-wide is none of a target-scoped crawl: there it is an empty table.
    """
    waived = _CORPUS_WIDE if _scoped(snapshot, crawl_id) else frozenset[str]()
    inputs = resolve(snapshot, stage, crawl_id)
    return [i for i, found in inputs.items() if not found and not i.is_optional and i.dataset not in waived]


def refusal(snapshot: Snapshot, stage: Stage, crawl_id: str) -> str | None:
    """Why a corpus-wide stage is not run for a crawl: of some pages it knows the links to listed targets alone."""
    scoped = _scoped(snapshot, crawl_id) if stage.is_corpus_wide else ()
    if not scoped:
        return None
    others = "" if scoped == (crawl_id,) else f" (its links include those of {', '.join(scoped[:5])})"
    return (
        f"{stage.name} refuses crawl {crawl_id}: it is target-scoped{others}, so most links are missing and what it "
        "says of the whole corpus would be wrong; links, edges and backlinks are there. Ingest without --targets, or "
        "keep target-scoped ingests in a lake of their own"
    )


def _scoped(snapshot: Snapshot, crawl_id: str) -> tuple[str, ...]:
    """The target-scoped crawls whose links are among those of a crawl."""
    return tuple(c.crawl_id for c in snapshot.history(crawl_id) if c.is_target_scoped)


def _is_for(snapshot: Snapshot, stage: Stage, crawl_id: str) -> bool:
    """Whether a stage is ever run for such a crawl."""
    absent = any(_never_has(snapshot, crawl_id, i.dataset) for i in stage.inputs if not i.is_optional)
    return not absent and refusal(snapshot, stage, crawl_id) is None


def require_inputs(lake: Lake, snapshot: Snapshot, stage: Stage, crawl_id: str) -> None:
    """See that a stage has its inputs.

    Raises:
        NotPublished: one is not built yet, or staged and not published; the message names the command.
        NoInput: a crawl of this kind never has it, or is none that the stage is for.
    """
    if why := refusal(snapshot, stage, crawl_id):
        raise NoInput(why)
    missing = missing_inputs(snapshot, stage, crawl_id)
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
    absent = {n for s in STAGES[:4] for n in s.outputs if not snapshot.find(n, crawl_id, slot_of(s, n))}
    for stage in STAGES[4:]:
        if any(i.dataset in absent and not i.is_optional for i in stage.inputs):
            absent |= set(stage.outputs)
    return dataset in absent


def fingerprint_of(inputs: Inputs) -> dict[str, str]:
    """The version of every partition read, but for records: the same fingerprint gives the same rows."""
    return {str(p.key): str(p.version) for p in counted(inputs)}


def counted(inputs: Inputs) -> Iterator[Partition]:
    """The partitions whose change is a reason to build again."""
    for given, partitions in inputs.items():
        if not given.is_record:
            yield from partitions


def is_built(snapshot: Snapshot, stage: Stage, crawl_id: str, fingerprint: Mapping[str, str]) -> bool:
    """Whether all outputs of a stage are published, built by this version of it from these inputs."""
    for name in stage.outputs:
        found = snapshot.find(name, crawl_id, slot_of(stage, name))
        if found is None or found.stage_version != stage.version or dict(found.inputs) != dict(fingerprint):
            return False
        if found.schema_version != dataset_named(name).schema_version:
            return False
    return True


def is_committed(snapshot: Snapshot, staged: Staged) -> bool:
    """Whether staged output is what is published: its process died before it could clean up."""
    return any((found := snapshot.partitions.get(p.key)) and found.attempt == staged.attempt for p in staged.partitions)


def slot_of(stage: Stage, dataset: str) -> str:
    """The slot of a crawl's partition that a stage writes: its own, where several commands write the dataset."""
    return stage.name if dataset_named(dataset).writers == "many" else ""


def next_command(snapshot: Snapshot, stage_name: str, crawl_id: str) -> str:
    """What to run once a stage (or a door that observes) is published: the next stage that this crawl has input for."""
    names = [s.name for s in STAGES]
    later = STAGES[names.index(stage_name) + 1 :] if stage_name in names else STAGES[1:]
    for stage in later:
        if _is_for(snapshot, stage, crawl_id):
            return f"linklake run {stage.name} --crawl-id {crawl_id}"
    return question_of(snapshot, crawl_id)


def question_of(snapshot: Snapshot, crawl_id: str) -> str:
    """What to ask of a crawl that is built as far as it goes: one of hosts alone ends with their ranks."""
    is_ranked_only = snapshot.find("host_ranks", crawl_id) and not snapshot.find("index_info", crawl_id)
    table = "host_ranks order by pagerank_rank limit 10" if is_ranked_only else "index_info"
    return f"linklake sql 'from {table}'"
