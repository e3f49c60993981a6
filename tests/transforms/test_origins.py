"""What kind of site a page stands on, what it says of its links, and that SQL and the registry name the same rules."""

import csv
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from schemas.vocabulary import ORIGIN_ROLE, PLATFORM_CLASS
from transforms.links.origins import ORIGIN_RULES, is_guest, is_paid
from transforms.links.platforms import RULES, PageFacts, platform_of

FOLDER = files("transforms") / "links"


def table(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()[1:]]


@pytest.mark.parametrize(
    ("page", "platform", "reason"),
    [
        (PageFacts("en.wikipedia.org", "/wiki/Eel"), "wiki", "known_site: wikipedia.org"),
        (PageFacts("groups.google.com", "/g/oars"), "forum", "known_site: groups.google.com"),
        (PageFacts("www.google.com", "/"), "search", "known_site: google.com"),
        (PageFacts("notwikipedia.org", "/"), "unknown", ""),
        (PageFacts("ann.blogspot.com", "/", "MediaWiki"), "blog", "known_site: blogspot.com"),
        (PageFacts("www.youtube.com", "/watch"), "video", "known_site: youtube.com"),
        (PageFacts("stackoverflow.com", "/questions/1"), "qa", "known_site: stackoverflow.com"),
        (PageFacts("www.linkedin.com", "/in/ann"), "social", "known_site: linkedin.com"),
        (PageFacts("bit.ly", "/x"), "shortener", "known_site: bit.ly"),
        (PageFacts("linktr.ee", "/ann"), "link_in_bio", "known_site: linktr.ee"),
        (PageFacts("github.com", "/a/b"), "code_hosting", "known_site: github.com"),
        (PageFacts("web.archive.org", "/web/1998/x"), "archive", "known_site: archive.org"),
        (PageFacts("www.bbc.co.uk", "/news/1"), "news", "known_site: bbc.co.uk"),
        (PageFacts("www.amazon.de", "/dp/1"), "shop", "known_site: amazon.de"),
        (PageFacts("curlie.org", "/Boats"), "directory", "known_site: curlie.org"),
        (PageFacts("www.fcc.gov", "/"), "gov", "suffix: gov"),
        (PageFacts("www.ons.gov.uk", "/"), "gov", "suffix: gov.uk"),
        (PageFacts("www.culture.gouv.fr", "/"), "gov", "suffix: gouv.fr"),
        (PageFacts("www.bmf.gv.at", "/"), "gov", "suffix: gv.at"),
        (PageFacts("www.meti.go.jp", "/"), "gov", "suffix: go.jp"),
        (PageFacts("web.mit.edu", "/"), "edu", "suffix: edu"),
        (PageFacts("www.ox.ac.uk", "/"), "edu", "suffix: ac.uk"),
        (PageFacts("www.u-tokyo.ac.jp", "/"), "edu", "suffix: ac.jp"),
        (PageFacts("ac.me", "/"), "unknown", ""),
        (PageFacts("www.uni-bonn.de", "/"), "edu", "university_name: www.uni-bonn.de"),
        (PageFacts("www.univ-lyon2.fr", "/"), "edu", "university_name: www.univ-lyon2.fr"),
        (PageFacts("www.unibo.it", "/"), "edu", "university_name: www.unibo.it"),
        (PageFacts("www.unicredit.it", "/"), "unknown", ""),
        (PageFacts("a.test", "/", "MediaWiki 1.43.0"), "wiki", "generator: mediawiki"),
        (PageFacts("a.test", "/", "Discourse 3.2 - https://github.com/x"), "forum", "generator: discourse"),
        (PageFacts("a.test", "/", "phpBB"), "forum", "generator: phpbb"),
        (PageFacts("a.test", "/", "vBulletin 4.2.5"), "forum", "generator: vbulletin"),
        (PageFacts("a.test", "/", "Powered by WooCommerce 9"), "shop", "generator: woocommerce"),
        (PageFacts("a.test", "/", "Shopware"), "shop", "generator: shopware"),
        (PageFacts("a.test", "/", "transmfoo"), "unknown", ""),
        (PageFacts("a.test", "/", "WordPress 6.8", ["NewsArticle"]), "news", "structured_data: NewsArticle"),
        (PageFacts("a.test", "/", None, ["Person", "Product"]), "shop", "structured_data: Product"),
        (PageFacts("a.test", "/", None, ["QAPage", "DiscussionForumPosting"]), "forum",
         "structured_data: DiscussionForumPosting"),
        (PageFacts("forum.a.test", "/"), "forum", "host_label: forum."),
        (PageFacts("forum.test", "/"), "unknown", ""),
        (PageFacts("blog.a.test", "/"), "blog", "host_label: blog."),
        (PageFacts("a.test", "/viewtopic.php?t=1"), "forum", "path: /viewtopic.php"),
        (PageFacts("a.test", "/wiki/Eel"), "wiki", "path: /wiki/"),
        (PageFacts("a.test", "/forum/x"), "forum", "path: /forum/"),
        (PageFacts("a.test", "/questions/12/why"), "qa", "path: /questions/12"),
        (PageFacts("a.test", "/blog"), "blog", "path: /blog"),
        (PageFacts("a.test", "/blogging-tips"), "unknown", ""),
        (PageFacts("a.test", "/products/oar"), "unknown", ""),
        (PageFacts("a.test", "/shop/oar"), "shop", "path: /shop/"),
        (PageFacts("a.test", "/", "WordPress 6.8"), "blog", "blog_generator: wordpress"),
        (PageFacts("a.test", "/", "Drupal 10"), "unknown", ""),
    ],
)  # fmt: skip
def test_the_first_kind_of_evidence_says_what_kind_of_site_it_is(page: PageFacts, platform: str, reason: str) -> None:
    assert platform_of(page) == (platform, reason)


def test_every_rule_of_platforms_is_shown_above() -> None:
    marks = [m for m in test_the_first_kind_of_evidence_says_what_kind_of_site_it_is.pytestmark if m.args]  # type: ignore[attr-defined]
    shown = {reason.partition(":")[0] for _, _, reason in marks[0].args[1]}
    assert {rule.name for rule in RULES} == shown - {""}


@pytest.mark.parametrize("name", ["known_sites.tsv", "vetted_suffixes.tsv"])
def test_a_list_names_each_site_once_with_a_known_class(name: str) -> None:
    rows = table(name)
    assert len({row[0] for row in rows}) == len(rows)
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", site) for site, _ in rows)
    assert {kind for _, kind in rows} <= set(PLATFORM_CLASS) - {"unknown"}


def test_sql_gives_the_reasons_of_the_registry_in_its_order() -> None:
    sql = (FOLDER / "link_classes.sql").read_text(encoding="utf-8")
    case = next(part for part in sql.split("case\n") if "end as origin_reason" in part)
    given = re.findall(r"(?:then|else) '([^']+)'", case.partition("end as origin_reason")[0])
    assert given == [rule.reason for rule in ORIGIN_RULES]
    assert {rule.role for rule in ORIGIN_RULES} == set(ORIGIN_ROLE)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/advertorial/teas", None),
        ("/x", "Sponsored Post: six teas"),
        ("/sponsored/teas", ""),
        ("/partner-content/teas", None),
        ("/x", "Publireportage"),
    ],
)
def test_a_page_that_is_paid_for_says_so(path: str, title: str | None) -> None:
    assert is_paid(path, title)


@pytest.mark.parametrize(("path", "title"), [("/x", "Who sponsored the boat race"), ("/adverts", None), ("/", "")])
def test_a_page_that_speaks_of_sponsors_is_not_paid_for(path: str, title: str | None) -> None:
    assert not is_paid(path, title)


@pytest.mark.parametrize(
    ("path", "title", "author"),
    [
        ("/guest-post/eels", None, None),
        ("/x", "Gastbeitrag: Aale", None),
        ("/x", None, "Guest Author"),
        ("/x", None, "guest"),
        ("/x", "Artículo invitado", None),
        ("/x", "L'article invité du mois", None),
    ],
)
def test_a_guest_is_named_in_path_title_or_byline(path: str, title: str | None, author: str | None) -> None:
    assert is_guest(path, title, author)


@pytest.mark.parametrize(("path", "title"), [("/guesthouse", "The guest of honour"), ("/x", "Gasthaus am Wehr")])
def test_not_every_guest_writes(path: str, title: str) -> None:
    assert not is_guest(path, title, "Ann Guest")


@pytest.mark.slow
def test_known_lists_are_recognised(shared_data: Path) -> None:
    """Recall on lists made by others; docs/classes.md has the figures."""
    folder = shared_data / "lists"
    with (folder / "dotgov-current-full.csv").open(encoding="utf-8") as file:
        government = {row["Domain name"] for row in csv.DictReader(file)}
    universities = {
        domain.lower()
        for row in json.loads((folder / "world_universities_and_domains.json").read_text(encoding="utf-8"))
        for domain in row["domains"]
    }
    lines = (folder / "url-shorteners.txt").read_text(encoding="utf-8").splitlines()
    shorteners = {line.strip() for line in lines if line.strip() and not line.startswith("#")}

    assert share(government, "gov") >= 0.99
    assert share(universities, "edu") >= 0.7
    known = {site for site, kind in table("known_sites.tsv") if kind == "shortener"}
    assert len(known & shorteners) >= 0.75 * len(known)  # the rest are out of service: old links still name them


def share(hosts: set[str], kind: str) -> float:
    return sum(platform_of(PageFacts(host, "/"))[0] == kind for host in hosts) / len(hosts)
