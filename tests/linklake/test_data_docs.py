"""Data Docs say what a gate found, agree with Great Expectations, need nothing from elsewhere, and never decide."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linklake.data_docs as data_docs
from linklake.data_docs import document, page_of
from schemas.datasets.link_classes import LINK_CLASSES
from schemas.durable import file_sha256
from schemas.ledger import File, Partition, PartitionKey
from tests.chromium import PROGRAM, Chromium
from tests.transforms.sql_cases import RUN, Rows, filled
from transforms.engines.duckdb import DuckDB, Resources
from transforms.expectations import validate
from transforms.gates import Audit, Finding, Given, Moment, Profile, audit
from transforms.stage import Input

pytestmark = pytest.mark.great_expectations

MOMENT = Moment(RUN.crawl_id, RUN.as_of, made_at=RUN.as_of)
MENDING = "linklake run classify_links --crawl-id this"
SCRIPT = "https://shop.test/<script>alert(1)</script>"
LINKS: Rows = [{"source_url": "https://news.test/a", "target_url": f"https://shop.test/{n}"} for n in range(9)]
POISONED: Rows = [*LINKS[:7], LINKS[0], {**LINKS[8], "rel_class": "nonsense"}]

needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="no chromium here: apt-get install chromium")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    engine = DuckDB(Resources("1GB", 1, tmp_path / "spill"))
    engine.bind_arrow("links", filled(Input("links"), {"links": LINKS}))
    yield engine
    engine.close()


def audited(engine: DuckDB, folder: Path, rows: Rows, *, rows_before: int | None = None) -> Audit:
    """The audit of staged link_classes that hold those rows."""
    table = filled(Input("link_classes"), {"link_classes": rows})
    physical = table.append_column("bucket", pa.array([0] * len(rows), pa.int32()))
    path = folder / "part.parquet"
    pq.write_table(physical.select(LINK_CLASSES.physical_schema.names), path)
    file = File(path.name, 0, len(rows), path.stat().st_size, file_sha256(path))
    key = PartitionKey("link_classes", RUN.crawl_id)
    partition = Partition(key, "classify_links", "a" * 12, 1, 1, "0", (file,))
    return audit(engine, "classify_links", MOMENT, [Given(partition, (path,), rows_before)], bind=True)


# -- one truth ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "before", "broken"),
    [
        (LINKS, None, set()),
        (LINKS, 100, {"row_delta"}),
        (POISONED, None, {"duplicate_keys", "unknown_rel_class", "every_link_classified"}),
        ([], None, {"every_link_classified"}),
        (LINKS[:8], 1, {"every_link_classified", "row_delta"}),
        ([{**LINKS[0], "crawl_id": "another"}, *LINKS[1:]], None, {"foreign_crawl"}),
    ],
)
def test_the_checkpoint_and_the_profile_never_differ(
    engine: DuckDB, tmp_path: Path, rows: Rows, before: int | None, broken: set[str]
) -> None:
    found = audited(engine, tmp_path, rows, rows_before=before)
    said = validate(found)
    assert found.broken == said.broken == {f"link_classes.{rule}" for rule in broken}
    assert found.is_stopped == said.is_stopped == bool(broken - {"row_delta"})
    assert len(said.result["results"]) == len(found.rules) > 20


def test_files_that_are_not_read_leave_only_their_own_rules_to_judge(engine: DuckDB, tmp_path: Path) -> None:
    audited(engine, tmp_path, LINKS)
    path = tmp_path / "part.parquet"
    file = File(path.name, 0, 9, path.stat().st_size, "0" * 64)
    partition = Partition(PartitionKey("link_classes", RUN.crawl_id), "classify_links", "a" * 12, 1, 1, "0", (file,))
    found = audit(engine, "classify_links", MOMENT, [Given(partition, (path,))], bind=True)
    assert [f.rule for f in found.findings] == ["checksum"]
    assert set(found.rules) == {
        f"link_classes.{r}" for r in ("file_present", "checksum", "row_count", "columns_and_types")
    }
    assert validate(found).broken == {"link_classes.checksum"}
    assert "not measured" in page_of(found, None, mending=MENDING)


def test_the_checkpoint_counts_what_the_profile_counts(engine: DuckDB, tmp_path: Path) -> None:
    found = audited(engine, tmp_path, POISONED)
    (profile,) = found.profiles
    counted = {
        r["expectation_config"]["kwargs"]["column"]: r["result"]["observed_value"]
        for r in validate(found).result["results"]
    }
    assert sum(counted.values()) > 2
    assert counted == {f"link_classes.{rule}": failed for rule, failed in profile.failed.items()}


# -- what can go wrong -------------------------------------------------------------------------------------------


def test_the_verdict_stands_when_great_expectations_fails(
    engine: DuckDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Audit) -> Any:
        raise ImportError("no module named great_expectations\nand more")

    monkeypatch.setattr(data_docs, "validate", fail)
    done = document(tmp_path, audited(engine, tmp_path, POISONED), mending=MENDING)
    assert done.trouble == (
        "the gate of classify_links has judged, but Great Expectations could not validate it "
        "(ImportError: no module named great_expectations)"
    )
    assert done.validation is None
    assert done.page
    assert "duplicate_keys" in done.page.read_text(encoding="utf-8")


@pytest.mark.parametrize("obstacle", ["file", "damaged account"])
def test_the_verdict_stands_when_the_pages_cannot_be_written(engine: DuckDB, tmp_path: Path, obstacle: str) -> None:
    if obstacle == "file":
        (tmp_path / "_docs").write_text("in the way", encoding="utf-8")
    else:
        (tmp_path / "_docs" / "this").mkdir(parents=True)
        (tmp_path / "_docs" / "this" / "dedupe_links.json").write_text("{", encoding="utf-8")
    done = document(tmp_path, audited(engine, tmp_path, POISONED), mending=MENDING)
    assert done.page is None
    assert done.validation
    assert done.validation.is_stopped
    assert done.trouble
    assert "but its Data Docs could not be written (" in done.trouble


def test_a_full_disk_is_said_in_words(engine: DuckDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(data_docs, "write_durably", fail)
    done = document(tmp_path, audited(engine, tmp_path, LINKS), mending=MENDING)
    assert done.page is None
    assert "No space left on device" in str(done.trouble)


# -- what it leaves alone ----------------------------------------------------------------------------------------


def test_a_command_that_gates_nothing_never_imports_great_expectations() -> None:
    code = "import sys, linklake.__main__, linklake.runs; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_validating_writes_no_file_and_asks_nobody(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('a request')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from transforms.expectations import validate\n"
        "from transforms.gates import Audit, Profile\n"
        "counts = {'file_present': 0, 'duplicate_keys': 3}\n"
        "said = validate(Audit('dedupe_links', 'this', (Profile('links', 9, counts),), ()))\n"
        "assert said.broken == {'links.duplicate_keys'}, said\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "GX_ANALYTICS_ENABLED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


# -- the pages ---------------------------------------------------------------------------------------------------


def test_a_page_says_what_is_broken_how_often_by_what_and_how_to_mend_it(engine: DuckDB, tmp_path: Path) -> None:
    done = document(tmp_path, audited(engine, tmp_path, POISONED), mending=MENDING)
    assert done.page == tmp_path / "_docs" / "this" / "classify_links.html"
    text = _text(done.page)
    assert "Gate of classify_links: stopped" in text
    assert "No two rows have the same source_url, target_url." in text
    assert "1 of 9 rows repeat a key" in text
    assert "https://news.test/a, https://shop.test/0" in text
    assert "https://news.test/a, https://shop.test/8, nonsense" in text
    assert f"Nothing was published. Mend the cause, then: {MENDING}" in text
    assert "validated by Great Expectations 1.24.1" in text


def test_crawled_text_is_shown_and_never_run(engine: DuckDB, tmp_path: Path) -> None:
    finding = Finding("link_classes", "checksum", "stop", 1, "1 of 1 rows", (SCRIPT,))
    found = replace(audited(engine, tmp_path, LINKS), findings=(finding,))
    page = page_of(found, None, mending=MENDING)
    assert SCRIPT not in page
    assert "https://shop.test/&lt;script&gt;" in page


def test_the_page_of_a_crawl_lists_its_gates_in_the_order_of_the_flow(engine: DuckDB, tmp_path: Path) -> None:
    counts = {"file_present": 0}
    for stage, dataset in (("rank_hosts", "host_ranks"), ("dedupe_links", "links")):
        document(tmp_path, Audit(stage, "this", (Profile(dataset, 1, counts),), ()), mending=MENDING)
    document(tmp_path, audited(engine, tmp_path, POISONED), mending=MENDING)
    text = _text(tmp_path / "_docs" / "this" / "index.html")
    assert re.findall(r"(\w+) (passed|stopped) \d+ (\d+)", text) == [
        ("dedupe_links", "passed", "0"),
        ("classify_links", "stopped", "3"),
        ("rank_hosts", "passed", "0"),
    ]
    account = json.loads((tmp_path / "_docs" / "this" / "classify_links.json").read_text(encoding="utf-8"))
    assert account["great_expectations"]["success"] is False


# -- in a real browser -------------------------------------------------------------------------------------------


@needs_chromium
@pytest.mark.parametrize("rows", [LINKS, POISONED], ids=["good", "failed"])
def test_the_pages_ask_for_nothing_and_complain_of_nothing(engine: DuckDB, tmp_path: Path, rows: Rows) -> None:
    page = document(tmp_path, audited(engine, tmp_path, rows), mending=MENDING).page
    assert page
    with Chromium(tmp_path / "profile") as browser:
        for path in (page, page.with_name("index.html")):
            for width in (1280, 390):
                for scheme in ("light", "dark"):
                    opened = browser.open(path, width=width, scheme=scheme)
                    assert opened.requests == (path.as_uri(),)
                    assert opened.complaints == ()
                    assert opened.width == width  # nothing has to be scrolled sideways
        opened = browser.open(page)
        assert browser.recorder.called_for_a_page() == []
    if rows is LINKS:
        assert "Every rule holds." in opened.text
    else:
        assert "Gate of classify_links: stopped" in opened.text
        assert "link_classes.duplicate_keys" in opened.text
        assert "1 of 9 rows repeat a key" in opened.text
        assert MENDING in opened.text


@needs_chromium
def test_a_page_that_loads_from_elsewhere_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="icon" href="data:,"><img src="http://elsewhere.test/logo.png"><script>console.error("hm")</script>',
        encoding="utf-8",
    )
    with Chromium(tmp_path / "profile") as browser:
        opened = browser.open(page)
        assert "http://elsewhere.test/logo.png" in opened.requests
        assert any("hm" in complaint for complaint in opened.complaints)
        assert any("elsewhere.test" in line for line in browser.recorder.called_for_a_page())


def _text(page: Path) -> str:
    """What a reader sees of a page, white space collapsed."""
    body = page.read_text(encoding="utf-8").partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#x27;", "'").split())
