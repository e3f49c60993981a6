"""What a host's robots.txt allows us, by RFC 9309; fetched once per origin and process."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Self

from protego import Protego

PRODUCT_TOKEN: Final = "linklake"
"""The name by which robots.txt addresses us."""

ROBOTS_BYTES: Final = 512 << 10
"""How much of the file is read; RFC 9309 §2.5 asks for at least 500 KiB."""

MAX_REDIRECTS: Final = 5
"""RFC 9309 §2.3.1.2."""

MAX_DELAY: Final = 300.0
"""Longest Crawl-delay honoured, in seconds: nothing that a file says stops a crawl for a day."""

_AGENT: Final = re.compile(r"[ \t]*user[ -]?agent[ \t]*:?", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[A-Za-z_-]*")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What one origin allows. With ``failure``, why that could not be learnt, nothing is allowed; ``delay``
    is its Crawl-delay for us in seconds, clamped to 0..MAX_DELAY."""

    failure: str = ""
    delay: float = 0.0
    parsed: Protego | None = None

    @classmethod
    def of(cls, answer: int | str, body: bytes = b"") -> Self:
        """The rules that an answer to ``/robots.txt`` means: its status, or why there is none, in words.

        RFC 9309 §2.3.1: 2xx is obeyed, 4xx allows all, 5xx and no answer allow nothing. Nothing is allowed
        either by 429, which asks us to stay away, and by a redirect that leads nowhere.
        """
        if isinstance(answer, str):
            return cls(failure=answer)
        if answer == 429 or not (200 <= answer < 300 or 400 <= answer < 500):
            return cls(failure=f"status {answer}")
        if answer >= 400:
            return cls()
        parsed = Protego.parse(_only_our_groups(_text(body)))
        return cls(delay=_clamped(parsed.crawl_delay(PRODUCT_TOKEN)), parsed=parsed)

    @property
    def is_reachable(self) -> bool:
        """Whether it is known what the origin allows."""
        return not self.failure

    def allows(self, url: str) -> bool:
        """Whether we may fetch a URL of this origin."""
        return self.is_reachable and (self.parsed is None or self.parsed.can_fetch(url, PRODUCT_TOKEN))


class RobotsCache:
    """The rules of every origin (scheme, host and port, RFC 9309 §2.3) met so far, each fetched once.

    ``fetch`` gives the status of a robots.txt URL at the end of its redirects, or why there is none, and the
    body.
    """

    def __init__(self, fetch: Callable[[str], Awaitable[tuple[int | str, bytes]]]) -> None:
        self._fetch = fetch
        self._rules: dict[str, asyncio.Task[RobotsRules]] = {}

    async def rules_for(self, url: str) -> RobotsRules:
        """The rules that hold for a canonical URL; callers who ask at the same time share one fetch."""
        scheme, _, rest = url.partition("://")
        origin = f"{scheme}://{rest.partition('/')[0]}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._learn(f"{origin}/robots.txt"))
        return await asyncio.shield(self._rules[origin])

    async def _learn(self, url: str) -> RobotsRules:
        return RobotsRules.of(*await self._fetch(url))


def _text(body: bytes) -> str:
    """The file as text: cut at its limit, at the end of a line. It should be UTF-8; UTF-16 gives itself away
    by its byte order mark or its NULs, and what its author forbids still holds."""
    if len(body) > ROBOTS_BYTES:
        body = body[:ROBOTS_BYTES].rpartition(b"\n")[0] or body[:ROBOTS_BYTES]
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    return body.replace(b"\0", b"").decode("utf-8-sig", "replace")


def _only_our_groups(text: str) -> str:
    """Rename groups for other robots, so that none is taken for ours: Protego also matches parts of a name,
    where RFC 9309 §2.2.1 wants the whole product token (``Linklake/1.0`` names us too)."""
    return "\n".join(map(_renamed, text.splitlines()))


def _renamed(line: str) -> str:
    match = _AGENT.match(line)
    if match is None:
        return line
    names = line[match.end() :].partition("#")[0].split()
    if names[:1] == ["*"]:
        return "User-agent: *"
    token = _TOKEN.match(names[0]) if names else None
    is_ours = token is not None and token[0].lower() == PRODUCT_TOKEN
    return f"User-agent: {PRODUCT_TOKEN if is_ours else 'another-robot'}"


def _clamped(delay: float | None) -> float:
    if delay is None or math.isnan(delay):
        return 0.0
    return min(max(delay, 0.0), MAX_DELAY)
