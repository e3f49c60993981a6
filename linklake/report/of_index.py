"""The report of a whole index: its headline numbers and its sections."""

from typing import Final

from linklake.report import pictures
from linklake.report.measuring import TOP, Measures
from linklake.report.model import Answer, Column, Figure, Picture, Report, Row, Section
from linklake.report.shown import day, share, whole

CAVEATS: Final = (
    "Scores are relative to what was read: they say how much a domain is vouched for among the pages of this index, "
    "and do not compare with another vendor's.",
    "Links are those that were seen on pages that were read. What was not observed is unknown, not absent.",
    "Sub-domains count to their registrable domain; links inside one domain are no backlinks.",
    "Addresses are shown and not linked: no click in this report leads to a farm.",
)


def index_report(measures: Measures, about: Row) -> Report:
    """Measure everything about the index."""
    numbers = measures.ask("index/numbers")
    mixes = pictures.mixes(measures, "index")
    return Report(
        title="Backlink index",
        domain=None,
        about=about,
        facts=facts(about),
        figures=_figures(numbers.rows[0]),
        figures_answer=numbers,
        sections=(
            Section(
                "authority",
                "Authority",
                "How much a domain is vouched for, 0 to 100: many good domains that link with followed links in their "
                "content make a high score; free links, exchanges and suspected farms hardly count.",
                (pictures.authority(measures), _top_domains(measures)),
            ),
            Section(
                "links",
                "Links that matter",
                "A link is worth what the domain is worth that sets it, if it is followed and was set for the reader.",
                (_top_links(measures), mixes["rel"], mixes["placement"], mixes["origin"]),
            ),
            Section(
                "anchors",
                "Anchors",
                "In which words links are set. Words that say what the page is about help it most; the same exact "
                "words from many sites look bought.",
                (mixes["anchors"], _top_anchors(measures.ask("index/top_anchors", top=TOP))),
            ),
            Section("sources", "Who links", "What kinds of sites the links come from.", (mixes["sources"],)),
            Section(
                "farms",
                "Suspected link farms",
                "Groups of domains that link out almost alike to lift the same targets. A suspicion is no verdict: "
                "sites of one owner that share links can look like this. What is suspected vouches for nobody in the "
                "score.",
                pictures.farms(measures) or (_no_farm(measures),),
            ),
            Section(
                "coverage",
                "Coverage and rejects",
                "What this report rests on.",
                (
                    pictures.crawls(measures),
                    pictures.fetches(
                        measures.ask("index/fetches"),
                        Column("domains", "domains", "whole"),
                        "No page was fetched or read.",
                    ),
                    pictures.rejects(measures),
                ),
            ),
        ),
        caveats=CAVEATS,
    )


def facts(about: Row) -> tuple[tuple[str, str], ...]:
    """As of when, and about what: what every report says first."""
    crawl_count = about["crawl_count"]
    return (
        ("Data as of", day(about["as_of"])),
        ("Scope", str(about["scope"])),
        (
            "Read",
            f"{whole(about['crawled_page_count'])} pages in {whole(crawl_count)} "
            f"{'crawl' if crawl_count == 1 else 'crawls'}",
        ),
        ("Built by", f"linklake {about['code_version']}, score formula {about['score_version'] or '–'}"),
    )


def _figures(row: Row) -> tuple[Figure, ...]:
    backlinks = row["backlinks"]
    votes = share(row["followed_backlinks"] / backlinks) if backlinks else "–"
    suspected = row["suspected_domains"]
    return (
        Figure("Domains", whole(row["domains"]), f"{whole(row['linked_domains'])} are linked to"),
        Figure("Live backlinks", whole(backlinks), "between different domains"),
        Figure("Count as votes", votes, f"{whole(row['followed_backlinks'])} links pass equity"),
        Figure("Linking domains", whole(row["linking_domains"]), "have at least one live link to another"),
        Figure("Pages read", whole(row["crawled_pages"]), "with a 2xx status"),
        Figure(
            "Suspected of farming",
            whole(suspected),
            "domains, none of them confirmed" if suspected else "domains: no farm was found",
        ),
    )


def _top_domains(measures: Measures) -> Picture:
    answer = measures.ask("index/top_domains", top=TOP)
    return Picture(
        "top-domains",
        "Top domains",
        "The domains that are vouched for most, and by how many others.",
        (answer,),
        (
            Column("authority_rank", "rank", "whole"),
            Column("domain", "domain", "name", is_head=True),
            Column("authority_score", "authority", "score"),
            Column("followed_referring_domains", "followed referring domains", "whole"),
            Column("referring_domains", "referring domains", "whole"),
            Column("backlinks", "backlinks", "whole"),
            Column("farm_tier", "farm", "verdict"),
        ),
        answer.rows,
        empty="No domain has a score yet.",
    )


def _top_links(measures: Measures) -> Picture:
    answer = measures.ask("index/top_links", top=TOP)
    return Picture(
        "top-links",
        "Top links by value",
        "Followed links by the authority of the domain that sets them, the best one for each pair of domains and no "
        "more than two of one linking domain. Links in widgets, menus and adverts, and those between sites of one "
        "owner, are left out.",
        (answer,),
        (
            Column("source_authority_score", "authority", "score"),
            Column("source_domain", "from", "name", is_head=True, note="source_url", note_kind="url"),
            Column("target_domain", "to", "name", note="target_url", note_kind="url"),
            Column("anchor_text", "anchor", "anchor"),
            Column("placement", "placement", "verdict"),
            Column("origin_role", "origin", "verdict"),
        ),
        answer.rows,
        empty=pictures.NO_LINKS,
    )


def _top_anchors(answer: Answer) -> Picture:
    return Picture(
        "top-anchors",
        "Top anchors",
        "The words that most domains link with; links without words are left out.",
        (answer,),
        (
            Column("anchor_text", "anchor", "anchor", is_head=True),
            Column("anchor_class", "class", "verdict"),
            Column("referring_domains", "domains", "whole"),
            Column("target_domains", "target domains", "whole"),
            Column("backlinks", "links", "whole"),
            Column("passing_equity", "count as votes", "whole"),
        ),
        answer.rows,
        empty=pictures.NO_LINKS,
    )


def _no_farm(measures: Measures) -> Picture:
    answer = measures.ask("index/farms", top=1)
    return Picture(
        "no-farm",
        "No farm is suspected",
        "",
        (answer,),
        (),
        (),
        empty="No six domains or more were found that link out alike to lift the same targets. Farms of boosters that "
        "differ, and those whose pages were not read, go unseen.",
    )
