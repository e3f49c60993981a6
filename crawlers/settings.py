"""What one crawl of the live web is told, checked once, and the Scrapy settings that follow from it."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from crawlers.address import AddressPolicy
from crawlers.robots import PRODUCT_TOKEN
from schemas.durable import write_durably
from schemas.errors import BadSetting
from schemas.identity import CanonicalUrl, judge, psl_version
from schemas.lake import CODE_VERSION

BODY_BYTES: Final = 10 << 20
"""Most bytes of a body taken over the wire; answers.BODY_LIMIT bounds the decoded body."""

TIMEOUT_SECONDS: Final = 30
RETRIES: Final = 2

_LEAST: Final = {
    "page_budget": 1, "concurrency": 1, "delay": 0, "depth": 0, "time_limit": 0, "part_seconds": 0,
}  # fmt: skip
_OPTIONAL: Final = ("depth", "time_limit")
_CONTACT: Final = re.compile(r"[\x20-\x7e]+")
_EVERYWHERE: Final = "every domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlConfig:
    """One crawl: where from, how far, how gently, and where its observations go."""

    crawl_id: str
    started_at: str
    """ISO 8601, with its offset."""
    folder: str
    """The observation folder: journal and parts."""
    seeds: tuple[str, ...]
    """Canonical URLs; they are fetched whatever the scope."""
    contact: str
    """Mail address or URL at which the owner of a site finds whoever runs the crawl."""
    kind: str = "crawl"
    """crawl, or check: the seeds are the pages of a list of links and their targets (CRAWL_KIND)."""
    scope_domains: tuple[str, ...] = ()
    """Registrable domains whose pages may be fetched; none means those of the seeds."""
    follow_external: bool = False
    """Fetch pages of every domain."""
    page_budget: int = 10_000
    """Most URLs asked for, robots.txt files and redirects not counted."""
    depth: int | None = None
    """Links followed from a seed; None means as many as there are."""
    delay: float = 1.0
    """Seconds between two requests to a host; its Crawl-delay may ask for more."""
    concurrency: int = 16
    """Requests under way at a time, over all hosts."""
    connect_to: Mapping[str, str] = field(default_factory=dict)
    allow_networks: tuple[str, ...] = ()
    time_limit: float | None = None
    """Seconds after which the crawl stops where it is."""
    warc: str | None = None
    """File that every answer is written to, as a web archive; evidence names it by its last two parts, from the lake's
    folder on."""
    part_seconds: float = 30.0
    """Seconds after which at the latest what was seen is safe on the disk."""

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a configuration from a JSON object with the fields of this class.

        Raises:
            BadSetting: the file cannot be read, names an unknown field, lacks one, or a value cannot be used.
        """
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadSetting(f"cannot read the crawl configuration {path}: {error}") from None
        if not isinstance(given, dict):
            raise BadSetting(f"the crawl configuration {path} is no JSON object")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(given.keys() - known):
            raise BadSetting(f"{path} has unknown fields ({', '.join(unknown)}): known are {', '.join(sorted(known))}")
        tuples = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
        try:
            return cls(**{**given, **tuples})
        except TypeError as error:
            raise BadSetting(f"{path} is no crawl configuration: {error}") from None

    def write(self, path: Path) -> None:
        """Write the configuration where ``read`` finds it."""
        write_durably(path, json.dumps({f.name: getattr(self, f.name) for f in fields(self)}))

    @property
    def user_agent(self) -> str:
        """Product token, version and contact (RFC 9110 §10.1.5)."""
        return f"{PRODUCT_TOKEN}/{CODE_VERSION} (+{self.contact})"

    @property
    def domains(self) -> frozenset[str]:
        """Registrable domains in scope."""
        return frozenset(self.scope_domains or (seed.domain for seed in self.judged_seeds()))

    @property
    def policy(self) -> AddressPolicy:
        """Which addresses may be connected to."""
        return AddressPolicy.of(self.allow_networks, self.connect_to)

    def judged_seeds(self) -> list[CanonicalUrl]:
        """The seeds, each once."""
        judged = {seed: judge(seed) for seed in self.seeds}
        return [seed for seed in judged.values() if isinstance(seed, CanonicalUrl)]

    def facts(self) -> dict[str, object]:
        """The first line of the journal: what the crawl is."""
        domains = sorted(self.domains)
        shown = ", ".join(domains[:5]) + (f" and {len(domains) - 5} more" if len(domains) > 5 else "")
        scope = f"{_EVERYWHERE} linked from {shown}" if self.follow_external else f"domains {shown}"
        shaping = [domains, self.follow_external, self.page_budget, self.depth, self.user_agent]
        return {
            "crawl_id": self.crawl_id,
            "kind": self.kind,
            "started_at": self.started_at,
            "scope": f"{len(self.seeds)} listed pages" if self.kind == "check" else scope,
            "seeds_hash": seeds_hash(self.seeds),
            "config_hash": _digest(shaping),
            "code_version": CODE_VERSION,
            "psl_version": psl_version(),
        }


def seeds_hash(seeds: Iterable[str]) -> str:
    """Names a set of seeds, in whatever order."""
    return _digest(sorted(seeds))


def scrapy_settings(config: CrawlConfig) -> dict[str, Any]:
    """Scrapy's settings for a crawl: of its own manners and comforts only the reactor, the HTTP client, the
    scheduler and retries stay; robots.txt, redirects, scope, decoding and addresses are ours."""
    per_host = 1 if config.delay else config.concurrency
    return {
        "BOT_NAME": PRODUCT_TOKEN,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "TWISTED_DNS_RESOLVER": "crawlers.address.GuardedResolver",
        "LINKLAKE_ADDRESS_POLICY": config.policy,
        "LINKLAKE_USER_AGENT": config.user_agent,
        # Nothing listens, nothing runs posted code, nothing is remembered between requests.
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "EXTENSIONS_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
            "crawlers.politeness.Manners": 600,  # nearer to the network: sees a failure before it is retried
        },
        "DOWNLOAD_HANDLERS_BASE": {
            "http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
            "https": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
        },
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        "RETRY_TIMES": RETRIES,
        "RETRY_HTTP_CODES": [],
        "RETRY_EXCEPTIONS": [
            "scrapy.exceptions.CannotResolveHostError",
            "scrapy.exceptions.DownloadConnectionRefusedError",
            "scrapy.exceptions.DownloadFailedError",
            "scrapy.exceptions.ResponseDataLossError",
        ],
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "CONCURRENT_ITEMS": 1,
        "CONCURRENT_REQUESTS": config.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": per_host,
        "DOWNLOAD_DELAY": config.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_MAXSIZE": BODY_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": TIMEOUT_SECONDS,
        "REACTOR_THREADPOOL_MAXSIZE": 20,
        "STATS_DUMP": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
    }


def _check(config: CrawlConfig) -> None:
    if not isinstance(config.contact, str) or not _CONTACT.fullmatch(config.contact.strip()):
        raise BadSetting("a crawl needs a contact, a mail address or URL that owners of sites can write to")
    if not config.seeds:
        raise BadSetting("a crawl needs at least one seed")
    for seed in config.seeds:
        judged = judge(seed)
        if not isinstance(judged, CanonicalUrl):
            raise BadSetting(
                f"the seed {seed[:200]!r} is no web address ({judged.reason}): write it like https://example.org/"
            )
    for name, least in _LEAST.items():
        value = getattr(config, name)
        if value is None and name in _OPTIONAL:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 1e9:
            raise BadSetting(f"{name} is {value!r}: give a number from {least} on")
    AddressPolicy.of(config.allow_networks, config.connect_to)


def _digest(value: object) -> str:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).hexdigest()
