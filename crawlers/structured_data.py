"""JSON-LD is read tolerantly and within bounds: the types it declares, the URLs it names, who wrote and when."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

MAX_SCRIPT_BYTES: Final = 1 << 20
MAX_VALUES: Final = 20_000
"""Objects and lists looked at on a page."""

MAX_URLS: Final = 500
MAX_TYPES: Final = 32
MAX_TYPE_CHARACTERS: Final = 64
MAX_NAMES: Final = 10

URL_PROPERTIES: Final = frozenset(
    ["sameAs", "citation", "url", "isBasedOn", "isPartOf", "mentions", "about", "relatedLink", "significantLink",
     "discussionUrl", "archivedAt", "mainEntityOfPage", "subjectOf", "itemListElement", "item", "workExample"]
)  # fmt: skip
"""Properties of schema.org whose value, or its `@id` or `url`, links to a page (images and other files do not)."""

_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


@dataclass(slots=True)
class StructuredData:
    """What all JSON-LD of a page says."""

    types: dict[str, None] = field(default_factory=dict)
    """schema.org types without prefix, in order of appearance."""
    authors: dict[str, None] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    values_left: int = MAX_VALUES

    def add_type(self, name: str) -> None:
        """Note a declared type: `https://schema.org/Person` and `schema:Person` are `Person`."""
        name = re.split(r"[/#:]", name.strip().rstrip("/"))[-1][:MAX_TYPE_CHARACTERS]
        if name and len(self.types) < MAX_TYPES:
            self.types[name] = None

    def read(self, script: str) -> Iterator[tuple[str, str]]:
        """Take in a script; gives (`Type.property`, URL as written) of every URL it names. Never raises."""
        stack = [(parse_json(script), "", "")]
        while stack and self.values_left > 0:
            value, owner, name = stack.pop()
            self.values_left -= 1
            if isinstance(value, list):
                stack += [(item, owner, name) for item in reversed(value)]
            elif isinstance(value, str):
                if name in URL_PROPERTIES and _is_url(value):
                    yield f"{owner}.{name}", value
            elif isinstance(value, dict):
                yield from self._read_object(value, owner, name, stack)

    def _read_object(
        self, value: dict[str, Any], owner: str, name: str, stack: list[tuple[Any, str, str]]
    ) -> Iterator[tuple[str, str]]:
        types = [kind for kind in _listed(value.get("@type")) if isinstance(kind, str)]
        for kind in types:
            self.add_type(kind)
        for key in ("author", "creator"):
            for author in _listed(value.get(key)):
                self._add_author(author.get("name") if isinstance(author, dict) else author)
        self.published += [date for date in _listed(value.get("datePublished")) if isinstance(date, str)]
        self.modified += [date for date in _listed(value.get("dateModified")) if isinstance(date, str)]
        if name in URL_PROPERTIES and name != "url" and isinstance(value.get("@id"), str) and _is_url(value["@id"]):
            yield f"{owner}.{name}", value["@id"]
        inner = types[0][:MAX_TYPE_CHARACTERS] if types else owner
        stack += [(item, inner, key) for key, item in reversed(value.items()) if isinstance(item, str | list | dict)]

    def _add_author(self, name: object) -> None:
        if isinstance(name, str) and name.strip() and not _is_url(name) and len(self.authors) < MAX_NAMES:
            self.authors[" ".join(name.split())[:200]] = None


def parse_json(script: str) -> Any:
    """The value of a script, without the comments and commas too many that authors leave; None for no JSON."""
    if len(script) > MAX_SCRIPT_BYTES:
        return None
    objects = f"[{script[script.find('{') : script.rfind('}') + 1]}]"
    for attempt in (script, objects, _TRAILING_COMMA.sub("", objects)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_url(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "//")) and len(text.split()) == 1
