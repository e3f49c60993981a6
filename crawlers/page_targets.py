"""What the hrefs of a page lead to: each distinct one is resolved once."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crawlers.arrow_cells import Cells, named, texts_of
from crawlers.cells import number_texts
from crawlers.hrefs import DECLINED, HOSTS, MAX_HREF_BYTES, OF_BASE, Base, Host, resolve
from crawlers.markup import decoded
from crawlers.scan import L_HREF, Bytes, Ints, Scan
from schemas.identity import CanonicalUrl, Rejected, judge


class PageTargets:
    """Hrefs and targets by number: first the distinct hrefs of the scan, then those that were added."""

    def __init__(self, scan: Scan, base: str, heads: list[int]) -> None:
        """`heads` are the rows of links in the head, in order."""
        self._base = base
        piece = Base(base)
        self.of_rows, places = number_texts(
            np.frombuffer(scan.source, np.uint8), scan.links, L_HREF, np.array(heads, np.int32)
        )
        """Of each element that links the number of its target; -1 for others."""
        found = self._found = resolve(scan.source, places, piece)
        self._hosts: dict[Host, int] = {piece.host: 0} if piece.host else {}
        own = {OF_BASE: 0, DECLINED: -1}
        for number in found.hosts.tolist():
            if number not in own:
                own[number] = self._hosts.setdefault(HOSTS.known[number], len(self._hosts))
        self._host_numbers = [own[number] for number in found.hosts.tolist()]
        self.refused: dict[int, tuple[str, Rejected]] = {}
        """Hrefs that are no URL, and why."""
        self._more_hrefs: list[str] = []
        self._more_urls: list[str] = []
        declined = np.flatnonzero(found.hosts == DECLINED)
        if declined.size:
            numbers = np.arange(len(places) + 1, dtype=np.int32)
            numbers[-1] = -1  # what -1, the number of elements without a target, reads
            numbers[declined] = [self.add(decoded(scan.source[at:to])) for at, to in places[declined].tolist()]
            self.of_rows = numbers[self.of_rows]

    def add(self, href: str, base: str | None = None) -> int:
        """Judge an href; gives its number."""
        judged = judge(href, base or self._base)
        number = len(self._host_numbers)
        self._more_hrefs.append(cut(href, MAX_HREF_BYTES))
        if isinstance(judged, CanonicalUrl):
            host = Host(judged.host, judged.domain, judged.icann_domain)
            self._more_urls.append(judged.url)
            self._host_numbers.append(self._hosts.setdefault(host, len(self._hosts)))
        else:
            self.refused[number] = href, judged
            self._more_urls.append("")
            self._host_numbers.append(-1)
        return number

    def url(self, number: int) -> str:
        """The canonical URL of that number."""
        own = len(self._found.hosts)
        if number >= own:
            return self._more_urls[number - own]
        first, last = self._found.url_offsets[number : number + 2].tolist()
        return self._found.urls[first:last].tobytes().decode()

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        """Of each number whether it is no URL."""
        refused = np.zeros(len(self._host_numbers), np.bool_)
        if self.refused:
            refused[list(self.refused)] = True
        return refused

    def columns(self, numbers: Ints) -> dict[str, Cells]:
        """The columns of hrefs and targets, for links with these targets."""
        found, hosts = self._found, np.array(self._host_numbers, np.int32)[numbers]
        names, domains, icann_domains = zip(*self._hosts, strict=True) if self._hosts else ((), (), ())
        return {
            "href": named(numbers, _texts(found.href_offsets, found.hrefs, self._more_hrefs)),
            "target_url": named(numbers, _texts(found.url_offsets, found.urls, self._more_urls)),
            "target_host": named(hosts, pa.array(names, pa.string())),
            "target_domain": named(hosts, pa.array(domains, pa.string())),
            "target_icann_domain": named(hosts, pa.array(icann_domains, pa.string())),
        }


def cut(text: str, limit: int) -> str:
    """Cut a text to `limit` bytes of UTF-8, between characters."""
    return text if len(text) * 4 <= limit else text.encode()[:limit].decode("utf-8", "ignore")


def _texts(offsets: Ints, written: Bytes, more: list[str]) -> Cells:
    texts = texts_of(offsets, written)
    return pa.concat_arrays([texts, pa.array(more, pa.string())]) if more else texts
