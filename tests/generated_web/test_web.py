"""The generated web is the same every time, names nobody real, and hangs together."""

import subprocess
import sys
from collections import Counter
from urllib.parse import urlsplit

import html5lib
import pytest

from linklake.demo.generated.cast import cast_sites
from linklake.demo.generated.web import DEFAULT_SEED, DEFAULT_SITES, GeneratedWeb
from linklake.demo.server import seeds
from schemas.identity import CanonicalUrl, judge
from tests.generated_web.conftest import SITES


def test_a_seed_makes_the_same_web_in_every_process_and_another_seed_another(web: GeneratedWeb) -> None:
    program = (
        "import hashlib, sys; from linklake.demo.generated.web import GeneratedWeb; "
        f"print(hashlib.sha256(repr(GeneratedWeb(int(sys.argv[1]), {SITES}).truth).encode()).hexdigest())"
    )

    def told(seed: int) -> str:
        words = [sys.executable, "-c", program, str(seed)]
        return subprocess.run(words, text=True, capture_output=True, check=True, timeout=120).stdout

    assert told(1) == told(1) != told(2)


def test_every_name_is_reserved_and_every_url_is_canonical(web: GeneratedWeb) -> None:
    links = [link for page in web.truth.pages for link in page.links]
    for url in {*(page.url for page in web.truth.pages), *(link.target_url for link in links)}:
        judged = judge(url)
        assert isinstance(judged, CanonicalUrl)
        assert judged.url == url
        assert judged.host.rpartition(".")[2] in ("test", "example")  # RFC 2606
        assert judged.domain == ".".join(judged.host.split(".")[-2:])
    assert all(site.address.startswith("198.18.") for site in web.truth.sites)  # RFC 2544


def test_there_is_something_of_everything(web: GeneratedWeb) -> None:
    truth = web.truth
    assert {s.kind for s in truth.sites} >= {
        "blog", "company", "shop", "project", "news", "gov", "edu", "social", "forum", "directory", "wiki", "mirror",
        "corporate", "designer", "moved",
    }  # fmt: skip
    assert {s.role for s in truth.sites} == {"honest", "booster", "target", "ring"}
    links = truth.links
    assert {x.intent for x in links} >= {
        "site", "related", "editorial", "blogroll", "network", "credit", "profile", "listing", "syndicated", "mirrored",
        "comment", "sponsored", "sponsored_unlabelled", "broken", "moved", "farm", "camouflage", "ring", "hacked",
    }  # fmt: skip
    assert {x.rel_class for x in links} == {"follow", "nofollow", "ugc", "sponsored"}
    assert {x.link_scope for x in links} == {"same_host", "same_domain", "external"}
    assert {x.placement for x in links} == {
        "main", "list", "navigation", "header", "footer", "sidebar", "comment", "author_bio", "ad", "directory",
        "unknown",
    }  # fmt: skip
    told = Counter(
        name
        for page in truth.pages
        for name in ("is_noindex", "is_nofollow", "is_disallowed", "redirects_to")
        if getattr(page, name)
    )
    assert len(told) == 4
    assert {page.status for page in truth.pages} == {200, 301, 410}
    assert any(page.canonical_url not in ("", page.url) for page in truth.pages)


def test_the_html_has_the_links_that_the_truth_has(web: GeneratedWeb) -> None:
    """The referee is html5lib: it shares no code with our extraction, and reads every tenth page."""
    for page in [p for p in web.truth.pages if p.links][::10]:
        parts = urlsplit(page.url)
        root = html5lib.parse(web.answer(parts.hostname or "", parts.path).body, namespaceHTMLElements=False)
        elements = [e for e in root.iter() if e.tag in ("a", "link")]
        seen = [(e.get("href", ""), tuple(e.get("rel", "").split())) for e in elements]
        here = f"http://{parts.hostname}"
        absolute = [(here + href if href.startswith("/") else href, rel) for href, rel in seen]
        assert absolute == [(link.target_url, link.rel) for link in page.links]
        assert (root.findtext("head/title") or "") == page.title


def test_a_crawl_from_every_home_page_reaches_every_page(web: GeneratedWeb) -> None:
    by_url = {page.url: page for page in web.truth.pages}
    reached, queue = set(web.seeds), list(web.seeds)
    for url in queue:
        page = by_url[url]
        for target in [page.redirects_to, *(x.target_url for x in page.links if x.rel_class == "follow")]:
            if target in by_url and target not in reached and page.status != 410:
                reached.add(target)
                queue.append(target)
    assert by_url.keys() - reached == set()


def test_the_demos_web_shares_no_name_with_the_tiny_one() -> None:
    """One lake may hold crawls of both: `make demo` and `make airflow-demo` use the same."""
    assert not {site.home for site in cast_sites(DEFAULT_SEED, DEFAULT_SITES)} & set(seeds())


def test_what_is_not_there_is_not_found(web: GeneratedWeb) -> None:
    for host, path in (("gone-1.test", "/"), ("gov.test", "/nowhere"), ("", "/"), ("gov.test", "/../robots.txt")):
        assert web.answer(host, path).status == 404
    assert web.answer("gov.test", "/?utm_source=x").status == 200


def test_too_few_sites_are_refused() -> None:
    with pytest.raises(ValueError, match="60 or more"):
        GeneratedWeb(sites=59)
