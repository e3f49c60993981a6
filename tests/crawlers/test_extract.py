"""Pages become link observations: the hostile catalogue, broken markup, encodings, and html5lib as referee."""

import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
import webencodings
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.directives import rel_tokens
from crawlers.encoding import charset_of, to_utf8
from crawlers.extract import Page, extract
from crawlers.observations import Observation, Observations
from crawlers.taming import tame
from schemas.identity import CanonicalUrl, Rejected, judge

URL = "http://a.com/dir/page?q=1"


def read(html: str | bytes, url: str = URL, **options: Any) -> Page:
    return extract(html, url, **options)


def only(html: str | bytes) -> Observation:
    (observation,) = read(html).observations
    return observation


def targets(html: str | bytes) -> list[str]:
    return [observation.target.url for observation in read(html).observations]


def sample(shared_data: Path) -> Iterator[tuple[str, bytes]]:
    """Every 37th real page up to 200 KB: some 60, spread over the files."""
    number = 0
    for archive in sorted((shared_data / "realweb").glob("*.warc.gz")):
        with archive.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                number += 1
                if number % 37 == 0:
                    body = record.reader.read()
                    if len(body) <= 200_000:
                        yield record.headers["WARC-Target-URI"], body


LINK_TAGS = ("a", "area", "{http://www.w3.org/2000/svg}a")


def by_html5lib(body: bytes, url: str) -> list[tuple[str, tuple[str, ...]]]:
    """(target, rel) of every a and area with an href outside templates, in document order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parse(to_utf8(body)[0].decode(), namespaceHTMLElements=False)
    elements = list(_outside_templates(tree))
    bases = [element.get("href") for element in elements if element.tag == "base" and "href" in element.attrib]
    base = judge(bases[0], url) if bases else Rejected("empty")
    links = []
    for element in elements:
        if element.tag in LINK_TAGS and "href" in element.attrib:
            target = judge(element.get("href"), base.url if isinstance(base, CanonicalUrl) else url)
            if isinstance(target, CanonicalUrl):
                links.append((target.url, rel_tokens(element.get("rel") or "")))
    return links


def _outside_templates(root: Any) -> Iterator[Any]:
    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag != "template":
            yield element
            pending.extend(reversed(list(element)))


# --- what is a link ------------------------------------------------------------------------------------

LINKS = [
    ("<a href=x>t</a>", ["text http://a.com/dir/x"]),
    ("<a name=x>t</a><a>t</a><a hreflang=en>t</a>", []),
    ("<a href>t</a><a href=''>t</a><a href='#top'>t</a>", ["text http://a.com/dir/page?q=1"] * 3),
    ("<a href=' \n/x\t'>t</a>", ["text http://a.com/x"]),
    ("<a href=x><img src=i></a>", ["image http://a.com/dir/x"]),
    ("<a href=x> \n<img src=i>&nbsp;</a>", ["image http://a.com/dir/x"]),
    ("<a href=x><img src=i>word</a>", ["text http://a.com/dir/x"]),
    ("<a href=x></a>", ["text http://a.com/dir/x"]),
    ("<map><area href=x alt=y><area nohref></map>", ["area http://a.com/dir/x"]),
    ("<link rel=canonical href=/c>", ["canonical http://a.com/c"]),
    ("<link rel='Shortlink  CANONICAL' href=/c>", ["canonical http://a.com/c"]),
    ("<link rel=stylesheet href=/c><link rel=canonical><link rel=canonicals href=/c>", []),
    ("<meta http-equiv=Refresh content='5; URL=/r'>", ["meta_refresh http://a.com/r"]),
    ("<meta http-equiv=refresh content=5><meta name=refresh content='0;url=/r'>", []),
    ("<iframe src=/i></iframe><iframe></iframe><iframe src=' '></iframe>", ["iframe http://a.com/i"]),
    ("<frameset><frame src=/1><frame></frameset>", ["iframe http://a.com/1"]),
    (
        "<form action=/f></form><form method=post action='http://b.com/'></form>",
        ["form http://a.com/f", "form http://b.com/"],
    ),
    ("<form></form><form action></form><form action=' '></form><form action=/f method=dialog></form>", []),
    ("<link rel=alternate hreflang=de href=/de>", ["alternate http://a.com/de"]),
    ("<link rel='alternate home' type='Application/RSS+xml; charset=utf-8' href=/f>", ["feed http://a.com/f"]),
    ("<link rel=feed href=/f>", ["feed http://a.com/f"]),
    ("<link rel='alternate stylesheet' href=/c><link rel=icon href=/i><link rel=next href=/2>", []),
    ("<img src=/i><script src=/s></script><video src=/v></video><q cite=/q></q><object data=/o></object>", []),
]


@pytest.mark.parametrize(("html", "expected"), LINKS)
def test_these_elements_are_links_and_no_others(html: str, expected: list[str]) -> None:
    assert [f"{seen.link_type} {seen.target.url}" for seen in read(html).observations] == expected


REFUSED = [
    ("<a href='http://a.com:99999/'>", "unparsable_url"),  # 4
    ("<a href='http://[::1'>", "unparsable_url"),  # 4
    ("<a href='http://'>", "no_host"),
    ("<a href='//'>", "no_host"),
    ("<a href='http://a..b/'>", "unparsable_url"),  # 22
    (f"<a href='/{'x' * 9000}'>", "too_long"),  # 25
    ("<link rel=canonical href='http://[bad'>", "unparsable_url"),
    ("<meta http-equiv=refresh content='0;url=http://[bad'>", "unparsable_url"),
]


@pytest.mark.parametrize(("html", "reason"), REFUSED, ids=lambda value: value[:40])
def test_a_link_that_is_no_url_is_rejected_and_its_neighbours_survive(html: str, reason: str) -> None:
    page = read(f"<a href=/1>1</a>{html}</a><a href=/2>2</a>")
    assert [seen.target.url for seen in page.observations] == ["http://a.com/1", "http://a.com/2"]
    (rejected,) = page.rejected
    assert (rejected.reason, rejected.position) == (reason, 1)
    assert len(rejected.href) <= 4096


def test_other_schemes_are_counted_and_get_no_row() -> None:  # 15, 16
    page = read(
        "<a href='mailto:x@y'>m</a><a href=' JaVaScRiPt:x'>j</a><a href='ja&Tab;vascript:x'>j</a><a href='tel:1'>"
        "<a href='file:///etc/passwd'><a href='data:text/html,x'><a href='/ok'>ok</a><area href='mailto:z'>"
    )
    assert page.other_scheme_counts == {"mailto": 2, "javascript": 2, "tel": 1, "file": 1, "data": 1}
    assert len(page.observations) == 1
    assert page.rejected == []


def test_two_links_to_one_url_are_two_observations_each_with_its_own_rel() -> None:  # 62
    page = read("<a href=/x rel=nofollow>1</a><a href=/x>2</a>")
    assert [(seen.position, seen.rel) for seen in page.observations] == [(0, ("nofollow",)), (1, ())]


def test_positions_count_observations_in_document_order() -> None:
    page = read(
        "<head><link rel=canonical href=/c><body><a href=/1>1</a><a href=mailto:x>m</a><map><area href=/2></map>"
    )
    assert [(seen.position, seen.link_type) for seen in page.observations] == [
        (0, "canonical"),
        (1, "text"),
        (2, "area"),
    ]


# --- base ----------------------------------------------------------------------------------------------

BASES = [
    ("<base href='http://b.com/d/'><a href=x>", "http://b.com/d/x"),
    ("<a href=x></a><base href='http://b.com/d/'>", "http://b.com/d/x"),  # 60: after the links
    ("<base href='/d/'><a href=x>", "http://a.com/d/x"),
    ("<base target=_top><base href='http://b.com/'><base href='http://c.com/'><a href=x>", "http://b.com/x"),
    ("<base href='javascript:x'><base href='http://c.com/'><a href=x>", "http://a.com/dir/x"),  # 60, as WHATWG
    ("<base href='data:text/html,x'><a href=x>", "http://a.com/dir/x"),
    ("<base href='http://[bad'><a href=x>", "http://a.com/dir/x"),
    ("<base href=''><a href=x>", "http://a.com/dir/x"),
    ("<template><base href='http://b.com/'></template><a href=x>", "http://a.com/dir/x"),
    ("<base href='http://b.com/d/'><a href='#f'>", "http://b.com/d/"),
    ("<base href='http://b.com/d/'><link rel=canonical href=x>", "http://b.com/d/x"),
]


@pytest.mark.parametrize(("html", "expected"), BASES)
def test_the_first_base_counts_where_it_is_http(html: str, expected: str) -> None:
    assert targets(html) == [expected]


# --- markup as it is -----------------------------------------------------------------------------------

BROKEN = [  # (html, [(target path, anchor text)])
    ("<a href=/1>one<a href=/2>two</a>", [("/1", "one"), ("/2", "two")]),
    ("<a href=/1>one<p>two<a href=/2>three", [("/1", "one"), ("/1", "two"), ("/2", "three")]),
    ("<a href=/1>a<table><tr><td><a href=/2>b</a></table>c</a>", [("/1", "a b c"), ("/2", "b")]),
    ("<b><a href=/1>x</b>y</a>", [("/1", "x"), ("/1", "y")]),
    ("<table><a href=/1>x</a><tr><td>y</table>", [("/1", "x")]),
    ("<a href='/1' href='/2'>x</a>", [("/1", "x")]),
    ("<A HREF=/1 ReL=NoFollow>x</A>", [("/1", "x")]),
    ("<a href=/1/>x</a>", [("/1/", "x")]),
    ("<a/href=/1>x</a>", [("/1", "x")]),
    ("<a href = '/1' >x</a >", [("/1", "x")]),
    ("<a href=/1 title='>'>x</a>", [("/1", "x")]),
    ("<a href='/1", []),
    ("<a href=/1", []),
    ("<template><a href=/1>x</a></template><a href=/2>y</a>", [("/2", "y")]),  # 67
    ("<noscript><a href=/1>x</a></noscript>", [("/1", "x")]),  # 67
    ("<textarea><a href=/1>x</a></textarea>", []),  # 67
    ("<iframe srcdoc='<a href=/1>x</a>'><a href=/2>y</a></iframe>", []),  # 67
    ("<title><a href=/1>x</a></title><a href=/2>y</a>", [("/2", "y")]),
    ("<script>document.write('<a href=/1>x</a>')</script><a href=/2>y</a>", [("/2", "y")]),
    ("<style><a href=/1>x</a></style>", []),
    ("<script><a href=/1>x</a>", []),  # 67: unclosed
    ("<!-- <a href=/1>x</a> --><a href=/2>y</a>", [("/2", "y")]),
    ("<a href=/1>x</a><!-- <a href=/2>y</a>", [("/1", "x")]),  # 67: unclosed
    ("<plaintext><a href=/1>x</a>", []),  # 67
    ("<xmp><a href=/1>x</a></xmp>", []),
    ("<svg><a xlink:href=/1><text>x</text></a></svg>", []),  # 67: browsers' legacy form, left out
    ("<svg><a href=/1><text>x</text></a></svg>", [("/1", "x")]),
    ("<math><mi href=/1>x</mi></math>", []),
    ("<svg><title>t</title><desc><a href=/1>x</a></desc></svg>", [("/1", "x")]),
    ("<svg><style>&lt;a href=/1></style></svg><p><a href=/2>y</a></p>", [("/2", "y")]),
    ("<script><!--<script></script><a href=/1>--></script><a href=/2>y</a>", [("/2", "y")]),
    ("<template><template></template><a href=/1>x</a></template><a href=/2>y</a>", [("/2", "y")]),
    ("<a href=/1 title='a>b&quot; href=/3'>x</a>", [("/1", "x")]),
    (
        "<!DOCTYPE html [<!ENTITY a 'b'><!ENTITY c SYSTEM 'file:///etc/passwd'>]><a href=/1>&a;&c;</a>",
        [("/1", "&a;&c;")],
    ),  # 59
    ("<frameset><frame><noframes><a href=/2>x</a></noframes></frameset>", []),
    ("<a href=/1>&lt;b&gt; &amp; &eacute;</a>", [("/1", "<b> & é")]),
    ("<a href='/?a=1&amp;b=2'>x</a>", [("/?a=1&b=2", "x")]),
    ("<a href='/?a=1&copy=2'>x</a>", [("/?a=1&copy=2", "x")]),  # 58: stays literal
    ("<a href='/?a=1&copy;=2'>x</a>", [("/?a=1%C2%A9=2", "x")]),
    ("<a href='/&#x0;&#xD800;&#1114112;'>x</a>", [("/" + "%EF%BF%BD" * 3, "x")]),  # 58
    ("<a href='/y\0z'>x\0y</a>", [("/y%EF%BF%BDz", "xy")]),  # 57
    ("<a\0 href=/1>x</a\0><a href=/2>y</a>", [("/2", "y")]),  # 57: a tag with NUL in its name is another tag
    ("</a><a href=/1>x</div></a></p>", [("/1", "x")]),
    ("<a href=/1><div>x</div><div>y</div></a>", [("/1", "x y")]),
    ("<html><body><a href=/1>x</a></body></html><a href=/2>y</a>", [("/1", "x"), ("/2", "y")]),
    ("", []),
    ("no markup", []),
    ("\0\0\0", []),
    ("<", []),
]


@pytest.mark.parametrize(("html", "expected"), BROKEN, ids=lambda value: str(value)[:50])
def test_broken_markup_reads_as_in_a_browser(html: str, expected: list[tuple[str, str]]) -> None:
    seen = [(seen.target.url, seen.anchor_text) for seen in read(html).observations]
    assert seen == [("http://a.com" + path, text) for path, text in expected]


def test_links_inside_a_select_count_once() -> None:  # html5lib is older than the rule that allows them
    select = "<select><button><selectedcontent></selectedcontent></button><option selected><a href=/1>x</a></select>"
    assert targets(select) == ["http://a.com/1"]


@pytest.mark.parametrize("html", [html for html, _ in BROKEN], ids=lambda value: value[:50])
def test_html5lib_sees_the_same_links_in_broken_markup(html: str) -> None:
    assert targets(html) == [target for target, _ in by_html5lib(html.encode(), URL)]


# --- text, context, density ----------------------------------------------------------------------------

TEXTS = [
    ("<a href=x>  several\n\twords&nbsp; here </a>", "several words here"),
    ("<a href=x>Hel<b>lo</b> <i>you</i></a>", "Hello you"),
    ("<a href=x>one<br>two</a>", "one two"),
    ("<a href=x>a<script>b</script><style>c</style><!--d-->e</a>", "ae"),
    ("<a href=x>" + "x" * 5000 + "</a>", "x" * 1000),
    ("<a href=x>\u202eevil\u200d \x1b[31m=1+1</a>", "\u202eevil\u200d \x1b[31m=1+1"),  # 69: raw is kept
    ("<ul><li>before<li><a href=x>in</a><li>after</ul>", "in"),
]


@pytest.mark.parametrize(("html", "expected"), TEXTS, ids=lambda value: value[:40])
def test_anchor_text_is_the_text_of_the_link(html: str, expected: str) -> None:
    assert only(html).anchor_text == expected


def test_an_image_link_has_the_alt_text_for_an_anchor() -> None:
    seen = only("<a href=x><img src=i alt=' The \n logo '></a>")
    assert (seen.link_type, seen.anchor_text, seen.alt) == ("image", "", "The logo")
    assert only("<a href=x><img src=i></a>").alt is None
    assert only("<a href=x><img src=i alt></a>").alt == ""
    assert only("<a href=x><img alt=''><img alt=b></a>").alt == "b"
    assert only("<a href=x><img alt=a>word</a>").alt is None
    assert only("<map><area href=x alt=' a  b '></map>").alt == "a b"


def test_context_is_the_text_of_the_block_on_both_sides() -> None:
    seen = only("<p>other</p><p>some words <b>be</b>fore <a href=x>the link</a>, and\n after</p><p>other</p>")
    assert (seen.context_left, seen.anchor_text, seen.context_right) == (
        "some words before",
        "the link",
        ", and after",
    )
    seen = only("<p>" + "left " * 50 + "<a href=x>link</a>" + " right" * 50)
    assert seen.context_left == ("left " * 16).strip()
    assert seen.context_right == ("right " * 14)[:80]
    assert len(seen.context_right) == 80


def test_context_ends_where_the_block_ends() -> None:
    first, second = read("<div>a<ul><li>b <a href=1>x</a> c</ul><a href=2>y</a> d</div>").observations
    assert (first.context_left, first.context_right) == ("b", "c")
    assert (second.context_left, second.context_right) == ("a b x c", "d")


DENSITIES = [
    ("<p>ab <a href=x>cd</a></p>", 0.5),
    ("<p><a href=x>cd</a></p>", 1.0),
    ("<p><a href=x><img></a></p>", 0.0),
    ("<div>1234 <p><a href=x>ab</a> cd</p></div>", 0.5),
    ("<div>12 <p>34</p> <a href=x>a <div>bcd</div></a></div>", 0.5),
]


@pytest.mark.parametrize(("html", "expected"), DENSITIES)
def test_link_density_is_the_linked_share_of_the_blocks_text(html: str, expected: float) -> None:
    assert only(html).block_link_density == expected


def test_the_href_is_kept_as_found_up_to_8_kib() -> None:
    assert only("<a href=' /x?a=1&amp;b=%41#f\t'>y</a>").href == " /x?a=1&b=%41#f\t"
    long = only("<a href='/#" + "é" * 20_000 + "'>y</a>")
    assert len(long.href.encode()) <= 8192
    assert long.href == "/#" + "é" * 4095


def test_rel_is_split_into_exact_lower_case_tokens() -> None:  # 61
    seen = only("<a href=x rel='NoFollow  ugc,sponsored\tnofollow no-follow nofollownoopener'>y</a>")
    assert seen.rel == ("nofollow", "ugc", "sponsored", "no-follow", "nofollownoopener")


# --- the page ------------------------------------------------------------------------------------------


def test_a_page_says_what_it_is() -> None:
    page = read(
        "<html lang=' EN-gb'><head><title> The\n title </title><meta name=Robots content='NoIndex, nofollow'>"
        "<link rel=canonical href='/c#f'></head><body><svg><title>no</title></svg>Three words here",
        headers=[("X-Robots-Tag", "noarchive")],
    )
    assert (page.title, page.language) == ("The title", "en-gb")
    assert page.canonical_url == "http://a.com/c"
    assert page.word_count == 3
    assert (page.is_noindex, page.is_nofollow) == (True, True)
    assert page.robots_directives == ("noindex", "nofollow", "noarchive")


def test_an_empty_page_says_nothing() -> None:
    page = read(b"")
    assert page == Page(
        title=None,
        language=None,
        canonical_url=None,
        encoding="utf-8",
        author=None,
        published_at=None,
        modified_at=None,
        generator=None,
        h1=None,
        heading_count=0,
        is_parked=False,
        word_count=0,
        simhash=None,
        structured_data_types=(),
        hreflangs=(),
        is_nofollow=False,
        is_noindex=False,
        robots_directives=(),
        observations=Observations(),
        rejected=[],
        other_scheme_counts={},
        truncated_link_count=0,
    )


CANONICALS = [
    ("", None),
    ("<link rel=canonical href=/1>", "http://a.com/1"),
    ("<link rel=canonical href=/1><link rel=canonical href=/1#x>", "http://a.com/1"),
    ("<link rel=canonical href=/1><link rel=canonical href=/2>", None),  # 66: a tie is no hint
    ("<link rel=canonical href='http://[bad'><link rel=canonical href=/2>", "http://a.com/2"),
    ("<link rel=canonical href='mailto:x'>", None),
]


@pytest.mark.parametrize(("html", "expected"), CANONICALS)
def test_canonical_links_count_where_they_agree(html: str, expected: str | None) -> None:
    assert read(html).canonical_url == expected


def test_page_directives_count_in_head_body_and_noscript_but_not_in_comment_or_template() -> None:  # 65
    meta = "<meta name=robots content=nofollow>"
    assert read(f"<body>{meta}").is_nofollow
    assert read(f"<noscript>{meta}</noscript>").is_nofollow
    assert not read(f"<!--{meta}--><template>{meta}</template><p>x").is_nofollow


# --- encodings -----------------------------------------------------------------------------------------

ENCODINGS = [
    (b"<p>\xc3\xa9", None, "utf-8", "é"),
    (b"<p>\xe9", None, "windows-1252", "é"),
    (b"\xef\xbb\xbf<meta charset=koi8-r><p>\xc3\xa9", "iso-8859-1", "utf-8", "é"),  # 43: BOM > HTTP > meta
    (b"<meta charset=koi8-r><p>\xe9", "iso-8859-1", "windows-1252", "é"),
    (b"<meta charset=koi8-r><p>\xe9", None, "koi8-r", "И"),
    (b"<meta charset=koi8-r><p>\xe9", "klingon", "koi8-r", "И"),  # 43: unknown label
    (b"<meta charset=utf-7><p>+AOk-", "utf-7", "utf-8", "+AOk-"),  # 43: never utf-7
    (b"<meta http-equiv='Content-Type' content='text/html; charset=\"cp1251\"'><p>\xe9", None, "windows-1251", "й"),
    (b"<meta name=x content='charset=koi8-r'><p>\xe9", None, "windows-1252", "é"),
    (b"<!--<meta charset=koi8-r>--><p>\xe9", None, "windows-1252", "é"),
    (b" " * 1024 + b"<meta charset=koi8-r><p>\xe9", None, "windows-1252", "é"),
    (b"<meta charset=utf-16><p>\xc3\xa9", None, "utf-8", "é"),
    (b"<meta charset=utf-8><p>\xe9x", None, "utf-8", "\ufffdx"),
    ("\ufeff<p>é".encode("utf-16-le"), "koi8-r", "utf-16le", "é"),
    ("<p>é <b>x".encode("utf-16-le"), None, "utf-16le", "é x"),  # 70: no BOM
    ("<p>é <b>x".encode("utf-16-be"), None, "utf-16be", "é x"),
    ("<p>中文".encode("gb18030"), "gb2312", "gbk", "中文"),
    ("<p>①".encode("cp932"), "shift_jis", "shift_jis", "①"),
    (b"<p>\xc0\xafx", "utf-8", "utf-8", "\ufffd\ufffdx"),  # 70: overlong
    (b"<p>\xed\xa0\x80x", "utf-8", "utf-8", "\ufffd\ufffd\ufffdx"),  # 70: a surrogate
]


@pytest.mark.parametrize(("body", "declared", "encoding", "text"), ENCODINGS, ids=lambda value: str(value)[:40])
def test_bytes_are_read_as_browsers_read_them(body: bytes, declared: str | None, encoding: str, text: str) -> None:
    page = read(body + "<a href=x>".encode(_codec(encoding)), encoding=declared)
    assert page.encoding == encoding
    assert page.observations[0].context_left == text


def _codec(encoding: str) -> str:
    return {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(encoding, "ascii")


def test_the_charset_of_content_type_is_the_http_charset() -> None:
    headers = [("content-type", 'Text/HTML; Charset="KOI8-R"; x=y')]
    assert read(b"<p>\xe9", headers=headers).encoding == "koi8-r"
    assert read(b"<p>\xe9", headers=headers, encoding="cp1251").encoding == "windows-1251"
    assert charset_of("text/html") is None


def test_every_known_label_decodes_any_bytes() -> None:
    body = bytes(range(256)) * 4
    for label in webencodings.LABELS:
        to_utf8(body, label)[0].decode()


def test_text_with_lone_surrogates_is_read() -> None:
    seen = only("<a href='/\ud800'>\udfffx</a>")
    assert (seen.target.url, seen.anchor_text) == ("http://a.com/%EF%BF%BD", "\ufffdx")


# --- hostile size --------------------------------------------------------------------------------------

LINK = "<a href=/x rel=ugc>y</a>"
BOMBS = {
    "a million nested divs": "<div>" * 1_000_000 + LINK,  # 54
    "nested lists": "<ul><li>" * 200_000 + LINK,
    "nested formatting": "".join(f"<b id={n}>" for n in range(50_000)) + LINK,
    "formatting rebuilt in every paragraph": "".join(f"<b id={n}><p>" for n in range(5_000)) + LINK,
    "formatting lost in a block": "<div>"
    + "".join(f"<i id={n}>" for n in range(2_000))
    + "</div>"
    + "<p>x" * 9_000
    + LINK,
    "closed out of order": "<span><div></span></div>" * 100_000 + LINK,
    "closed behind a cell": "<div><table><tr><td></div></table>" * 50_000 + LINK,
    "200,000 attributes": "<a href=/x " + " ".join(f"a{n}=1" for n in range(200_000)) + " rel=ugc>y</a>",  # 56
    "attributes behind a bracket": "<a x='<' " + " ".join(f"a{n}=1" for n in range(100_000)) + f">y</a>{LINK}",
    "body after body": "".join(f"<body a{n}=1>" for n in range(50_000)) + LINK,
    "an href of 20 MB": "<a href='" + "x" * 20_000_000 + "'>y</a>" + LINK,  # 56
    "a text of 20 MB": "<p>" + "x " * 10_000_000 + LINK,  # 56
    "unclosed quotes": "<a href='" * 300_000 + LINK,  # 71
    "unclosed comments": LINK + "<!--" * 500_000,
    "a refresh of digits": "<meta http-equiv=refresh content='" + "1" * 2_000_000 + "'>" + LINK,
    "brackets": "<" * 2_000_000 + ">" + LINK,
    "unclosed metas": "<meta " * 200 + "=" * 100_000 + ">" + LINK,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_seconds_and_keeps_its_link(name: str) -> None:
    started = time.process_time()
    page = read(BOMBS[name].encode())
    assert time.process_time() - started < 10
    if name == "unclosed quotes":  # the link is inside an attribute
        assert len(page.observations) + page.truncated_link_count > 0
    else:
        assert [seen.rel for seen in page.observations if seen.target.url == "http://a.com/x"] == [("ugc",)]


@pytest.mark.parametrize("link", ["<a href=/x>y</a>", "<a href=/x>y", "<area href=/x>", "<a href=/x><b id=1>"])
def test_a_page_keeps_its_first_10_000_links_and_counts_the_rest(link: str) -> None:  # 55
    page = read(link * 200_000)
    assert len(page.observations) == 10_000
    assert page.truncated_link_count == 190_000
    assert page.observations[-1].position == 9_999


def test_a_flattened_page_keeps_text_links_and_facts_in_order() -> None:
    html = (
        "<html lang=de><title>T</title><base href='http://b.com/'><meta name=robots content=nofollow>"
        "<script>'<a href=/no>'</script><p>left <b>mid</b>dle <a class=c href='1' rel='ugc' href=2>the <i>link</i></a> "
        'right<p><a href=3><img alt=pic></a><!-- <a href=4> --><a href=">"style=display:none>5</a>'
    )
    page = read(html + "<div>" * 100_000)
    assert (page.title, page.language, page.is_nofollow) == ("T", "de", True)
    first, second, third = page.observations
    assert (first.href, first.rel, first.anchor_text) == ("1", ("ugc",), "the link")
    assert (first.target.url, first.context_left) == ("http://b.com/1", "left middle")
    assert (second.link_type, second.alt) == ("image", "pic")
    assert (third.href, third.is_hidden) == (">", True)
    assert {seen.placement for seen in page.observations} == {"unknown"}


SHREDS = """
<a href=x> </a> <a href=' ' " > < <p> </p> <table> <td> </table> <b> </b> <svg> <template> <base href=//b.com>
<!-- --> <script> </script> x &#0; &#xd800; = <meta http-equiv=refresh content='0;url= <title> <li>
""".replace("= ", "=\x1f")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*SHREDS.split(), " ", "\0", "\ud800"]), max_size=40).map("".join))
def test_nothing_on_a_page_raises_and_no_broken_text_comes_out(html: str) -> None:
    page = read(html)
    for seen in page.observations:
        texts = [seen.href, seen.anchor_text, seen.context_left, seen.context_right, seen.alt or "", *seen.rel]
        for text in texts:
            assert "\0" not in text
            text.encode()
        assert 0.0 <= seen.block_link_density <= 1.0
    flat, _ = tame(html.encode("utf-8", "replace"))
    assert flat == html.encode("utf-8", "replace")  # no small page is touched


# --- html5lib as referee -------------------------------------------------------------------------------


def test_lexbor_and_html5lib_see_the_same_links_on_real_pages(shared_data: Path) -> None:
    seen = agreed = pages = same_pages = 0
    for url, body in sample(shared_data):
        observations = [o for o in read(body, url).observations if o.link_type in ("text", "image", "area")]
        ours = [(observation.target.url, observation.rel) for observation in observations]
        theirs = by_html5lib(body, url)
        agreed += (Counter(ours) & Counter(theirs)).total()
        seen += max(len(ours), len(theirs))
        same_pages += ours == theirs
        pages += 1
    print(f"{agreed} of {seen} links agree; {same_pages} of {pages} pages agree in every link and its order")
    assert pages >= 50
    assert agreed >= 0.995 * seen
    assert same_pages >= 0.95 * pages
