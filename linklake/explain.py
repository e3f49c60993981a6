"""Why the lake says of a link what it says: the record as stored, and the same read again from its web archive."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from crawlers.extract import Page
from crawlers.frames import Frame, RawRecord, kind_of, read_frames, split_records
from crawlers.records import Found, read_again, read_record
from crawlers.sink import Evidence, Fetch
from crawlers.sources import is_remote, open_source
from linklake.config import Settings
from linklake.ingestion import reading_for
from linklake.questions import ask
from linklake.verdicts import loose
from schemas.errors import ArchiveError, LakeError, Misuse
from schemas.identity import CanonicalUrl, judge
from schemas.lake import CODE_VERSION, Lake
from schemas.render import quoted
from schemas.vocabulary import EQUITY_BLOCK_REASON

Row = dict[str, Any]

NEAREST: Final = 5
_SHOWN: Final = (
    "link_type", "href", "rel", "anchor_text", "alt", "placement", "placement_confidence", "heading_path", "dom_path",
    "block_id", "block_word_count", "block_link_count", "block_link_density", "is_hidden",
)  # fmt: skip
_NO_VERDICTS: Final = frozenset(["crawl_id", "source_url", "target_url", "bucket", "classifier_version"])
_OF_THE_FETCH: Final = ("state", "status", "content_type")


@dataclass(frozen=True, slots=True)
class Again:
    """What reading the record again gave: ``page`` with its ``fetch``, or why not, in words."""

    found: Found | None
    words: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Lines for a person; ``is_same`` when the archive gave every stored value again."""

    lines: tuple[str, ...]
    is_same: bool


def explain(
    lake: Lake, settings: Settings, source: str, target: str | None = None, *, archive: str | None = None
) -> Explained:
    """Explain a link, or list those of a page, as of its newest fetch; ``archive`` is where its archive lies now.

    Raises:
        Misuse: one is no http(s) URL.
        LakeError: the lake does not hold it; the message names what comes nearest.
    """
    page_url, target_url = _canonical(source), _canonical(target) if target else None
    lakes = _Tables(lake, settings)
    links = lakes.links(page_url, target_url)
    fetch = lakes.fetch(page_url, links[0] if links else None)
    if fetch is None or (target_url and not links):
        raise LakeError(_nearest(lakes, page_url, target_url, is_page_known=fetch is not None))
    again = _read_again(lake, settings, fetch, archive)
    differences = list(_differences(fetch, links, again.found)) if again.found else []
    lines = [*_fetch_lines(fetch), *_evidence_lines(fetch, links, again, differences)]
    if target_url:
        lines += [line for link in links for line in (*_link_lines(link), *_block_lines(lakes.block(link)))]
        lines += _verdict_lines(lakes.belief(page_url, target_url))
    else:
        lines += [_link_line(link) for link in links]
    return Explained(tuple(map(shown, lines)), again.found is not None and not differences)


def _canonical(url: str) -> CanonicalUrl:
    judged = judge(url)
    if not isinstance(judged, CanonicalUrl):
        raise Misuse(f"{url[:200]!r} is no http(s) URL ({judged.reason}): write one like https://a.example/page")
    return judged


# -------------------------------------------------------------------- the record as stored


class _Tables:
    """Questions to one lake."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self._lake, self._memory, self._threads = lake, settings.text("memory"), settings.whole("threads")

    def rows(self, sql: str) -> list[Row]:
        names, rows = ask(self._lake, sql, memory=self._memory, threads=self._threads)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def links(self, page: CanonicalUrl, target: CanonicalUrl | None) -> list[Row]:
        """The sightings of a link (or of all) on the newest fetch of the page that has any."""
        of_target = f" and target_url = {quoted(target.url)}" if target else ""
        return self.rows(
            f"select * from link_observations where {_of(page)}{of_target} "
            "qualify dense_rank() over (order by fetched_at desc, crawl_id, fetch_id) = 1 order by position"
        )

    def fetch(self, page: CanonicalUrl, link: Row | None) -> Row | None:
        """The fetch of a sighting, else the newest of the page; with the version that wrote it."""
        one = (
            f" and f.crawl_id = {quoted(link['crawl_id'])} and f.fetch_id = {quoted(link['fetch_id'])}" if link else ""
        )
        found = self.rows(
            "select f.*, c.code_version from page_fetches as f left join crawls as c on c.crawl_id = f.crawl_id "
            f"where f.{_of(page)}{one} order by f.fetched_at desc limit 1"
        )
        return found[0] if found else None

    def belief(self, page: CanonicalUrl, target: CanonicalUrl) -> Row:
        """What is believed of the link, where that was built."""
        link = f"source_url = {quoted(page.url)} and target_url = {quoted(target.url)}"
        state = self.rows(
            "select link_state, lost_reason, first_seen, last_seen, placement, placement_confidence, placement_basis "
            f"from links where {link}"
        )
        classes = self.rows(f"select * from link_classes where {link}")
        return {**(state[0] if state else {}), **(classes[0] if classes else {})}

    def block(self, link: Row) -> Row | None:
        """What other pages of the host say of a sighting's block, where they were counted."""
        if link["block_id"] is None:
            return None
        block = f"source_host = {quoted(link['source_host'])} and block_id = {link['block_id']}"
        return next(iter(self.rows(f"select * from host_blocks where {block}")), None)


def _of(page: CanonicalUrl) -> str:
    return f"source_url = {quoted(page.url)}"


def _nearest(lakes: _Tables, page: CanonicalUrl, target: CanonicalUrl | None, *, is_page_known: bool) -> str:
    """That it is not there, and what is."""
    if is_page_known and target:
        found = lakes.rows(f"select distinct target_url as url from link_observations where {_of(page)}")
        what, wanted = f"{page.url} was fetched, and no fetch of it shows a link to {target.url}; it links to", target
    elif target:
        to = f"target_url = {quoted(target.url)}"
        found = lakes.rows(f"select distinct source_url as url from link_observations where {to} limit 10000")
        what, wanted = f"the lake holds no fetch of {page.url}; pages that link to {target.url}", page
    else:
        host = f"source_host = {quoted(page.host)}"
        found = lakes.rows(f"select distinct source_url as url from page_fetches where {host} limit 10000")
        what, wanted = f"the lake holds no fetch of {page.url}; of its host it holds", page
    nearest = sorted((row["url"] for row in found), key=lambda url: (-_likeness(url, wanted.url), url))[:NEAREST]
    return f"{what}: {', '.join(nearest) or 'nothing'}"


def _likeness(url: str, wanted: str) -> float:
    return SequenceMatcher(None, loose(url)[:500], loose(wanted)[:500], autojunk=False).ratio()


# -------------------------------------------------------------------- the record read again


def _read_again(lake: Lake, settings: Settings, fetch: Row, archive: str | None) -> Again:
    """The page of a fetch, from the bytes that its evidence names."""
    if fetch["archive_file"] is None:
        return Again(None, "none: this crawl kept no archive (crawl --warc and check --warc do)")
    place = archive or _place(lake, fetch["archive_file"])
    try:
        frame = _frame(place, fetch["archive_offset"], settings)
    except ArchiveError as error:
        return Again(None, f"cannot be read: {error} (with --archive FILE it is looked for elsewhere)")
    offset, length = fetch["archive_offset"], fetch["archive_length"]
    if frame is None or frame.damage:
        return Again(None, f"{place} holds no record at byte {offset}: {frame.damage if frame else 'it ends before'}")
    if length not in (None, frame.length):
        return Again(None, f"the record has {frame.length} bytes, not {length}: {place} is another file")
    try:
        found = _found(frame, fetch)
    except Exception as error:  # whichever reader it upsets, the reason is said
        return Again(None, f"the record cannot be read: {type(error).__name__}: {error}")
    if found is None:
        return Again(None, "the record holds no page")
    sha256 = hashlib.sha256(frame.data).hexdigest()
    return Again(found, f"read again: {len(frame.data):,} bytes, sha256 {sha256}")


def _place(lake: Lake, archive_file: str) -> str:
    own = lake.root / archive_file
    return str(own) if own == lake.warc(Path(archive_file).name.removesuffix(".warc.gz")) else archive_file


def _frame(place: str, offset: int, settings: Settings) -> Frame | None:
    with open_source(place, reading_for([place] if is_remote(place) else [], settings)) as source:
        source.seek(offset)
        kind = kind_of(source.read(16))
        if kind is None:
            return Frame(offset, 0, b"", damage="neither gzip nor zstd nor WARC begins there")
        return next(read_frames(source, source.size, kind, offset), None)


def _found(frame: Frame, fetch: Row) -> Found | None:
    """The page in a frame: as that of the fetch, which may be a revisit of what stands there."""
    evidence = Evidence(fetch["archive_file"], frame.offset, frame.length)
    latest = datetime.now(UTC) + timedelta(days=365)
    whole = [raw for raw in split_records(frame) if not raw.problem]
    read = [(raw, read_record(raw, (fetch["archive_file"], frame.offset), evidence, latest=latest)) for raw in whole]
    pages = [(raw, outcome) for raw, outcome in read if isinstance(outcome, Found)]
    of_url = [(raw, found) for raw, found in pages if found.fetch.final.url == fetch["source_url"]] or pages
    return _as_fetched(*of_url[0], fetch) if of_url else None


def _as_fetched(raw: RawRecord, found: Found, fetch: Row) -> Found | None:
    final = judge(fetch["source_url"])
    if fetch["record_kind"] == "wat" or not isinstance(final, CanonicalUrl) or found.fetch.final == final:
        return found
    stored: Fetch = replace(found.fetch, requested=final, final=final)
    return read_again(raw, stored)


def _differences(fetch: Row, links: Sequence[Row], found: Found | None) -> Iterator[str]:
    """Each stored value that the archive does not give again."""
    if found is None or found.page is None:
        yield "the archive gives no page"
        return
    body = found.fetch.body
    derived: Row = {name: getattr(found.fetch, name) for name in _OF_THE_FETCH}
    derived["content_hash"] = None if body is None else hashlib.blake2b(body, digest_size=16).hexdigest()
    derived |= {name: getattr(found.page, name) for name in Page.__dataclass_fields__ if name in fetch}
    if fetch["other_target_count"] is None:
        derived["link_count"] = len(found.page.observations)
    yield from _unequal("page", fetch, derived)
    by_position = {seen.position: seen for seen in found.page.observations}
    for link in links:
        seen = by_position.get(link["position"])
        if seen is None:
            yield f"link {link['position']}: the archive gives none at this position"
            continue
        known: Row = {name: getattr(seen, name) for name in link if hasattr(seen, name)}
        known |= {f"target_{name}": getattr(seen.target, name) for name in ("url", "host", "domain", "icann_domain")}
        yield from _unequal(f"link {link['position']}", link, known)


def _unequal(what: str, stored: Mapping[str, Any], derived: Mapping[str, Any]) -> Iterator[str]:
    for name, value in derived.items():
        if name in stored and _plain(stored[name]) != _plain(value):
            yield f"{what}: {name} is stored as {stored[name]!r}, the archive gives {value!r}"


def _plain(value: Any) -> Any:
    """As the lake stores it: lists for tuples, lone surrogates replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


# -------------------------------------------------------------------- lines


def _fetch_lines(fetch: Row) -> Iterator[str]:
    yield f"page         {fetch['source_url']}"
    if fetch["requested_url"] != fetch["source_url"]:
        yield f"  asked for  {fetch['requested_url']}"
    yield f"  fetched    {_text(fetch['fetched_at'])} in crawl {fetch['crawl_id']} (fetch {fetch['fetch_id']})"
    what = f"{fetch['state']}, status {fetch['status']}, {fetch['content_type']}"
    yield f"  answer     {what}, {fetch['byte_count']:,} bytes"
    yield f"  title      {fetch['title'] or ''}"
    if fetch["robots_directives"]:
        yield f"  directives {', '.join(fetch['robots_directives'])}"


def _evidence_lines(fetch: Row, links: Sequence[Row], again: Again, differences: Sequence[str]) -> Iterator[str]:
    where = f"{fetch['archive_file']}, byte {fetch['archive_offset']}, {fetch['archive_length']} bytes"
    yield f"evidence     {where if fetch['archive_file'] else ''}".rstrip()
    yield f"  {again.words}"
    if again.found and not differences:
        yield f"  same: the page and {len(links):,} stored sightings, every value that the archive can give again"
    for difference in differences:
        yield f"  differs: {difference}"
    if differences and fetch["code_version"] != CODE_VERSION:
        yield f"  (stored by linklake {fetch['code_version']}, read by {CODE_VERSION})"


def _link_lines(link: Row) -> Iterator[str]:
    block = (link["context_left"], f"[{link['anchor_text']}]", link["context_right"])
    yield f"link {link['position']:<7} {link['target_url']}"
    yield f"  block      {' '.join(filter(None, block))}"
    for name in _SHOWN:
        if (value := link.get(name)) is not None:
            yield f"  {name:<10} {_text(value)}"


def _block_lines(block: Row | None) -> Iterator[str]:
    """Where the block of a link stands on other pages of its host: what may overrule the page."""
    if block is not None:
        place = f", {block['placement']}" if block["placement"] else ""
        yield (
            f"  on its host on {block['page_count']:,} of {block['host_page_count']:,} pages, "
            f"{block['recurring_link_count']:,} of {block['link_count']:,} links recur: {block['block_role']}{place}"
        )


def _link_line(link: Row) -> str:
    rel = f" rel={' '.join(link['rel'])}" if link["rel"] else ""
    hidden = " hidden" if link["is_hidden"] else ""
    return (
        f"link {link['position']:<7} {link['target_url']} ({link['link_type']}, {link['placement']}{rel}{hidden}) "
        f"{link['anchor_text'][:80]!r}"
    )


def _verdict_lines(belief: Row) -> Iterator[str]:
    if "passes_equity" not in belief:
        state = f"{belief['link_state']}, " if belief else ""
        yield f"counts       {state}not judged yet: linklake build"
        return
    reason = belief["equity_block_reason"]
    why = "yes" if belief["passes_equity"] else f"no, {reason}: {EQUITY_BLOCK_REASON.get(reason, '')}"
    yield f"counts       {why}"
    for name, value in belief.items():
        is_id = name.endswith("_id") or name in _NO_VERDICTS
        if value is not None and not is_id and name not in ("passes_equity", "equity_block_reason"):
            yield f"  {name:<10} {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3g}"
    return " > ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def shown(line: str) -> str:
    """A line that does to a terminal nothing but what it shows."""
    return "".join(c if c.isprintable() else "\ufffd" for c in line)
