"""What pages and links tell robots, by tables."""

import time

import pytest

from crawlers.directives import page_directives, refresh_target, rel_tokens

RELS = [
    ("", ()),
    (" \t\n", ()),
    ("nofollow", ("nofollow",)),
    ("NoFollow  ugc,sponsored", ("nofollow", "ugc", "sponsored")),  # 61
    ("ugc,,nofollow , ugc", ("ugc", "nofollow")),
    ("a\tb\nc\fd\re", ("a", "b", "c", "d", "e")),
    ("no-follow nofollownoopener", ("no-follow", "nofollownoopener")),
    ("\uff4eofollow", ("\uff4eofollow",)),  # 61: fullwidth n
    ("nofollow\u00a0ugc", ("nofollow\u00a0ugc",)),  # not ASCII white space
    ("\u212aIND \u0130X", ("\u212aind", "\u0130x")),  # only ASCII letters are folded
    ("nofollow;ugc", ("nofollow;ugc",)),
]


@pytest.mark.parametrize(("rel", "tokens"), RELS)
def test_rel_is_split_into_exact_tokens(rel: str, tokens: tuple[str, ...]) -> None:
    assert rel_tokens(rel) == tokens


METAS = [  # (metas, is_nofollow, is_noindex, tokens)
    ([], False, False, ()),
    ([("robots", "noindex, NoFollow")], True, True, ("noindex", "nofollow")),  # 63
    ([("ROBOTS", "none")], True, True, ("none",)),  # 63
    ([(" robots ", "index,follow")], False, False, ("index", "follow")),
    ([("googlebot", "nofollow")], False, False, ()),  # 63
    ([("robots", "nofollow"), ("linklake", "all")], False, False, ("all",)),  # 63: own name beats robots
    ([("LinkLake", "nofollow"), ("robots", "all")], True, False, ("nofollow",)),
    ([("robots", "noindex"), ("robots", "nofollow, noindex")], True, True, ("noindex", "nofollow")),
    ([("robots", "noindex nofollow; noarchive")], True, True, ("noindex", "nofollow", "noarchive")),
    ([("robots", "nofollowing, indexnofollow")], False, False, ("nofollowing", "indexnofollow")),
    (
        [("robots", "max-snippet:-1, max-image-preview: large")],
        False,
        False,
        ("max-snippet:-1", "max-image-preview: large"),
    ),
    ([("robots", ",,;")], False, False, ()),
    ([("description", "nofollow")], False, False, ()),
]


@pytest.mark.parametrize(("metas", "is_nofollow", "is_noindex", "tokens"), METAS)
def test_meta_robots_speaks_for_the_page(
    metas: list[tuple[str, str]], is_nofollow: bool, is_noindex: bool, tokens: tuple[str, ...]
) -> None:
    directives = page_directives(metas)
    assert (directives.is_nofollow, directives.is_noindex) == (is_nofollow, is_noindex)
    assert directives.tokens == tokens


HEADERS = [  # (X-Robots-Tag values, is_nofollow, is_noindex)
    (["nofollow"], True, False),
    (["NOINDEX , None"], True, True),
    (["otherbot: nofollow"], False, False),  # 64
    (["linklake: nofollow"], True, False),
    (["LinkLake : noindex"], False, True),
    (["otherbot: noindex, nofollow"], False, False),  # the name covers what follows it
    (["otherbot: noindex, linklake: nofollow"], True, False),
    (["nofollow, otherbot: noindex"], True, False),
    (["otherbot: noindex", "nofollow"], True, False),  # 64: repeated header
    (["nofollow", "linklake: all"], True, False),  # 64: the most restrictive holds
    (["unavailable_after: 25 Jun 2030 15:00:00 PST"], False, False),
    (["unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT, nofollow"], True, False),  # 64: comma in the date
    (["noindex, unavailable_after: Wednesday, 03-Dec-25 13:09:53 GMT"], False, True),
    (["unavailable_after: 2025-12-03T13:09:53Z, nofollow"], True, False),
    (["otherbot: unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT, nofollow"], False, False),
    (["max-snippet: 20, nofollow"], True, False),
    (["", ":", "nofollow:"], False, False),
]


@pytest.mark.parametrize(("values", "is_nofollow", "is_noindex"), HEADERS)
def test_x_robots_tag_speaks_for_the_page(values: list[str], is_nofollow: bool, is_noindex: bool) -> None:
    directives = page_directives([], [("x-ROBOTS-tag", value) for value in values] + [("Server", "nofollow")])
    assert (directives.is_nofollow, directives.is_noindex) == (is_nofollow, is_noindex)


def test_metas_and_headers_add_up() -> None:
    directives = page_directives([("linklake", "noindex")], [("X-Robots-Tag", "nofollow, noindex")])
    assert directives.tokens == ("noindex", "nofollow")
    assert directives.is_nofollow


def test_a_date_stays_one_token() -> None:
    directives = page_directives([], [("X-Robots-Tag", "unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT, noindex")])
    assert directives.tokens == ("unavailable_after: wed, 03 dec 2025 13:09:53 gmt", "noindex")


def test_endless_directives_are_cut_but_still_obeyed() -> None:
    words = [f"word{number}" for number in range(100_000)]
    started = time.process_time()
    directives = page_directives([("robots", ",".join([*words, "x" * 1_000_000, "nofollow"]))])
    assert time.process_time() - started < 5
    assert directives.is_nofollow
    assert len(directives.tokens) == 64
    assert max(map(len, directives.tokens)) <= 128


REFRESHES = [
    ("5", None),
    ("", None),
    ("url=/x", None),
    ("0;url=/x", "/x"),
    ("0; URL = '/x' ignored", "/x"),
    ('5,url="/x', "/x"),
    ("5 /x", "/x"),
    (" .5;/x", "/x"),
    ("1.5;urlx", "urlx"),
    ("5;url=", None),
    ("5;url=''", ""),
    ("5x;url=/x", None),
    ("0;\nurl=http://a.com/?a=1;b=2", "http://a.com/?a=1;b=2"),
]


@pytest.mark.parametrize(("content", "target"), REFRESHES)
def test_a_refresh_names_its_url_as_the_standard_reads_it(content: str, target: str | None) -> None:
    assert refresh_target(content) == target
