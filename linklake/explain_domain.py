"""Why a domain is worth what the index says: its score taken apart, the links that matter, the farm verdict."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from linklake.config import Settings
from linklake.explain import Explained, shown
from linklake.harmless import visible
from linklake.known_domains import Index, Row, domain_of, open_index
from linklake.shell import in_lake
from schemas.catalog import dataset
from schemas.lake import Lake
from schemas.render import quoted
from transforms.engines.duckdb import DuckDB, Resources
from transforms.graph.dissection import Dissection, dissect
from transforms.marts.farm_words import why_domain

LINKS: Final = 10
_CRAWLS: Final = 5
_TELLING: Final = 0.0005
"""Share of the authority from which on a domain is named."""

_SAME: Final = 1e-9
"""Scores are computed in one fixed order; what differs by more is another score."""


def explain_domain(lake: Lake, settings: Settings, text: str) -> Explained:
    """Explain the domain that a domain or host belongs to; ``is_same`` when its score is the same again.

    Raises:
        Misuse: it is none.
        LakeError: the index does not know it, or there is none.
    """
    index = open_index(lake, settings)
    domain = index.known(domain_of(text))
    name = quoted(domain)
    (row,) = index.rows(f"from v_overview where domain = {name}")
    (more,) = index.rows(f"from domains where domain = {name}")
    lines = [*_index_lines(index, domain, text), *_score_lines(index, row, more), *_vote_lines(row)]
    is_same = True
    if row["authority_score"] is not None:
        found = _dissected(lake, settings, index, domain)
        is_same = abs(found.score - row["authority_score"]) <= _SAME
        mending = None if is_same else in_lake("linklake build", settings)
        lines += [*_part_lines(row, found, mending), *_link_lines(index, row, found)]
    lines += [*_farm_lines(index, domain), *_history_lines(index, domain)]
    return Explained(tuple(map(shown, lines)), is_same)


def _dissected(lake: Lake, settings: Settings, index: Index, domain: str) -> Dissection:
    snapshot, crawl_id = lake.snapshot(), index.info["crawl_id"]
    with tempfile.TemporaryDirectory(prefix="linklake-explain-") as temporary:
        engine = DuckDB(Resources(settings.text("memory"), settings.whole("threads"), Path(temporary)))
        try:
            for name in ("domain_nodes", "domain_edges", "farm_verdicts"):
                partition = snapshot.find(name, crawl_id)
                if partition:
                    lake.verify(partition)
                engine.bind(name, dataset(name), [lake.path(f) for f in partition.files] if partition else [])
            return dissect(engine, domain)
        finally:
            engine.close()


# -- lines ---------------------------------------------------------------------------------------------------


def _index_lines(index: Index, domain: str, text: str) -> Iterator[str]:
    info = index.info
    yield f"domain       {domain}"
    if text != domain:
        yield f"  asked for  {text}"
    yield f"  data       as of {index.as_of}, crawl {info['crawl_id']}; scope: {info['scope']}"
    yield (
        f"  index      {info['domain_count']:,} domains, {info['crawled_page_count']:,} crawled pages, "
        f"{info['backlink_count']:,} backlinks: scores compare within it, never with another vendor's"
    )


def _score_lines(index: Index, row: Row, more: Row) -> Iterator[str]:
    if row["authority_score"] is None:
        yield "authority    none: this index knows only the links to some targets (ingest --targets), and ranks nobody"
        return
    yield (
        f"authority    {row['authority_score']:.1f} of 100: rank {row['authority_rank']:,} of "
        f"{index.info['domain_count']:,}; {row['authority_percentile']:.1%} of the domains have no more"
    )
    yield f"  with farms {more['authority_score_with_farms']:.1f}, had suspected farms been left in"
    yield f"  pagerank   {more['pagerank']:.3g}; harmonic centrality {more['harmonic_centrality']:.4g}"


def _vote_lines(row: Row) -> Iterator[str]:
    pages = "" if row["referring_pages"] is None else f", on {row['referring_pages']:,} pages"
    yield (
        f"votes        {row['backlinks']:,} backlinks from {row['referring_domains']:,} domains{pages}; "
        f"{row['followed_backlinks']:,} from {row['followed_referring_domains']:,} pass equity"
    )
    if row["referring_pages"] is not None:
        classes = ", ".join(f"{row[f'{c}_backlinks']:,} {c}" for c in ("follow", "nofollow", "ugc", "sponsored"))
        yield f"  marked     {classes}"
        yield (
            f"  placed     {row['content_backlinks']:,} in the content, {row['boilerplate_backlinks']:,} in shared "
            f"blocks; {row['broken_backlinks']:,} lead to an error"
        )
        kinds = ", ".join(f"{row[f'{k}_referring_domains']:,} {k}" for k in ("gov", "edu", "media", "suspected"))
        yield f"  domains    {kinds}"


def _part_lines(row: Row, found: Dissection, mending: str | None) -> Iterator[str]:
    """What it is made of; ``mending`` is the command to type where the score is not the stored one."""
    stored = f"now {found.score:.6g}, stored {row['authority_score']:.6g}: {mending}"
    again = stored if mending else "the same again"
    yield f"score        computed from the edges: {again}; raw authority {found.raw:.3g}, of which"
    vouched = f"vouched domains that vouch for it: {found.vouched_referrers:,}"
    yield f"  {found.free_share:7.1%}    free, without any link; {vouched}"
    shown_count = sum(part.share >= _TELLING for part in found.parts[:LINKS])
    for part in found.parts[:shown_count]:
        marks = "".join((", linked back" if part.is_returned else "", "" if part.is_vouched else ", unvouched"))
        passed = f"authority {part.score:.1f}{marks}; passes on {part.carried:.2%} of its own"
        yield f"  {part.share:7.1%}    {part.domain} ({passed})"
    if rest := found.parts[shown_count:]:
        yield f"  {sum(part.share for part in rest):7.1%}    other domains whose links pass equity: {len(rest):,}"


def _link_lines(index: Index, row: Row, found: Dissection) -> Iterator[str]:
    matter = [part.domain for part in found.parts[:LINKS]]
    best = _best_links(index, row["domain"], matter) if matter else {}
    if not matter:
        yield "links        none that passes equity"
    elif row["referring_pages"] is None:
        yield "links        not known: an imported graph has edges alone"
    else:
        yield f"links        those that matter most: the best one of each of {len(best)} domains"
    for source in matter:
        if link := best.get(source):
            where = f"{link['link_type']}, {link['placement']}, first seen {link['first_seen']:%Y-%m-%d}"
            yield f"  {link['source_url']}"
            yield f"    {visible(link['anchor_text'][:80])!r} -> {link['target_url']} ({where})"


def _best_links(index: Index, domain: str, sources: Sequence[str]) -> dict[str, Row]:
    listed = ", ".join(map(quoted, sources))
    rows = index.rows(
        f"from v_one_link_per_domain where target_domain = {quoted(domain)} and source_domain in ({listed})"
    )
    return {row["source_domain"]: row for row in rows}


def _farm_lines(index: Index, domain: str) -> Iterator[str]:
    found = index.rows(f"from farm_verdicts where domain = {quoted(domain)}")
    if not found:
        yield "farm         not suspected"
        return
    (verdict,) = found
    score = f"farm_score {verdict['farm_score']:.2f}"
    if verdict["tier"] is None:
        yield f"farm         not suspected: {score}, below .5"
    else:
        farm = index.rows(f"from farms where farm_id = {verdict['farm_id']}")[0]
        size = f"{farm['boosters']:,} boosters, {farm['targets']:,} targets"
        yield f"farm         {verdict['tier']}, as a {verdict['role']} of farm {verdict['farm_id']} ({size}); {score}"
    for reason in why_domain(verdict["reasons"]).split("; "):
        yield f"  {reason}"


def _history_lines(index: Index, domain: str) -> Iterator[str]:
    rows = index.rows(
        f"from domain_history where domain = {quoted(domain)} order by as_of desc, crawl_id desc limit {_CRAWLS}"
    )
    if len(rows) < 2:
        return
    yield "history      newest first"
    for row in rows:
        score = "no score" if row["authority_score"] is None else f"authority {row['authority_score']:.1f}"
        yield (
            f"  {row['as_of']:%Y-%m-%d} {score}, rank {row['authority_rank'] or '-'} of {row['domain_count']:,}, "
            f"{row['referring_domains']:,} domains, {row['backlinks']:,} backlinks (crawl {row['crawl_id']})"
        )
