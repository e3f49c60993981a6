"""`linklake report` says what the tables say, shows what was crawled and lets it do nothing, and fails in words."""

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

import linklake.report.door as door
from linklake.questions import Questions
from linklake.report import drawings, shown
from linklake.report.as_json import as_json
from linklake.report.door import Request
from linklake.report.html import html as as_html
from linklake.report.markdown import markdown
from linklake.report.model import (
    Answer,
    Bars,
    Column,
    FarmMap,
    Histogram,
    Member,
    Picture,
    Report,
    Row,
    Section,
)
from linklake.report.reasons import of_farm, of_member
from schemas.catalog import MART_VERSION
from schemas.errors import LakeError
from schemas.lake import Lake
from tests.linklake.calls import Ended, call, warc_record

UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
HOSTILE = (
    "<script>alert(1)</script>",
    "'); drop table domains; --",
    '=HYPERLINK("http://evil.test","x")',
    "\u202egnp.exe\u202c",
    "a\u200bb\u200dc\ufeffd",
    "</style></svg><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "| pipe | `tick` [x](javascript:alert(1))",
    "x" * 1_000_000,
)
LOADING = re.compile(
    r"""<(?:script|iframe|object|embed|img|video|audio|form|base)\b|<[^>]*(?:\ssrc=|\son\w+=|href=["'](?!\#|data:,))"""
    r"""|@import""",
    re.IGNORECASE,
)
"""What in a page would be loaded or run."""


def report(lake: Path, *arguments: object) -> Ended:
    return call("report", "--lake", lake, *arguments)


def measured(lake: Path, domain: str | None = None) -> Report:
    found, _, warning = door.report(
        Lake.open(lake), Request(domain, "html", None, force=False), memory="1GB", threads=1
    )
    assert warning is None
    return found


def text_in(page: str) -> str:
    """What a reader sees of a page, white space collapsed."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2])).split())


@pytest.fixture(scope="module")
def index(built_lake: Path) -> Report:
    return measured(built_lake)


@pytest.fixture(scope="module")
def shop(built_lake: Path) -> Report:
    return measured(built_lake, "silverquay.test")


@pytest.fixture(scope="module")
def questions(built_lake: Path) -> Questions:
    return Questions(Lake.open(built_lake), memory="1GB", threads=1)


def asked(questions: Questions, sql: str) -> list[Row]:
    names, rows = questions.ask(sql)
    return [dict(zip(names, row, strict=True)) for row in rows]


# -------------------------------------------------------------------- what it says


def answers(report_: Report) -> dict[str, Answer]:
    pictures = [picture for section in report_.sections for picture in section.pictures]
    return {answer.name: answer for picture in pictures for answer in picture.answers}


def test_it_says_first_as_of_when_and_about_what(index: Report, questions: Questions) -> None:
    assert [index.about] == asked(questions, "select * from index_info")
    assert [name for name, _ in index.facts] == ["Data as of", "Scope", "Read", "Built by"]


@pytest.mark.parametrize("which", ["index", "shop"])
def test_every_question_that_it_shows_can_be_asked_again_as_it_stands(
    which: str, questions: Questions, request: pytest.FixtureRequest
) -> None:
    found: Report = request.getfixturevalue(which)
    shown_answers = [found.figures_answer, *answers(found).values()]
    assert len(shown_answers) > 12
    for answer in shown_answers:
        assert answer.sql.startswith("-- one row per ")
        assert "$" not in answer.sql
        assert list(answer.rows) == asked(questions, answer.sql), answer.name


def test_every_sql_file_of_the_room_is_asked(index: Report, shop: Report) -> None:
    room = Path(str(files("transforms") / "report"))
    names = {path.relative_to(room).with_suffix("").as_posix() for path in room.rglob("*.sql")}
    said = {"about"} | {a.name for r in (index, shop) for a in (r.figures_answer, *answers(r).values())}
    assert names == said


def test_the_headline_numbers_are_those_of_the_marts(index: Report, questions: Questions) -> None:
    (numbers,) = index.figures_answer.rows
    (counted,) = asked(
        questions,
        "select count(*) as backlinks, count(*) filter (where passes_equity) as followed_backlinks, "
        "count(distinct source_domain) as linking_domains from backlinks",
    )
    assert {name: numbers[name] for name in counted} == counted


def test_a_mix_adds_up_to_the_backlinks(index: Report, shop: Report) -> None:
    for found, scope in ((index, "index"), (shop, "domain")):
        (numbers,) = found.figures_answer.rows
        for name in ("rel_mix", "placement_mix", "anchor_classes", "source_classes", "origin_roles"):
            rows = answers(found)[f"{scope}/{name}"].rows
            assert sum(row["backlinks"] for row in rows) == numbers["backlinks"], name
            assert sum(row["passing_equity"] for row in rows) == numbers["followed_backlinks"], name


def test_the_farm_of_the_built_in_web_is_drawn_with_its_reasons(index: Report) -> None:
    (farm,) = next(section for section in index.sections if section.id == "farms").pictures
    members = {row["domain"]: row["role"] for row in farm.rows}
    assert members["silverquay.test"] == "target"
    assert sum(role == "booster" for role in members.values()) == 8
    assert any("link to one and the same target" in reason for reason in farm.notes)
    assert isinstance(farm.drawing, FarmMap)
    assert {m.domain for m in farm.drawing.members} == set(members)
    numbers = {row["number"]: row["role"] for row in farm.rows}
    assert {(numbers[a], numbers[b]) for a, b in farm.drawing.links} >= {("booster", "target")}
    said = markdown(index)
    assert "Suspected farm 1: 8 boosters" in said
    assert "links out almost exactly as 7 other members do" in said


def test_a_domain_may_be_named_by_a_host_or_an_address_in_any_case(built_lake: Path) -> None:
    ended = report(built_lake, "--domain", "https://www.SilverQuay.test/offers?x=1", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    said = json.loads(ended.out)
    assert (said["report"], said["domain"]) == ("domain", "silverquay.test")


def test_a_domain_that_nobody_links_to_has_a_report_too(built_lake: Path, questions: Questions) -> None:
    (row,) = asked(questions, "select domain from domains where backlinks = 0 order by domain limit 1")
    assert f"# {row['domain']}" in markdown(measured(built_lake, row["domain"]))


# -------------------------------------------------------------------- the page


@pytest.mark.parametrize("which", ["index", "shop"])
def test_the_page_names_nothing_that_a_browser_would_load_or_run(which: str, request: pytest.FixtureRequest) -> None:
    found: Report = request.getfixturevalue(which)
    page = as_html(found)
    assert LOADING.search(page) is None
    assert "default-src 'none'" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    pictures = [picture for section in found.sections for picture in section.pictures]
    assert page.count("<figure") == page.count('<details class="sql"') - 1 == len(pictures)
    assert page.count("<table") == sum(bool(p.rows) for p in pictures) > 8
    assert page.count("<svg") == 2 * sum(bool(p.rows and p.drawing) for p in pictures) > 10
    assert found.figures_answer.sql.splitlines()[0] in html.unescape(page)


def test_the_default_place_is_in_the_lake_and_made_anew(built_lake: Path, copy_of: Callable[[Path], Path]) -> None:
    lake = copy_of(built_lake)
    (lake / "report.html").write_text("that of yesterday", encoding="utf-8")
    assert report(lake).out.startswith(f"wrote {lake / 'report.html'} (")
    assert "Suspected farm 1" in (lake / "report.html").read_text(encoding="utf-8")
    assert report(lake, "--domain", "silverquay.test").code == 0
    assert "silverquay.test" in (lake / "report-silverquay.test.html").read_text(encoding="utf-8")
    assert call("verify", "--quick", "--lake", lake).code == 0


# -------------------------------------------------------------------- hostile strings


def check_harmless(page: str) -> None:
    """Hostile text stands in a page as text."""
    assert LOADING.search(page) is None, LOADING.search(page)
    assert not UNSEEN.search(page)
    assert len(page) < 200_000
    text = text_in(page)
    assert "<script>alert(1)</script>" in text
    assert "\ufffdgnp.exe\ufffd" in text
    assert "{{7*7}}{% raw %}" in text
    assert "x" * 80 in text
    assert "x" * 401 not in text


def test_hostile_text_in_any_place_is_shown_and_does_nothing(shop: Report) -> None:
    rows = tuple({"number": n, "domain": text, "why": text, "url": text} for n, text in enumerate(HOSTILE, 1))
    columns = (
        Column("domain", HOSTILE[0], "name", is_head=True, note="why"), Column("url", "url", "url"),
        Column("why", "why", "code"),
    )  # fmt: skip
    members = tuple(Member(number, text, "target") for number, text in enumerate(HOSTILE, 1))
    answer = Answer("hostile", f"select {HOSTILE[3]} -- {HOSTILE[5]} {'`' * 4}", rows)
    pictures = [
        Picture("a", HOSTILE[0], HOSTILE[5], (answer,), columns, rows, drawing=drawing, said=HOSTILE[0], notes=HOSTILE)
        for drawing in (FarmMap(members, ((1, 2),)), Bars("domain", "number", "number", HOSTILE[0], HOSTILE[5]))
    ]
    notes = tuple(shown.plain(text) for text in HOSTILE)
    pictures = [replace(p, id=f"p{n}", notes=notes, said=notes[0]) for n, p in enumerate(pictures)]
    found = replace(
        shop, title=notes[0], facts=(("Scope", notes[3]),), sections=(Section("s", "S", notes[5], tuple(pictures)),)
    )
    check_harmless(as_html(found))
    said = markdown(found)
    assert "<script>" not in said
    assert not UNSEEN.search(said)
    assert r"\| pipe \| \`tick\` \[x\](javascript:alert(1))" in said
    assert "`````sql" in said
    assert as_json(found).isascii()
    assert json.loads(as_json(found))["sections"][0]["pictures"][0]["answers"][0]["rows"][3]["domain"] == HOSTILE[3]


@pytest.mark.slow
def test_hostile_pages_are_read_and_reported(tmp_path: Path) -> None:
    records = []
    for number, text in enumerate(HOSTILE):
        safe = html.escape(text)
        page = (
            f"<title>{safe}</title><p>Words before it <a href='http://target.test/{number}?q=<script>'>{safe}</a> and "
            f"after it, for a reader.</p>"
        )
        records.append(warc_record(f"http://site{number}.test/<b>'", page.encode()))
    (tmp_path / "pages.warc.gz").write_bytes(b"".join(records))
    lake = tmp_path / "lake"
    assert call("ingest", tmp_path / "pages.warc.gz", "--lake", lake, "--crawl-id", "hostile").code == 0
    assert call("build", "--lake", lake).code == 0
    check_harmless(as_html(measured(lake, "target.test")))
    index = as_html(measured(lake))
    assert LOADING.search(index) is None
    assert not UNSEEN.search(index)


@pytest.mark.slow
def test_a_domain_of_an_imported_graph_may_be_called_anything(tmp_path: Path) -> None:
    edges = tmp_path / "edges.tsv"
    name = "a'b/../<b>\u202e`"
    edges.write_text(f"source_domain\ttarget_domain\n{name}\tb.test\nb.test\tc.test\nc.test\t{name}\n", "utf-8")
    lake = tmp_path / "lake"
    assert call("import-graph", edges, "--lake", lake).code == 0
    assert call("build", "--lake", lake).code == 0
    ended = report(lake, "--domain", name)
    assert ended.code == 0, ended.err
    (page,) = lake.glob("report-*.html")
    assert page.name == "report-a_b_.._b_.html"
    text = page.read_text(encoding="utf-8")
    assert not UNSEEN.search(text)
    # An import has no pages: what is not known is said, and not shown as nothing.
    assert "an imported graph has no pages, and so no links to look at" in text_in(text)
    assert "No page was fetched or read." in text_in(as_html(measured(lake)))


# -------------------------------------------------------------------- bad input


def test_a_domain_that_is_not_in_the_index_is_said_with_the_nearest(built_lake: Path) -> None:
    ended = report(built_lake, "--domain", "https://silverkey.test/x")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(
        f"linklake report: silverkey.test is not in the index of {built_lake}; the nearest that are: silverquay.test, "
    )
    assert ended.err.count("\n") == 1


def test_what_is_no_domain_is_misuse(built_lake: Path) -> None:
    ended = report(built_lake, "--domain", "http://")
    assert ended.code == 2
    assert ended.err == "linklake report: 'http://' is no domain (no_host): write one like example.org\n"


def test_a_folder_without_a_lake_and_lakes_without_tables_say_what_comes_next(
    tmp_path: Path, lakes_before_stages: dict[str, Path]
) -> None:
    nothing = report(tmp_path / "nowhere")
    assert nothing.code == 1
    assert nothing.err.count("\n") == 1
    empty = tmp_path / "lake"
    Lake.open_or_create(empty)
    assert report(empty).err == (
        f"linklake report: {empty} has no tables to report on yet: it holds no crawl: run linklake crawl, ingest or "
        "import-graph first\n"
    )
    lake = lakes_before_stages["build_marts"]
    ended = report(lake)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"linklake report: {lake} has no tables to report on yet: run linklake build --lake {lake}\n"


@pytest.mark.slow
def test_a_graph_of_hosts_alone_is_told_apart(tmp_path: Path) -> None:
    edges, lake = tmp_path / "edges.tsv", tmp_path / "lake"
    edges.write_text("source_host\ttarget_host\na.test\tb.test\nb.test\ta.test\n", encoding="utf-8")
    assert call("import-graph", edges, "--lake", lake).code == 0
    assert call("build", "--lake", lake).code == 0
    assert report(lake).err == (
        f"linklake report: {lake} has no tables to report on: it holds a graph of hosts alone, which is ranked and no "
        f"more: ask linklake sql 'from host_ranks' --lake {lake}, or import a graph of domains\n"
    )


def test_tables_of_another_version_are_refused_with_the_command_that_mends_it(
    built_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MART_VERSION", "9")
    ended = report(built_lake)
    assert ended.code == 1
    assert re.fullmatch(
        rf"linklake report: the tables in {built_lake} are of version {re.escape(MART_VERSION)}, this linklake reads "
        rf"version 9: run linklake run build_marts --crawl-id \S+ --force --lake {built_lake}\n",
        ended.err,
    )


def test_a_serving_file_that_is_not_of_these_tables_is_said_and_not_read(
    built_lake: Path, copy_of: Callable[[Path], Path]
) -> None:
    lake = copy_of(built_lake)
    served = lake / "serving" / "authority.duckdb"
    served.unlink()
    with duckdb.connect(str(served)) as other:
        other.execute("create schema linklake_internal")
        other.execute("create table linklake_internal.version as select 'another' as version")
    ended = report(lake, "--format", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["numbers"]["rows"]
    assert ended.err.startswith(f"linklake report: {served} is not of the newest marts, ")
    assert "this report reads the lake itself. make it again: linklake run build_marts --crawl-id " in ended.err
    assert ended.err.count("\n") == 1


def test_a_file_that_is_there_is_written_over_by_force_alone(built_lake: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine", encoding="utf-8")
    ended = report(built_lake, "--output", page)
    assert ended.code == 2
    assert ended.err == (
        f"linklake report: {page} is there already: name another file with --output, or write over it with --force\n"
    )
    assert page.read_text(encoding="utf-8") == "mine"
    assert report(built_lake, "--output", page, "--force", "--format", "md").code == 0
    assert page.read_text(encoding="utf-8").startswith("# Backlink index")


def test_a_place_that_cannot_be_written_is_said_before_anything_is_measured(built_lake: Path, tmp_path: Path) -> None:
    for path, words in (
        (tmp_path, f"{tmp_path} is a folder: name a file in it with --output"),
        (tmp_path / "no" / "page.html", f"{tmp_path / 'no'} is no folder: make it, or name another file with --output"),
    ):
        ended = report(built_lake, "--output", path)
        assert (ended.code, ended.err) == (2, f"linklake report: {words}\n")


def test_a_disk_that_takes_nothing_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(door, "write_durably", fail)
    with pytest.raises(LakeError, match=r"cannot write .*page.html \(No space left on device\): name a file in a fol"):
        door.save(tmp_path / "page.html", "text")


def test_no_other_command_waits_for_what_draws_the_report() -> None:
    code = (
        "import sys, linklake.__main__, linklake.report.door; sys.exit(bool({'vl_convert', 'jinja2'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -------------------------------------------------------------------- words and drawings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("\u202eevil\u2066", "\ufffdevil\ufffd"),
        ("Füße 日本", "Füße 日本"),
        ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("abcdefghijkl", "abcdefghi…"),
        ("\ud800", "\ufffd"),
        ("", ""),
    ],
)
def test_text_is_made_plain(text: str, expected: str) -> None:
    assert shown.plain(text, 10 if len(text) == 12 else 80) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "0.0 %"), (0.0004, "<0.1 %"), (0.858, "85.8 %"), (0.9999, ">99.9 %"), (1.0, "100.0 %")],
)
def test_a_share_is_nothing_or_all_only_where_it_is(value: float, expected: str) -> None:
    assert shown.share(value) == expected


def test_a_code_without_words_is_named_with_its_figures() -> None:
    reasons = json.dumps([{"code": "NEW<b>", "value": 0.71, "threshold": 0.5}])
    assert of_farm(reasons) == ("NEW<b>: 0.71 (counts from 0.5).",)
    assert of_member(reasons) == ""


def test_drawings_escape_their_words_and_take_their_colours_from_the_page() -> None:
    bars = Bars("word", "whole", "part", "yes", "no")
    rows = ({"word": "<b>&", "whole": 3, "part": 1}, {"word": None, "whole": 1, "part": 0})
    svg = drawings.draw(bars, rows, width=drawings.WIDE, prefix="p")
    assert "&lt;b&gt;&amp;" in svg
    assert "not classed" in svg
    assert "var(--accent)" in svg
    assert not re.search(r"#[0-9a-f]{3,6}\b|\brole=|aria-label", svg)


def test_an_empty_scale_and_a_farm_without_links_can_be_drawn() -> None:
    bands = tuple({"from": n, "to": n + 10, "count": 0} for n in range(0, 100, 10))
    assert "authority score" in drawings.draw(Histogram("from", "to", "count"), bands, width=322, prefix="a")
    alone = FarmMap((Member(1, "a.test", "target"), Member(2, "b.test", "booster")), ())
    assert ">2</text>" in drawings.draw(alone, (), width=322, prefix="b")
