"""The words that pages, names and addresses of the generated web are made of."""

from collections.abc import Sequence
from random import Random
from typing import Final

NAME_HEADS: Final = (
    "amber", "ash", "birch", "bright", "brook", "cedar", "clover", "copper", "coral", "dawn", "drift", "dusk", "elder",
    "ember", "fern", "field", "flint", "fox", "frost", "glen", "grey", "hazel", "heath", "heron", "ivory", "juniper",
    "kite", "lantern", "lark", "linden", "loam", "maple", "marsh", "meadow", "mill", "moss", "north", "oak", "opal",
    "orchard", "otter", "pebble", "pine", "plain", "quarry", "quiet", "rain", "reed", "river", "rowan", "saddle",
    "salt", "shell", "silver", "slate", "sorrel", "spring", "stone", "summit", "swift", "thistle", "tide", "velvet",
    "wander", "willow", "winter", "wren", "yarrow",
)  # fmt: skip

NAME_TAILS: Final = (
    "acre", "anchor", "arbour", "bank", "barn", "bay", "bell", "bench", "bloom", "bridge", "burrow", "button", "candle",
    "cask", "cloud", "cove", "crane", "creek", "crown", "den", "dial", "door", "feather", "ferry", "finch", "forge",
    "gate", "grove", "harbour", "hearth", "hollow", "house", "kettle", "key", "ladder", "lane", "ledger", "loom",
    "market", "mast", "nest", "path", "pier", "pocket", "porch", "post", "quill", "ridge", "road", "sail", "shore",
    "spindle", "spoon", "step", "table", "thread", "tower", "trail", "vale", "wagon", "wharf", "wheel", "works", "yard",
)  # fmt: skip

TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "boats": ("oar", "hull", "mooring", "estuary", "rowlock", "varnish", "slipway", "tiller", "regatta", "dinghy"),
    "bread": ("sourdough", "oven", "rye", "starter", "crust", "mill", "flour", "proofing", "loaf", "bakery"),
    "cycling": ("saddle", "derailleur", "towpath", "pannier", "climb", "spoke", "gear", "touring", "brake", "route"),
    "gardens": ("compost", "seedling", "orchard", "hedge", "mulch", "greenhouse", "pruning", "bulb", "allotment",
                "soil"),
    "weather": ("barometer", "drizzle", "forecast", "front", "gale", "gauge", "frost", "cloud", "season", "station"),
    "pottery": ("glaze", "kiln", "slip", "wheel", "stoneware", "handle", "clay", "firing", "bowl", "studio"),
    "birds": ("heron", "hide", "migration", "nest", "plumage", "reedbed", "census", "warbler", "feeder", "tern"),
    "maps": ("contour", "survey", "legend", "compass", "projection", "footpath", "datum", "atlas", "grid", "scale"),
    "radio": ("antenna", "shortwave", "valve", "broadcast", "tuner", "signal", "repeater", "band", "static", "dial"),
    "cheese": ("rind", "rennet", "cellar", "curd", "goat", "brine", "cheddar", "dairy", "wheel", "ripening"),
    "trains": ("platform", "signal", "branch", "timetable", "carriage", "junction", "halt", "gauge", "steam", "line"),
    "puzzles": ("crossword", "anagram", "grid", "clue", "cipher", "jigsaw", "riddle", "solver", "maze", "setter"),
    "wool": ("spindle", "fleece", "dye", "pattern", "loom", "yarn", "needle", "felt", "carding", "jumper"),
    "stars": ("nebula", "eyepiece", "eclipse", "comet", "meridian", "observatory", "lens", "orbit", "cluster",
              "tripod"),
}  # fmt: skip
"""What communities gather around, the largest first, each with its nouns."""

MONEY_WORDS: Final = (
    "best online casino", "no deposit bonus", "payday loans", "cheap car insurance", "replica watches",
    "buy followers", "fast cash advance", "slot games online", "discount pharmacy", "miracle diet pills",
    "crypto signals", "instant credit",
)  # fmt: skip
"""Exact words in which farms link to what they are paid for."""

ADJECTIVES: Final = (
    "careful", "cheap", "common", "early", "familiar", "first", "good", "honest", "late", "light", "local", "long",
    "modest", "new", "odd", "old", "patient", "plain", "proper", "quiet", "second", "short", "simple", "slow", "small",
    "steady", "useful", "winter",
)  # fmt: skip

_TITLES: Final = (
    "A {adjective} {noun} for a {other}", "The {adjective} {noun}", "How we chose a {noun}", "{noun} and {other} notes",
    "Why the {noun} matters", "Ten years with one {noun}", "What a {noun} is for", "On {adjective} {noun} and {other}",
    "Repairing a {noun}", "{noun}: a {adjective} guide", "From {noun} to {other}", "Before you buy a {noun}",
)  # fmt: skip

_SENTENCES: Final = (
    "A {adjective} {noun} is worth more than a {other} that nobody uses.",
    "We tried the {noun} for a whole season and wrote down what broke.",
    "Most people start with the {other} and only later ask about the {noun}.",
    "There is no {adjective} way to say it: the {noun} has to come first.",
    "Last week somebody asked whether the {noun} or the {other} should go.",
    "The {noun} that my neighbour lent me was {adjective} and heavier than it looked.",
    "Nobody told us how {adjective} a {other} can be in the rain.",
    "In the end the {noun} cost less than the {other}, and it lasted.",
    "If you keep one thing in mind, let it be the {noun}.",
    "The figures for this year show a {adjective} rise in every {other} we counted.",
    "It took an afternoon, a {noun} and a good deal of tea.",
    "What follows is a {adjective} account of the {noun}, with mistakes.",
)  # fmt: skip

LEADS: Final = (
    "More on this at {}.", "The numbers come from {}.", "A longer account is on {}.", "We first read about it on {}.",
    "As {} put it, it depends.", "The drawing is borrowed from {}.", "For the details see {}.",
    "Somebody on {} has tried the same.", "The best explanation is still {}.", "Thanks to {} for the correction.",
)  # fmt: skip
"""Sentences around a link in running text."""

GENERIC_ANCHORS: Final = ("here", "this page", "read more", "website", "click here")
PEOPLE: Final = (
    "Ada Wick", "Ben Marlow", "Cora Finch", "Dev Patel-Moss", "Edda Krag", "Femi Oke", "Greta Lund", "Hugo Vane",
    "Ines Roca", "Jun Arai", "Kofi Reed", "Lena Thorn", "Milo Tarn", "Nora Quill", "Otto Brand", "Pia Weir",
)  # fmt: skip
COMMENTS: Final = (
    "Same here, and it took me years.", "I would add one thing: measure twice.", "Thank you, this saved my weekend.",
    "Not sure about the second point.", "We do it the other way round and it works.", "Lovely pictures as always.",
)  # fmt: skip


def title(topic: str, rng: Random) -> str:
    """A headline about a topic."""
    said = rng.choice(_TITLES).format(**_fill(topic, rng))
    return said[0].upper() + said[1:]


def sentences(topic: str, count: int, rng: Random) -> list[str]:
    """Running text about a topic."""
    return [rng.choice(_SENTENCES).format(**_fill(topic, rng)) for _ in range(count)]


def phrase(topic: str, rng: Random) -> str:
    """A few words that somebody might link with."""
    words = _fill(topic, rng)
    return f"{words['adjective']} {words['noun']}"


def slug(text: str) -> str:
    """A title as part of an address."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _fill(topic: str, rng: Random) -> dict[str, str]:
    nouns: Sequence[str] = TOPICS[topic]
    noun, other = rng.sample(nouns, 2)
    return {"adjective": rng.choice(ADJECTIVES), "noun": noun, "other": other}
