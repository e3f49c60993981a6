"""The language of a page: what it says, in the order in which it is believed; else its letters and small words."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawlers import page_facts
from crawlers.extract import extract
from crawlers.languages import declared_language, language_of

EXAMPLES = list(
    csv.DictReader(
        Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=3
    )
)


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["language"])
def test_a_text_is_of_its_language_or_of_none_that_is_known(row: dict[str, str]) -> None:
    assert language_of(row["text"]) == (None if row["language"] == "-" else row["language"])


def test_examples_are_of_many_languages() -> None:
    assert len({row["language"] for row in EXAMPLES}) >= 40


@pytest.mark.parametrize(
    ("html", "said", "language"),
    [
        ({"lang": " EN-gb "}, {"og:locale": "de_DE"}, "en-gb"),
        ({"xml:lang": "de"}, {}, "de"),
        ({"lang": ""}, {"og:locale": "pt_BR"}, "pt-br"),
        ({}, {"content-language": "fr, en", "og:locale": "en_US"}, "fr"),
        ({}, {"language": "English"}, None),
        ({}, {"language": "x"}, None),
        ({}, {"dc.language": "zh-Hant-TW"}, "zh-hant-tw"),
        ({}, {}, None),
    ],
)
def test_what_a_page_says_of_its_language(html: dict[str, str], said: dict[str, str], language: str | None) -> None:
    assert declared_language(html, said) == language


def test_what_a_page_says_wins_over_its_words() -> None:
    text = next(row["text"] for row in EXAMPLES if row["language"] == "de")
    assert extract(f"<p>{text}", "http://a.test/").language == "de"
    assert extract(f"<html lang=en><p>{text}", "http://a.test/").language == "en"
    meta = '<meta http-equiv="Content-Language" content="nl">'
    assert extract(f"{meta}<p>{text}", "http://a.test/").language == "nl"


@pytest.mark.slow
def test_words_agree_with_what_real_pages_say(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints the table of docs/classes.md: pages that name their language, read as if they did not."""
    declared: list[str | None] = []
    monkeypatch.setattr(page_facts, "declared_language", lambda *given: declared.append(declared_language(*given)))
    fates: dict[str, Counter[str]] = defaultdict(Counter)
    for archive in sorted((shared_data / "realweb").glob("*.warc.gz")):
        with archive.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                found = extract(record.reader.read(), record.headers["WARC-Target-URI"] or "").language
                said = (declared[-1] or "").partition("-")[0]
                said = {"nb": "no", "nn": "no"}.get(said, said) or "none said"
                fates[said]["same" if found == said else "other" if found else "undecided"] += 1
    for language, counts in sorted(fates.items(), key=lambda item: -item[1].total()):
        if counts.total() >= 8:
            print(language, counts.total(), *(counts[fate] for fate in ("same", "other", "undecided")))
    totals = sum((counts for said, counts in fates.items() if said != "none said"), Counter[str]())
    print("all that say it", totals.total(), *(totals[fate] for fate in ("same", "other", "undecided")))
    assert totals["same"] >= 0.9 * totals.total()
    assert totals["other"] <= 0.04 * totals.total()
    assert fates["none said"]["undecided"] <= 0.25 * fates["none said"].total()
