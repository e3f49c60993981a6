"""Anchors are read alike in every language: examples that are generic, and near ones that are not."""

import csv
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest

from transforms.links import anchors

EXAMPLES = list(
    csv.DictReader(
        Path(__file__).with_name("anchor_languages.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"
    )
)
LISTED = [
    line.split("\t")
    for line in (files("transforms") / "links" / "generic_anchors.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def texts(*values: str | None) -> pa.StringArray:
    return pa.array(values, pa.string())


def phrase(text: str) -> str:
    return str(anchors.phrases(texts(text))[0])


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda r: f"{r['language']}-{r['anchor_text']}")
def test_an_anchor_is_generic_or_not_in_its_language(row: dict[str, str]) -> None:
    (judged,) = anchors.anchor_texts(texts(row["anchor_text"])).to_pylist()
    assert judged["is_generic"] == (row["is_generic"] == "true")


def test_every_language_of_the_examples_passes_and_fails_and_is_listed() -> None:
    counts = Counter((row["language"], row["is_generic"]) for row in EXAMPLES)
    languages = {row["language"] for row in EXAMPLES}
    assert len(languages) >= 50
    assert all(counts[name, "true"] >= 2 and counts[name, "false"] >= 1 for name in languages)
    assert languages <= {language for language, _ in LISTED}


def test_the_list_names_each_phrase_of_a_language_once() -> None:
    assert len({tuple(row) for row in LISTED}) == len(LISTED)
    assert all(len(row) == 2 and row[1] == row[1].strip() for row in LISTED)
    assert len({language for language, _ in LISTED}) == 74  # the number that ANCHOR_CLASS tells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Click  HERE!", " click here "),
        ("l’Été", " l ete "),
        ("E\u0301TE\u0301", " ete "),
        ("Straße", " strasse "),
        ("İstanbul \u0131l\u0131k", " istanbul ilik "),
        ("Σίσυφος", " σισυφοσ "),
        ("ink & oats", " ink and oats "),
        ("foo\u200bbar\u00ad", " foobar "),
        ("日本語 text", " 日 本 語 text "),
        ("٤٢", " ٤٢ "),
        ("→ « … »", ""),
        ("", ""),
    ],
)
def test_words_are_compared_without_case_marks_and_punctuation(text: str, expected: str) -> None:
    assert phrase(text) == expected


def test_null_stays_null() -> None:
    assert anchors.phrases(texts(None)).to_pylist() == [None]
    assert anchors.headline_phrases(texts(None, "", " | ")).to_pylist() == [None, None, None]
    assert anchors.text_phrases(texts(None, "»")).to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("night-of-the-eels.html", " night of the eels "),
        ("12345-night_of+eels-2", " night of eels "),
        ("caf%C3%A9", " cafe "),
        ("%E6%AD%B4%E5%8F%B2", " 歴 史 "),
        ("%FF%FE", None),
        ("index.php", None),
        ("2026", None),
        ("", None),
    ],
)
def test_a_slug_is_its_words(slug: str, expected: str | None) -> None:
    assert anchors.slugs(texts(slug)).column("slug_phrase").to_pylist() == [expected]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The pier stands again | The Courier", " the pier stands again "),
        ("BBC - The long story of the eel", " the long story of the eel "),
        ("Well-known boats", " well known boats "),
        ("鰻の夜 – 新聞", " 鰻 の 夜 "),
    ],
)
def test_a_headline_is_the_longest_part_of_a_title(title: str, expected: str) -> None:
    assert anchors.headline_phrases(texts(title)).to_pylist() == [expected]


@pytest.mark.parametrize(
    ("domain", "readable", "brand"),
    [
        ("heron-oars.co.uk", "heron-oars.co.uk", " heron oars "),
        ("xn--fa-hia.test", "faß.test", " fass "),
        ("xn--zzzz\u00ff.test", "xn--zzzz\u00ff.test", " xn zzzzy "),
        ("www.gov.uk", "www.gov.uk", None),
        ("x.com", "x.com", None),
        ("10.0.0.7", "10.0.0.7", None),
        ("localhost", "localhost", None),
    ],
)
def test_a_domain_is_read_as_people_write_it(domain: str, readable: str, brand: str | None) -> None:
    (row,) = anchors.domain_names(texts(domain)).to_pylist()
    assert (row["domain_text"], row["brand_phrase"]) == (readable, brand)
    assert row["brand"] == (brand and brand.replace(" ", ""))
