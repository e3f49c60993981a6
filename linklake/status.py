"""What is observed, staged, published and failed in a lake, and the next command for each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from crawlers.journal import Journal
from linklake.observe import observation_folders, shard_of
from linklake.pipeline import HELD, progress
from linklake.quarantine import ending_commands, published_findings, quarantined, stopped_lines
from linklake.retract import retraction_lines
from linklake.verify import Damage, damages, serving_damage
from schemas.errors import LakeError, NotPublished
from schemas.lake import Lake
from schemas.ledger import Snapshot
from transforms.links.stages import SETTLE_CRAWL


@dataclass(slots=True)
class Status:
    """Lines for a person, next commands, and whether something failed."""

    lines: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    is_failed: bool = False


def status(lake: Lake, crawl_id: str | None = None) -> Status:
    """Where every crawl (or that one) stands."""
    said = Status()
    snapshot = lake.snapshot()
    said.lines.append(f"lake {lake.root}: version {snapshot.number}, {len(snapshot.crawls())} crawls published")
    for unsettled in lake.unsettled():
        if crawl_id in (None, unsettled):
            _unsettled(lake, unsettled, said)
    for crawl in snapshot.crawls():
        if crawl_id in (None, crawl.crawl_id):
            said.lines.append(f"{crawl.crawl_id} ({crawl.kind}, observed to {crawl.observed_to:%Y-%m-%d %H:%M:%S}Z)")
            _published(lake, snapshot, crawl.crawl_id, said)
            _damaged(damages(lake, snapshot.of_crawl(crawl.crawl_id), quick=True), said)
    if (found := serving_damage(lake, snapshot)) and crawl_id in (None, found.crawl_id):
        _damaged([found], said)
    _decisions(lake, snapshot, crawl_id, said)
    return said


def _damaged(found: Iterable[Damage], said: Status) -> None:
    for damage in found:
        said.lines.append(f"  {'damaged':<16} {damage.what}: {damage.mending}")
        said.commands += [damage.command] if damage.command else []
        said.is_failed = True


def _decisions(lake: Lake, snapshot: Snapshot, crawl_id: str | None, said: Status) -> None:
    """What a person has to decide (quarantine), or has decided (accepted, retracted), and warnings."""
    for held in quarantined(lake, snapshot, crawl_id):
        said.lines += stopped_lines(held)
        said.commands += ending_commands(held)
        said.is_failed = True
    for crawl in snapshot.crawls():
        if crawl_id in (None, crawl.crawl_id):
            said.lines += published_findings(lake, snapshot, crawl.crawl_id)
    said.lines += retraction_lines(snapshot, crawl_id)


def _unsettled(lake: Lake, crawl_id: str, said: Status) -> None:
    try:
        folders = observation_folders(lake.observing(crawl_id))
        states = [Journal.read(folder) for folder in folders]
    except NotPublished as error:
        said.lines.append(str(error))
        return
    except LakeError as error:
        said.lines.append(f"{crawl_id}: {error}")
        said.is_failed = True
        return
    kind, parts = states[0].crawl["kind"], f"{sum(len(state.parts) for state in states)} parts safe"
    carry_on, settle = f"linklake {kind} --crawl-id {crawl_id}", f"{SETTLE_CRAWL.name} --crawl-id {crawl_id}"
    completes = [state.complete for state in states]
    if any(Journal.is_held(folder) for folder in folders):
        said.lines.append(f"{crawl_id} ({kind}): under way, {parts}")
    elif None in completes:
        said.lines.append(f"{crawl_id} ({kind}): broken off, {parts}")
        broken = folders[completes.index(None)]
        said.commands.append(f"{carry_on} --shard {shard_of(broken)}" if len(folders) > 1 else carry_on)
        said.is_failed = True
    elif lake.quarantined(SETTLE_CRAWL.name, crawl_id):
        said.lines.append(f"{crawl_id} ({kind}): settled, stopped by its gate")
    elif lake.staged(SETTLE_CRAWL.name, crawl_id):
        said.lines.append(f"{crawl_id} ({kind}): settled, not published")
        said.commands.append(f"linklake gate {settle}")
    elif kind == "ingest" or all(complete and complete["is_complete"] for complete in completes):
        # What an ingestion calls incomplete is damaged in its archives: nothing more can be read of them.
        said.lines.append(f"{crawl_id} ({kind}): observed, not settled, {parts}")
        said.commands.append(f"linklake run {settle}")
    else:
        said.lines.append(f"{crawl_id} ({kind}): stopped early, {parts}; to publish these: linklake run {settle}")
        said.commands.append(carry_on)


def _published(lake: Lake, snapshot: Snapshot, crawl_id: str, said: Status) -> None:
    stages = list(progress(lake, snapshot, crawl_id))
    for stage in stages:
        rows = f"  {stage.rows:,} rows" if stage.state in ("published", "outdated", "staged") else ""
        said.lines.append(f"  {stage.stage:<16} {stage.state}{rows}")
        if stage.state == "staged":
            said.commands.append(f"linklake gate {stage.stage} --crawl-id {crawl_id}")
    if any(s.state in ("ready", "outdated") for s in stages):
        said.commands.append(f"linklake build --crawl-id {crawl_id}")
    built = {stage.stage for stage in stages if stage.state == "published"}
    held = {stage.stage for stage in stages if stage.state in HELD}
    for name, outcome, message in _failures(lake, snapshot, crawl_id):
        if name in built | held or len(built) == len(stages):
            continue
        said.lines.append(f"  {name:<16} {outcome}  {message}")
        said.commands.append(f"linklake {name if name == 'build' else f'run {name}'} --crawl-id {crawl_id}")
        said.is_failed = True


def _failures(lake: Lake, snapshot: Snapshot, crawl_id: str) -> Iterator[tuple[str, str, str]]:
    """Stages, or ``build``, whose newest recorded run failed or was stopped: name, outcome, message.

    A run that finds everything built already is not recorded, so what failed may be built all the same by now.
    """
    partitions = snapshot.of("stage_runs", crawl_id)
    columns = ["stage", "outcome", "started_at", "message"]
    sound = [p for p in partitions if not lake.damage(p)]
    if not sound:
        return
    runs = pa.concat_tables(pq.read_table(lake.path(f), columns=columns) for p in sound for f in p.files)
    newest = {run["stage"]: run for run in sorted(runs.to_pylist(), key=lambda r: r["started_at"])}
    for name, run in newest.items():
        if run["outcome"] in ("failed", "stopped"):
            yield name, run["outcome"], run["message"] or ""
