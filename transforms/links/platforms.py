"""What kind of site a page stands on, by rules read top to bottom, each answer with its reason."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

Found = tuple[str, str]
"""A word of PLATFORM_CLASS and the evidence for it."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of a page; ``path`` is its URL from the first slash of the path on."""

    host: str
    path: str
    generator: str | None = None
    structured_data_types: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of evidence; ``judge`` gives nothing where it has nothing to say."""

    name: str
    meaning: str
    judge: Callable[[PageFacts], Found | None]


UNKNOWN: Final = "unknown"

_GENERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "wiki": ("mediawiki", "dokuwiki", "xwiki", "tiddlywiki", "pmwiki", "twiki", "foswiki", "moinmoin", "tikiwiki",
             "tiki wiki", "wiki.js", "bookstack", "confluence"),
    "qa": ("question2answer", "askbot", "osqa"),
    "forum": ("discourse", "phpbb", "vbulletin", "xenforo", "mybb", "smf", "simple machines", "invision", "ip.board",
              "ipb", "flarum", "nodebb", "vanilla", "punbb", "fluxbb", "fudforum", "burning board", "woltlab",
              "bbpress", "jforum", "phorum"),
    "shop": ("shopify", "woocommerce", "magento", "prestashop", "opencart", "shopware", "oscommerce", "zen cart",
             "bigcommerce", "volusion", "xt:commerce", "jtl-shop", "gambio", "oxid", "ecwid", "cs-cart", "nopcommerce",
             "virtuemart", "tienda nube", "vtex", "bitcommerce"),
    "social": ("mastodon", "pleroma", "misskey", "friendica", "diaspora", "elgg", "buddypress"),
    "video": ("peertube", "mediagoblin"),
    "code_hosting": ("gitlab", "gitea", "forgejo", "gogs"),
    "directory": ("phplinkdirectory", "php link directory", "esyndicat"),
}  # fmt: skip
"""Words of a meta generator that name software made for one kind of site."""

_BLOG_GENERATORS: Final = ("wordpress", "blogger", "ghost", "movable type", "movabletype", "typepad", "serendipity",
                           "textpattern", "dotclear", "b2evolution", "nucleus", "hexo", "jekyll", "greymatter",
                           "livejournal", "habari", "typecho", "z-blog", "emlog", "chyrp")  # fmt: skip
"""Software made for blogs and used for anything: it speaks last."""

_TYPES: Final[Mapping[str, str]] = {
    "DiscussionForumPosting": "forum",
    "QAPage": "qa",
    "NewsArticle": "news",
    "ReportageNewsArticle": "news",
    "AnalysisNewsArticle": "news",
    "OpinionNewsArticle": "news",
    "NewsMediaOrganization": "news",
    "LiveBlogPosting": "news",
    "BlogPosting": "blog",
    "Blog": "blog",
    "OnlineStore": "shop",
    "Product": "shop",
    "ProductGroup": "shop",
}
"""schema.org types that are said of what the page itself is; the first in this order that a page declares decides."""

_LABELS: Final[Mapping[str, str]] = {
    "forum": "forum", "forums": "forum", "board": "forum", "boards": "forum", "foro": "forum", "foros": "forum",
    "community": "forum", "discuss": "forum", "bbs": "forum", "forumas": "forum",
    "wiki": "wiki", "answers": "qa", "ask": "qa",
    "blog": "blog", "blogs": "blog", "weblog": "blog", "news": "news", "nachrichten": "news", "noticias": "news",
    "shop": "shop", "store": "shop", "boutique": "shop", "tienda": "shop", "loja": "shop",
    "directory": "directory", "git": "code_hosting", "gitlab": "code_hosting", "video": "video", "videos": "video",
    "social": "social", "mastodon": "social",
}  # fmt: skip
"""First labels of hosts that name what is served there."""

_PATHS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("wiki", r"/wikis?/|/mediawiki/|/index\.php\?title="),
        ("forum", r"/(?:forums?|foros?|phpbb\d?|vbulletin|smf|bbs|boards?|messageboard)(?:/|$)"
                  r"|/(?:viewtopic|viewforum|showthread|showtopic|forumdisplay)\.php|/threads/[^/]+\.\d+"
                  r"|[?&](?:topic=\d+|showtopic=\d+)"),
        ("qa", r"/questions/\d+|/questions-answers/|/qa/"),
        ("shop", r"/(?:shop|store|webshop|boutique|tienda|loja|negozio|cart|basket|checkout|warenkorb)/"),
        ("blog", r"/(?:blogs?|weblog)(?:/|$)"),
        ("directory", r"/(?:directory|listings?|verzeichnis|annuaire|directorio|links-directory)/"),
    )
)  # fmt: skip
"""Folders that say what lies in them; the first in this order decides."""

# Universities without a suffix of their own, by the prefix that is custom in their country: uni-bonn.de, univ-lyon2.fr.
_UNIVERSITY: Final = re.compile(
    r"(?:^|\.)(?:(?:uni|tu|fu|hu|rwth|fh|hs|th|ph|dh|hochschule|universitaet)-[a-z0-9-]+\.(?:de|at)"
    r"|(?:univ|u|universite|iut)-[a-z0-9-]+\.[a-z]{2}|uni[a-z]{2}\.(?:it|ch))$"
)


def platform_of(page: PageFacts) -> Found:
    """The page's platform class and its reason, `rule: evidence`; both are said by the first rule that speaks."""
    for rule in RULES:
        if found := rule.judge(page):
            return found[0], f"{rule.name}: {found[1]}"
    return UNKNOWN, ""


def _known_site(page: PageFacts) -> Found | None:
    return _by_suffix(page.host, _table("known_sites.tsv"))


def _vetted_suffix(page: PageFacts) -> Found | None:
    return _by_suffix(page.host, _table("vetted_suffixes.tsv"))


def _university_name(page: PageFacts) -> Found | None:
    return ("edu", page.host) if _UNIVERSITY.search(page.host) else None


def _generator(page: PageFacts) -> Found | None:
    return _software(page.generator) if page.generator else None


def _structured_data(page: PageFacts) -> Found | None:
    declared = page.structured_data_types or ()
    return next(((kind, name) for name, kind in _TYPES.items() if name in declared), None)


def _host_label(page: PageFacts) -> Found | None:
    label, dot, rest = page.host.partition(".")
    kind = _LABELS.get(label)
    return (kind, f"{label}.") if kind and dot and "." in rest else None


def _path(page: PageFacts) -> Found | None:
    for kind, pattern in _PATHS:
        if match := pattern.search(page.path):
            return kind, match[0]
    return None


def _blog_generator(page: PageFacts) -> Found | None:
    said = (page.generator or "").lower()
    return next((("blog", name) for name in _BLOG_GENERATORS if said.startswith(name)), None)


@lru_cache(maxsize=4096)
def _software(generator: str) -> Found | None:
    """Software that a generator names, as whole words: `smf`, not `transmfoo`."""
    said = f" {re.sub(r'[^a-z0-9.:]+', ' ', generator.lower())} "
    for kind, names in _GENERATORS.items():
        for name in names:
            if f" {name} " in said or f" {name}:" in said:
                return kind, name
    return None


@lru_cache(maxsize=65_536)
def _suffixes(host: str) -> tuple[str, ...]:
    """The host and every shorter suffix of it, longest first."""
    labels = host.split(".")
    return tuple(".".join(labels[i:]) for i in range(len(labels)))


def _by_suffix(host: str, table: Mapping[str, str]) -> Found | None:
    return next(((table[suffix], suffix) for suffix in _suffixes(host) if suffix in table), None)


@cache
def _table(name: str) -> dict[str, str]:
    """The two columns of a data file."""
    text = (files("transforms") / "links" / name).read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines()[1:], delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row[0]: row[1] for row in rows}


RULES: Final[tuple[Rule, ...]] = (
    Rule("known_site", "The host is one of known_sites.tsv, or under it.", _known_site),
    Rule(
        "suffix", "The host lies under a suffix of vetted_suffixes.tsv: registries that check who asks.", _vetted_suffix
    ),
    Rule("university_name", "The host is named as universities of its country are.", _university_name),
    Rule("generator", "The meta generator names software made for one kind of site.", _generator),
    Rule("structured_data", "The page declares a schema.org type of one kind of site.", _structured_data),
    Rule("host_label", "The host's first label says what is served there.", _host_label),
    Rule("path", "A folder or script of the URL says what lies there.", _path),
    Rule("blog_generator", "The meta generator names software made for blogs.", _blog_generator),
)
"""Read top to bottom; the first that speaks decides."""
