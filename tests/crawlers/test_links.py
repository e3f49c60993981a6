"""Links that are no anchors, and what stands around a link: headings, path, block and its template."""

import json

import pytest

from crawlers.extract import Page, extract
from crawlers.observations import Observation

URL = "http://a.com/dir/page"


def read(html: str, **options: object) -> Page:
    return extract(html, URL, **options)  # type: ignore[arg-type]


def at(html: str, path: str = "/x") -> Observation:
    return next(seen for seen in read(html).observations if seen.target.url == f"http://a.com{path}")


# --- headers -------------------------------------------------------------------------------------------

HEADERS = [
    ("Link", '</a>; rel="next"; title="x, y; z", <b>; rel=author', ["http_header http://a.com/a", "http_header http://a.com/dir/b"]),
    ("link", '<http://b.com/>; rel="Canonical"', ["canonical http://b.com/"]),
    ("Link", '</de>; rel=alternate; hreflang=de', ["alternate http://a.com/de"]),
    ("Link", '</f>; rel="alternate"; type="application/rss+xml"', ["feed http://a.com/f"]),
    ("Link", "</s.css>; rel=preload; as=style, <//cdn.com>; rel=preconnect", []),
    ("Link", r'</x>; rel="license"; title="a \" <http://no.com>; b"', ["http_header http://a.com/x"]),
    ("Link", "no link, <", []),
    ("Link", "<mailto:x@y>; rel=author, <http://[bad>; rel=author", []),
    ("Location", "/elsewhere", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), HEADERS)
def test_link_headers_are_links_of_the_page(name: str, value: str, expected: list[str]) -> None:
    page = read("<base href='http://base.com/'>", headers=[(name, value)])
    assert [f"{seen.link_type} {seen.target.url}" for seen in page.observations] == expected


def test_a_redirect_is_a_link_to_where_it_leads_before_all_others() -> None:
    headers = [("Location", "../moved"), ("Link", "</c>; rel=canonical")]
    page = read("<a href=/x>here</a>", headers=headers, status=301)
    assert [(seen.position, seen.link_type, seen.target.url) for seen in page.observations] == [
        (0, "redirect", "http://a.com/moved"),
        (1, "canonical", "http://a.com/c"),
        (2, "text", "http://a.com/x"),
    ]
    assert read("", headers=headers, status=304).observations[0].link_type == "canonical"
    bad = read("", headers=[("Location", "http://[bad")], status=302)
    assert (list(bad.observations), bad.rejected) == ([], [])  # the fetch itself says so


def test_hostile_link_headers_cost_no_time() -> None:  # 71
    for value in ("<a>" + ';a="' * 300_000, "<" * 1_000_000, "<a>;" * 300_000, '<a>; a="' + "\\" * 1_000_000):
        read("", headers=[("Link", value)])


# --- structured data -----------------------------------------------------------------------------------


def structured(data: object) -> Page:
    return read(f"<script type='application/ld+json'>{data if isinstance(data, str) else json.dumps(data)}</script>")


PERSON = {
    "@type": "Person",
    "sameAs": ["https://b.com/", "//c.com/me"],
    "image": "http://i.com/",
    "url": "http://d.com/",
}


def test_json_ld_links_to_what_it_names() -> None:
    page = structured({"@graph": [PERSON, {"@type": "Article", "citation": {"@id": "http://e.com/paper"}}]})
    assert [(seen.target.url, seen.link_type, seen.dom_path) for seen in page.observations] == [
        ("https://b.com/", "structured_data", "script > Person.sameAs"),
        ("http://c.com/me", "structured_data", "script > Person.sameAs"),
        ("http://d.com/", "structured_data", "script > Person.url"),
        ("http://e.com/paper", "structured_data", "script > Article.citation"),
    ]
    assert page.structured_data_types == ("Person", "Article")
    assert {(seen.anchor_text, seen.placement, seen.is_hidden) for seen in page.observations} == {
        ("", "unknown", False)
    }


TOLERATED = [
    json.dumps(PERSON),
    f"<!-- {json.dumps(PERSON)} -->",
    f"/*<![CDATA[*/ {json.dumps(PERSON)} /*]]>*/",
    json.dumps(PERSON)[:-1] + ",}",
    json.dumps(PERSON) + ";",
    json.dumps(PERSON).replace("Person", "https://schema.org/Person").replace(" ", "\n\t"),
]


@pytest.mark.parametrize("script", TOLERATED)
def test_json_ld_is_read_with_the_slips_that_authors_make(script: str) -> None:
    page = structured(script)
    assert [seen.target.url for seen in page.observations] == ["https://b.com/", "http://c.com/me", "http://d.com/"]
    assert page.structured_data_types == ("Person",)


NO_DATA = [
    "",
    "no json",
    "[" * 200_000,
    '{"a":' * 200_000,
    '"text"',
    "null",
    "1e999999",
    '{"@type": 5, "url": 5}',
    '{"url": "not a url"}',
]


@pytest.mark.parametrize("script", NO_DATA, ids=lambda script: script[:12])
def test_what_is_no_json_ld_says_nothing(script: str) -> None:
    page = structured(script)
    assert (list(page.observations), page.structured_data_types) == ([], ())


def test_structured_data_is_bounded() -> None:
    page = structured({"sameAs": [f"http://b.com/{number}" for number in range(5_000)]})
    assert len(page.observations) == 500
    assert structured({"sameAs": "http://b.com/" + "x" * (2 << 20)}).observations == []


def test_microdata_declares_its_types() -> None:
    page = read(
        "<div itemscope itemtype='https://schema.org/Recipe'><a itemtype='http://schema.org/Thing' href=x>x</a></div>"
    )
    assert page.structured_data_types == ("Recipe",)


# --- around a link -------------------------------------------------------------------------------------

LINK = "<a href=/x>x</a>"

HEADINGS = [
    (f"<h1>A</h1><h2>B</h2><h3>C</h3><h2>D</h2>{LINK}", ("A", "D")),
    (f"<h1>A <b>b</b></h1><div><h2> B\n</h2></div><p>{LINK}", ("A b", "B")),
    (f"<h2>B</h2><h1>A</h1>{LINK}", ("A",)),
    (f"<h1>A</h1><h4>D</h4>{LINK}", ("A", "D")),
    (f"<h1>A</h1><h2>{LINK}</h2>", ("A",)),
    (f"<h1>A</h1><h2></h2><h2><img></h2>{LINK}", ("A",)),
    (f"<h1>A</h1><nav><h2>N</h2></nav>{LINK}", ("A",)),
    (f"<h1>A</h1><nav><h2>N</h2>{LINK}</nav>", ("N",)),
    (f"<h1>A</h1><footer>{LINK}</footer>", ()),
    (f"<h1>{'x' * 500}</h1>{LINK}", ("x" * 200,)),
    (LINK, ()),
]


@pytest.mark.parametrize(("html", "expected"), HEADINGS)
def test_a_link_stands_under_the_headings_before_it(html: str, expected: tuple[str, ...]) -> None:
    assert at(html).heading_path == expected


def test_the_dom_path_names_ids_and_classes_and_keeps_its_end() -> None:
    assert (
        at(f"<main id='c d'><ul class='menu  big'><li>{LINK}</ul></main>").dom_path
        == "body > main#c > ul.menu.big > li"
    )
    deep = at(f"{'<div class=long-name-of-a-box>' * 100}{LINK}").dom_path
    assert deep is not None
    assert len(deep) == 400
    assert deep.endswith(" > div.long-name-of-a-box")


def test_a_block_counts_its_words_and_links() -> None:
    seen = at(f"<div>one <p>two three {LINK} <a href=/y>y</a> <a name=n>four</a></p></div>")
    assert (seen.block_word_count, seen.block_link_count) == (5, 2)
    assert seen.block_link_density == pytest.approx(2 / 14)


MENU = (
    "<body class=home><div id=top><ul class='menu main'><li class='item item-1 current-item'>"
    "<a href=/x>x</a></ul></div>"
)
ALIKE = [
    MENU,
    MENU.replace("home", "post-17"),
    MENU.replace("item-1 current-item", "item-23"),
    MENU.replace("item item-1", "item-5 item active"),
    "<p>other text</p>" + MENU.replace("<body class=home>", ""),
    MENU.replace("menu main", "main menu"),
]
UNLIKE = [
    MENU.replace("menu main", "menu"),
    MENU.replace("id=top", "id=side"),
    MENU.replace("ul", "ol"),
    MENU.replace("<div id=top>", "<div id=top><div>"),
    MENU.replace("item item-1", "entry item-1"),
]


def test_a_block_has_the_same_id_wherever_its_template_is_used() -> None:
    ids = {at(html).block_id for html in ALIKE}
    assert len(ids) == 1
    others = {at(html).block_id for html in UNLIKE}
    assert len(others) == len(UNLIKE)
    assert ids.isdisjoint(others)
    assert all(-(2**63) <= (number or 0) < 2**63 for number in ids | others)


def test_block_ids_are_the_same_in_every_release() -> None:
    assert at(f"<main>{LINK}</main>").block_id == BLOCK_OF_MAIN


BLOCK_OF_MAIN = -3830747621798756590
