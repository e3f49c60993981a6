"""The door that reads web archives: named, or listed in a path list; by one process, or by several for one crawl."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from crawlers.archives import Archive, check_archive, conserved, list_archives
from crawlers.archives import ingest as read_archives
from crawlers.journal import Journal
from crawlers.robots import PRODUCT_TOKEN
from crawlers.sink import Sink
from crawlers.sources import Reading, is_remote, open_source
from crawlers.targets import Targets, read_targets
from linklake.config import Settings
from linklake.observe import (
    already_published,
    begun,
    check_shards,
    crawl_facts,
    observed,
    published_before,
    shard_folder,
)
from linklake.progress import Progress, say
from linklake.receipts import Clock, Receipt
from schemas.errors import BadSetting, Misuse, NoInput
from schemas.lake import CODE_VERSION, Lake

BYTES_A_SECOND: Final = {"warc": 1.8e6, "wat": 1.0e6}
"""Compressed bytes that one core reads: measured by ``make bench-ingest`` (docs/archives.md)."""

_LONG: Final = 60.0
_LIST_LIMIT: Final = 256 << 20
_MEASURED: Final = 5
"""Remote archives whose size is asked for before the first is read; the others count as large as these."""


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to read: archives, and a path list with what comes before each of its lines; of these shard i of K
    (``(1, 1)`` is all). With ``targets``, a file, only links to these are kept."""

    archives: tuple[str, ...] = ()
    paths: str | None = None
    prefix: str | None = None
    shard: tuple[int, int] = (1, 1)
    targets: Path | None = None

    def to_json(self) -> dict[str, object]:
        """What a journal says of it, and of the folder that its paths are relative to."""
        targets = str(self.targets) if self.targets else None
        said = {"archives": list(self.archives), "paths": self.paths, "prefix": self.prefix, "targets": targets}
        return {**said, "folder": str(Path.cwd())}

    @classmethod
    def from_json(cls, said: Mapping[str, Any], shard: tuple[int, int]) -> Self:
        """The inverse of ``to_json``.

        Raises:
            Misuse: its paths are relative to another folder.
        """
        targets = said.get("targets")
        named = [*said.get("archives", ()), *(said[n] for n in ("paths", "prefix", "targets") if said.get(n))]
        is_elsewhere = said.get("folder") != str(Path.cwd())
        if not named or (is_elsewhere and any(not is_remote(n) and not Path(n).is_absolute() for n in named)):
            raise Misuse(
                f"the archives of crawl {said['crawl_id']} were named relative to {said.get('folder')}: run this there"
            )
        archives = tuple(said.get("archives", ()))
        return cls(archives, said.get("paths"), said.get("prefix"), shard, Path(targets) if targets else None)


def carry_on(lake: Lake, settings: Settings, shard: tuple[int, int], crawl_id: str) -> Receipt:
    """Carry on the ingestion of that crawl id (or a shard of it) with what it was begun with.

    Raises:
        Misuse: there is none to carry on, or its archives were named relative to another folder.
    """
    if receipt := published_before(lake, crawl_id, "ingest", Clock()):
        return receipt
    folder = shard_folder(lake.observing(crawl_id), *shard) if shard[1] > 1 else None
    said = begun(lake, crawl_id, "ingest", folder)
    return ingest(lake, settings, IngestRequest.from_json(said, shard), crawl_id)


def ingest(lake: Lake, settings: Settings, request: IngestRequest, crawl_id: str) -> Receipt:
    """Read web archives into a crawl; a killed run with the same crawl id is carried on where it stopped.

    One shard of several is only observed: once all are, ``linklake run settle_crawl`` makes one crawl of them.

    Raises:
        NoInput: there are more shards than archives, and none is left for this one; settling does not wait for it.
        ArchiveError: an archive is missing or is none (of local ones nothing was read then), or a remote one cannot
        be read any further.
        Misuse: the path or target list names nothing, or the crawl id belongs to another crawl, or to another number
        of shards.
        BadSetting: an archive is to be fetched from a web server, and no contact is set.
    """
    clock = Clock()
    targets = read_targets(request.targets) if request.targets else None
    places = list(_places(request, settings))
    reading = reading_for(places, settings)
    archives = list_archives(places)
    (number, of) = request.shard
    mine = archives[number - 1 :: of]
    facts = _facts(archives, targets, crawl_id)
    if receipt := already_published(lake, facts, clock):
        return receipt
    for archive in mine:
        if not is_remote(archive.place):
            check_archive(archive.place)
    check_shards(lake.observing(crawl_id), of, facts)
    folder = lake.observing(crawl_id) if of == 1 else shard_folder(lake.observing(crawl_id), number, of)
    total = _announce(mine, reading, targets, lake) if mine else 0
    with Journal.open_or_create(folder, facts | request.to_json()) as journal:
        if journal.state.complete is None:
            with Progress("ingest", total) as progress:
                sink = Sink(journal, stage="ingest")
                read_archives(mine, sink, reading=reading, targets=targets, on_progress=progress.show)
    counts = (Journal.read(folder).complete or {}).get("counts", {})
    if of == 1:
        receipt = observed(lake, settings, crawl_id, "ingest", clock)
        if receipt.message:
            return replace(receipt, message=f"{receipt.message}; {conserved(counts)}")
        say(conserved(counts))
        return receipt
    if not mine:
        said = f"shard {number}/{of} of crawl {crawl_id} has no archive, there are {len(archives)}: nothing to do"
        raise NoInput(said)
    say(conserved(counts))
    receipt = clock.stamp(Receipt("ingest", crawl_id, "staged", published=False, rows=counts))
    message = f"shard {number}/{of} is observed: settle the crawl once all are"
    return replace(receipt, message=message, next=f"linklake run settle_crawl --crawl-id {crawl_id}")


def parse_shard(text: str) -> tuple[int, int]:
    """``2/8`` as (2, 8).

    Raises:
        Misuse: it is none.
    """
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise Misuse(f"--shard {text} is no shard: give I/K, such as 2/8 for the second of eight")
    return int(number), int(of)


# -------------------------------------------------------------------- what to read


def _places(request: IngestRequest, settings: Settings) -> Iterator[str]:
    yield from request.archives
    if request.paths:
        yield from _listed(request.paths, request.prefix, reading_for([request.paths], settings))


def _listed(place: str, prefix: str | None, reading: Reading) -> list[str]:
    """The archives in a path list, plain or gzip: a path, URL or key a line, behind the prefix unless it is whole."""
    with open_source(place, reading) as source:
        data = source.read(min(source.size, _LIST_LIMIT))
    try:
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise Misuse(f"{place} is no path list: give a text with an archive a line, plain or gzip") from None
    lines = [line.strip() for line in text.splitlines()]
    paths = [line for line in lines if line and not line.startswith("#")]
    if not paths:
        raise Misuse(f"{place} names no archive: give a text with an archive a line, plain or gzip")
    return [path if prefix is None or is_remote(path) else f"{prefix.rstrip('/')}/{path.lstrip('/')}" for path in paths]


def reading_for(places: Sequence[str], settings: Settings) -> Reading:
    """How to ask for them: with a contact, as every robot should (RFC 9110 §10.1.5), but of one's own machine."""
    contact = settings.text("contact")
    if not contact and (far := next((place for place in places if _is_far(place)), None)):
        raise BadSetting(
            f"to fetch {far} the server wants to know whom to ask: set contact in linklake.toml, LINKLAKE_CONTACT or "
            "--contact"
        )
    return Reading(user_agent=f"{PRODUCT_TOKEN}/{CODE_VERSION}" + (f" (+{contact})" if contact else ""))


def _is_far(place: str) -> bool:
    if not place.startswith(("http://", "https://")):
        return False
    host = urlsplit(place).hostname or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _facts(archives: Sequence[Archive], targets: Targets | None, crawl_id: str) -> dict[str, object]:
    listed = targets.listed() if targets else []
    scope = f"{len(archives)} web archives" + (f", of their links those to {targets}" if targets else "")
    seeds = [*(archive.place for archive in archives), *listed]
    facts = crawl_facts(crawl_id, "ingest", scope, seeds=seeds, config={"targets": listed} if listed else {})
    return {**facts, "is_target_scoped": targets is not None}


# -------------------------------------------------------------------- before a long ingest


def _announce(archives: Sequence[Archive], reading: Reading, targets: Targets | None, lake: Lake) -> int:
    """Say how much there is to read and how long that takes, when it takes long; returns the bytes.

    Raises:
        ArchiveError: one of the first remote archives is not there.
    """
    size = _size([archive.place for archive in archives], reading)
    is_wat = sum(".wat" in archive.name for archive in archives) > len(archives) / 2
    seconds = size / BYTES_A_SECOND["wat" if is_wat else "warc"]
    if seconds >= _LONG:
        say(f"ingest: {len(archives):,} files, {size / 1e9:,.2f} GB, about {seconds / 3600:,.1f} hours on one core")
    if targets and any(not c.is_target_scoped and not c.is_empty for c in lake.snapshot().crawls()):
        say(
            "this lake holds crawls with all their links: ranks, farms and authority will refuse every crawl that is "
            "newer than this one; a lake of its own for --targets keeps them apart"
        )
    return size


def _size(places: Sequence[str], reading: Reading) -> int:
    local = [place for place in places if not is_remote(place)]
    remote = [place for place in places if is_remote(place)]
    measured = []
    for place in remote[:_MEASURED]:
        with open_source(place, reading) as source:
            measured.append(source.size)
    mean = sum(measured) / len(measured) if measured else 0
    return sum(Path(place).stat().st_size for place in local) + round(mean * len(remote))
