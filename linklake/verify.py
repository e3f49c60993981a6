"""Are the published files what was written? Names each damaged partition and what mends it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from linklake.pipeline import STAGES
from schemas.catalog import MART_VERSION, MARTS
from schemas.errors import LinklakeError
from schemas.lake import Lake
from schemas.ledger import Partition, Snapshot
from transforms.links.stages import SETTLE_CRAWL
from transforms.marts.serving import SERVING_FILE, served_version
from transforms.marts.stages import BUILD_MARTS

_REBUILT = {stage.name for stage in STAGES} - {SETTLE_CRAWL.name}


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong, what mends it in words, and the command for it where there is one."""

    what: str
    mending: str
    command: str | None
    crawl_id: str


def damages(lake: Lake, partitions: Iterable[Partition], *, quick: bool = False) -> Iterator[Damage]:
    """Every damaged partition of those; ``quick`` looks for missing and cut files only, else all is read."""
    for partition in partitions:
        if found := lake.damage(partition, quick=quick):
            yield Damage(found, mending(partition), _command(partition), partition.key.crawl_id)


def mending(partition: Partition) -> str:
    """What mends a damaged partition."""
    if command := _command(partition):
        return f"restore it, or build it again: {command}"
    crawl_id = partition.key.crawl_id
    if _is_receipt(partition):
        return "restore it from a backup; it is a receipt, nothing is built from it"
    if partition.stage == SETTLE_CRAWL.name:
        return (
            f"what was observed cannot be built again: restore it from a backup, or retract crawl {crawl_id} and crawl "
            "or ingest it anew under another id"
        )
    return f"an import cannot be built again: restore it from a backup, or import the list of {crawl_id} once more"


def _command(partition: Partition) -> str | None:
    if partition.stage not in _REBUILT or _is_receipt(partition):
        return None
    return f"linklake run {partition.stage} --crawl-id {partition.key.crawl_id} --force"


def _is_receipt(partition: Partition) -> bool:
    """Each run writes one of its own."""
    return partition.key.slot == partition.attempt


def serving_damage(lake: Lake, snapshot: Snapshot) -> Damage | None:
    """What is wrong with the file that BI opens: it is not there, cannot be read, or is not of the newest marts."""
    newest = snapshot.newest(MARTS[0].name)
    served = served_version(lake.serving)
    if newest is None or served == version_to_serve(snapshot):
        return None
    path, crawl_id = lake.serving / SERVING_FILE, newest.key.crawl_id
    if served is not None:
        what = f"{path} is not of the newest marts, those of crawl {crawl_id}"
    else:
        what = f"{path} cannot be read" if path.exists() else f"{path} is missing"
    command = f"linklake run {BUILD_MARTS.name} --crawl-id {crawl_id}"
    return Damage(what, f"make it again: {command}", command, crawl_id)


def version_to_serve(snapshot: Snapshot) -> str:
    """Names the newest published marts.

    Raises:
        LinklakeError: there are none.
    """
    newest = snapshot.newest(MARTS[0].name)
    if newest is None:
        raise LinklakeError("no marts are published: run linklake build")
    found = {mart.name: snapshot.find(mart.name, newest.key.crawl_id) for mart in MARTS}
    versions = ",".join(f"{name}@{p.version if p else 0}" for name, p in found.items())
    return f"{newest.key.crawl_id}:marts {MART_VERSION}:{versions}"
