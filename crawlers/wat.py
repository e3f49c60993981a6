"""What a WAT record (Common Crawl's JSON about a WARC record) says of a page becomes the page's facts and links.

The shape is that of ia-web-commons' ExtractingParseObserver and of Common Crawl's WAT files: anchors are cut at 128
characters (100 in older files), and nothing says where on its page a link stands.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from crawlers.directives import page_directives, refresh_target, rel_tokens
from crawlers.encoding import charset_of, known
from crawlers.extract import REDIRECTS, Page
from crawlers.hrefs import MAX_HREF_BYTES
from crawlers.links import MAX_REJECTED_HREF_BYTES, RejectedLink, header_links, type_of_rel
from crawlers.observations import Observation, Observations
from crawlers.scan import MAX_LINKS, MAX_TEXT_CHARACTERS
from schemas.identity import CanonicalUrl, Rejected, judge

Headers = list[tuple[str, str]]

_TYPE_OF_TAG: Final = {"a": "text", "area": "area", "form": "form", "frame": "iframe", "iframe": "iframe"}
_PATHS: Final = ("A@/href", "AREA@/href", "FORM@/action", "FRAME@/src", "IFRAME@/src", "IMG@/src", "LINK@/href")
_TAG_OF_PATH: Final = {spelling: path.partition("@")[0].lower() for path in _PATHS for spelling in (path, path.lower())}


class NotWat(ValueError):
    """A record that is no WAT record, or not of the shape; ``str(error)`` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Described:
    """The WARC response that a WAT record describes.

    ``page`` is None when it is neither HTML nor a redirect. ``file`` and ``offset`` say where the response lies in its
    WARC.
    """

    given_target: str
    target: CanonicalUrl | Rejected
    date: str
    record_id: str
    ip: str | None
    truncated: str | None
    payload_digest: str | None
    status: int
    headers: Headers
    page: Page | None
    file: str | None
    offset: int | None


def read_wat(block: bytes, url: str) -> Described | None:
    """Read the JSON of a WAT record about ``url``; None when it describes no response (but a request, or metadata).

    Of the URLs in the record the one in its envelope counts.

    Raises:
        NotWat: it is no JSON of that shape.
    """
    try:
        said = json.loads(block)
    except (ValueError, RecursionError) as error:
        raise NotWat(f"no JSON: {str(error)[:200]}") from None
    if not isinstance(said, dict) or "Envelope" not in said:
        return None  # JSON of another kind
    envelope = _part(said, "Envelope", of="the record")
    warc = _part(envelope, "WARC-Header-Metadata", of="Envelope")
    payload = _part(envelope, "Payload-Metadata", of="Envelope")
    if _text(warc.get("WARC-Type")) != "response" or "HTTP-Response-Metadata" not in payload:
        return None
    http = _part(payload, "HTTP-Response-Metadata", of="Payload-Metadata")
    status = _text(_part(http, "Response-Message", of="HTTP-Response-Metadata").get("Status"))
    if not (status.isascii() and status.isdigit() and len(status) <= 3):
        raise NotWat(f"Status is {status[:20]!r}, no number")
    given = _text(warc.get("WARC-Target-URI")) or url
    target = judge(given)
    headers = _headers(http.get("Headers"))
    is_redirect = int(status) in REDIRECTS
    container = said.get("Container")
    offset = _text(container.get("Offset")) if isinstance(container, dict) else ""
    return Described(
        given_target=given,
        target=target,
        date=_text(warc.get("WARC-Date")),
        record_id=_text(warc.get("WARC-Record-ID")),
        ip=_text(warc.get("WARC-IP-Address")) or None,
        truncated=_text(warc.get("WARC-Truncated")) or None,
        payload_digest=_text(warc.get("WARC-Payload-Digest")) or None,
        status=int(status),
        headers=headers,
        page=_page(
            http.get("HTML-Metadata", {}),
            target.url if isinstance(target, CanonicalUrl) else given,
            headers,
            is_redirect=is_redirect,
        )
        if "HTML-Metadata" in http or is_redirect
        else None,
        file=_text(container.get("Filename")) or None if isinstance(container, dict) else None,
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 16 else None,
    )


def _part(whole: Any, name: str, *, of: str) -> dict[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(part, dict):
        raise NotWat(f"{of} has no object {name}")
    return part


def _list(whole: dict[str, Any], name: str) -> list[Any]:
    found = whole.get(name, [])
    if not isinstance(found, list):
        raise NotWat(f"{name} is {type(found).__name__}, not a list")
    return found


def _text(value: Any) -> str:
    """A text, or the last of several (a repeated header); numbers as they are written."""
    if isinstance(value, list):
        value = value[-1] if value else ""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _headers(given: Any) -> Headers:
    """A header that came several times is a list."""
    if not isinstance(given, dict):
        return []
    return [(name, _text(v)) for name, value in given.items() for v in (value if isinstance(value, list) else [value])]


# -------------------------------------------------------------------- the page


class _Link(NamedTuple):
    href: str
    link_type: str
    rel: str = ""
    text: str = ""
    alt: str | None = None
    base: str | None = None
    """What it is relative to, where that is not the base of the document."""


def _page(html: Any, url: str, headers: Headers, *, is_redirect: bool) -> Page:
    """The page's facts and links; a redirect is a page too, if only for the one link that it is.

    Raises:
        NotWat: a list of links is no list.
    """
    if not isinstance(html, dict):
        raise NotWat("HTML-Metadata is no object")
    head = html.get("Head", {})
    if not isinstance(head, dict):
        raise NotWat("Head is no object")
    metas = [meta for meta in _list(head, "Metas") if isinstance(meta, dict)]
    named = [(_text(meta.get("name")), _text(meta.get("content"))) for meta in metas if "name" in meta]
    directives = page_directives(named, headers)
    of_headers = [
        _Link(href, link_type, " ".join(rel), base=url)
        for href, link_type, rel in header_links(headers, url, is_redirect=is_redirect)
    ]
    of_document, malformed = _links(metas, _list(head, "Link"), _list(html, "Links"))
    links = of_headers + of_document
    observations, rejected, schemes = _judged(links[:MAX_LINKS], _base(head, url))
    canonicals = {seen.target.url for seen in observations if seen.link_type == "canonical"}
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    title = " ".join(_text(head.get("Title")).split())
    rejected += [
        RejectedLink(_cut(json.dumps(item), MAX_REJECTED_HREF_BYTES), "unparsable_url", len(links) + number)
        for number, item in enumerate(malformed[:MAX_LINKS])
    ]
    return Page(
        title=title[:MAX_TEXT_CHARACTERS] if title else None,
        language=None,
        canonical_url=canonicals.pop() if len(canonicals) == 1 else None,
        encoding=known(charset_of(content_type)),
        author=None,
        published_at=None,
        modified_at=None,
        generator=None,
        h1=None,
        heading_count=None,
        is_parked=None,
        word_count=None,
        simhash=None,
        structured_data_types=None,
        hreflangs=None,
        is_nofollow=directives.is_nofollow,
        is_noindex=directives.is_noindex,
        robots_directives=directives.tokens,
        observations=Observations(rows=observations),
        rejected=rejected,
        other_scheme_counts=dict(schemes),
        truncated_link_count=max(0, len(links) - MAX_LINKS) + max(0, len(malformed) - MAX_LINKS),
    )


def _base(head: dict[str, Any], url: str) -> str:
    if "Base" in head:
        declared = judge(_text(head["Base"]), url)
        if isinstance(declared, CanonicalUrl):
            return declared.url
    return url


def _links(metas: list[dict[str, Any]], head: list[Any], body: list[Any]) -> tuple[list[_Link], list[Any]]:
    """The page's links, those of the head first, and items that should be links and have no URL as a text."""
    links = list(_refreshes(metas))
    malformed = []
    image: dict[str, Any] | None = None
    for item in (*head, *body):
        url = item.get("url") if isinstance(item, dict) else None
        if not isinstance(url, str):
            if not (isinstance(item, dict) and "href" in item):  # STYLE/#text: a style sheet's import
                malformed.append(item)
            continue
        tag = _tag(item.get("path"))
        if tag == "link":
            links += _head_link(item, url)
        elif tag in _TYPE_OF_TAG and not _leads_nowhere(item, url, tag):
            links.append(_body_link(item, url, tag, image))
        image = item if tag == "img" else None
    return links, malformed


def _leads_nowhere(item: dict[str, Any], url: str, tag: str) -> bool:
    """An empty src or action names nothing, and a dialog goes nowhere."""
    is_dialog = tag == "form" and _text(item.get("method")).strip().lower() == "dialog"
    return is_dialog or (tag in ("form", "frame", "iframe") and not url.strip())


def _tag(path: object) -> str:
    """The element that links by a path such as ``A@/href``; nothing for other attributes and elements."""
    if not isinstance(path, str):
        return ""
    return _TAG_OF_PATH.get(path) or _TAG_OF_PATH.get(path.lower(), "")


def _refreshes(metas: list[dict[str, Any]]) -> Iterator[_Link]:
    """The meta refreshes that lead somewhere."""
    for meta in metas:
        if _text(meta.get("http-equiv")).strip().lower() == "refresh":
            target = refresh_target(_text(meta.get("content")))
            if target is not None:
                yield _Link(target, "meta_refresh")


def _head_link(item: dict[str, Any], url: str) -> Iterator[_Link]:
    rel = _text(item.get("rel"))
    link_type = type_of_rel(rel_tokens(rel), _text(item.get("type")))
    if link_type:
        yield _Link(url, link_type, rel)


def _body_link(item: dict[str, Any], url: str, tag: str, image: dict[str, Any] | None) -> _Link:
    """A link in the text; an ``a`` is written down when it ends, so that an image in it stands directly before it."""
    text, rel = item.get("text"), item.get("rel")
    anchor = " ".join(text.split()) if isinstance(text, str) else ""
    if tag == "a" and image is not None and not anchor:
        return _Link(url, "image", _text(rel), "", _text(image["alt"]) if "alt" in image else None)
    alt = _text(item["alt"]) if tag == "area" and "alt" in item else None
    return _Link(url, _TYPE_OF_TAG[tag], _text(rel) if rel else "", anchor, alt)


def _judged(links: list[_Link], base: str) -> tuple[list[Observation], list[RejectedLink], Counter[str]]:
    observations: list[Observation] = []
    rejected: list[RejectedLink] = []
    schemes: Counter[str] = Counter()
    judged: dict[tuple[str, str], CanonicalUrl | Rejected] = {}
    for position, link in enumerate(links):
        place = link.href, link.base or base
        target = judged.get(place)
        if target is None:
            target = judged[place] = judge(*place)
        if isinstance(target, CanonicalUrl):
            observations.append(_observation(len(observations), link, target))
        elif target.reason == "not_http":
            schemes[target.scheme] += 1
        else:
            rejected.append(RejectedLink(_cut(link.href, MAX_REJECTED_HREF_BYTES), target.reason, position))
    return observations, rejected, schemes


def _observation(position: int, link: _Link, target: CanonicalUrl) -> Observation:
    return Observation(
        position=position,
        href=_cut(link.href, MAX_HREF_BYTES),
        target=target,
        link_type=link.link_type,
        rel=rel_tokens(link.rel) if link.rel else (),
        anchor_text=link.text[:MAX_TEXT_CHARACTERS],
        alt=link.alt[:MAX_TEXT_CHARACTERS] if link.alt is not None else None,
    )


def _cut(text: str, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, between characters."""
    return text if len(text) * 4 <= limit else text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
