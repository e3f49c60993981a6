"""Columns that say where a link comes from and what its anchor is: of link_classes and the marts of backlinks."""

from typing import Final

import pyarrow as pa

from schemas.dataset import Column, words
from schemas.vocabulary import ANCHOR_CLASS, ORIGIN_ROLE, PLATFORM_CLASS

ANCHOR: Final = Column(
    "anchor_class", pa.string(), "What kind of anchor.", "brand", nullable=True, values=words(ANCHOR_CLASS)
)

ORIGIN: Final = (
    ANCHOR,
    Column(
        "origin_role",
        pa.string(),
        "How the link came about.",
        "editorial",
        nullable=True,
        values=words(ORIGIN_ROLE),
    ),
    Column("origin_reason", pa.string(), "The rule that says so (docs/classes.md).", "placement: main", nullable=True),
    Column(
        "platform_class",
        pa.string(),
        "What kind of site links.",
        "blog",
        nullable=True,
        values=words(PLATFORM_CLASS),
    ),
    Column(
        "platform_reason",
        pa.string(),
        "The rule that says so and its evidence (docs/classes.md); NULL where it is unknown.",
        "known_site: wordpress.com",
        nullable=True,
    ),
)
"""NULL in link_classes of before classifier_version 2."""
