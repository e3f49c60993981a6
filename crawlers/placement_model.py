"""A small additive model says where a link stands: every sign adds its weights, the highest sum wins.

The weights were fitted to the labels of the tuning half (tests/gold) by `python -m tests.gold.fit_placement`, and are
data: placement_weights.tsv, a line for each feature, a column for each placement. docs/placement.md tells more.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from crawlers.layout import GROUPS, LAYOUT
from crawlers.placement_words import BIT, COMMENTS, KINDS, SECTIONS, SIGNS
from crawlers.scan import Scan

PLACES: Final = (
    "main", "list", "navigation", "header", "footer", "sidebar", "comment", "author_bio", "ad"
)  # fmt: skip
"""What the model knows; too few links of directories are labelled to learn them."""

FEATURES: Final = (
    *(f"around_{sign}" for sign in SIGNS), *(f"address_{sign}" for sign in SIGNS), *(f"text_{sign}" for sign in SIGNS),
    *(f"near_{sign}" for sign in SIGNS), *LAYOUT, "always",
)  # fmt: skip

MIN_LINKS: Final = 20
"""A page with fewer links has no layout to speak of: the elements around a link decide alone."""

HEADER, FOOTER, INNER_HEADER, INNER_FOOTER, COMMENT_INSIDE = map(
    BIT.__getitem__, ("header_tag", "footer_tag", "inner_header", "inner_footer", "comment_inside")
)

_SIGNS: Final = len(SIGNS)
_LAYOUT_AT: Final = 4 * _SIGNS
_MAX_ACTIVE: Final = _LAYOUT_AT + GROUPS + 1

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]


@cache
def weights() -> Floats:
    """A row for each of FEATURES, a column for each of PLACES."""
    table = np.zeros((len(FEATURES), len(PLACES)))
    rows = {name: number for number, name in enumerate(FEATURES)}
    with files("crawlers").joinpath("placement_weights.tsv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            table[rows[line["feature"]]] = [float(line[place]) for place in PLACES]
    return table


def place_links(scan: Scan, own_signs: Longs) -> tuple[Longs, Floats]:
    """For each hinted link its place, a number in PLACES, and the model's probability of that, 0 to 1.

    `own_signs` has what the innermost element of each path says.
    """
    around = signs_around(own_signs, scan.outer_paths)
    return _place(scan.hints, scan.hinted_paths, around, weights())


@njit(cache=True, nogil=True)
def signs_around(own_signs: Longs, outer_paths: NDArray[np.int32]) -> Longs:
    """All that is said around a link on each path, and what the nearest element says that tells a purpose.

    How a link is set is said by the nearest two elements, the rest by any. Inside main, article, aside or nav a header
    or footer is the section's, not the page's (HTML-AAM).
    """
    around = np.empty((own_signs.size, 2), np.int64)
    for path in range(own_signs.size):
        own, outer = own_signs[path], outer_paths[path]
        around[path, 0] = own
        around[path, 1] = own & ~KINDS
        if outer < 0:
            continue
        if not around[path, 1]:
            around[path, 1] = around[outer, 1]
        above = around[outer, 0] & ~KINDS
        if above & SECTIONS:
            own = (
                own & ~HEADER & ~FOOTER | (INNER_HEADER if own & HEADER else 0) | (INNER_FOOTER if own & FOOTER else 0)
            )
        if above & COMMENTS and own & COMMENTS:
            own |= COMMENT_INSIDE
        around[path, 0] = own | above | own_signs[outer] & KINDS
    return around


@njit(cache=True, nogil=True)
def features_of(hints: Longs, paths: NDArray[np.int32], path_signs: Longs) -> NDArray[np.bool_]:
    """Which of FEATURES each link has: what the weights are fitted to."""
    table = np.zeros((hints.shape[0], _LAYOUT_AT + len(LAYOUT) + 1), np.bool_)
    active = np.empty(_MAX_ACTIVE, np.int64)
    for link in range(hints.shape[0]):
        for k in range(_activate(path_signs[paths[link]], hints[link], active)):
            table[link, active[k]] = True
    return table


@njit(cache=True, nogil=True)
def _place(hints: Longs, paths: NDArray[np.int32], path_signs: Longs, table: Floats) -> tuple[Longs, Floats]:
    best, sure = np.empty(hints.shape[0], np.int64), np.empty(hints.shape[0])
    active = np.empty(_MAX_ACTIVE, np.int64)
    sums = np.empty(table.shape[1])
    for link in range(hints.shape[0]):
        sums[:] = 0.0
        for k in range(_activate(path_signs[paths[link]], hints[link], active)):
            for place in range(sums.size):
                sums[place] += table[active[k], place]
        best[link] = sums.argmax()
        sure[link] = 1.0 / np.exp(sums - sums[best[link]]).sum()
    return best, sure


@njit(cache=True)
def _activate(around: Longs, hints: Longs, active: Longs) -> int:
    """Write the numbers of the features that hold, and say how many they are."""
    count = 0
    for kind in range(4):
        signs = around[0] if kind == 0 else around[1] if kind == 3 else hints[kind - 1]
        for sign in range(_SIGNS):
            if signs >> sign & 1:
                active[count] = kind * _SIGNS + sign
                count += 1
    for group in range(GROUPS):
        active[count] = _LAYOUT_AT + hints[2 + group]
        count += 1
    active[count] = _LAYOUT_AT + len(LAYOUT)
    return count + 1
