"""The stdin doors to identity and extraction, in the fixed shapes that others script against."""

import json
from collections.abc import Iterable, Iterator

from crawlers.extract import extract
from schemas.errors import Misuse
from schemas.identity import IDENTITY_POLICY, CanonicalUrl, Rejected, judge

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def canonicalize(lines: Iterable[bytes]) -> Iterator[str]:
    """One TSV line for each line (``url`` or ``base<TAB>url``): raw, canonical, reason, host, domain, policy.

    An empty base is none; one that is no URL rejects whatever stands behind it, as the WHATWG's ``new URL`` does.
    """
    for line in lines:
        text = line.removesuffix(b"\n").decode("utf-8", "replace")
        base, raw = text.split("\t", 1) if "\t" in text else ("", text)
        judged = judge(raw, base or None)
        if isinstance(judged, CanonicalUrl):
            cells = [raw, judged.url, "", judged.host, judged.domain, IDENTITY_POLICY]
        else:
            cells = [raw, "", judged.reason, "", "", IDENTITY_POLICY]
        yield "\t".join(cell.translate(_ESCAPES) for cell in cells) + "\n"


def extract_lines(html: bytes, url: str) -> Iterator[str]:
    """One JSON object per observation of a page, in document order, with the names of ``link_observations``.

    Raises:
        Misuse: the page's URL is no http(s) URL.
    """
    source = judge(url)
    if isinstance(source, Rejected):
        raise Misuse(f"--url {url!r} is no http(s) URL ({source.reason})")
    for o in extract(html, source.url).observations:
        row = {
            "position": o.position,
            "source_url": source.url,
            "source_host": source.host,
            "source_domain": source.domain,
            "href": o.href,
            "target_url": o.target.url,
            "target_host": o.target.host,
            "target_domain": o.target.domain,
            "link_type": o.link_type,
            "rel": list(o.rel),
            "anchor_text": o.anchor_text,
            "alt": o.alt,
            "context_left": o.context_left,
            "context_right": o.context_right,
            "placement": o.placement,
            "placement_confidence": o.placement_confidence,
            "block_link_density": o.block_link_density,
            "block_word_count": o.block_word_count,
            "block_link_count": o.block_link_count,
            "block_id": o.block_id,
            "dom_path": o.dom_path,
            "heading_path": None if o.heading_path is None else list(o.heading_path),
            "is_hidden": o.is_hidden,
        }
        yield json.dumps(row, ensure_ascii=False) + "\n"
