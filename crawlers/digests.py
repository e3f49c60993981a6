"""Whether a record still is what its writer hashed: WARC-Block-Digest and WARC-Payload-Digest."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Final

_ALGORITHMS: Final = {"sha1": "sha1", "sha-1": "sha1", "sha256": "sha256", "sha-256": "sha256", "md5": "md5",
                      "sha512": "sha512", "sha-512": "sha512"}  # fmt: skip
_UPPER: Final = {ord(lower): lower.upper() for lower in "abcdefghijklmnopqrstuvwxyz"}


def agrees(digest: str | None, *candidates: bytes) -> bool | None:
    """Whether one of the candidates has that digest (``algorithm:value`` in base32, base64 or hex).

    None when that cannot be said: there is none, its algorithm is unknown, or its value is none of that algorithm.
    """
    found = _value(digest)
    if found is None:
        return None
    algorithm, expected = found
    return any(hashlib.new(algorithm, each, usedforsecurity=False).digest() == expected for each in candidates)


def normalized(digest: str | None) -> str | None:
    """The digest in one spelling, algorithm and hex, so that those of two writers can be compared."""
    found = _value(digest)
    return f"{found[0]}:{found[1].hex()}" if found else None


def _value(digest: str | None) -> tuple[str, bytes] | None:
    label, colon, text = (digest or "").strip().partition(":")
    algorithm = _ALGORITHMS.get(label.strip().lower())
    if not colon or algorithm is None:
        return None
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    return next(((algorithm, value) for value in _spellings(text.strip()) if len(value) == size), None)


def _spellings(text: str) -> Iterable[bytes]:
    """What the text may stand for: WARC 1.1 §5.8 leaves the spelling open, base32 is the custom."""
    for decode in (bytes.fromhex, _base32, _base64):
        try:
            yield decode(text)
        except (ValueError, binascii.Error):
            continue


def _base32(text: str) -> bytes:
    return base64.b32decode(text.translate(_UPPER) + "=" * (-len(text) % 8))


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
