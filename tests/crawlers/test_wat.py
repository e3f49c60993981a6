"""WAT files: the links of the WARC they describe, said to be poorer, and nothing that upsets the reader."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawlers.wat import NotWat, read_wat
from schemas.identity import CanonicalUrl
from tests.crawlers.test_archives import Rows, gzipped, read, response
from tests.crawlers.wat_files import envelope, wat_record, write_wat

COMPARABLE = {
    "text": "a", "image": "a", "area": "area", "canonical": "canonical", "meta_refresh": "meta_refresh",
    "alternate": "alternate", "feed": "feed", "form": "form", "iframe": "iframe", "redirect": "redirect",
    "http_header": "http_header",
}  # fmt: skip
"""Types that a page's WARC and WAT both show; whether an `a` holds text or an image a WAT only suggests."""


def links_of(rows: Rows) -> Counter[tuple[str, str, str, tuple[str, ...]]]:
    return Counter(
        (row["source_url"], COMPARABLE[row["link_type"]], row["target_url"], tuple(row["rel"]))
        for row in rows["link_observations"]
        if row["link_type"] in COMPARABLE
    )


@pytest.mark.parametrize(("name", "pages"), [("whirlwind", 1), ("commoncrawl-16", 16)])
def test_a_wat_gives_the_targets_and_rels_of_the_warc_that_it_describes(
    shared_data: Path, tmp_path: Path, name: str, pages: int
) -> None:
    warc = shared_data / "warc" / f"{name}.warc.gz"
    wat = tmp_path / f"{name}.warc.wat.gz"
    assert write_wat(warc, wat) == pages
    counts, from_wat = read(tmp_path / "wat", wat)
    _, from_warc = read(tmp_path / "warc", warc)
    assert counts["fetched"] == pages
    assert links_of(from_wat) == links_of(from_warc)
    assert sum(links_of(from_wat).values()) > 10 * pages
    facts = ("requested_url", "fetched_at", "state", "status", "is_nofollow", "is_noindex", "canonical_url")
    said = [{tuple(row[fact] for fact in facts) for row in rows["page_fetches"]} for rows in (from_wat, from_warc)]
    assert said[0] == said[1]


def test_the_rows_of_a_wat_say_that_they_are_poorer(tmp_path: Path) -> None:
    _, rows = read(tmp_path, wat_record(envelope({"Links": [{"path": "A@/href", "url": "/x", "text": "y" * 128}]})))
    (page,), (link,) = rows["page_fetches"], rows["link_observations"]
    assert (page["record_kind"], link["record_kind"]) == ("wat", "wat")
    assert (link["placement"], link["placement_confidence"], len(link["anchor_text"])) == ("unknown", 0.0, 128)
    assert (page["warc_file"], page["warc_offset"], page["word_count"]) == ("x.warc.gz", 4711, None)
    assert page["fetched_at"].isoformat() == "2024-05-18T01:58:10+00:00", "not when the WAT was made"
    _, of_warc = read(tmp_path / "warc", response(0))
    assert {row["record_kind"] for row in (*of_warc["page_fetches"], *of_warc["link_observations"])} == {"warc"}


def test_the_real_wat_of_a_request_has_no_links_and_is_counted(shared_data: Path, tmp_path: Path) -> None:
    counts, rows = read(tmp_path, shared_data / "warc" / "whirlwind.warc.wat.gz")
    assert counts == {"records": 2, "skipped_metadata": 1, "skipped_warcinfo": 1}
    assert rows == {"page_fetches": [], "link_observations": [], "rejected_records": []}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"path": "A@/href", "url": "/x", "text": " a  b "}, ("text", "http://a.test/x", "a b")),
        ({"path": "A@/href", "url": "x", "rel": "UGC,nofollow"}, ("text", "http://a.test/dir/x", "")),
        ({"path": "AREA@/href", "url": "//b.test"}, ("area", "http://b.test/", "")),
        ({"path": "FORM@/action", "url": "/s", "method": "post"}, ("form", "http://a.test/s", "")),
        ({"path": "FORM@/action", "url": "/s", "method": "Dialog"}, None),
        ({"path": "FORM@/action", "url": ""}, None),
        ({"path": "IFRAME@/src", "url": " "}, None),
        ({"path": "A@/href", "url": ""}, ("text", "http://a.test/dir/page", "")),
        ({"path": "IFRAME@/src", "url": "/f"}, ("iframe", "http://a.test/f", "")),
        ({"path": "FRAME@/src", "url": "/f"}, ("iframe", "http://a.test/f", "")),
        ({"path": "LINK@/href", "url": "/c", "rel": "Canonical"}, ("canonical", "http://a.test/c", "")),
        ({"path": "LINK@/href", "url": "/d", "rel": "alternate"}, ("alternate", "http://a.test/d", "")),
        ({"path": "LINK@/href", "url": "/r", "rel": "alternate", "type": "application/rss+xml"},
         ("feed", "http://a.test/r", "")),
        ({"path": "LINK@/href", "url": "/f", "rel": "feed"}, ("feed", "http://a.test/f", "")),
        ({"path": "LINK@/href", "url": "/s", "rel": "stylesheet"}, None),
        ({"path": "LINK@/href", "url": "/s", "rel": "alternate stylesheet"}, None),
        ({"path": "IMG@/src", "url": "/i.png", "alt": "x"}, None),
        ({"path": "SCRIPT@/src", "url": "/s.js"}, None),
        ({"path": "TD@/background", "url": "/b.png"}, None),
        ({"path": "A@/onclick", "url": "/x"}, None),
        ({"path": "STYLE/#text", "href": "/x.css"}, None),
        ({"url": "/x"}, None),
        ({"path": "A@/href", "url": "mailto:x@a.test"}, None),
    ],
)  # fmt: skip
def test_an_entry_becomes_a_link_by_its_path(entry: dict[str, str], expected: tuple[str, str, str] | None) -> None:
    said = read_wat(json.dumps(envelope({"Links": [entry]})).encode(), "")
    assert said is not None
    assert said.page is not None
    found = [(seen.link_type, seen.target.url, seen.anchor_text) for seen in said.page.observations]
    assert found == ([expected] if expected else [])
    assert said.page.rejected == []
    assert said.page.other_scheme_counts == ({"mailto": 1} if entry.get("url", "").startswith("mailto") else {})


def test_rel_refresh_base_and_robots_are_read() -> None:
    html = {
        "Head": {
            "Title": " t\n  t ",
            "Base": "http://base.test/",
            "Metas": [
                {"name": "ROBOTS", "content": "noindex, nofollow"},
                {"http-equiv": "Refresh", "content": "5; url=next"},
                {"property": "og:title", "content": "x"},
            ],
            "Link": [{"path": "LINK@/href", "url": "c", "rel": "canonical"}],
        },
        "Links": [{"path": "A@/href", "url": "p", "rel": " NoFollow sponsored,ugc"}],
    }
    said = read_wat(json.dumps(envelope(html)).encode(), "")
    assert said is not None
    page = said.page
    assert page is not None
    assert (page.title, page.is_noindex, page.is_nofollow) == ("t t", True, True)
    assert page.canonical_url == "http://base.test/c"
    assert [(o.position, o.link_type, o.target.url, o.rel) for o in page.observations] == [
        (0, "meta_refresh", "http://base.test/next", ()),
        (1, "canonical", "http://base.test/c", ("canonical",)),
        (2, "text", "http://base.test/p", ("nofollow", "sponsored", "ugc")),
    ]


def test_an_image_directly_before_a_link_without_text_stands_in_it() -> None:
    image = {"path": "IMG@/src", "url": "/i", "alt": "Logo"}
    bare, texted = {"path": "A@/href", "url": "/1"}, {"path": "A@/href", "url": "/2", "text": "t"}
    said = read_wat(json.dumps(envelope({"Links": [image, bare, bare, image, texted]})).encode(), "")
    assert said is not None
    assert said.page is not None
    assert [(o.link_type, o.alt, o.anchor_text) for o in said.page.observations] == [
        ("image", "Logo", ""),
        ("text", None, ""),
        ("text", None, "t"),
    ]


def test_repeated_headers_come_as_lists() -> None:
    whole = envelope({})
    headers = {"X-Robots-Tag": ["noindex", "otherbot: nofollow"], "content-type": "text/html; charset=Windows-1252"}
    whole["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["Headers"] = headers
    said = read_wat(json.dumps(whole).encode(), "")
    assert said is not None
    assert said.page is not None
    assert (said.page.is_noindex, said.page.is_nofollow) == (True, False)
    assert said.page.encoding == "windows-1252"


@pytest.mark.parametrize("status", ["301", "404", "200"])
def test_an_answer_without_html_is_a_fetch_with_at_most_the_link_that_a_redirect_is(
    tmp_path: Path, status: str
) -> None:
    whole = envelope({}, status=status)
    http = whole["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    del http["HTML-Metadata"]
    http["Headers"]["Location"] = "/new"
    _, rows = read(tmp_path, wat_record(whole))
    (row,) = rows["page_fetches"]
    states = {"301": "redirect_unresolved", "404": "http_error", "200": "not_html"}
    assert (row["state"], row["status"]) == (states[status], int(status))
    assert row["error"] == ("redirects to http://a.test/new" if status == "301" else None)
    links = [(link["link_type"], link["target_url"]) for link in rows["link_observations"]]
    assert links == ([("redirect", "http://a.test/new")] if status == "301" else [])


def test_link_headers_come_first_and_know_no_base_of_the_document() -> None:
    whole = envelope({"Head": {"Base": "http://base.test/"}, "Links": [{"path": "A@/href", "url": "c"}]})
    headers = {"Link": '<c>; rel="canonical", </s.css>; rel=preload'}
    whole["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["Headers"] = headers
    said = read_wat(json.dumps(whole).encode(), "")
    assert said is not None
    assert said.page is not None
    assert [(o.link_type, o.target.url) for o in said.page.observations] == [
        ("canonical", "http://a.test/dir/c"),
        ("text", "http://base.test/c"),
    ]


A = {"path": "A@/href", "url": "/x"}
DEEP = b'{"Envelope":' + b"[" * 100_000


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (json.dumps(envelope({"Links": [A]})).encode()[:-20], "no JSON"),
        (DEEP, "no JSON"),
        (b'{"Envelope": 1}', "the record has no object Envelope"),
        (b'{"Envelope": {"WARC-Header-Metadata": []}}', "Envelope has no object WARC-Header-Metadata"),
        (envelope({"Links": "x"}), "Links is str, not a list"),
        (envelope({"Links": {"path": "A@/href"}}), "Links is dict, not a list"),
        (envelope([A]), "HTML-Metadata is no object"),
        (envelope({"Head": {"Link": 7}}), "Link is int, not a list"),
        (envelope({"Head": []}), "Head is no object"),
        (envelope({}, status="NaN"), "Status is 'NaN', no number"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"", "no JSON"),
    ],
)
def test_hostile_100_json_of_another_shape_is_rejected_and_costs_no_neighbour(
    tmp_path: Path, said: Any, problem: str
) -> None:
    good = [wat_record(envelope({"Links": [A]}, url=f"http://a.test/{n}")) for n in range(2)]
    counts, rows = read(tmp_path, good[0] + wat_record(said) + good[1])
    (rejected,) = rows["rejected_records"]
    assert rejected["reason"] == "bad_record"
    assert problem in rejected["detail"]
    assert (counts["records"], counts["fetched"], counts["link_observations"]) == (3, 2, 2)
    with pytest.raises(NotWat):
        read_wat(said if isinstance(said, bytes) else json.dumps(said).encode(), "http://a.test/")


def test_hostile_100_entries_that_are_no_links_are_rejected_one_by_one(tmp_path: Path) -> None:
    odd: list[Any] = [
        7,
        None,
        "x",
        [],
        {"path": "A@/href", "url": 5},
        {"path": "A@/href", "url": None},
        {"path": 3, "url": "/n"},
    ]
    twice = json.dumps(envelope({"Links": [A, *odd, A]})).replace('"Links"', '"Links": 1, "Links"')
    surrogate = twice.replace('"/x"', '"/\\ud800"', 1).replace("7", "1e999").replace("null", "NaN")
    counts, rows = read(tmp_path, wat_record(surrogate.encode()))
    assert counts["fetched"] == 1
    assert [row["target_url"] for row in rows["link_observations"]] == ["http://a.test/%EF%BF%BD", "http://a.test/x"]
    assert [row["reason"] for row in rows["rejected_records"]] == ["unparsable_url"] * 6
    assert rows["page_fetches"][0]["rejected_link_count"] == 6


def test_hostile_101_links_are_resolved_against_the_envelope_or_the_record_or_not_at_all(tmp_path: Path) -> None:
    page = {"Links": [{"path": "A@/href", "url": "x"}]}
    records = [envelope(page), envelope(page, url=None), envelope(page, url="/nowhere"), envelope(page, url="dns:a")]
    counts, rows = read(tmp_path, b"".join(map(wat_record, records)))
    assert [row["target_url"] for row in rows["link_observations"]] == ["http://a.test/dir/x", "http://outer.test/x"]
    assert [row["reason"] for row in rows["rejected_records"]] == ["bad_target"]
    assert counts["skipped_response_of_another_scheme"] == 1
    nowhere = read_wat(json.dumps(envelope(page, url=None)).encode(), "")
    assert nowhere is not None
    assert not isinstance(nowhere.target, CanonicalUrl)


def test_json_that_is_no_wat_is_metadata_of_another_kind(tmp_path: Path) -> None:
    counts, _ = read(tmp_path, wat_record({"pages": []}) + wat_record([]) + gzipped([response(0)]))
    assert (counts["skipped_metadata"], counts["fetched"]) == (2, 1)


def test_links_beyond_the_limit_of_a_page_are_counted() -> None:
    said = read_wat(json.dumps(envelope({"Links": [A] * 10_007})).encode(), "")
    assert said is not None
    assert said.page is not None
    assert (len(said.page.observations), said.page.truncated_link_count) == (10_000, 7)
