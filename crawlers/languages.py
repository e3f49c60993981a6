"""The language of a page: what it says of itself; where it says nothing, what its words and letters say."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

_SAID_BY_METAS: Final = (
    "content-language", "og:locale", "inlanguage", "dc.language", "dcterms.language", "language",
)  # fmt: skip
"""Names of metas that tell it, the surest first: on real pages they agree with the html element in 99 % and more
(docs/classes.md)."""

_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
"""A language tag of BCP 47, as browsers and metas write it."""

SAMPLE_CHARACTERS: Final = 12_000
"""How much of a text is read."""

_LEAST_WORDS: Final = 40
"""Fewer words than these have too few small ones to count."""

_LEAST_DISTINCT: Final = 5
_LEAST_SHARE: Final = 0.05
"""Of the words of running text in any of these languages a fifth and more are in its list, of a menu some 8 %."""

_LEAST_LEAD: Final = 1.3
"""How much more of the best language has to be found than of the second: near ones share words, each of which counts
in parts."""

_LEAST_LETTERS: Final = 0.3
_KANA_SHARE: Final = 0.05
"""Japanese has far more kana among its Han characters, and Chinese none."""

_WORD: Final = re.compile(r"[^\W\d_]+")

_LANGUAGE_OF_SCRIPT: Final = {
    "HANGUL": "ko", "THAI": "th", "GREEK": "el", "HEBREW": "he", "GEORGIAN": "ka", "ARMENIAN": "hy",
    "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta", "TELUGU": "te", "GUJARATI": "gu", "GURMUKHI": "pa",
    "MALAYALAM": "ml", "KANNADA": "kn", "SINHALA": "si", "KHMER": "km", "LAO": "lo", "MYANMAR": "my",
    "ETHIOPIC": "am",
}  # fmt: skip
"""Scripts of mainly one language (`hi`: of the several of Devanagari, the most written)."""


def declared_language(html: Mapping[str, str | None], said: Mapping[str, str]) -> str | None:
    """What a page says: the html element's ``lang`` or ``xml:lang``, else one of its metas; lower case."""
    lang = (html.get("lang") or html.get("xml:lang") or "").strip().lower()
    if lang:
        return lang
    tags = (_TAG.fullmatch((said.get(name) or "").partition(",")[0].strip()) for name in _SAID_BY_METAS)
    return next((tag[0].lower().replace("_", "-") for tag in tags if tag), None)


def language_of(text: str) -> str | None:
    """The language that a text is written in, by its letters or its small words; None when these don't decide."""
    sample = text[:SAMPLE_CHARACTERS]
    return _by_script(sample) or _by_words(sample)


def _by_script(sample: str) -> str | None:
    if sample.isascii():
        return None
    letters = [c for c in sample if c.isalpha()]
    scripts = Counter(unicodedata.name(c, "").partition(" ")[0] for c in letters if c > "\u02ff")
    least = _LEAST_LETTERS * len(letters)
    kana, han = scripts["HIRAGANA"] + scripts["KATAKANA"], scripts["CJK"]
    if kana + han > least:
        return "ja" if kana > _KANA_SHARE * (kana + han) else "zh"
    return next((found for script, found in _LANGUAGE_OF_SCRIPT.items() if scripts[script] > least), None)


def _by_words(sample: str) -> str | None:
    words = Counter(_WORD.findall(sample.lower()))
    found, distinct, weights = Counter[str](), Counter[str](), Counter[str]()
    for word, count in words.items():
        languages = _languages().get(word, ())
        for language in languages:
            found[language] += count
            distinct[language] += 1
            weights[language] += count / len(languages)  # type: ignore[assignment]
    if words.total() < _LEAST_WORDS or not weights:
        return None
    (best, weight), *others = weights.most_common(2)
    if distinct[best] < _LEAST_DISTINCT or found[best] < _LEAST_SHARE * words.total():
        return None
    return best if not others or weight >= _LEAST_LEAD * others[0][1] else None


@cache
def _languages() -> Mapping[str, tuple[str, ...]]:
    """Small words, each with the languages that have it."""
    lines = (files("crawlers") / "small_words.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found: dict[str, tuple[str, ...]] = {}
    for language, words in (line.split("\t") for line in lines):
        for word in dict.fromkeys(words.split()):
            found[word] = (*found.get(word, ()), language)
    return found
