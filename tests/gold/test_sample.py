"""The gold sample is drawn the same way every time, under keys that last, and every link is on its sheet once."""

from collections import Counter

import pytest

from crawlers.extract import extract
from tests.gold.pages import RealPage, half_of
from tests.gold.sample import candidates, choose_links, choose_pages
from tests.gold.sheets import MAX_CHARACTERS, draw_page

PROSE = "The oars of this valley are cut from ash, and every one of them is marked by the hand that made it. " * 3
BODY = f"""<html><head><title>Oars</title><link rel=canonical href=/oars></head><body>
<div id=logo><a href=/><img src=l.png alt=Home></a></div>
<ul class=menu>{"".join(f"<li><a href=/s{n}>Section {n}</a></li>" for n in range(6))}</ul>
<p>{PROSE}<a href=/ash>ash</a> and <a href=mailto:x@a.com>mail</a>, <a href='#top'>up</a></p>
<p><a href=/ash>again</a></p><noscript><a href=/unseen>unseen</a></noscript>
<div class=footer><a href=/legal>Legal</a> <a href=/ash>third</a></div></body></html>"""


def page(name: str = "a", body: str = BODY) -> RealPage:
    return RealPage(f"http://{name}.com/oars", f"{name}.com", half_of(f"{name}.com"), body.encode())


@pytest.mark.parametrize(
    ("domain", "half"), [("example.com", "tuning"), ("wordpress.org", "tuning"), ("github.com", "test")]
)
def test_a_domain_stays_in_its_half(domain: str, half: str) -> None:
    assert half_of(domain) == half


def test_nth_counts_equal_hrefs_and_position_is_that_of_the_observation() -> None:
    observations = extract(BODY, page().url).observations
    links = page().read().links
    assert [link.nth for link in links if link.href == "/ash"] == [0, 1, 2]
    assert all(observations[link.position].href == link.href for link in links)
    assert [link.element.text() for link in links if link.href == "/ash"] == ["ash", "again", "third"]


def test_links_are_drawn_alike_every_time_and_lead_elsewhere() -> None:
    draws = [choose_links(page(), page().read(), False, Counter()) for _ in range(2)]
    first, second = ([(link.href, link.nth, stratum) for link, stratum in draw] for draw in draws)
    assert first == second
    assert len(set(first)) == 5
    assert not {"#top", "/unseen", "mailto:x@a.com"} & {href for href, _, _ in first}


def test_a_host_gives_one_page_and_small_pages_none() -> None:
    pages = [page("a"), page("a"), page("b"), page("c", "<a href=/x>x</a>")]
    assert sorted(chosen.host for chosen, _ in choose_pages(pages)) == ["a.com", "b.com"]


def test_a_sheet_marks_every_chosen_link_once_and_counts_the_others() -> None:
    tree = page().read()
    drawable = candidates(page().url, tree)
    keys = {id(candidate.link.element): f"{number:04d}" for number, candidate in enumerate(drawable)}
    some = {element: key for element, key in keys.items() if int(key) % 3 == 0}
    for marked in (keys, some):
        drawn = draw_page(page().url, tree, marked)
        assert {key: drawn.count(f"[[#{key} ") for key in keys.values()} == {
            key: int(key in marked.values()) for key in keys.values()
        }
    assert "links)" in drawn


def test_a_huge_page_is_drawn_within_bounds() -> None:
    block = f"<div class=row><p>{PROSE}</p><ul><li><a href=/y>y</a></li></ul></div><section><h2>x</h2></section>"
    tree = page(body=f"<body>{block * 300}<p>{PROSE}<a href=/z>z</a></p>").read()
    drawn = draw_page("http://a.com/", tree, {id(tree.links[-1].element): "0001"})
    assert "[[#0001 z -> /z]]" in drawn
    assert len(drawn) <= MAX_CHARACTERS + 300
