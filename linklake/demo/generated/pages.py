"""Pages of the generated web, written on the fly from the plan: the HTML, and what is true of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from random import Random
from typing import Final

from linklake.demo.generated.cast import Site
from linklake.demo.generated.plan import Plan
from linklake.demo.generated.sheet import Sheet
from linklake.demo.generated.site_map import Spot
from linklake.demo.generated.themes import THEMES, Theme
from linklake.demo.generated.ties import Tie
from linklake.demo.generated.truth import PageTruth
from linklake.demo.generated.words import COMMENTS, LEADS, PEOPLE, phrase, sentences

_TEASERS: Final = 8
_RECENT: Final = 5
_LISTED_SORTS: Final = ("article", "wire", "profile")
_SIGNED: Final = frozenset({"news", "blog"})


@dataclass(frozen=True, slots=True)
class Written:
    """A page as it is served, and the truth of it."""

    html: str
    truth: PageTruth


def write_page(plan: Plan, spot: Spot) -> Written:
    """Write the page of a spot; the same every time."""
    return _Page(plan, spot).write()


class _Page:
    def __init__(self, plan: Plan, spot: Spot) -> None:
        self.plan, self.spot = plan, spot
        self.site: Site = plan.site_of_host[spot.host]
        self.theme: Theme = THEMES[self.site.look.theme]
        self.rng = Random(f"page {plan.seed} {spot.url}")
        said = {*spot.directives, *spot.header_directives}
        self.is_nofollow, self.is_noindex = "nofollow" in said, "noindex" in said
        self.sheet = Sheet(spot.url, is_nofollow=self.is_nofollow, links_absolutely=self.theme.links_absolutely)
        self.ties = plan.ties.of_page.get(spot.url, [])
        self.wide = plan.ties.of_site.get(self.site.domain, [])
        self.spots = plan.spots[spot.host]

    def write(self) -> Written:
        title = self.spot.title if self.spot.sort == "home" else f"{self.spot.title} | {self.site.look.brand}"
        canonical = self._canonical()
        head, body = self._head(title, canonical), self._body()
        html = f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
        truth = PageTruth(
            url=self.spot.url,
            status=self.spot.status,
            title=title,
            canonical_url=canonical,
            is_noindex=self.is_noindex,
            is_nofollow=self.is_nofollow,
            links=tuple(self.sheet.links),
        )
        return Written(html, truth)

    # ---------------------------------------------------------------- head

    def _canonical(self) -> str:
        if self.spot.canonical:
            return self.spot.canonical
        return self.spot.url if self.theme.is_canonical and self.spot.status == 200 else ""

    def _head(self, title: str, canonical: str) -> str:
        lines = ['<meta charset="utf-8">', f"<title>{escape(title)}</title>"]
        if self.spot.directives:
            lines.append(f'<meta name="robots" content="{", ".join(self.spot.directives)}">')
        if canonical:
            lines.append(self.sheet.head_link(canonical, "canonical"))
        if self.theme.has_feed:
            lines.append(self.sheet.head_link(f"http://{self.spot.host}/feed.xml", "feed"))
        if self.site.kind == "news" and self.spot.sort in ("article", "wire"):
            said = f'{{"@context":"https://schema.org","@type":"NewsArticle","headline":"{escape(self.spot.title)}"}}'
            lines.append(f'<script type="application/ld+json">{said}</script>')
        return "\n".join(lines)

    # ---------------------------------------------------------------- body

    def _body(self) -> str:
        parts = [self._header()]
        if self.theme.has_sidebar and self.theme.sidebar_first:
            parts.append(self._sidebar())
        parts.append(self._main())
        if self.theme.has_sidebar and not self.theme.sidebar_first:
            parts.append(self._sidebar())
        parts.append(self._footer())
        return "\n".join(parts)

    def _header(self) -> str:
        logo = f'<p class="logo">{self._own("/", self.site.look.brand, "header")}</p>'
        items = [self._own("/", "Home", "navigation"), self._own("/archive", self._archive_name(), "navigation")]
        items += [self._own(s.path, s.title.partition(" ")[0], "navigation") for s in self.spots if s.path == "/about"]
        items += [
            self.sheet.link(f"http://{host}/", host.partition(".")[0].capitalize(), "navigation", "site")
            for host in self.site.hosts if host != self.spot.host
        ]  # fmt: skip
        menu = f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
        nav = self.theme.nav.format(menu)
        if self.theme.menu_in_header:
            html = self.theme.header.format(logo + nav)
        else:
            html = self.theme.header.format(logo) + "\n" + nav
        return html + self._breadcrumb()

    def _archive_name(self) -> str:
        names = {"shop": "Products", "social": "Members", "directory": "Categories", "forum": "Threads", "news": "News"}
        return names.get(self.site.kind, "Archive")

    def _breadcrumb(self) -> str:
        if not self.theme.has_breadcrumb or self.spot.sort != "article":
            return ""
        trail = [self._own("/", "Home", "navigation"), self._own("/archive", self._archive_name(), "navigation")]
        return f'\n<nav class="breadcrumb">{" / ".join(trail)} / {escape(self.spot.title)}</nav>'

    def _main(self) -> str:
        content = "".join(self._content())
        return self.theme.main.format(f"<h1>{escape(self.spot.title)}</h1>\n{content}")

    def _content(self) -> Sequence[str]:
        sort = self.spot.sort
        if sort == "home":
            return [self._prose(2), self._list(self._listed()[:_TEASERS], "Latest"), self._paragraph()]
        if sort == "archive":
            return [self._paragraph(), self._archive(), self._paragraph(), self._paragraph()]
        if sort == "about":
            return [self._prose(3), self._house()]
        if sort == "missing":
            return ["<p>Nothing is here any more.</p>\n"]
        return [
            self._byline(), self._prose(self.rng.randint(3, 6)), self._listing(), self._pager(), self._bio(),
            self._advert(), self._comments(),
        ]  # fmt: skip

    # ---------------------------------------------------------------- content

    def _prose(self, count: int) -> str:
        """Paragraphs, with the links in running text spread over them."""
        body = [tie for tie in self.ties if tie.slot == "body"]
        inner = self._inner_links() if self.spot.sort in ("home", "article", "wire") else []
        paragraphs = []
        for number in range(count):
            text = [escape(said) for said in sentences(self.site.topic, self.rng.randint(3, 5), self.rng)]
            here = body[number::count]
            text += [self.rng.choice(LEADS).format(self._tie(tie, "main")) for tie in here]
            if number < len(inner):
                target = inner[number]
                text.append(self.rng.choice(LEADS).format(self._own(target.path, target.title, "main", "related")))
            paragraphs.append(f"<p>{' '.join(text)}</p>\n")
        return "".join(paragraphs)

    def _paragraph(self) -> str:
        """A few sentences without a link."""
        return f"<p>{escape(' '.join(sentences(self.site.topic, 3, self.rng)))}</p>\n"

    def _inner_links(self) -> list[Spot]:
        listed = [s for s in self._listed() if s is not self.spot]
        return self.rng.sample(listed, min(self.rng.randint(0, 2), len(listed)))

    def _listed(self) -> list[Spot]:
        return [s for s in self.spots if s.sort in _LISTED_SORTS]

    def _list(self, spots: Sequence[Spot], heading: str) -> str:
        items = "".join(f"<li>{self._own(s.path, s.title, 'list')}</li>\n" for s in spots)
        return f'<h2>{heading}</h2>\n<ul class="content-list">\n{items}</ul>\n'

    def _archive(self) -> str:
        """One page of the list of everything, all pages equally long, and a pager."""
        listed, pages = self._listed(), [s for s in self.spots if s.sort == "archive"]
        place, size = pages.index(self.spot), -(-len(listed) // len(pages))
        html = self._list(listed[place * size : (place + 1) * size], "Everything")
        others = [self._own(p.path, str(n + 1), "navigation") for n, p in enumerate(pages) if p is not self.spot]
        return html + (f'<nav class="pagination">{" ".join(others)}</nav>\n' if others else "")

    def _house(self) -> str:
        """Sentences of the about page about odd pages that this site has."""
        odd = [s for s in self.spots if s.sort in ("print", "moved", "missing", "members")]
        odd += [s for s in self.spots if s.sort == "about" and s is not self.spot]
        return "".join(self._mention(spot) for spot in odd)

    def _mention(self, spot: Spot) -> str:
        (said,) = sentences(self.site.topic, 1, self.rng)
        link = self._own(spot.path, spot.title, "main")
        return f"<p>{escape(said)} {self.rng.choice(LEADS).format(link)}</p>\n"

    def _byline(self) -> str:
        if self.site.kind not in _SIGNED or self.spot.sort == "print":
            return ""
        return f'<p class="byline">By {escape(self.rng.choice(PEOPLE))}</p>\n'

    def _listing(self) -> str:
        """Entries of a catalogue, each with a few words about it."""
        ties = [tie for tie in self.ties if tie.slot == "list"]
        entries = "".join(f"<li>{self._tie(tie, 'directory')}</li>\n" for tie in ties)
        return f'<ul class="listings">\n{entries}</ul>\n' if ties else ""

    def _pager(self) -> str:
        listed = self._listed()
        if self.theme.name not in ("hearth", "gazette", "manual") or self.spot not in listed:
            return ""
        place = listed.index(self.spot)
        near = [("Previous", listed[place - 1])] if place else []
        near += [("Next", listed[place + 1])] if place + 1 < len(listed) else []
        links = " ".join(self._own(s.path, f"{word}: {s.title}", "navigation") for word, s in near)
        return f'<nav class="post-navigation">{links}</nav>\n'

    def _bio(self) -> str:
        if self.site.kind not in _SIGNED or self.spot.sort != "article":
            return ""
        about = self._own("/about", "More about the author", "author_bio")
        return self.theme.bio.format(f"Writes about the {escape(phrase(self.site.topic, self.rng))}. {about}") + "\n"

    def _advert(self) -> str:
        adverts = [self._tie(tie, "ad") for tie in self.ties if tie.slot == "ad"]
        return self.theme.ad.format(" ".join(adverts)) + "\n" if adverts else ""

    def _comments(self) -> str:
        ties = [tie for tie in self.ties if tie.slot == "comment"]
        if not ties:
            return ""
        said = [
            f'<div class="comment"><p>{self._tie(tie, "comment")} wrote:</p>'
            f"<p>{escape(self.rng.choice(COMMENTS))}</p></div>\n"
            for tie in ties
        ]
        return self.theme.comments.format("".join(said)) + "\n"

    # ---------------------------------------------------------------- around the content

    def _sidebar(self) -> str:
        recent = [s for s in self._listed() if s is not self.spot][:_RECENT]
        boxes = [("Recent", [self._own(s.path, s.title, "sidebar") for s in recent])]
        friends = [tie for tie in self.wide if tie.slot == "sidebar"]
        if friends:
            boxes.append(("Blogroll", [self._tie(tie, "sidebar") for tie in friends]))
        html = "".join(
            self.theme.box.format(title=name, items=f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>")
            for name, items in boxes
        )
        return self.theme.sidebar.format(html)

    def _footer(self) -> str:
        ties = [tie for tie in self.wide if tie.slot == "footer"]
        items = [self._own("/about", "About us", "footer")] + [self._tie(tie, "footer") for tie in ties]
        if not self.theme.has_sidebar:  # a blogroll stands at the foot where there is no side column
            items += [self._tie(tie, "footer") for tie in self.wide if tie.slot == "sidebar"]
        year = f"<p>© 2026 {escape(self.site.look.brand)}</p>"
        return self.theme.footer.format(f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>{year}")

    # ---------------------------------------------------------------- links

    def _own(self, path: str, anchor: str, placement: str, intent: str = "site") -> str:
        return self.sheet.link(f"http://{self.spot.host}{path}", anchor, placement, intent)

    def _tie(self, tie: Tie, placement: str) -> str:
        return self.sheet.link(
            tie.target, tie.anchor, placement, tie.intent, rel=tie.rel, is_image=tie.is_image, is_hidden=tie.is_hidden
        )
