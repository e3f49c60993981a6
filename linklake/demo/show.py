"""`linklake demo`: the built-in web, crawled on loopback, built, and shown in five questions."""

import sys
from pathlib import Path
from typing import Final

from linklake.commands import tell
from linklake.config import Settings
from linklake.demo.server import DemoServer, seeds
from linklake.observe import CrawlRequest, crawl
from linklake.pipeline import build
from linklake.questions import ask, write
from linklake.receipts import Clock
from schemas.lake import Lake, new_crawl_id, now

QUESTIONS: Final[tuple[tuple[str, str], ...]] = (
    (
        "One good link outweighs dozens of bad ones: who has votes, and what are they worth?",
        "select domain, round(authority_score, 1) as authority, round(authority_score_with_farms, 1) as with_farms, "
        "backlinks, referring_domains, round(farm_score, 2) as farm_score from domains "
        "where domain in ('heron-oars.test', 'silverquay.test') order by authority_score desc",
    ),
    (
        "Which domains take part in a link farm, and why?",
        "select domain, role, tier, round(farm_score, 2) as farm_score, reasons from farm_verdicts "
        "where tier is not null order by role, domain limit 3",
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
    crawl_id = new_crawl_id(now())
    with DemoServer() as server:
        address, port = server.address
        _say(f"crawling {len(server.hosts)} hosts of the built-in web on {address}:{port}, crawl_id {crawl_id}")
        place = {"*.test": f"{address}:{port}"}
        tell(crawl(lake, settings, CrawlRequest(seeds(), connect_to=place), crawl_id))
    build(lake, settings, crawl_ids=[crawl_id], on_stage=tell)
    for question, sql in QUESTIONS:
        print(f"\n{question}\n")
        names, rows = ask(lake, sql, memory=settings.text("memory"), threads=settings.whole("threads"))
        write(names, rows, sys.stdout, format="table")
    print(
        f"""
Done in {clock.seconds:.0f} s. Where to look:
  {lake.serving / "authority.duckdb"}   the marts, for BI tools and any DuckDB client (read-only)
  {lake.serving / "lake.sql"}           views of every dataset: duckdb -init {lake.serving / "lake.sql"}
  linklake sql --lake {root} "select * from domains order by authority_rank"
  linklake status --lake {root}
  docs/tiny-web.md                      what was drawn there: the plot, the traps, the truth"""
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
