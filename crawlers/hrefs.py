"""The hrefs of a page, resolved many at a time: plain ones, which are nearly all, in compiled code, others by `judge`.

What is plain `schemas.identity` says. Numba keeps compiled code until the file of the caller changes: after a change in
`tags.py` or there, touch this file.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.scan import Bytes, Ints
from crawlers.tags import FNV_MASK, FNV_OFFSET, FNV_PRIME, Number
from schemas.identity import (
    PLAIN_HOST,
    PLAIN_LIMIT,
    PLAIN_PATH,
    PLAIN_QUERY,
    SESSION_AND_TRACKING_KEYS,
    CanonicalUrl,
    judge,
    plain_host,
)  # fmt: skip

MAX_HREF_BYTES: Final = 8192
"""Longest href that is kept."""

MAX_HOSTS: Final = 1 << 15
"""Hosts known at a time; then the table begins anew."""

MAX_HOST_BYTES: Final = 64
"""Longer names are left to `judge`."""

_SLOTS: Final = 2 * MAX_HOSTS

UNKNOWN_HOST, DECLINED = -1, -2
"""Instead of the number of a host: to be learnt; the href is not plain."""

_KEY: Final = 4
_KEYS: Final = np.array([list(key.encode()[:_KEY]) for key in SESSION_AND_TRACKING_KEYS], np.uint8)
"""How keys begin that name a visit or a campaign."""

_IN_PATH, _IN_QUERY, _IN_HOST = 1, 2, 4
_CLASSES: Final = np.array(
    [
        _IN_PATH * (byte in PLAIN_PATH) | _IN_QUERY * (byte in PLAIN_QUERY) | _IN_HOST * (byte in PLAIN_HOST)
        for byte in range(256)
    ],
    np.uint8,
)

Flags = NDArray[np.bool_]


class Host(NamedTuple):
    """A host with its registrable domains."""

    name: str
    domain: str
    icann_domain: str


class Hosts:
    """The hosts of plain URLs, and names that are none."""

    def __init__(self) -> None:
        self.slots = np.full(_SLOTS, -1, np.int32)
        self.texts = np.zeros((MAX_HOSTS, MAX_HOST_BYTES), np.uint8)
        self.sizes = np.zeros(MAX_HOSTS, np.int32)
        self.is_plain = np.zeros(MAX_HOSTS, np.bool_)
        self.known: list[Host] = []

    def learn(self, name: bytes) -> None:
        """Find out what a name is (PLAIN_HOST, at most MAX_HOST_BYTES), and know it from now on."""
        if len(self.known) == MAX_HOSTS:
            self.slots.fill(-1)
            self.known = []
        slot = _slot_of_host(np.frombuffer(name, np.uint8), 0, len(name), self.slots, self.texts, self.sizes)
        if self.slots[slot] >= 0:
            return
        number = len(self.known)
        domains = plain_host(name.decode())
        self.slots[slot], self.sizes[number], self.is_plain[number] = number, len(name), domains is not None
        self.texts[number, : len(name)] = np.frombuffer(name, np.uint8)
        self.known.append(Host(name.decode(), *(domains or ("", ""))))


HOSTS: Final = Hosts()


class Base:
    """A URL that others are relative to, in the pieces that they begin with."""

    def __init__(self, url: str) -> None:
        judged = judge(url)
        self.host = Host(judged.host, judged.domain, judged.icann_domain) if isinstance(judged, CanonicalUrl) else None
        self.sizes = np.zeros(4, np.int64)
        """Of the scheme with its colon, of scheme and authority, up to the last slash of the path, up to its query."""
        self.is_plain = isinstance(judged, CanonicalUrl) and judged.url == url and len(url) < PLAIN_LIMIT
        self.url = np.frombuffer(url.encode() if self.is_plain else b"", np.uint8)
        if self.is_plain:
            page = url.partition("?")[0]
            scheme = url.index("/")
            self.sizes[:] = scheme, page.index("/", scheme + 2), page.rindex("/") + 1, len(page)


class Resolved(NamedTuple):
    """Distinct hrefs of a page; what is declined has an empty URL and, if it is very long, an empty href."""

    hosts: Ints
    """Numbers of HOSTS, or -3 for the host of the base, or DECLINED."""
    href_offsets: Ints
    hrefs: Bytes
    url_offsets: Ints
    urls: Bytes


OF_BASE: Final = -3


def resolve(source: bytes, hrefs: Ints, base: Base) -> Resolved:
    """Resolve hrefs, given by their places in the source."""
    src = np.frombuffer(source, np.uint8)
    for is_last in (False, True):
        found, unknown = _resolve(
            src, hrefs, base.url, base.sizes, base.is_plain, HOSTS.slots, HOSTS.texts, HOSTS.sizes, HOSTS.is_plain,
            _CLASSES, _KEYS, is_last,
        )  # fmt: skip
        if not unknown.size:
            break
        names = found[2].tobytes()
        for first, last in unknown.tolist():
            HOSTS.learn(names[first:last])
    return Resolved(*found)


@njit(cache=True)
def _resolve(
    src: Bytes, hrefs: Ints, base: Bytes, sizes: NDArray[np.int64], is_plain_base: bool, slots: Ints, names: Bytes,
    name_sizes: Ints, are_plain: Flags, classes: Bytes, keys: Bytes, is_last: bool,
) -> tuple[tuple[Ints, Ints, Bytes, Ints, Bytes], Ints]:  # fmt: skip
    """The fields of Resolved, and where in its hrefs unknown hosts stand; the last time these are declined."""
    count = hrefs.shape[0]
    room = 0
    for number in range(count):
        room += min(hrefs[number, 1] - hrefs[number, 0], MAX_HREF_BYTES)
    hosts = np.empty(count, np.int32)
    href_offsets, url_offsets = np.zeros(count + 1, np.int32), np.zeros(count + 1, np.int32)
    written, urls = np.empty(room, np.uint8), np.empty(room + count * (base.size + 8), np.uint8)
    unknown = np.empty((count, 2), np.int32)
    unknown_count = at = url_at = 0
    for number in range(count):
        begin = at
        if hrefs[number, 1] - hrefs[number, 0] <= MAX_HREF_BYTES:
            at = _decode(src, hrefs[number, 0], hrefs[number, 1], written, at)
        host, kind, path, host_at, end = _read(written, begin, at, classes, keys, is_plain_base)
        if host == UNKNOWN_HOST:
            slot = _slot_of_host(written, host_at, path, slots, names, name_sizes)
            if slots[slot] < 0:
                host = DECLINED
                if not is_last:
                    unknown[unknown_count, 0], unknown[unknown_count, 1] = host_at, path
                    unknown_count += 1
            else:
                host = slots[slot] if are_plain[slots[slot]] else DECLINED
        if hrefs[number, 1] - hrefs[number, 0] > MAX_HREF_BYTES:
            host = DECLINED
        if host != DECLINED:
            if kind == 4:  # with a scheme of its own
                url_at = _copy(written, begin, path, urls, url_at)
            elif kind == 0:
                url_at = _copy(base, 0, sizes[0], urls, url_at)
                url_at = _copy(written, begin, path, urls, url_at)
            elif end == begin:
                url_at = _copy(base, 0, base.size, urls, url_at)
            else:
                url_at = _copy(base, 0, sizes[kind], urls, url_at)
            if (kind == 0 or kind == 4) and (path == end or written[path] == 63):
                urls[url_at] = 47
                url_at += 1
            url_at = _copy(written, path, end, urls, url_at)
        hosts[number] = host
        href_offsets[number + 1], url_offsets[number + 1] = at, url_at
    return (hosts, href_offsets, written[:at], url_offsets, urls[:url_at]), unknown[:unknown_count]


@njit(cache=True)
def _read(
    href: Bytes, begin: int, end: int, classes: Bytes, keys: Bytes, is_plain_base: bool
) -> tuple[int, int, int, int, int]:
    """(host or what is to be done about it, kind, begin of the path behind the host, begin of the host, end).

    The kind says which piece of the base it begins with: 0 the scheme, 1 the authority, 2 the folder, 3 the page, 4
    none; sizes of the base are numbered alike.
    """
    path = host = begin
    kind = 3
    for i in range(begin, end):
        if href[i] == 35:
            end = i
            break
    if not is_plain_base or end - begin >= PLAIN_LIMIT:
        return DECLINED, kind, path, host, end
    first = href[begin] if end > begin else 63
    is_rooted = first == 47
    if is_rooted and end - begin > 1 and href[begin + 1] == 47:
        kind, host = 0, begin + 2
    elif _begins_http(href, begin, end):
        kind, host = 4, begin + (8 if href[begin + 4] == 115 else 7)
    elif is_rooted:
        kind = 1
    elif first != 63:
        kind = 2
        if not (48 <= first <= 57 or 65 <= first <= 90 or 97 <= first <= 122 or first == 95):
            return DECLINED, kind, path, host, end
        i = begin
        while i < end and href[i] != 47 and href[i] != 63:
            if href[i] == 58:
                return DECLINED, kind, path, host, end
            i += 1
    i = begin
    if kind == 0 or kind == 4:
        i = host
        while i < end and classes[href[i]] & _IN_HOST:
            i += 1
        path = i
        if path == host or path - host > MAX_HOST_BYTES or (i < end and href[i] != 47 and href[i] != 63):
            return DECLINED, kind, path, host, end
    while i < end and href[i] != 63:
        if not classes[href[i]] & _IN_PATH:
            return DECLINED, kind, path, host, end
        if href[i] == 47 and i + 1 < end:
            if href[i + 1] == 46:
                return DECLINED, kind, path, host, end
            if i + 3 < end and href[i + 1] == 37 and href[i + 2] == 50 and href[i + 3] | 32 == 101:
                return DECLINED, kind, path, host, end
        i += 1
    while i < end:
        c = href[i]
        if not classes[c] & _IN_QUERY:
            return DECLINED, kind, path, host, end
        if (c == 63 or c == 38 or c == 59) and _names_visit(href, i + 1, end, keys):
            return DECLINED, kind, path, host, end
        i += 1
    return UNKNOWN_HOST if kind == 0 or kind == 4 else OF_BASE, kind, path, host, end


@njit(cache=True)
def _begins_http(href: Bytes, i: int, end: int) -> bool:
    if end - i < 8 or href[i] != 104 or href[i + 1] != 116 or href[i + 2] != 116 or href[i + 3] != 112:
        return False
    i += 5 if href[i + 4] == 115 else 4
    return bool(href[i] == 58 and href[i + 1] == 47 and href[i + 2] == 47)


@njit(cache=True)
def _names_visit(href: Bytes, i: int, end: int, keys: Bytes) -> bool:
    """Whether a key begins here as those that name a visit or a campaign do."""
    for key in keys:
        is_same = i + key.size <= end
        k = 0
        while is_same and k < key.size:
            c = href[i + k]
            is_same = (c + 32 if 65 <= c <= 90 else c) == key[k]
            k += 1
        if is_same:
            return True
    return False


@njit(cache=True)
def _decode(src: Bytes, i: int, end: int, written: Bytes, at: Number) -> Number:
    """Write what an attribute's value means: serialised values have five entities."""
    while i < end:
        c = src[i]
        if c == 38 and i + 3 < end:
            second = src[i + 1]
            if second == 97:  # &amp;
                i += 5
            elif second == 108 or second == 103:  # &lt; &gt;
                c = 60 if second == 108 else 62
                i += 4
            elif second == 113:  # &quot;
                c = 34
                i += 6
            else:  # &nbsp;
                written[at] = 0xC2
                at += 1
                c = 0xA0
                i += 6
        else:
            i += 1
        written[at] = c
        at += 1
    return at


@njit(cache=True)
def _copy(given: Bytes, first: int, last: int, written: Bytes, at: Number) -> Number:
    for i in range(first, last):
        written[at] = given[i]
        at += 1
    return at


@njit(cache=True)
def _slot_of_host(name: Bytes, begin: int, end: int, slots: Ints, names: Bytes, sizes: Ints) -> Number:
    """Where the table holds a host, or may hold it."""
    key: Number = np.int64(FNV_OFFSET)
    for i in range(begin, end):
        key = (key ^ np.int64(name[i])) * FNV_PRIME & FNV_MASK
    slot = (key ^ key >> 15) & (slots.size - 1)
    while slots[slot] >= 0:
        number = slots[slot]
        is_same = sizes[number] == end - begin
        k = 0
        while is_same and begin + k < end:
            is_same = names[number, k] == name[begin + k]
            k += 1
        if is_same:
            break
        slot = (slot + 1) & (slots.size - 1)
    return slot
