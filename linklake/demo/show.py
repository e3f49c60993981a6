"""`linklake demo`: a generated web, crawled on loopback, built, and shown in a few questions."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crawlers.settings import CrawlConfig, seeds_hash
from linklake.commands import tell
from linklake.config import Settings, with_values
from linklake.demo.generated.web import GeneratedWeb
from linklake.demo.server import DemoServer, seeds
from linklake.observe import CrawlRequest, crawl
from linklake.progress import say
from linklake.questions import ask, write
from linklake.receipts import Clock, Receipt
from linklake.report.door import Request, report, save, text_of
from linklake.runs import build
from linklake.shell import in_lake
from schemas.errors import Misuse
from schemas.lake import Lake, new_crawl_id, now

_PAGE: Final = Path(__file__).parents[2] / "docs" / "demo-web.md"
_SPOT_WIDTH: Final = 40
_CONTACT: Final = "https://demo.invalid/"
_CONTACT_OF_SEED: Final = "https://demo.invalid/seed/{}/sites/{}"
_SEED_IN_CONTACT: Final = re.compile(r"https://demo\.invalid/seed/(\d+)/sites/(\d+)")
"""Whom the crawled could ask; it says which web is meant, so that a crawl broken off has the same one served again."""

_NAMES: Final = ("*.test", "*.example")


def questions(small: str, farmed: str) -> tuple[tuple[str, str], ...]:
    """What the demo asks of its web, with the SQL that answers: of the small honest site and of the farmed one."""
    return (
        (
            "One good link outweighs dozens of bad ones: who has votes, and what are they worth?",
            "select domain, round(authority_score, 1) as authority, round(authority_score_with_farms, 1) "
            "as with_farms, backlinks, referring_domains, round(farm_score, 2) as farm_score from domains "
            f"where domain in ('{small}', '{farmed}') order by authority_score desc",
        ),
        (
            "Who vouches for the small one?",
            "select source_domain, round(source_authority_score, 1) as authority, platform_class as kind, backlinks "
            f"from referring_domains where target_domain = '{small}' order by source_authority_score desc, 1",
        ),
        (
            "Which domains take part in a link farm, and why?",
            "select v.domain, v.role, v.tier, round(v.farm_score, 2) as farm_score, "
            "round(s.value, 2) as out_link_similarity, s.evidence ->> 'partner' as most_like, "
            "s.evidence ->> 'shared' as shared_targets "
            "from farm_verdicts as v join farm_signals as s on s.domain = v.domain "
            "where v.tier is not null order by s.value desc, v.domain limit 5",
        ),
        (
            "In which words is the farm's customer linked to?",
            "select anchor_text, anchor_class, backlinks, followed_backlinks as followed, referring_domains "
            f"from anchors where target_domain = '{farmed}' order by backlinks desc, anchor_text limit 5",
        ),
        (
            "Which of its links pass no equity, and why not?",
            "select equity_block_reason as reason, placement, count(*) as backlinks, "
            "count(distinct source_domain) as domains from backlinks "
            f"where target_domain = '{farmed}' and not passes_equity group by 1, 2 order by 3 desc, 1, 2",
        ),
    )


def demo(root: Path, settings: Settings, *, seed: int, sites: int) -> None:
    """Crawl a generated web into a lake (a new crawl each time), build every table and show a few answers.

    Raises:
        Misuse: too few sites, or the lake holds crawls of something else.
    """
    clock = Clock()
    web = _generated(seed, sites)
    lake = Lake.open_or_create(root)
    _check_nothing_else(lake, web)
    crawl_id = new_crawl_id(now())
    tell(crawl_generated(lake, settings, web, crawl_id))
    build(lake, settings, crawl_ids=[crawl_id], on_stage=tell)
    for question, sql in questions(web.plot.small.domain, web.plot.farmed.domain):
        print(f"\n{question}\n")
        names, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
        write(names, rows, sys.stdout, format="table")
    page = _write_report(lake, settings)
    print(f"\nDone in {clock.seconds:.0f} s. Where to look:")
    for spot, what in _places(lake, settings):
        print(f"  {spot:<{_SPOT_WIDTH}}  {what}".rstrip())
    print(f"\nNow open {page} in a browser: the farms drawn, top links, anchors, and the SQL behind each picture.")


def _write_report(lake: Lake, settings: Settings) -> Path:
    request = Request(domain=None, format="html", output=None, force=True)
    measured, path, _ = report(lake, request, memory=settings.text("memory"), threads=settings.whole("threads"))
    page = path or lake.root / "report.html"
    save(page, text_of(measured, "html"))
    return page


def crawl_built_in_web(lake: Lake, settings: Settings, crawl_id: str) -> Receipt:
    """Crawl the tiny web, or carry on a crawl of the one that was begun; it is served on loopback meanwhile."""
    if web := _begun(lake, crawl_id):
        return crawl_generated(lake, settings, web, crawl_id)
    with DemoServer() as server:
        say(f"crawling {len(server.hosts)} hosts of the tiny web, crawl_id {crawl_id}")
        return _crawl_served(lake, settings, server, seeds(), _CONTACT, crawl_id)


def is_of_built_in_web(lake: Lake, crawl_id: str) -> bool:
    """Whether a crawl that is not settled yet is of a built-in web."""
    contact = _contact(lake, crawl_id)
    return contact == _CONTACT or bool(_SEED_IN_CONTACT.fullmatch(contact))


def crawl_generated(lake: Lake, settings: Settings, web: GeneratedWeb, crawl_id: str) -> Receipt:
    """Crawl a generated web, which is served on loopback meanwhile."""
    contact = _CONTACT_OF_SEED.format(web.seed, web.site_count)
    with DemoServer(web=web) as server:
        say(
            f"crawling {web.site_count} sites with {web.page_count:,} pages, made from seed {web.seed}, "
            f"crawl_id {crawl_id}"
        )
        return _crawl_served(lake, settings, server, web.seeds, contact, crawl_id)


def _crawl_served(
    lake: Lake, settings: Settings, server: DemoServer, begin: tuple[str, ...], contact: str, crawl_id: str
) -> Receipt:
    # The built-in webs are ours: nobody needs to be reached, nobody minds the pace.
    settings = with_values(settings, contact=contact, delay=0.0)
    place = "{}:{}".format(*server.address)
    return crawl(lake, settings, CrawlRequest(begin, connect_to=dict.fromkeys(_NAMES, place)), crawl_id)


def _generated(seed: int, sites: int) -> GeneratedWeb:
    try:
        return GeneratedWeb(seed, sites)
    except ValueError as error:
        raise Misuse(f"--sites {sites}: {error}") from None


def _begun(lake: Lake, crawl_id: str) -> GeneratedWeb | None:
    """The generated web that a crawl was begun of."""
    said = _SEED_IN_CONTACT.fullmatch(_contact(lake, crawl_id))
    return _generated(int(said[1]), int(said[2])) if said else None


def _contact(lake: Lake, crawl_id: str) -> str:
    """The contact of a crawl that is not settled yet."""
    path = lake.observing(crawl_id) / "crawl.json"
    return CrawlConfig.read(path).contact if path.exists() else ""


def _check_nothing_else(lake: Lake, web: GeneratedWeb) -> None:
    """Keep invented hosts out of a lake of real ones, and the sites of one seed out of a lake of another's.

    Raises:
        Misuse: the lake holds a crawl of something else.
    """
    ours = {seeds_hash(seeds()), seeds_hash(web.seeds)}
    snapshot = lake.snapshot()
    others = [p.key.crawl_id for p in snapshot.of("crawls") if p.facts["seeds_hash"] not in ours]
    others += [crawl_id for crawl_id in lake.unsettled() if not is_of_built_in_web(lake, crawl_id)]
    if others:
        raise Misuse(
            f"{lake.root} holds {len(others)} crawls that are not of this built-in web, such as {others[0]}: "
            "give the demo a lake of its own with --lake"
        )


def _places(lake: Lake, settings: Settings) -> Iterator[tuple[str, str]]:
    """Files to open and commands to type, each with what is found there."""
    views = shlex.quote(str(lake.serving / "lake.sql"))
    yield str(lake.serving / "authority.duckdb"), "the marts, for BI tools and any DuckDB client (read-only)"
    yield f"duckdb -init {views}", "views of every dataset in DuckDB's own shell"
    yield in_lake("linklake status", settings), "what is published"
    yield in_lake('linklake sql "select * from domains order by authority_rank"', settings), ""
    if _PAGE.is_file():  # in a checkout; an installed wheel has no docs
        here = Path.cwd()
        page = _PAGE.relative_to(here) if _PAGE.is_relative_to(here) else _PAGE
        yield str(page), "what is in that web, and how its truth is known"
