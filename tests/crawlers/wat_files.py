"""Writes WAT files in Common Crawl's shape from WARC files, with a reader of HTML that is none of ours."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fastwarc.warc import ArchiveIterator, WarcRecordType
from selectolax.lexbor import LexborHTMLParser, LexborNode

ANCHOR_CHARACTERS: Final = 128
_UNREAD: Final = frozenset(["iframe", "noembed", "noframes", "script", "style", "template", "textarea"])
_LINKS: Final = {
    "a": ("href", ("target", "alt", "title", "rel", "hreflang", "type")),
    "area": ("href", ("rel", "alt")),
    "img": ("src", ("alt", "title")),
    "form": ("action", ("target", "method")),
    "iframe": ("src", ()),
    "frame": ("src", ()),
}


def write_wat(warc: Path, wat: Path) -> int:
    """Describe every record of a WARC in a WAT, one gzip member each; returns how many responses with HTML."""
    pages = 0
    with warc.open("rb") as source, wat.open("wb") as target:
        target.write(_member(b"WARC-Type: warcinfo", b"Software-Info: test", "application/warc-fields"))
        for record in ArchiveIterator(source, parse_http=False):
            said = _described(record, warc.name)
            pages += "HTML-Metadata" in said["Envelope"]["Payload-Metadata"].get("HTTP-Response-Metadata", {})
            head = f"WARC-Type: metadata\r\nWARC-Target-URI: {record.headers.get('WARC-Target-URI') or ''}"
            target.write(_member(head.encode(), json.dumps(said).encode(), "application/json"))
    return pages


def wat_record(said: Any) -> bytes:
    """One WAT record that says that, as a gzip member."""
    block = said if isinstance(said, bytes) else json.dumps(said).encode()
    return _member(b"WARC-Type: metadata\r\nWARC-Target-URI: http://outer.test/", block, "application/json")


def envelope(html: Any, *, url: str | None = "http://a.test/dir/page", status: str = "200", **warc: str) -> Any:
    """What a WAT record says of a page."""
    header = {"WARC-Type": "response", "WARC-Date": "2024-05-18T01:58:10Z", "WARC-Record-ID": "<urn:uuid:1>", **warc}
    if url is not None:
        header["WARC-Target-URI"] = url
    http = {"Response-Message": {"Status": status}, "Headers": {"Content-Type": "text/html"}, "HTML-Metadata": html}
    return {
        "Container": {"Filename": "x.warc.gz", "Offset": "4711"},
        "Envelope": {"WARC-Header-Metadata": header, "Payload-Metadata": {"HTTP-Response-Metadata": http}},
    }


def _member(head: bytes, block: bytes, media_type: str) -> bytes:
    fields = b"%s\r\nWARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
    record = b"WARC/1.0\r\n" + fields % (head, media_type.encode(), len(block)) + b"\r\n" + block + b"\r\n\r\n"
    return gzip.compress(record, 6, mtime=0)


def _described(record: Any, name: str) -> dict[str, Any]:
    header = dict(record.headers.items())
    payload: dict[str, Any] = {"Actual-Content-Type": header.get("Content-Type", "")}
    if record.record_type == WarcRecordType.response:
        record.is_http = True
        record.parse_http(quirks_mode=True)
        payload["HTTP-Response-Metadata"] = _http(record)
    elif record.record_type == WarcRecordType.request:
        payload["HTTP-Request-Metadata"] = {"Request-Message": {"Method": "GET"}}
    container = {"Filename": name, "Compressed": True, "Offset": str(record.stream_pos)}
    return {"Container": container, "Envelope": {"WARC-Header-Metadata": header, "Payload-Metadata": payload}}


def _http(record: Any) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    for field, value in record.http_headers.to_tuples():
        headers[field] = [*headers[field], value] if isinstance(headers.get(field), list) else value
    said: dict[str, Any] = {"Response-Message": {"Status": str(record.http_headers.status_code)}, "Headers": headers}
    if any("html" in str(value) for field, value in headers.items() if field.lower() == "content-type"):
        said["HTML-Metadata"] = _html(record.reader.read())
    return said


def _html(body: bytes) -> dict[str, Any]:
    head: dict[str, list[Any]] = {"Metas": [], "Link": []}
    links: list[Any] = []
    root = LexborHTMLParser(body).root
    assert root is not None
    for node, is_end in _walk(root):
        tag, attributes = str(node.tag), {name: value or "" for name, value in node.attributes.items()}
        if tag == "base" and "href" in attributes and not is_end:
            head.setdefault("Base", attributes["href"])  # type: ignore[arg-type]
        elif tag == "title" and not is_end:
            head.setdefault("Title", node.text())  # type: ignore[arg-type]
        elif tag == "meta" and not is_end:
            head["Metas"].append({n: attributes[n] for n in ("name", "content", "http-equiv") if n in attributes})
        elif tag == "link" and "href" in attributes and not is_end:
            more = {n: attributes[n] for n in ("rel", "type") if n in attributes}
            head["Link"].append({"path": "LINK@/href", "url": attributes["href"], **more})
        elif tag in _LINKS and is_end == (tag == "a"):
            links += _link(node, tag, attributes)
    return {"Head": head, "Links": links}


def _link(node: LexborNode, tag: str, attributes: dict[str, str]) -> Iterator[dict[str, str]]:
    name, more = _LINKS[tag]
    if name in attributes:
        said = {"path": f"{tag.upper()}@/{name}", "url": attributes[name]}
        said |= {other: attributes[other] for other in more if other in attributes}
        if text := " ".join(node.text().split())[:ANCHOR_CHARACTERS] if tag == "a" else "":
            said["text"] = text
        yield said


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every element when it begins and, with True, when it ends."""
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack:
        node, is_end = stack.pop()
        yield node, is_end
        if not is_end:
            stack.append((node, True))
            if node.tag not in _UNREAD:
                children = [child for child in node.iter() if child.tag and child.tag[0] != "-"]
                stack += [(child, False) for child in reversed(children)]
