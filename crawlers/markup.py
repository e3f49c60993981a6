"""What a start tag says, as the parser wrote it out: attributes in double quotes, five characters as entities."""

import re
from typing import Final

_ATTRIBUTE: Final = re.compile(rb' (=?[^ =>]*+)(?:="([^"]*+)")?+')


def attributes_of(tag: bytes) -> dict[str, str | None]:
    """Attributes by name, of `<name …>`; an empty value is None, as a missing one is."""
    pieces = tag.split(b'"')  # <a href=, value, title=, value, >
    names, values = pieces[:-1:2], pieces[1::2]
    if names and pieces[-1] == b">" and all(name[-1:] == b"=" for name in names):
        names[0] = names[0][names[0].find(b" ") :]
        return {name[1:-1].decode(): decoded(value) or None for name, value in zip(names, values, strict=True)}
    return {name.decode(): decoded(value) or None for name, value in _ATTRIBUTE.findall(tag)}


def name_of(tag: bytes) -> str:
    """The name in `<name …>`."""
    return tag[1:-1].partition(b" ")[0].decode()


def decoded(raw: bytes) -> str:
    """Serialised text or an attribute's value as it was meant."""
    if b"&" in raw:
        raw = raw.replace(b"&nbsp;", b"\xc2\xa0").replace(b"&lt;", b"<").replace(b"&gt;", b">")
        raw = raw.replace(b"&quot;", b'"').replace(b"&amp;", b"&")
    return raw.decode()
