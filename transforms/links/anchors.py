"""What anchor texts, slugs, titles and domain names say, brought to one form in which SQL can compare them.

Arrays in, arrays out: each distinct text is normalised once, by Arrow's kernels, however many links bear it.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

Texts = Any
"""A string Array or ChunkedArray, NULLs allowed; a function gives an array as long as the one it takes."""

# Letters that no Unicode decomposition takes apart, but that people (and slugs) write without their marks.
_LETTERS: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "\u0131": "i", "ς": "σ"}
# Scripts written without spaces: each character counts as a word, so that whole words can be compared in any script.
_UNSPACED: Final = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])"
_SCHEME: Final = r"^(?:https?://|www\.)\S+$"
_HOST_AND_PATH: Final = r"^[^\s/@]+\.[^\s/@.]{2,}(?:[/:?]\S*)?$"
_EXTENSION: Final = r"\.(?:html?|php|aspx?|jsp|cfm|shtml|pdf)$"
_NUMBERS_AROUND: Final = r"^ (?:\d+ )+|(?: \d+)+ $"
_TITLE_PARTS: Final = r"\s+[|\-–—·•»:]+\s+|\s*[|»]\s*"

TELLING_LETTERS: Final = 4
"""Shorter anchors are compared as a whole and never looked for inside titles: `the`, `faq`. Two characters are enough
in scripts without spaces."""


def phrases(texts: Texts) -> Texts:
    """Texts as words: lower case, without marks, punctuation and doubled spaces, one space before, between and after.

    An ampersand is the word `and`, as in slugs and domain names.

    A text without letters and digits becomes ``""``; NULL stays NULL.
    """
    found = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKD"))  # type: ignore[attr-defined]  # missing in the stubs
    found = pc.replace_substring_regex(found, r"[\p{Mn}\p{Cf}]+", "")
    found = pc.replace_substring(found, "&", " and ")
    for letter, plain in _LETTERS.items():
        found = pc.replace_substring(found, letter, plain)
    found = pc.replace_substring_regex(found, _UNSPACED, r" \1 ")
    found = pc.replace_substring_regex(found, r"[^\p{L}\p{M}\p{N}]+", " ")
    found = pc.utf8_trim_whitespace(found)
    return pc.if_else(pc.equal(found, pa.scalar("")), "", pc.binary_join_element_wise(" ", found, " ", ""))


def compact(words: Texts) -> Texts:
    """Phrases without their spaces."""
    return pc.replace_substring(words, " ", "")


def is_telling(words: Texts) -> Texts:
    """Whether an anchor is long enough to be looked for inside what its target says of itself."""
    in_unspaced = pc.match_substring_regex(words, rf"{_UNSPACED} {_UNSPACED}")
    return pc.or_(pc.greater_equal(pc.utf8_length(compact(words)), pa.scalar(TELLING_LETTERS)), in_unspaced)


@cache
def generic_phrases() -> frozenset[str]:
    """Every generic anchor of ``generic_anchors.tsv``, normalised."""
    text = (files("transforms") / "links" / "generic_anchors.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return frozenset(phrases(pa.array([row["phrase"] for row in rows], pa.string())).to_pylist())


def anchor_texts(texts: Texts) -> pa.Table:
    """One row per distinct anchor text.

    ``phrase`` and ``compact`` as above; ``is_empty``: nothing visible; ``is_generic``: one of the generic phrases, or
    symbols or up to four digits alone; ``is_telling``; ``address``: the text in lower case without scheme and ``www.``
    where it looks like an address, else NULL; ``has_scheme``: it begins like one.
    """
    words = phrases(texts)
    trimmed = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    has_scheme = pc.match_substring_regex(trimmed, _SCHEME)
    is_address = pc.or_(has_scheme, pc.match_substring_regex(trimmed, _HOST_AND_PATH))
    bare = pc.replace_substring_regex(trimmed, r"^(?:https?://)?(?:www\.)?", "")
    is_empty = pc.match_substring_regex(texts, r"^[\p{Z}\p{C}\s]*$")
    says_nothing = pc.match_substring_regex(words, r"^$|^ \p{N}{1,4} $")
    is_listed = pc.is_in(words, value_set=pa.array(sorted(generic_phrases()), pa.string()))
    return pa.table(
        {
            "anchor_text": texts,
            "phrase": words,
            "compact": compact(words),
            "is_empty": is_empty,
            "is_generic": pc.or_(is_listed, says_nothing),
            "is_telling": is_telling(words),
            "address": pc.if_else(is_address, bare, None),
            "has_scheme": has_scheme,
        }
    )


def slugs(texts: Texts) -> pa.Table:
    """One row per distinct slug (last part of a path): its words, or NULL where there are none, as in ``/17.html``."""
    decoded = [unquote(text) if text and "%" in text else text for text in texts.to_pylist()]
    names = pc.replace_substring_regex(pa.array(decoded, pa.string()), _EXTENSION, "")
    words = pc.replace_substring_regex(phrases(names), _NUMBERS_AROUND, " ")
    is_name = pc.is_in(compact(words), value_set=pa.array(["index", "default", "home"]))
    return pa.table({"slug": texts, "slug_phrase": _said(pc.if_else(is_name, "", words))})


def headline_phrases(titles: Texts) -> Texts:
    """The words of each title's longest part, as a rule without the site's name; NULL where there are none."""
    parts = pc.split_pattern_regex(titles, _TITLE_PARTS)
    longest = [max(title, key=len) if title else None for title in parts.to_pylist()]
    return text_phrases(pa.array(longest, pa.string()))


def text_phrases(texts: Texts) -> Texts:
    """Words of texts, NULL where there are none."""
    return _said(phrases(texts))


def domain_names(domains: Texts) -> pa.Table:
    """One row per distinct registrable domain: as people read it, and its first label, the name of the brand.

    ``brand`` without and ``brand_phrase`` with spaces for hyphens; both NULL where the label is no name (`www.gov.uk`).
    """
    readable = [_readable(domain) for domain in domains.to_pylist()]
    words = phrases(pa.array([_brand(domain) for domain in readable], pa.string()))
    is_name = pc.greater(pc.utf8_length(words), pa.scalar(3))
    return pa.table(
        {
            "domain": domains,
            "domain_text": pa.array(readable, pa.string()),
            "brand": pc.if_else(is_name, compact(words), None),
            "brand_phrase": pc.if_else(is_name, words, None),
        }
    )


def _said(words: Texts) -> Texts:
    return pc.if_else(pc.equal(compact(words), pa.scalar("")), None, words)


def _readable(domain: str) -> str:
    """A domain with its international labels decoded; those that cannot be stay as they are."""
    if "xn--" not in domain:
        return domain
    return ".".join(map(_decoded, domain.split(".")))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _brand(domain: str) -> str:
    label, _, rest = domain.partition(".")
    return "" if label == "www" or not rest or domain.replace(".", "").isdigit() else label
