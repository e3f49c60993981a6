"""What is true of the generated web: plain values that a crawl of it is held to."""

from dataclasses import dataclass

from linklake.demo.generated.cast import Role


@dataclass(frozen=True, slots=True)
class SiteTruth:
    """A registrable domain and its part."""

    domain: str
    kind: str
    role: Role
    group: str
    topic: str
    address: str


@dataclass(frozen=True, slots=True)
class LinkTruth:
    """A link element of a page, in document order."""

    source_url: str
    position: int
    target_url: str
    link_type: str
    rel: tuple[str, ...]
    rel_class: str
    anchor_text: str
    alt: str
    placement: str
    link_scope: str
    intent: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class PageTruth:
    """How a URL answers, and what a page says of itself; links are those of a page that is HTML."""

    url: str
    status: int
    redirects_to: str = ""
    title: str = ""
    canonical_url: str = ""
    is_noindex: bool = False
    is_nofollow: bool = False
    is_disallowed: bool = False
    """robots.txt keeps it."""
    links: tuple[LinkTruth, ...] = ()


@dataclass(frozen=True, slots=True)
class WebTruth:
    """Everything: what is a farm, what is a page, what is a link."""

    sites: tuple[SiteTruth, ...]
    pages: tuple[PageTruth, ...]
    small: str
    """The honest site with two referring domains."""
    farmed: str
    """What the first farm is paid for."""

    @property
    def links(self) -> tuple[LinkTruth, ...]:
        """All links of all pages that are HTML, in the order of pages; those of error pages too."""
        return tuple(link for page in self.pages for link in page.links)
