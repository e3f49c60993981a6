"""Which domain of the index somebody means: found, or what comes nearest."""

from dataclasses import dataclass
from typing import Any, Final

from linklake.config import Settings
from linklake.questions import ask
from schemas.catalog import MART_VERSION
from schemas.errors import LakeError, Misuse, NotPublished
from schemas.identity import CanonicalUrl, judge
from schemas.lake import Lake
from schemas.render import quoted

Row = dict[str, Any]

NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Index:
    """The published marts of a lake, as one asks them."""

    lake: Lake
    settings: Settings
    info: Row
    """The row of ``index_info``."""

    def rows(self, sql: str) -> list[Row]:
        """The rows of a SELECT."""
        memory, threads = self.settings.text("memory"), self.settings.whole("threads")
        names, found = ask(self.lake, sql, memory=memory, threads=threads)
        return [dict(zip(names, row, strict=True)) for row in found]

    def known(self, domain: str) -> str:
        """The domain itself.

        Raises:
            LakeError: the index does not know it; the message names what comes nearest.
        """
        name = quoted(domain)
        if self.rows(f"select domain from domains where domain = {name}"):
            return domain
        nearest = self.rows(
            f"select domain from domains order by jaro_winkler_similarity(domain, {name}) desc, domain limit {NEAREST}"
        )
        listed = ", ".join(row["domain"] for row in nearest) or "none: the index is empty"
        raise LakeError(
            f"{domain} is not in the index (data as of {self.as_of}, scope: {self.info['scope']}); nearest are {listed}"
        )

    @property
    def as_of(self) -> str:
        """The day of the newest fetch."""
        return f"{self.info['as_of']:%Y-%m-%d}"


def open_index(lake: Lake, settings: Settings) -> Index:
    """The marts that were published last.

    Raises:
        NotPublished: there are none, or they are of another contract than this version reads.
    """
    snapshot = lake.snapshot()
    if snapshot.newest("index_info") is None:
        if not snapshot.crawls() and not lake.unsettled():
            raise NotPublished(f"{lake.root} is empty: run linklake crawl, ingest or import-graph, then linklake build")
        if snapshot.newest("host_ranks") and not snapshot.newest("domain_nodes"):
            raise NotPublished(
                f"{lake.root} holds a graph of hosts alone, which is ranked and has no marts: "
                "ask linklake sql 'from host_ranks', or import a graph of domains"
            )
        raise NotPublished(f"{lake.root} holds no marts, nothing is built to the end: run linklake build")
    (info,) = Index(lake, settings, {}).rows("from index_info")
    if info["mart_version"] != MART_VERSION:
        raise NotPublished(
            f"the marts of crawl {info['crawl_id']} are of mart_version {info['mart_version']}, this linklake reads "
            f"{MART_VERSION}: run linklake build"
        )
    return Index(lake, settings, info)


def domain_of(text: str) -> str:
    """The registrable domain that a domain, host or URL belongs to.

    Raises:
        Misuse: it is none of these.
    """
    judged = judge(text if "://" in text else f"http://{text}/")
    if not isinstance(judged, CanonicalUrl):
        raise Misuse(f"{text[:200]!r} is no domain ({judged.reason}): write one like example.org")
    return judged.domain
