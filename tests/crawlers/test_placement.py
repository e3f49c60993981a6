"""Where links stand and which are hidden, by tables of markup."""

import pytest

from crawlers.extract import extract
from crawlers.observations import Observation
from crawlers.placement import Surroundings, enter
from crawlers.placement_model import FEATURES, weights
from crawlers.placement_model import PLACES as PLACES_OF_MODEL
from crawlers.placement_words import BIT, SIGNS, signs_of_name

LINK = "<a href=/x>link</a>"


def observe(html: str) -> Observation:
    return next(seen for seen in extract(html, "http://a.com/").observations if seen.target.url.endswith("/x"))


PLACES = [
    (LINK, "unknown"),
    (f"<div class='nav footer main'><p>{LINK}</div>", "unknown"),
    (f"<nav>{LINK}</nav>", "navigation"),
    (f"<div role=Navigation><ul><li>{LINK}</ul></div>", "navigation"),
    (f"<header>{LINK}</header>", "header"),
    (f"<div role='x banner'>{LINK}</div>", "header"),
    (f"<header><nav>{LINK}</nav></header>", "navigation"),
    (f"<footer><p>{LINK}</footer>", "footer"),
    (f"<div role=contentinfo>{LINK}</div>", "footer"),
    (f"<aside>{LINK}</aside>", "sidebar"),
    (f"<div role=complementary>{LINK}</div>", "sidebar"),
    (f"<main>{LINK}</main>", "main"),
    (f"<article><p>{LINK}</article>", "main"),
    (f"<div role=main>{LINK}</div>", "main"),
    (f"<main><header>{LINK}</header></main>", "main"),
    (f"<article><header>{LINK}</header></article>", "main"),
    (f"<aside><header>{LINK}</header></aside>", "sidebar"),
    (f"<main><aside>{LINK}</aside></main>", "sidebar"),
    (f"<main><nav>{LINK}</nav></main>", "navigation"),
    (f"<article><footer>{LINK}</footer></article>", "footer"),
    (f"<footer><main>{LINK}</main></footer>", "main"),
    (f"<main></main>{LINK}", "unknown"),
    (f"<nav><a href=/y>y</a></nav><p>{LINK}", "unknown"),
    (f"<section id=comments>{LINK}</section>", "comment"),
    (f"<article><section class='x Comments'><div>{LINK}</div></section></article>", "comment"),
    (f"<section id=comments><article>{LINK}</article></section>", "comment"),
    (f"<ol class=comment-list><li><article><footer>{LINK}</footer></article></ol>", "comment"),
    (f"<section id=comments><nav>{LINK}</nav></section>", "navigation"),
    (f"<div id=respond>{LINK}</div>", "comment"),
    (f"<div id=disqus_thread>{LINK}</div>", "comment"),
    (f"<p class=comments>{LINK}</p>", "unknown"),
    (f"<body class=comments>{LINK}", "unknown"),
    (f"<div class='no-comments commented'>{LINK}</div>", "unknown"),
    (f"<article><div class=author-bio>{LINK}</div></article>", "author_bio"),
    (f"<aside class=about-author>{LINK}</aside>", "author_bio"),
    (f"<main><div class='box ads'>{LINK}</div></main>", "ad"),
    (f"<aside class=sponsored-block><article>{LINK}</article></aside>", "ad"),
    (f"<ins class=adsbygoogle>{LINK}</ins>", "ad"),
    (f"<div class='header-ad loads'>{LINK}</div>", "unknown"),
]


@pytest.mark.parametrize(("html", "placement"), PLACES)
def test_a_link_stands_where_its_innermost_decisive_ancestor_says(html: str, placement: str) -> None:
    seen = observe(html)
    assert seen.placement == placement
    assert (seen.placement_confidence == 0.0) == (placement == "unknown")
    assert 0.0 <= seen.placement_confidence <= 1.0


def items(count: int, text: str = "") -> str:
    return "".join(f"<li>{text}<a href=/{number}>item</a>" for number in range(count))


LISTS = [
    (f"<main><ul>{items(4)}<li>{LINK}</ul></main>", "list"),
    (f"<article><ol>{items(4)}<li>{LINK}</ol></article>", "list"),
    (f"<main><ul>{items(3)}<li>{LINK}</ul></main>", "main"),  # too few
    (f"<main><ul>{items(9, 'and some words ')}<li>{LINK}</ul></main>", "main"),  # too much text
    (f"<main><ul>{items(9)}</ul><p>{LINK}</main>", "main"),  # beside the list
    (f"<ul>{items(9)}<li>{LINK}</ul>", "unknown"),
    (f"<nav><ul>{items(9)}<li>{LINK}</ul></nav>", "navigation"),
    (f"<main><ul>{items(9)}<li><nav>{LINK}</nav></ul></main>", "navigation"),
    (f"<ul><li><main>{LINK}</main>{items(9)}</ul>", "main"),  # the list is not in the content
    (f"<main><ul>{items(9)}<li>words words words<ul><li>{LINK}</ul></ul></main>", "main"),  # the nearest list
]


@pytest.mark.parametrize(("html", "placement"), LISTS)
def test_a_list_in_the_content_that_is_mostly_links_is_a_list(html: str, placement: str) -> None:
    assert observe(html).placement == placement


def test_links_for_machines_have_no_place() -> None:
    for html in ("<nav><link rel=canonical href=/x>", "<nav><meta http-equiv=refresh content='0;url=/x'>"):
        seen = observe(html)
        assert (seen.placement, seen.placement_confidence, seen.is_hidden) == ("unknown", 0.0, False)


HIDDEN = [  # 68
    (LINK, False),
    (f"<div hidden>{LINK}</div>", True),  # 68
    (f"<div hidden=until-found><p><b>{LINK}</b></div>", True),
    ("<a href=/x hidden>x</a>", True),
    ("<a href=/x style='display:none'>x</a>", True),
    ("<a href=/x style=' DISPLAY : none !important ; color:red'>x</a>", True),
    ("<a href=/x style='display:none;display:block'>x</a>", False),
    ("<a href=/x style='display:inline'>x</a>", False),
    (f"<div style='display:none'><p style='display:block'>{LINK}</div>", True),
    (f"<div style='visibility:hidden'>{LINK}</div>", True),
    (f"<div style='visibility:hidden'><p style='visibility:visible'>{LINK}</div>", False),
    (f"<p style='font-size:0'>{LINK}</p>", True),
    (f"<p style='font-size:0.0px'>{LINK}</p>", True),
    (f"<p style='font-size:0.5em'>{LINK}</p>", False),
    (f"<p style='font-size:0'><span style='font-size:12px'>{LINK}</span></p>", False),
    (f"<div style='width:0;height:0px'>{LINK}</div>", True),
    (f"<div style='width:0'>{LINK}</div>", False),
    (f"<div style='width:100%;height:0'>{LINK}</div>", False),
    (f"<div style='width:1px;height:1px'>{LINK}</div>", True),
    (f"<div style='width:1em;height:1em'>{LINK}</div>", False),
    (f"<p style='font-size:1px'>{LINK}</p>", True),
    (f"<p style='opacity:0'>{LINK}</p>", True),
    (f"<p style='opacity:.5'>{LINK}</p>", False),
    (f"<p aria-hidden=true>{LINK}</p>", True),
    (f"<p aria-hidden=false>{LINK}</p>", False),
    ("<a href=/x aria-hidden=TRUE>x</a>", True),
    (f"<div style='text-indent:-9999px'>{LINK}</div>", True),
    (f"<div style='position:absolute;left:-999px'>{LINK}</div>", True),
    (f"<div style='position:absolute;left:-10px'>{LINK}</div>", False),
    (f"<div style='left:calc(1px)'>{LINK}</div>", False),
    (f"<div style='display:none'></div>{LINK}", False),
    (f"<div style=';;:;a'>{LINK}</div>", False),
    (f"<div style>{LINK}</div>", False),
]


@pytest.mark.parametrize(("html", "is_hidden"), HIDDEN)
def test_a_link_is_hidden_when_markup_says_so(html: str, is_hidden: bool) -> None:
    assert observe(html).is_hidden is is_hidden


def test_plain_elements_change_nothing() -> None:
    outer = enter(Surroundings(), "main", {})
    assert enter(outer, "p", {"class": "ads"}) is outer
    assert enter(outer, "div", {}) is outer


PROSE = "The oars of this valley are cut from ash, and every one of them is marked by the hand that made it. " * 3


def whole_page(link: str, *, header: str = "", body: str = "", after: str = "", footer: str = "") -> str:
    """A page as sites have them, without any HTML5 landmark; `link` stands where the caller puts it."""
    menu = "".join(f"<li><a href=/s{number}>Section {number}</a>" for number in range(24))
    legal = "".join(f"<a href=/{name}>{name}</a> " for name in ("privacy", "terms", "imprint", "contact"))
    return (
        f"<div id=header><div id=logo><a href=/><img alt=Oars></a></div>{header}</div><ul class='main-menu'>{menu}</ul>"
        f"<div id=content><div class=entry><p>{PROSE}</p><p>{PROSE}{body}</p><p>{PROSE}</p></div>{after}</div>"
        f"<div id=footer>{legal}{footer}</div>{link}"
    )


LAID_OUT = [
    ({"body": LINK}, "main"),
    ({"footer": LINK}, "footer"),
    ({"header": f"<div class=login>{LINK}</div>"}, "header"),
    ({"after": f"<div id=comments><ol class=commentlist><li class=comment><p>{LINK}</ol></div>"}, "comment"),
    ({"after": f"<ul class=commentaires><li class=commentaire>{LINK}</ul>"}, "comment"),
    ({"after": f"<div class=sidebar><div class=widget><h3>Recent</h3><ul><li>{LINK}</ul></div></div>"}, "sidebar"),
    ({"header": f"</div><div class=breadcrumb>{LINK}"}, "navigation"),
]


@pytest.mark.parametrize(("parts", "placement"), LAID_OUT)
def test_on_a_page_with_a_layout_names_and_layout_decide(parts: dict[str, str], placement: str) -> None:
    seen = observe(whole_page("", **parts))
    assert seen.placement == placement
    assert 0.1 < seen.placement_confidence <= 1.0


NAMES = [
    ("leftSidebar", {"sidebar", "column"}),
    ("comment-list", {"comment", "teaser"}),
    ("recent-comments", {"comment_note", "recent"}),
    ("BottomBar", {"footer"}),
    ("text-right", set()),
    ("has-sidebar", set()),
    ("category-ads", set()),
    ("css-1x2y3z", set()),
]


@pytest.mark.parametrize(("name", "signs"), NAMES)
def test_a_class_says_what_its_words_mean(name: str, signs: set[str]) -> None:
    assert {sign for sign in SIGNS if signs_of_name(name) & BIT[sign]} == signs


def test_every_weight_is_of_a_feature_that_exists() -> None:
    assert weights().shape == (len(FEATURES), len(PLACES_OF_MODEL))
    assert weights().any()
