"""Bytes of a page become UTF-8 the way browsers read them: BOM, HTTP, meta, then what the bytes allow."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

import webencodings

PRESCAN_BYTES: Final = 1024
"""How far into the page a meta may declare an encoding (WHATWG HTML, prescan)."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_WIDER_CODECS = {"gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "big5": "big5hkscs"}
"""WHATWG decodes these with the supersets that Python has under other names (https://encoding.spec.whatwg.org)."""

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]*+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([^\s/=>"']++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"']+)", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff]")


def to_utf8(html: bytes | str, declared: str | None = None) -> tuple[bytes, str]:
    """Give (the page as valid UTF-8, the WHATWG name of the encoding it was read as).

    Order: byte order mark, `declared` (what HTTP says), meta within the first 1,024 bytes, UTF-8 if valid,
    windows-1252. Unknown labels count as silence; utf-7 is one. What cannot be decoded becomes U+FFFD. Text
    counts as decoded already.
    """
    if isinstance(html, str):
        return _SURROGATES.sub("\ufffd", html).encode(), "utf-8"
    for bom, marked in _BOMS:
        if html.startswith(bom):
            return _decoded(html[len(bom) :], marked), marked
    name = known(declared) or _bare_utf16(html) or _prescan(html[:PRESCAN_BYTES])
    if name in (None, "utf-8") and _is_utf8(html):
        return html, "utf-8"
    name = name or "windows-1252"
    return _decoded(html, name), name


def charset_of(content_type: str) -> str | None:
    """Give the charset parameter of a Content-Type value, as written, or None."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def known(label: str | None) -> str | None:
    """Give the WHATWG name of an encoding label, or None for no label and for unknown ones."""
    encoding = webencodings.lookup(label) if label else None
    return encoding.name if encoding is not None and encoding.name != "replacement" else None


def unknown_charset(html: bytes, declared: str | None) -> str | None:
    """The charset that a page names and nobody knows, where neither HTTP nor a meta nor a BOM names one that is."""
    labels = [*([declared] if declared else []), *_labels(html[:PRESCAN_BYTES])]
    is_told = any(map(known, labels)) or any(html.startswith(bom) for bom, _ in _BOMS)
    return labels[0] if labels and not is_told else None


def _decoded(html: bytes, name: str) -> bytes:
    wider = _WIDER_CODECS.get(name)
    codec = codecs.lookup(wider) if wider else webencodings.lookup(name).codec_info
    return codec.decode(html, "replace")[0].encode("utf-8", "replace")


def _is_utf8(html: bytes) -> bool:
    try:
        html.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bare_utf16(html: bytes) -> str | None:
    """UTF-16 without a byte order mark shows by NUL in every second byte of the first markup."""
    sample = html[: min(len(html) & ~1, 32)]
    if len(sample) < 8:
        return None
    first, second = set(sample[::2]), set(sample[1::2])
    if second == {0} and 0 not in first:
        return "utf-16le"
    return "utf-16be" if first == {0} and 0 not in second else None


def _prescan(head: bytes) -> str | None:
    """Encoding that a meta outside comments declares; utf-16 can only mean utf-8 there (WHATWG HTML)."""
    name = next((name for label in _labels(head) if (name := known(label))), None)
    return (
        {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(name, name) if name else None
    )


def _labels(head: bytes) -> Iterator[str]:
    """What metas outside comments say of the encoding."""
    for meta in _META.finditer(_COMMENT.sub(b"", head)):
        found = _ATTRIBUTE.finditer(meta[1])
        attributes = {pair[1].lower(): pair[2] or pair[3] or pair[4] or b"" for pair in found}
        label = attributes.get(b"charset", b"").decode("latin-1")
        if not label and attributes.get(b"http-equiv", b"").strip().lower() == b"content-type":
            label = charset_of(attributes.get(b"content", b"").decode("latin-1")) or ""
        if label:
            yield label
