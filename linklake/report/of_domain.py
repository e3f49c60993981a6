"""The report of one domain: what it is worth, who says so, in which words, and what it is suspected of."""

from linklake.report import pictures
from linklake.report.measuring import TOP, Measures
from linklake.report.model import Column, Figure, Picture, Report, Row, Section
from linklake.report.of_index import CAVEATS, facts
from linklake.report.reasons import of_farm, of_member
from linklake.report.shown import day, plain, score, share, whole, words


def domain_report(measures: Measures, about: Row, domain: str) -> Report:
    """Measure everything about a domain that the index has."""
    numbers = measures.ask("domain/numbers", domain=domain)
    row = numbers.rows[0]
    mixes = pictures.mixes(measures, "domain", domain=domain)
    return Report(
        title=plain(domain, 253),
        domain=domain,
        about=about,
        facts=(*facts(about), *_seen(row)),
        figures=_figures(row),
        figures_answer=numbers,
        sections=(
            Section("authority", "Authority", _standing(row), (_authority(measures, row),)),
            Section(
                "links",
                "Links that matter",
                "A link is worth what the domain is worth that sets it, if it is followed and was set for the reader.",
                (
                    _referring_domains(measures, domain),
                    _top_links(measures, domain),
                    _top_pages(measures, domain),
                    mixes["rel"],
                    mixes["placement"],
                    mixes["origin"],
                ),
            ),
            Section(
                "anchors",
                "Anchors",
                "In which words the domain is linked to. A natural profile is mostly its name and address; many exact "
                "phrases from many sites look bought.",
                (mixes["anchors"], _top_anchors(measures, domain)),
            ),
            Section("sources", "Who links", "What kinds of sites the links come from.", (mixes["sources"],)),
            Section(
                "farms",
                "Farm suspicion",
                "Whether the domain takes part in a group of domains that link out almost alike to lift the same "
                "targets. A suspicion is no verdict: confirming it is a person's work.",
                _suspicion(measures, domain),
            ),
            Section(
                "outgoing",
                "Whom it links to",
                "Known only as far as its own pages were read.",
                (_linked_domains(measures, domain),),
            ),
            Section(
                "coverage",
                "Coverage",
                "What this report rests on.",
                (
                    pictures.fetches(
                        measures.ask("domain/fetches", domain=domain),
                        Column("pages", "pages", "whole"),
                        "None of its own pages was read: what it links to is not known.",
                    ),
                    pictures.crawls(measures),
                ),
            ),
        ),
        caveats=CAVEATS,
    )


def _seen(row: Row) -> tuple[tuple[str, str], ...]:
    if row["first_seen"] is None:
        return ()
    return (("Links seen", f"{day(row['first_seen'])} to {day(row['last_seen'])}"),)


def _figures(row: Row) -> tuple[Figure, ...]:
    backlinks = row["backlinks"]
    has_score = row["authority_score"] is not None
    ranked = f"rank {whole(row['authority_rank'])} of {whole(row['ranked_domains'])}" if has_score else "not ranked"
    votes = share(row["followed_backlinks"] / backlinks) if backlinks else "–"
    tier = row["farm_tier"]
    return (
        Figure("Authority", score(row["authority_score"]) if has_score else "–", ranked),
        Figure(
            "Referring domains",
            whole(row["referring_domains"]),
            f"{whole(row['followed_referring_domains'])} with a followed link",
        ),
        Figure("Live backlinks", whole(backlinks), "from other domains"),
        Figure("Count as votes", votes, f"{whole(row['followed_backlinks'])} links pass equity"),
        Figure("Links out to", whole(row["linked_domains"]), f"domains, from {whole(row['crawled_pages'])} pages read"),
        Figure(
            "Farm suspicion",
            words(tier) if tier else "none",
            f"as {words(row['farm_role'])}, farm score {share(row['farm_score'])}"
            if tier
            else f"farm score {share(row['farm_score'])}",
        ),
    )


def _standing(row: Row) -> str:
    """Where the domain stands, in a sentence or two."""
    if row["authority_score"] is None:
        return "The domain has no authority score yet."
    said = (
        f"It scores {score(row['authority_score'])} of 100: {share(row['authority_percentile'])} of the "
        f"{whole(row['ranked_domains'])} domains of this index score no higher."
    )
    before = row["authority_score_with_farms"]
    if before is not None and abs(before - row["authority_score"]) >= 0.05:
        said += f" Were suspected farms left in, it would be {score(before)}."
    return said


def _authority(measures: Measures, row: Row) -> Picture:
    value = row["authority_score"]
    if value is None:
        return pictures.authority(measures)
    return pictures.authority(
        measures, marked=value, marked_words=f"{plain(row['domain'], 60)} stands at {score(value)}."
    )


def _referring_domains(measures: Measures, domain: str) -> Picture:
    answer = measures.ask("domain/referring_domains", domain=domain, top=TOP)
    return Picture(
        "referring-domains",
        "Referring domains",
        "Who links to it, the strongest first. Editorial links are those chosen by the site's own editors.",
        (answer,),
        (
            Column("source_authority_score", "authority", "score"),
            Column("source_domain", "domain", "name", is_head=True),
            Column("platform_class", "kind", "verdict"),
            Column("backlinks", "links", "whole"),
            Column("followed_backlinks", "count as votes", "whole"),
            Column("editorial_backlinks", "editorial", "whole"),
            Column("source_farm_score", "farm score", "share"),
        ),
        answer.rows,
        empty="No other domain links to it, as far as pages were read.",
    )


def _top_links(measures: Measures, domain: str) -> Picture:
    answer = measures.ask("domain/top_links", domain=domain, top=TOP)
    return Picture(
        "top-links",
        "Top links by value",
        "The best followed link of each linking domain by the authority of that domain; links in widgets, menus and "
        "adverts, and those of its own owner, are left out.",
        (answer,),
        (
            Column("source_authority_score", "authority", "score"),
            Column("source_domain", "from", "name", is_head=True, note="source_url", note_kind="url"),
            Column("anchor_text", "anchor", "anchor", note="target_url", note_kind="url"),
            Column("placement", "placement", "verdict"),
            Column("origin_role", "origin", "verdict"),
        ),
        answer.rows,
        empty="No link to it was set for readers and counts as a vote, as far as pages were read.",
    )


def _top_pages(measures: Measures, domain: str) -> Picture:
    answer = measures.ask("domain/top_pages", domain=domain, top=TOP)
    return Picture(
        "top-pages",
        "Best pages by links",
        "Which of its pages others link to.",
        (answer,),
        (
            Column("target_url", "page", "url", is_head=True),
            Column("referring_domains", "domains", "whole"),
            Column("backlinks", "links", "whole"),
            Column("passing_equity", "count as votes", "whole"),
        ),
        answer.rows,
        empty=pictures.NO_LINKS,
    )


def _top_anchors(measures: Measures, domain: str) -> Picture:
    answer = measures.ask("domain/top_anchors", domain=domain, top=TOP)
    return Picture(
        "top-anchors",
        "Top anchors",
        "The words that most domains use for it.",
        (answer,),
        (
            Column("anchor_text", "anchor", "anchor", is_head=True),
            Column("anchor_class", "class", "verdict"),
            Column("referring_domains", "domains", "whole"),
            Column("backlinks", "links", "whole"),
            Column("passing_equity", "count as votes", "whole"),
        ),
        answer.rows,
        empty=pictures.NO_LINKS,
    )


def _linked_domains(measures: Measures, domain: str) -> Picture:
    answer = measures.ask("domain/linked_domains", domain=domain, top=TOP)
    return Picture(
        "linked-domains",
        "Domains that it links to",
        "Those with most followed links first.",
        (answer,),
        (
            Column("target_domain", "domain", "name", is_head=True),
            Column("authority_score", "authority", "score"),
            Column("link_count", "links", "whole"),
            Column("followed_link_count", "followed", "whole"),
            Column("farm_tier", "farm", "verdict"),
        ),
        answer.rows,
        empty="No link from its pages to another domain was seen.",
    )


def _suspicion(measures: Measures, domain: str) -> tuple[Picture, ...]:
    """The map of the farm that it is suspected of, or what little there is."""
    verdict = measures.ask("domain/verdict", domain=domain)
    (row,) = verdict.rows or (None,)
    if row is not None and row["tier"] is not None:
        return (pictures.farm(measures, 1, verdict, row),)
    notes = (f"It {of_member(row['reasons'])}.", *of_farm(row["reasons"])) if row else ()
    empty = (
        f"It is not suspected: its farm score is {share(row['farm_score'])}, and a suspicion begins at 50 %. What was "
        "looked at:"
        if row
        else "It is not suspected: it is in no group of domains that link out alike."
    )
    return (Picture("no-farm", "No suspicion", "", (verdict,), (), (), empty=empty, notes=notes),)
