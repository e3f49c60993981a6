"""What the commit log says: which partitions exist, made of which files, from which inputs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

IMPORT_KIND: Final = "import"


@dataclass(frozen=True, slots=True, order=True)
class PartitionKey:
    """Names a partition: a dataset, a crawl and, where several commands write, the writer's slot."""

    dataset: str
    crawl_id: str
    slot: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.dataset, self.crawl_id, self.slot) if part)

    @classmethod
    def parse(cls, text: str) -> "PartitionKey":
        """The inverse of ``str()``."""
        return cls(*text.split("/"))


@dataclass(frozen=True, slots=True)
class File:
    """An immutable Parquet file of a partition; ``path`` is relative to the lake."""

    path: str
    bucket: int
    rows: int
    bytes: int
    sha256: str
    first: str | None = None
    last: str | None = None
    """Least and greatest value of the dataset's first sort column, as text."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A published (or staged) partition and how it came about.

    ``inputs`` maps the text of every partition key that was read to the version read: the same inputs under the same
    ``stage_version`` give the same rows, so equality of both means there is nothing to do. ``facts`` are small values
    that readers need without opening a file (the order of crawls).
    """

    key: PartitionKey
    stage: str
    attempt: str
    stage_version: int
    schema_version: int
    code_version: str
    files: tuple[File, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    """Number of the commit that added it; 0 while it is staged."""

    @property
    def rows(self) -> int:
        """Rows over all files."""
        return sum(f.rows for f in self.files)

    @property
    def bytes(self) -> int:
        """Bytes over all files."""
        return sum(f.bytes for f in self.files)


@dataclass(frozen=True, slots=True)
class Commit:
    """One version of the lake: what it adds and removes, and what it had read."""

    number: int
    at: str
    stage: str
    crawl_id: str
    attempt: str
    reads: Mapping[str, int]
    added: tuple[Partition, ...] = ()
    removed: tuple[PartitionKey, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What a person decided, and why: ``accepted`` rules, a ``retracted`` partition, a ``restored`` commit."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for the log."""
        return {
            "number": self.number,
            "at": self.at,
            "stage": self.stage,
            "crawl_id": self.crawl_id,
            "attempt": self.attempt,
            "reads": dict(self.reads),
            "added": [partition_to_json(p) for p in self.added],
            "removed": [str(k) for k in self.removed],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Commit":
        """The inverse of ``to_json``."""
        return cls(
            number=value["number"],
            at=value["at"],
            stage=value["stage"],
            crawl_id=value["crawl_id"],
            attempt=value["attempt"],
            reads=value["reads"],
            added=tuple(partition_from_json(p) for p in value["added"]),
            removed=tuple(PartitionKey.parse(k) for k in value["removed"]),
            notes=value.get("notes", {}),
        )


@dataclass(frozen=True, slots=True)
class Retraction:
    """A commit that withdrew partitions: ``roots`` were retracted, the others had been built from them.

    It can be undone while none of its roots was published anew; until then every version of the lake names the files
    of its partitions through it.
    """

    number: int
    at: str
    by: str
    reason: str
    roots: tuple[PartitionKey, ...]
    partitions: tuple[Partition, ...]

    def find(self, key: PartitionKey) -> Partition | None:
        """A partition that it withdrew, or None."""
        return next((p for p in self.partitions if p.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Plain values for checkpoints."""
        value = asdict(self)
        value["roots"] = [str(k) for k in self.roots]
        value["partitions"] = [partition_to_json(p) for p in self.partitions]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Retraction":
        """The inverse of ``to_json``."""
        fields = dict(value)
        fields["roots"] = tuple(PartitionKey.parse(k) for k in value["roots"])
        fields["partitions"] = tuple(partition_from_json(p) for p in value["partitions"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class CrawlOrder:
    """What orders crawls: never the text of the id (DESIGN: order and newest state)."""

    observed_to: datetime
    started_at: datetime
    crawl_id: str
    kind: str
    is_empty: bool = False
    """It observed no page: its ``observed_to`` is only when the command started, and it comes before all others."""
    is_target_scoped: bool = False
    """Only links to listed targets were kept."""

    @property
    def place(self) -> tuple[bool, datetime, datetime, str]:
        """The sort key."""
        return (not self.is_empty, self.observed_to, self.started_at, self.crawl_id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lake at one version: readers that hold it see one consistent lake."""

    number: int
    partitions: Mapping[PartitionKey, Partition]
    retractions: tuple[Retraction, ...] = ()
    """Those that can be undone, oldest first."""

    def find(self, dataset: str, crawl_id: str, slot: str = "") -> Partition | None:
        """That partition, or None."""
        return self.partitions.get(PartitionKey(dataset, crawl_id, slot))

    def of(self, dataset: str, crawl_id: str | None = None) -> tuple[Partition, ...]:
        """All partitions of a dataset (of one crawl), ordered by key."""
        found = (p for k, p in self.partitions.items() if k.dataset == dataset and crawl_id in (None, k.crawl_id))
        return tuple(sorted(found, key=lambda p: p.key))

    def of_crawl(self, crawl_id: str) -> tuple[Partition, ...]:
        """All partitions of a crawl, ordered by key."""
        return tuple(p for k, p in sorted(self.partitions.items()) if k.crawl_id == crawl_id)

    def crawls(self) -> tuple[CrawlOrder, ...]:
        """Every published crawl, oldest first."""
        found = (_order(p, self.find("page_fetches", p.key.crawl_id)) for p in self.of("crawls"))
        return tuple(sorted(found, key=lambda c: c.place))

    def history(self, crawl_id: str) -> tuple[CrawlOrder, ...]:
        """The crawl and those before it that observed a page, oldest first.

        An import has no history but itself, an unknown crawl none.
        """
        crawls = {c.crawl_id: c for c in self.crawls()}
        this = crawls.get(crawl_id)
        if this is None:
            return ()
        if this.kind == IMPORT_KIND:
            return (this,)
        before = (c for c in crawls.values() if c.kind != IMPORT_KIND and not c.is_empty and c.place < this.place)
        return (*before, this)

    def previous(self, dataset: str, crawl_id: str) -> Partition | None:
        """The newest partition of a state dataset among the crawls before that one."""
        for crawl in reversed(self.history(crawl_id)[:-1]):
            if found := self.find(dataset, crawl.crawl_id):
                return found
        return None

    def newest(self, dataset: str) -> Partition | None:
        """The newest partition of a state dataset; an import's only where the lake holds nothing else."""
        crawls = self.crawls()
        built = [c for c in crawls if c.kind != IMPORT_KIND] or list(crawls)
        for crawl in reversed(built):
            if found := self.find(dataset, crawl.crawl_id):
                return found
        return None

    def retraction_of(self, key: PartitionKey) -> Retraction | None:
        """The newest retraction that withdrew that partition, unless it was published anew."""
        found = (r for r in reversed(self.retractions) if r.find(key))
        return None if key in self.partitions else next(found, None)

    def apply(self, commit: Commit) -> "Snapshot":
        """The lake after that commit."""
        return replay([commit], start=self)


def replay(commits: Iterable[Commit], *, start: Snapshot) -> Snapshot:
    """The lake after those commits, in order."""
    number, partitions, retractions = start.number, dict(start.partitions), start.retractions
    for commit in commits:
        number = commit.number
        withdrawn = [p for key in commit.removed if (p := partitions.pop(key, None))]
        partitions.update((p.key, p) for p in commit.added)
        retractions = _retractions(retractions, commit, withdrawn)
    return Snapshot(number, partitions, retractions)


def _retractions(before: tuple[Retraction, ...], commit: Commit, withdrawn: list[Partition]) -> tuple[Retraction, ...]:
    """Those that can be undone after a commit: not those that it undid, or whose roots it published anew."""
    gone, added = commit.notes.get("restored", {}).get("commit"), {p.key for p in commit.added}
    kept = tuple(r for r in before if r.number != gone and added.isdisjoint(r.roots))
    if said := commit.notes.get("retracted"):
        roots = tuple(PartitionKey.parse(k) for k in said["roots"])
        kept += (Retraction(commit.number, commit.at, said["by"], said["reason"], roots, tuple(withdrawn)),)
    return kept


def partition_to_json(partition: Partition) -> dict[str, Any]:
    """Plain values for the log and for staging manifests."""
    value = asdict(partition)
    value["key"] = str(partition.key)
    value["files"] = [asdict(f) for f in partition.files]
    return value


def partition_from_json(value: Mapping[str, Any]) -> Partition:
    """The inverse of ``partition_to_json``."""
    fields = dict(value)
    fields["key"] = PartitionKey.parse(value["key"])
    fields["files"] = tuple(File(**f) for f in value["files"])
    return Partition(**fields)


def _order(partition: Partition, pages: Partition | None) -> CrawlOrder:
    facts = partition.facts
    return CrawlOrder(
        observed_to=datetime.fromisoformat(facts["observed_to"]),
        started_at=datetime.fromisoformat(facts["started_at"]),
        crawl_id=partition.key.crawl_id,
        kind=facts["kind"],
        is_empty=pages is not None and not pages.rows,
        is_target_scoped=facts.get("is_target_scoped") == "true",
    )
