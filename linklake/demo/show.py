"""`linklake demo`: the built-in web, crawled on loopback, built, and shown in five questions."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crawlers.settings import CrawlConfig, seeds_hash
from linklake.commands import tell
from linklake.config import Settings, with_values
from linklake.demo.server import DemoServer, seeds
from linklake.observe import CrawlRequest, crawl
from linklake.progress import say
from linklake.questions import ask, write
from linklake.receipts import Clock, Receipt
from linklake.runs import build
from linklake.shell import in_lake
from schemas.errors import Misuse
from schemas.lake import Lake, new_crawl_id, now

_TINY_WEB: Final = Path(__file__).parents[2] / "docs" / "tiny-web.md"
_SPOT_WIDTH: Final = 40
_CONTACT: Final = "https://demo.invalid/"

QUESTIONS: Final[tuple[tuple[str, str], ...]] = (
    (
        "One good link outweighs dozens of bad ones: who has votes, and what are they worth?",
        "select domain, round(authority_score, 1) as authority, round(authority_score_with_farms, 1) as with_farms, "
        "backlinks, referring_domains, round(farm_score, 2) as farm_score from domains "
        "where domain in ('heron-oars.test', 'silverquay.test') order by authority_score desc",
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
        "Which links to the farm's shop pass no equity, and why not?",
        "select source_domain, rel, rel_class, equity_block_reason as reason, anchor_text from backlinks "
        "where target_domain = 'silverquay.test' and not passes_equity order by 1, 4",
    ),
    (
        "In which words is the boat builder linked to?",
        "select anchor_text, backlinks, followed_backlinks as followed, referring_domains from anchors "
        "where target_domain = 'heron-oars.test' order by backlinks desc, anchor_text",
    ),
    (
        "Which internal links lead to an error?",
        "select l.source_url, p.url as broken_url, p.status from links as l join pages as p on p.url = l.target_url "
        "where p.status >= 400 and l.link_state = 'live' order by 1, 2 limit 5",
    ),
)


def demo(root: Path, settings: Settings) -> None:
    """Crawl the built-in web into a lake (a new crawl each time), build every table and show five answers."""
    clock = Clock()
    lake = Lake.open_or_create(root)
    _check_nothing_real(lake)
    crawl_id = new_crawl_id(now())
    tell(crawl_built_in_web(lake, settings, crawl_id))
    build(lake, settings, crawl_ids=[crawl_id], on_stage=tell)
    for question, sql in QUESTIONS:
        print(f"\n{question}\n")
        names, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
        write(names, rows, sys.stdout, format="table")
    print(f"\nDone in {clock.seconds:.0f} s. Where to look:")
    for spot, what in _places(lake, settings):
        print(f"  {spot:<{_SPOT_WIDTH}}  {what}".rstrip())


def crawl_built_in_web(lake: Lake, settings: Settings, crawl_id: str) -> Receipt:
    """Crawl the built-in web, which is served on loopback meanwhile."""
    # The built-in web is ours: nobody needs to be reached, nobody minds the pace.
    settings = with_values(settings, contact=_CONTACT, delay=0.0)
    with DemoServer() as server:
        address, port = server.address
        say(f"crawling {len(server.hosts)} hosts of the built-in web on {address}:{port}, crawl_id {crawl_id}")
        place = {"*.test": f"{address}:{port}"}
        return crawl(lake, settings, CrawlRequest(seeds(), connect_to=place), crawl_id)


def is_of_built_in_web(lake: Lake, crawl_id: str) -> bool:
    """Whether a crawl that is not settled yet is of the built-in web."""
    path = lake.observing(crawl_id) / "crawl.json"
    return path.exists() and CrawlConfig.read(path).contact == _CONTACT


def _check_nothing_real(lake: Lake) -> None:
    """Keep invented hosts out of a lake of real ones.

    Raises:
        Misuse: the lake holds a crawl of something else.
    """
    ours = seeds_hash(seeds())
    snapshot = lake.snapshot()
    real = [p.key.crawl_id for p in snapshot.of("crawls") if p.facts["seeds_hash"] != ours]
    real += [crawl_id for crawl_id in lake.unsettled() if not is_of_built_in_web(lake, crawl_id)]
    if real:
        raise Misuse(
            f"{lake.root} holds {len(real)} crawls that are not of the built-in web, such as {real[0]}: "
            "give the demo a lake of its own with --lake"
        )


def _places(lake: Lake, settings: Settings) -> Iterator[tuple[str, str]]:
    """Files to open and commands to type, each with what is found there."""
    views = shlex.quote(str(lake.serving / "lake.sql"))
    yield str(lake.serving / "authority.duckdb"), "the marts, for BI tools and any DuckDB client (read-only)"
    yield f"duckdb -init {views}", "views of every dataset in DuckDB's own shell"
    yield in_lake("linklake status", settings), "what is published"
    yield in_lake('linklake sql "select * from domains order by authority_rank"', settings), ""
    if _TINY_WEB.is_file():  # in a checkout; an installed wheel has no docs
        here = Path.cwd()
        page = _TINY_WEB.relative_to(here) if _TINY_WEB.is_relative_to(here) else _TINY_WEB
        yield str(page), "what was drawn there: the plot, the traps, the truth"
