"""What a page says of itself: dates, authors, headings, words, its simhash, and whether it is parked."""

from datetime import UTC, datetime

import pytest

from crawlers.dates import read_date
from crawlers.extract import Page, extract


def read(html: str) -> Page:
    return extract(html, "http://a.com/")


def day(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]


DATES = [
    ("2026-11-02T08:15:00Z", day(2026, 11, 2, 8, 15)),
    ("2026-11-02T08:15:00.123+02:00", day(2026, 11, 2, 6, 15)),
    ("2026-11-02 08:15", day(2026, 11, 2, 8, 15)),
    ("2026-11-02T08:15:00-0530", day(2026, 11, 2, 13, 45)),
    (" 2026-11-02 ", day(2026, 11, 2)),
    ("2026/11/02", day(2026, 11, 2)),
    ("20261102", day(2026, 11, 2)),
    ("Mon, 02 Nov 2026 08:15:00 +0100", day(2026, 11, 2, 7, 15)),
    ("02 Nov 2026 08:15:00 GMT", day(2026, 11, 2, 8, 15)),
    ("2026-13-02", None),
    ("2026-02-30", None),
    ("04/05/2020", None),  # two readings
    ("1970-01-01T00:00:00Z", None),
    ("0001-01-01T00:00:00+14:00", None),
    ("9999-12-31T23:59:59-14:00", None),
    ("yesterday", None),
    ("", None),
    ("2" * 100_000, None),
    (None, None),
]


@pytest.mark.parametrize(("text", "expected"), DATES, ids=lambda value: str(value)[:30])
def test_dates_are_read_where_they_are_sure(text: str | None, expected: datetime | None) -> None:
    assert read_date(text) == expected


PUBLISHED = [
    "<meta property=article:published_time content=2026-11-02>",
    "<meta itemprop=datePublished content=2026-11-02>",
    "<meta name=DC.date.issued content=2026-11-02>",
    "<meta name=date content='not a date'><time pubdate datetime=2026-11-02>yesterday</time>",
    "<time class='entry-date published' datetime=2026-11-02>2. 11.</time>",
    "<time itemprop=datePublished>2026-11-02</time>",
    '<script type=application/ld+json>{"@type":"NewsArticle","datePublished":"2026-11-02"}</script>',
]


@pytest.mark.parametrize("html", PUBLISHED)
def test_a_page_says_when_it_was_published(html: str) -> None:
    page = read(html)
    assert (page.published_at, page.modified_at) == (day(2026, 11, 2), None)


def test_a_page_says_who_made_it_when_and_with_what() -> None:
    page = read(
        "<meta name=Generator content=' WordPress  6.8 '><meta name=author content='A. Writer'>"
        "<meta property=article:modified_time content=2026-11-05T10:00:00Z>"
        "<h1></h1><h1>How <i>oars</i></h1><h2>are</h2>made"
    )
    assert (page.generator, page.author, page.modified_at) == ("WordPress 6.8", "A. Writer", day(2026, 11, 5, 10))
    assert (page.h1, page.heading_count) == ("How oars", 2)
    data = '{"@type":"Article","author":[{"@type":"Person","name":"B. One"},"C. Two",{"name":"http://x.com/"}]}'
    assert read(f"<script type=application/ld+json>{data}</script>").author == "B. One, C. Two"
    assert read("<meta name=article:author content=https://facebook.com/x>").author is None


def test_a_page_names_the_languages_of_its_alternates() -> None:
    page = read(
        "".join(f"<link rel=alternate hreflang={lang} href=/{lang}>" for lang in ("EN", "de-AT", "x-default", "en"))
    )
    assert page.hreflangs == ("en", "de-at", "x-default")


WORDS = [
    ("three words here", 3),
    ("one&nbsp;two<br>three<p>four</p>five", 5),
    ("Hel<b>lo</b>", 1),
    ("don't stop – now", 4),
    ("数据工程师喜欢反向链接", 6),  # 11 characters, half a word each
    ("中文 and English混合", 4),
    ("こんにちは。世界\uff01", 4),
    ("สวัสดีชาวโลก", 3),  # 12 letters, a fifth each
    ("한국어 단어 수", 3),
    ("<script>no words</script><style>none</style><template>none</template>", 0),
    ("<select><option>a<option>b</select>", 2),
]


@pytest.mark.parametrize(("html", "expected"), WORDS)
def test_words_are_counted_in_every_script(html: str, expected: int) -> None:
    assert read(html).word_count == expected


TEXT = " ".join(f"word{number} and{number % 7}" for number in range(200))


def bits_apart(one: str, other: str) -> int:
    mask = (1 << 64) - 1
    first, second = read(one).simhash, read(other).simhash
    assert first is not None
    assert second is not None
    return ((first ^ second) & mask).bit_count()


def test_near_duplicates_have_simhashes_few_bits_apart() -> None:
    assert bits_apart(TEXT, f"<div>{TEXT.upper().replace(' ', ', ')}</div>") == 0
    assert bits_apart(TEXT, TEXT.replace("word77", "changed")) <= 8
    assert bits_apart(TEXT, TEXT[::-1]) >= 16
    assert read("x").simhash != read("y").simhash
    assert read(" . ").simhash is not None
    assert read("").simhash is None


def test_simhashes_are_the_same_in_every_release() -> None:
    assert read("The quick brown fox jumps over the lazy dog").simhash == SIMHASH_OF_FOX


SIMHASH_OF_FOX = -7604016919644434966

PARKED = [
    ("<title>a.com</title>This domain is for sale. Buy this domain now.", True),
    ("<title>a.com</title>The domain a.com is parked free, courtesy of GoDaddy.com", True),
    ("<script src='//img.sedoparking.com/x.js'></script>", True),
    ("Diese Domain steht zum Verkauf", True),
    ("A page about how to buy a domain.", False),
    ("This domain is for sale. " + "word " * 400, False),
    ("", False),
]


@pytest.mark.parametrize(("html", "expected"), PARKED, ids=lambda value: str(value)[:40])
def test_a_parked_page_shows_its_signs(html: str, expected: bool) -> None:
    assert read(html).is_parked is expected
