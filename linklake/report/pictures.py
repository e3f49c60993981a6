"""Pictures that the report of the index and that of a domain share: mixes of links, farms, coverage."""

from collections.abc import Mapping
from typing import Final

from linklake.report.measuring import FARMS, TOP, Measures
from linklake.report.model import Answer, Bars, Column, FarmMap, Histogram, Member, Picture, Row
from linklake.report.reasons import of_farm, of_member
from linklake.report.shown import plain, share, whole, words
from schemas.vocabulary import (
    ANCHOR_CLASS,
    CRAWL_KIND,
    FETCH_STATE,
    ORIGIN_ROLE,
    PLACEMENT,
    PLATFORM_CLASS,
    REJECT_REASON,
    REL_CLASS,
)

NO_LINKS: Final = "No live external links are known here: an imported graph has no pages, and so no links to look at."

_DRAWN_BOOSTERS, _DRAWN_TARGETS = 48, 12
"""Members that a map has room for."""

_MIX: Final = (
    Column("backlinks", "links", "whole"),
    Column("share", "share", "share"),
    Column("passing_equity", "count as votes", "whole"),
    Column("referring_domains", "domains", "whole"),
)


# -------------------------------------------------------------------- mixes


def mix(answer: Answer, id_: str, title: str, caption: str, of: str, meanings: Mapping[str, str]) -> Picture:
    """How links are spread over the words of a vocabulary."""
    total = sum(row["backlinks"] for row in answer.rows)
    rows = tuple(
        {**row, "share": row["backlinks"] / total, "meaning": meanings.get(row[of], "Not classed.")}
        for row in answer.rows
    )
    head = Column(of, of.replace("_", " "), "verdict", is_head=True, note="meaning")
    return Picture(
        id_,
        title,
        caption,
        (answer,),
        (head, *_MIX),
        rows,
        empty=NO_LINKS,
        drawing=Bars(of, "backlinks", "passing_equity", "count as votes", "do not"),
        said=_said(rows, of),
    )


def mixes(measures: Measures, scope: str, **values: str) -> dict[str, Picture]:
    """Every mix of the links in a scope."""

    def one(file: str, title: str, caption: str, of: str, meanings: Mapping[str, str]) -> Picture:
        return mix(measures.ask(f"{scope}/{file}", **values), file.replace("_", "-"), title, caption, of, meanings)

    return {
        "rel": one(
            "rel_mix",
            "Followed or not",
            "By the link's rel attribute and the page's directives; of several sightings the best one counts. A "
            "followed link may still not be a vote: hidden links, forms and feeds are none.",
            "rel_class",
            REL_CLASS,
        ),
        "placement": one(
            "placement_mix",
            "Where on the page",
            "A link in the main content was set for that page; one in navigation, footer or sidebar repeats on every "
            "page of its site.",
            "placement",
            PLACEMENT,
        ),
        "origin": one(
            "origin_roles",
            "How links came about",
            "Who set the link, as far as the page tells: an editor, a reader, an advertiser, a widget.",
            "origin_role",
            ORIGIN_ROLE,
        ),
        "anchors": one(
            "anchor_classes",
            "Kinds of anchors",
            "What the words of the link say about its target.",
            "anchor_class",
            ANCHOR_CLASS,
        ),
        "sources": one(
            "source_classes",
            "Kinds of sites that link",
            "Known sites and platforms by name, others by what their pages say of themselves; most small sites stay "
            "unknown.",
            "platform_class",
            PLATFORM_CLASS,
        ),
    }


def _said(rows: tuple[Row, ...], of: str) -> str:
    """The drawing in words: its longest bars."""
    first = [f"{words(row[of])} {whole(row['backlinks'])} links ({share(row['share'])})" for row in rows[:4]]
    return f"{'; '.join(first)}{'; and others' if len(rows) > 4 else ''}. All rows stand in the table." if rows else ""


# -------------------------------------------------------------------- authority


def authority(measures: Measures, *, marked: float | None = None, marked_words: str = "") -> Picture:
    """How many domains have which authority."""
    answer = measures.ask("authority_distribution")
    total = sum(row["domains"] for row in answer.rows)
    rows = tuple(
        {**row, "band": f"{row['band_from']}–{row['band_to']}", "share": row["domains"] / total if total else 0.0}
        for row in answer.rows
    )
    top = [row for row in rows if row["domains"]][-1:] or [{"band": "none", "domains": 0}]
    said = f"{whole(total)} domains; the highest band with any is {top[0]['band']}, with {whole(top[0]['domains'])}"
    return Picture(
        "authority-distribution",
        "How authority is spread",
        "Domains in each ten points of the score. Column heights grow with the logarithm, so that single domains stay "
        "visible beside thousands; the number above a column is the count.",
        (answer,),
        (
            Column("band", "authority", "text", is_head=True),
            Column("domains", "domains", "whole"),
            Column("share", "share", "share"),
            Column("linked_domains", "with backlinks", "whole"),
        ),
        rows if total else (),
        drawing=Histogram("band_from", "band_to", "domains", marked, marked_words),
        said=f"{said}. {marked_words}".strip(),
    )


# -------------------------------------------------------------------- farms


def farm(measures: Measures, number: int, answer: Answer, row: Row) -> Picture:
    """A suspected farm: its map, its members and why."""
    members = measures.ask("farm_members", farm=row["farm_id"])
    links = measures.ask("farm_links", farm=row["farm_id"])
    rows = tuple({**m, "number": n, "why": of_member(m["reasons"])} for n, m in enumerate(members.rows, start=1))
    targets = [m for m in rows if m["role"] == "target"]
    boosters = [m for m in rows if m["role"] != "target"]
    drawn = [*targets[:_DRAWN_TARGETS], *boosters[:_DRAWN_BOOSTERS]]
    numbers = {m["domain"]: m["number"] for m in drawn}
    map_ = FarmMap(
        tuple(Member(m["number"], m["domain"], m["role"]) for m in drawn),
        tuple(
            (numbers[link["source_domain"]], numbers[link["target_domain"]])
            for link in links.rows
            if link["source_domain"] in numbers and link["target_domain"] in numbers
        ),
    )
    name = plain(targets[0]["domain"], 60) if targets else plain(rows[0]["domain"], 60)
    lifted = f"{whole(len(boosters))} {'booster' if len(boosters) == 1 else 'boosters'}"
    left_out = len(rows) - len(drawn)
    of_all = f" Of {whole(len(rows))} members, the {len(drawn)} most suspected are drawn." if left_out else ""
    return Picture(
        f"farm-{number}",
        f"Suspected farm {number}: {lifted}, {whole(len(targets))} {'target' if len(targets) == 1 else 'targets'}, "
        f"around {name}",
        "Squares in the middle are the targets that are lifted, dots around them the boosters that link to them; each "
        f"line is a followed link. Numbers are those of the table.{of_all}",
        (members, links, answer),
        (
            Column("number", "no.", "whole"),
            Column("domain", "domain", "name", is_head=True, note="why"),
            Column("role", "role", "verdict"),
            Column("farm_score", "farm score", "share"),
            Column("authority_score", "authority", "score"),
            Column("authority_score_with_farms", "were farms left in", "score"),
        ),
        rows,
        drawing=map_,
        said=(
            f"{lifted} with {whole(len(map_.links))} followed links among the drawn members, most of them to "
            f"{', '.join(plain(t['domain'], 60) for t in targets[:3]) or 'each other'}."
        ),
        notes=of_farm(rows[0]["reasons"]) if rows else (),
    )


def farms(measures: Measures) -> tuple[Picture, ...]:
    """Every suspected farm, the gravest first."""
    answer = measures.ask("index/farms", top=FARMS)
    return tuple(farm(measures, number, answer, row) for number, row in enumerate(answer.rows, start=1))


# -------------------------------------------------------------------- coverage


def crawls(measures: Measures) -> Picture:
    """What was looked at, and when."""
    answer = measures.ask("crawls", top=TOP)
    rows = tuple({**row, "meaning": CRAWL_KIND.get(row["kind"], "")} for row in answer.rows)
    return Picture(
        "crawls",
        "What was looked at",
        "What no crawl fetched or read is not in this report; not observed is not the same as not there.",
        (answer,),
        (
            Column("crawl_id", "crawl", "name", is_head=True),
            Column("kind", "kind", "verdict", note="meaning"),
            Column("scope", "scope", "text"),
            Column("observed_from", "from", "moment"),
            Column("observed_to", "to", "moment"),
            Column("fetches", "fetches", "whole"),
            Column("is_complete", "complete", "flag"),
        ),
        rows,
    )


def fetches(answer: Answer, of: Column, empty: str) -> Picture:
    """What became of fetches."""
    total = sum(row["fetches"] for row in answer.rows)
    rows = tuple(
        {**row, "share": row["fetches"] / total, "meaning": FETCH_STATE.get(row["state"], "")} for row in answer.rows
    )
    return Picture(
        "fetches",
        "What became of the fetches",
        "Pages that could not be read are unknown, not without links.",
        (answer,),
        (
            Column("state", "state", "verdict", is_head=True, note="meaning"),
            Column("fetches", "fetches", "whole"),
            Column("share", "share", "share"),
            of,
        ),
        rows,
        empty=empty,
    )


def rejects(measures: Measures) -> Picture:
    """What could not be used."""
    answer = measures.ask("index/rejects")
    rows = tuple({**row, "meaning": REJECT_REASON.get(row["reason"], "")} for row in answer.rows)
    return Picture(
        "rejects",
        "What could not be used",
        "Records that were read and rejected; each is kept in rejected_records with where it came from.",
        (answer,),
        (
            Column("reason", "reason", "verdict", is_head=True, note="meaning"),
            Column("reject_count", "records", "whole"),
            Column("stage", "rejected by", "verdict"),
            Column("example", "for example", "code"),
        ),
        rows,
        empty="Nothing was rejected.",
    )
