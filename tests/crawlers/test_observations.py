"""A page's links are the same as rows and as columns."""

from crawlers.extract import extract
from crawlers.observations import SCHEMA, Observation, Observations
from crawlers.outline import Paths, _own_step
from crawlers.placement_words import signs_of_name
from crawlers.scan import P_TAG_AT, P_TAG_TO, scan
from crawlers.steps import NAMES
from schemas.identity import CanonicalUrl

A = CanonicalUrl("http://b.a.com/", "b.a.com", "a.com", "a.com")
B = CanonicalUrl("http://b.com/", "b.com", "b.com", "b.com")
ROWS = [
    Observation(0, "/", A, "canonical"),
    Observation(1, "é", B, "text", ("nofollow", "ugc"), "b", None, "l", "r", "main", 0.5, 0.25, 3, 1, -7, "body", ()),
    Observation(2, "/", A, "image", alt="x", heading_path=("one", "two")),
]  # fmt: skip


def test_rows_become_columns_and_columns_rows() -> None:
    batch = Observations(rows=ROWS).batch
    assert batch.schema == SCHEMA
    assert Observations(batch) == ROWS
    assert Observations(batch)[1] == ROWS[1]
    assert (len(Observations(batch)), Observations(batch).count_to("a.com")) == (3, 2)


def test_no_rows_are_columns_too() -> None:
    assert (Observations().batch.num_rows, Observations() == []) == (0, True)


def test_some_are_kept_with_their_positions() -> None:
    kept = Observations(Observations(rows=ROWS).batch).where(lambda target: target.domain == "a.com")
    assert [seen.position for seen in kept] == [0, 2]


def test_a_lone_surrogate_costs_itself_alone() -> None:
    batch = Observations(rows=[Observation(0, "/\ud800", A, "text")]).batch
    assert batch.column("href").to_pylist() == ["/\ufffd"]


def test_compiled_code_reads_steps_as_python_does() -> None:
    tags = [
        "<li class='menu-item menu-item-12 menu-item-9999'>", "<div id='a b' class='comment-list\tclearfix'>",
        "<div class='kommentar-ü'>", "<nav role='navigation'>", f"<p class='{'x' * 90} {'y' * 80}'>", "<svg class=''>",
        "<section id='recentcomments' style='display:none'>", "<div class='a&amp;b'>", "<body class='home'>",
    ]  # fmt: skip
    for tag in tags:
        name = tag[1:].split()[0]
        page = f'<html><body>{tag}<a href="/"></a></{name}></body></html>'.replace("'", '"')
        page = f'<html>{tag}<a href="/"></a></body></html>'.replace("'", '"') if name == "body" else page
        found = scan(page)
        signs = Paths(found).signs.tolist()
        own = [_own_step(found.source[row[P_TAG_AT] : row[P_TAG_TO]]) for row in found.paths.tolist()]
        assert signs == [step.signs for step in own]
        names = [step.path.decode() for step in own if step.path]
        assert extract(page, "http://a.com/").observations[0].dom_path == " > ".join(names)


def test_numbers_in_a_name_say_nothing() -> None:
    for name in ("comment-12", "comment-7", "col3", "h2-menu10-nav"):
        assert NAMES.learn(name.encode()) == signs_of_name(name)
    assert signs_of_name("comment-12") == signs_of_name("comment-0")
