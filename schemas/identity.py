"""One URL has one canonical form, one host and one registrable domain; nothing else parses URLs and hosts."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import publicsuffixlist
from ada_url import join_url, normalize_url
from publicsuffixlist import PublicSuffixList

IDENTITY_POLICY: Final = "whatwg-1"
"""Version of the rules below; a change that gives any URL another canonical form needs a new one."""

ID_BITS = 64
"""Bits kept of an id. Tests lower it to 12 to prove that strings decide, not ids."""

MAX_URL_BYTES: Final = 8192
"""Longest canonical URL that is stored."""

MAX_RAW_CHARACTERS: Final = 65_536
"""Longest raw URL (or base) that reaches the parser: white space, fragment and dot segments may shorten a raw
URL to an eighth, but a 100 MB attribute value is never parsed."""

SESSION_AND_TRACKING_KEYS: Final = (
    "phpsessid", "jsessionid", "aspsessionid*", "cfid", "cftoken",
    "utm_*", "gclid", "fbclid", "msclkid",
)  # fmt: skip
"""Query keys that name a visit or a campaign, not a page (any case; `*` ends a prefix): sessions of PHP,
Java, ASP and ColdFusion (as Nutch's regex-normalize.xml), campaigns and clicks of the large ad networks."""

LOCAL_SUFFIXES: Final = ("home.arpa", "internal", "invalid", "local", "localhost")
"""Names that never leave a machine or a network (RFC 6761, 6762, 8375; `internal` reserved by ICANN in 2024). `test`
and `example` are not among them: they are for drawing webs such as the built-in one."""

Reason = Literal["empty", "not_http", "unparsable_url", "no_host", "too_long"]

_SCHEME = re.compile(r"[\x00-\x20]*+([A-Za-z][A-Za-z0-9+.\-\t\n\r]*+):")
_KEYS = "|".join(re.escape(key).replace(r"\*", "[^=&]*") for key in SESSION_AND_TRACKING_KEYS)
_SESSION_OR_TRACKING = re.compile(rf";jsessionid=|[?&](?:{_KEYS})(?=[=&]|$)", re.IGNORECASE)
_SESSION_OR_TRACKING_KEY = re.compile(rf"(?:{_KEYS})(?:=|$)", re.IGNORECASE)
_NETWORK_PATH = re.compile(r"[/\\]{2}")
_PATH_SESSION = re.compile(r";jsessionid=[^;/]*", re.IGNORECASE)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
_LOCAL_ENDINGS = tuple(f".{suffix}" for suffix in LOCAL_SUFFIXES)
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_SURROGATES = re.compile("[\ud800-\udfff]")

PLAIN_LIMIT: Final = 2048
"""Longest URL, and base, that need no parser if they are plain."""

PLAIN_PATH: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,:=@%/")
PLAIN_QUERY: Final = PLAIN_PATH - {ord("'")} | set(b";?")
PLAIN_HOST: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-")
"""Bytes that the WHATWG rules leave as they are in a path, a query and (see `plain_host`) a host.

A URL of nothing else is canonical as it is written, or as a path on a canonical base, if no segment of its path begins
with a dot or `%2e` and no key of its query with one of SESSION_AND_TRACKING_KEYS. This is for those who resolve many
URLs; all others call `judge`.
"""


@dataclass(frozen=True, slots=True)
class CanonicalUrl:
    """A canonical http(s) URL with its host (brackets kept around IPv6) and its two registrable domains."""

    url: str
    host: str
    domain: str
    """Registrable domain including the private section of the public suffix list; the host itself for IP
    addresses, single labels and bare public suffixes."""
    icann_domain: str
    """The same by the ICANN section alone, as Common Crawl counts."""

    @property
    def url_id(self) -> int:
        return text_id(self.url)

    @property
    def host_id(self) -> int:
        return _recurring_text_id(self.host, ID_BITS)

    @property
    def domain_id(self) -> int:
        return _recurring_text_id(self.domain, ID_BITS)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a text is no web address; `scheme` (lower case, at most 64 characters) is set for `not_http`."""

    reason: Reason
    scheme: str = ""


def judge(url: str, base: str | None = None) -> CanonicalUrl | Rejected:
    """Resolve `url` (against `base`, if given) and bring it to its canonical form, or say why it has none.

    Canonical is the WHATWG serialisation (https://url.spec.whatwg.org) without fragment, userinfo, dots at
    the end of the host, and session and tracking keys. Nothing else is changed, and the canonical form of a
    canonical URL is itself. Lone surrogates count as U+FFFD. Never raises. A base that cannot be parsed makes
    every http(s) or relative URL `unparsable_url`, as WHATWG says.
    """
    scheme = _scheme(url)
    if scheme not in ("", "http", "https"):
        return Rejected("not_http", scheme[:64])
    if len(url) > MAX_RAW_CHARACTERS or (base is not None and len(base) > MAX_RAW_CHARACTERS):
        return Rejected("too_long")
    href = _serialise(url, base)
    if href is None:
        return Rejected(_why_unparsable(url, base))
    return _judge_serialised(href)


def host_facts(host: str) -> tuple[str, str]:
    """Give (domain, icann_domain) of a host name; one without registrable domain is its own domain, as given.

    Takes names from elsewhere byte for byte: they are looked up in lower case, none is refused, none raises.
    """
    return _facts(host)[1:]


def plain_host(name: str) -> tuple[str, str] | None:
    """(domain, icann_domain) of a host of PLAIN_HOST bytes; None where it is no host, or written otherwise."""
    judged = judge(f"http://{name}/")
    if isinstance(judged, Rejected) or judged.url != f"http://{name}/":
        return None
    return judged.domain, judged.icann_domain


def is_registrable(domain: str) -> bool:
    """Whether somebody can hold it in the public DNS: no IP address, single label, public suffix or local name.

    By the ICANN section alone: `github.io` is held by somebody, `co.uk` by nobody.
    """
    name = domain.lower()
    if name.startswith("[") or _IPV4.fullmatch(name) or f".{name}".endswith(_LOCAL_ENDINGS):
        return False
    return _public_suffixes()[1].privatesuffix(name) is not None


def text_id(text: str) -> int:
    """Signed 64-bit id of a text: the first 8 bytes, big-endian, of BLAKE2b-512 of its UTF-8 form.

    Signed because Spark reads uint64 as decimal. Ids group and join, strings decide.
    """
    return _text_id(text, ID_BITS)


@cache
def psl_version() -> str:
    """Version of the public suffix list in use: its distribution's, and 12 hex digits of its SHA-256."""
    digest = hashlib.sha256(Path(publicsuffixlist.PSLFILE).read_bytes()).hexdigest()
    return f"{version('publicsuffixlist')}-{digest[:12]}"


def _scheme(url: str) -> str:
    """Scheme of an absolute URL as WHATWG reads it: without leading controls, inner tabs and newlines."""
    match = _SCHEME.match(url)
    if match is None:
        return ""
    return match[1].replace("\t", "").replace("\n", "").replace("\r", "").lower()


def _serialise(url: str, base: str | None) -> str | None:
    try:
        return normalize_url(url) if base is None else join_url(base, url)
    except ValueError:  # ada_url says the same of what cannot be parsed and of what cannot be encoded
        scalar_url, scalar_base = _scalars(url), None if base is None else _scalars(base)
        if scalar_url == url and scalar_base == base:
            return None
        return _serialise(scalar_url, scalar_base)


def _scalars(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _judge_serialised(href: str) -> CanonicalUrl | Rejected:
    """Judge what the WHATWG serialiser wrote: there plain search tells scheme, authority and path apart."""
    if not href.startswith(("http://", "https://")):
        return Rejected("not_http", href.partition(":")[0][:64])  # inherited from a base such as file:
    href = href.partition("#")[0]
    start = href.index("//") + 2
    slash = href.index("/", start)  # the path of an http(s) URL is never empty
    authority = href[start:slash]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
        href = href[:start] + authority + href[slash:]
        slash = start + len(authority)
    host = authority if authority[-1] == "]" else authority.rpartition(":")[0] or authority
    if host[-1] == ".":
        # Parsed again, because `0x7f.1..` is a name and `0x7f.1` an address (WHATWG "ends in a number").
        bare = href[:start] + host.rstrip(".") + href[start + len(host) :]
        return _judge_again(bare)
    if ("?" in href or ";" in href) and _SESSION_OR_TRACKING.search(href, slash):
        rest = _without_session_keys(href[slash:])
        if len(rest) < len(href) - slash:
            # Parsed again, because `/a/..;jsessionid=1` ends in a name and `/a/..` in a step up.
            return _judge_again(href[:slash] + rest)
    if len(href) > MAX_URL_BYTES:  # serialised http(s) URLs are ASCII
        return Rejected("too_long")
    valid, domain, icann_domain = _facts(host)
    return CanonicalUrl(href, host, domain, icann_domain) if valid else Rejected("unparsable_url")


def _judge_again(href: str) -> CanonicalUrl | Rejected:
    """Judge a URL that was just shortened; ends, because what was cut is never written again."""
    again = _serialise(href, None)
    return Rejected("unparsable_url") if again is None else _judge_serialised(again)


def _without_session_keys(path_and_query: str) -> str:
    path, mark, query = path_and_query.partition("?")
    path = _PATH_SESSION.sub("", path)
    parameters = query.split("&")
    kept = [parameter for parameter in parameters if not _SESSION_OR_TRACKING_KEY.match(parameter)]
    if len(kept) == len(parameters):
        return path + mark + query
    rest = "&".join(kept)
    return f"{path}?{rest}" if rest else path


def _why_unparsable(url: str, base: str | None) -> Reason:
    """Tell an http(s) URL that names no host from other failures."""
    text = url.strip(_C0_AND_SPACE)
    if not text and base is None:
        return "empty"
    text = text.replace("\t", "").replace("\n", "").replace("\r", "")
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if not scheme and (_scheme(base or "") not in ("http", "https") or not _NETWORK_PATH.match(rest)):
        return "unparsable_url"
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    return "no_host" if not host or host.startswith(":") else "unparsable_url"


@lru_cache(maxsize=65_536)
def _facts(host: str) -> tuple[bool, str, str]:
    """(whether DNS could hold the name, domain, icann_domain); the same hosts recur millions of times."""
    if host.startswith("[") or _IPV4.fullmatch(host):
        return True, host, host
    valid = len(host) <= 253 and all(0 < len(label) <= 63 for label in host.split("."))  # RFC 1035 §2.3.4
    everything, icann_only = _public_suffixes()
    name = host.lower()
    return valid, everything.privatesuffix(name) or host, icann_only.privatesuffix(name) or host


@cache
def _public_suffixes() -> tuple[PublicSuffixList, PublicSuffixList]:
    """The bundled list with and without its private section; never fetched at run time."""
    return PublicSuffixList(accept_unknown=True), PublicSuffixList(accept_unknown=True, only_icann=True)


@lru_cache(maxsize=65_536)
def _recurring_text_id(text: str, bits: int) -> int:
    return _text_id(text, bits)


def _text_id(text: str, bits: int) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    return number if bits == 64 else number & ((1 << bits) - 1)
