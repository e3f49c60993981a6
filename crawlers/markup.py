"""What a start tag says, as the parser wrote it out: attributes in double quotes, five characters as entities."""

import re
from typing import Final

_ATTRIBUTE: Final = re.compile(rb' (=?[^ =>]*+)(?:="([^"]*+)")?+')


def attributes_of(tag: bytes) -> dict[str, str | None]:
    """Attributes by name, of `<name …>`; an empty value is None, as a missing one is."""
    pieces = tag.decode().split('"')  # <a href=, value, title=, value, >
    names, values = pieces[:-1:2], pieces[1::2]
    if names and pieces[-1] == ">" and not [name for name in names if name[-1:] != "="]:
        names[0] = names[0][names[0].find(" ") :]
        if b"&" in tag:
            values = [_meant(value) for value in values]
        return {name[1:-1]: value or None for name, value in zip(names, values, strict=True)}
    return {name.decode(): decoded(value) or None for name, value in _ATTRIBUTE.findall(tag)}


def name_of(tag: bytes) -> str:
    """The name in `<name …>`."""
    return tag[1:-1].partition(b" ")[0].decode()


def decoded(raw: bytes) -> str:
    """Serialised text or an attribute's value as it was meant."""
    return _meant(raw.decode()) if b"&" in raw else raw.decode()


def _meant(text: str) -> str:
    text = text.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">")
    return text.replace("&quot;", '"').replace("&amp;", "&")
