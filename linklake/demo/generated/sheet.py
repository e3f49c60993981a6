"""A page while it is written: each link goes into the HTML and into the truth at once."""

from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import urlsplit

from linklake.demo.generated.truth import LinkTruth

_HIDDEN: Final = ' style="display:none"'


class Sheet:
    """Writes the links of one page in document order."""

    def __init__(self, url: str, *, is_nofollow: bool, links_absolutely: bool) -> None:
        self.url = url
        self.links: list[LinkTruth] = []
        self._host = urlsplit(url).hostname or ""
        self._is_nofollow = is_nofollow
        self._is_absolute = links_absolutely

    def link(
        self, target: str, anchor: str, placement: str, intent: str, *, rel: Sequence[str] = (),
        is_image: bool = False, is_hidden: bool = False,
    ) -> str:  # fmt: skip
        """The HTML of a link that readers see (or would, were it not hidden)."""
        kind = "image" if is_image else "text"
        words = ("", anchor) if is_image else (anchor, "")
        self._note(target, kind, words, placement, intent, tuple(rel), is_hidden=is_hidden)
        attribute = f' rel="{escape(" ".join(rel))}"' if rel else ""
        inside = f'<img src="/banner.svg" alt="{escape(anchor)}">' if is_image else escape(anchor)
        html = f'<a href="{escape(self._href(target))}"{attribute}>{inside}</a>'
        return f"<span{_HIDDEN}>{html}</span>" if is_hidden else html

    def head_link(self, target: str, kind: str) -> str:
        """A canonical link or a feed."""
        rel = ("canonical",) if kind == "canonical" else ("alternate",)
        self._note(target, kind, ("", ""), "unknown", kind, rel, is_hidden=False)
        attribute = ' type="application/rss+xml"' if kind == "feed" else ""
        return f'<link rel="{rel[0]}"{attribute} href="{escape(target)}">'

    def _note(
        self, target: str, kind: str, words: tuple[str, str], placement: str, intent: str, rel: tuple[str, ...], *,
        is_hidden: bool,
    ) -> None:  # fmt: skip
        host = urlsplit(target).hostname or ""
        self.links.append(
            LinkTruth(
                source_url=self.url,
                position=len(self.links),
                target_url=target,
                link_type=kind,
                rel=rel,
                rel_class=self._rel_class(rel),
                anchor_text=words[0],
                alt=words[1],
                placement=placement,
                link_scope=scope(self._host, host),
                intent=intent,
                is_hidden=is_hidden,
            )
        )

    def _rel_class(self, rel: Sequence[str]) -> str:
        for token in ("sponsored", "ugc", "nofollow"):
            if token in rel:
                return token
        return "nofollow" if self._is_nofollow else "follow"

    def _href(self, target: str) -> str:
        prefix = f"http://{self._host}/"
        return target if self._is_absolute or not target.startswith(prefix) else target.removeprefix(prefix[:-1])


def scope(source_host: str, target_host: str) -> str:
    """Every name of the web is one label under a reserved top-level domain: two labels are a registrable domain."""
    if source_host == target_host:
        return "same_host"
    return "same_domain" if registrable(source_host) == registrable(target_host) else "external"


def registrable(host: str) -> str:
    """The registrable domain of a host."""
    return ".".join(host.split(".")[-2:])
