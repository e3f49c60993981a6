"""Fits the weights of the placement model to the tuning half, and judges them on hosts that they have not seen.

`python -m tests.gold.fit_placement` prints the cross-validation by host and writes crawlers/placement_weights.tsv.
It takes the gold labels of that half and those of placement_more.tsv. The test half is never read here.
"""

import csv
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from crawlers.encoding import to_utf8
from crawlers.markup import decoded
from crawlers.outline import Paths
from crawlers.placement_model import FEATURES, MIN_LINKS, PLACES, features_of, signs_around
from crawlers.scan import scan
from crawlers.tags import AREA, LAST_LINK, A
from crawlers.taming import tame
from tests.gold.confusion import calibration_of, macro_f1, table_of
from tests.gold.labelled import labelled_pages, more_pages

WEIGHTS: Final = Path(__file__).parents[2] / "crawlers" / "placement_weights.tsv"
RIDGE: Final = 4.0
"""How strongly weights are drawn to what is expected; 3 to 5 do alike in cross-validation."""

FOLDS: Final = 10
MIN_SHOWN: Final = 3
"""A feature that fewer links show keeps its expected weight."""

HOMES: Final = {
    "main": "inner_header main_tag article_tag content post in_paragraph in_figure",
    "list": "teaser gallery references",
    "navigation": "nav_tag menu trail pager filing",
    "header": "header_tag header logo account",
    "footer": "footer_tag footer legal",
    "sidebar": "aside_tag sidebar widget column related recent promo",
    "comment": "comment comments comment_inside thread",
    "author_bio": "bio",
    "ad": "ad share",
}
"""Where a sign is expected before any link is seen. The tuning half shows many signs on a host or two only."""

SURE: Final = frozenset(
    ["comment", "comments", "comment_inside", "share", "footer", "footer_tag", "nav_tag", "aside_tag", "sidebar",
     "trail", "pager", "ad", "logo", "menu"]
)  # fmt: skip
"""Signs that are expected there with twice the weight."""

EXPECTED: Final = {"around": 0.4, "address": 0.25, "text": 0.4}

Floats = NDArray[np.float64]


class Examples(NamedTuple):
    """Labelled links: the host and the place of each, and a row of FEATURES."""

    hosts: list[str]
    places: list[str]
    features: Floats


def examples() -> Examples:
    """The labelled links of the tuning half whose pages have a layout and whose place the model knows."""
    hosts, places, rows = [], [], []
    for page, labels in chain(labelled_pages("tuning"), more_pages()):
        by_key = _features_by_key(page.body)
        for label in labels:
            if label.placement in PLACES and (label.href, label.nth) in by_key:
                hosts.append(page.host)
                places.append(label.placement)
                rows.append(by_key[label.href, label.nth])
    return Examples(hosts, places, np.array(rows, np.float64))


def fit(features: Floats, places: list[str]) -> Floats:
    """Weights of a multinomial logistic regression, drawn to what is expected; rarer places count more, by the root."""
    shown = features.sum(axis=0) >= MIN_SHOWN
    weights = expected()
    x, drawn_to = features[:, shown], weights[shown]
    y = np.array([PLACES.index(place) for place in places])
    counts = np.bincount(y, minlength=len(PLACES))
    weight = np.sqrt(counts.mean() / counts[y])
    one_hot = np.eye(len(PLACES))[y]

    def loss(flat: Floats) -> tuple[float, Floats]:
        table = flat.reshape(x.shape[1], len(PLACES))
        probability = softmax(x @ table)
        gap = (probability - one_hot) * weight[:, None]
        drift = table - drawn_to
        value = -(weight * np.log(probability[np.arange(len(y)), y])).sum() + RIDGE / 2 * (drift**2).sum()
        return value, (x.T @ gap + RIDGE * drift).ravel()

    found = minimize(loss, drawn_to.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    weights[shown] = found.x.reshape(x.shape[1], len(PLACES))
    return weights


def expected() -> Floats:
    """The weights before any link is seen."""
    weights = np.zeros((len(FEATURES), len(PLACES)))
    rows = {name: number for number, name in enumerate(FEATURES)}
    for column, place in enumerate(PLACES):
        for sign in HOMES[place].split():
            for kind, weight in EXPECTED.items():
                weights[rows[f"{kind}_{sign}"], column] = weight * (2 if sign in SURE else 1)
    return weights


def cross_validate(given: Examples) -> Floats:
    """Probabilities of each example's places from weights that were fitted without its host."""
    hosts = sorted(set(given.hosts))
    np.random.default_rng(5).shuffle(hosts)
    fold = {host: number % FOLDS for number, host in enumerate(hosts)}
    folds = np.array([fold[host] for host in given.hosts])
    probability = np.zeros((len(folds), len(PLACES)))
    for number in range(FOLDS):
        seen = folds != number
        weights = fit(
            given.features[seen], [place for place, is_seen in zip(given.places, seen, strict=True) if is_seen]
        )
        probability[~seen] = softmax(given.features[~seen] @ weights)
    return probability


def softmax(sums: Floats) -> Floats:
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def write(weights: Floats) -> None:
    with WEIGHTS.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerow(["feature", *PLACES])
        for name, row in zip(FEATURES, weights, strict=True):
            if row.any():
                out.writerow([name, *(f"{value:.2f}" for value in row)])


def main() -> None:
    given = examples()
    probability = cross_validate(given)
    pairs = [(place, PLACES[best]) for place, best in zip(given.places, probability.argmax(axis=1), strict=True)]
    right = probability[np.arange(len(pairs)), [PLACES.index(place) for place in given.places]]
    print(
        f"{len(pairs)} links of {len(set(given.hosts))} hosts, {FOLDS} folds by host, "
        f"mean -log p {-np.log(right).mean():.3f}"
    )
    print(table_of(pairs))
    print(f"macro-F1 of the six {macro_f1(pairs):.3f}, of all {macro_f1(pairs, PLACES):.3f}")
    judged = [(*pair, sure) for pair, sure in zip(pairs, probability.max(axis=1).tolist(), strict=True)]
    print(calibration_of(judged))
    write(fit(given.features, given.places))


def _features_by_key(body: bytes) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """What the model sees of each link of a page, by href and how many with this href stand before it."""
    root = LexborHTMLParser(tame(to_utf8(body)[0])[0], options=LexborDocumentOptions.WO_EVENTS).root
    found = scan((root.html if root is not None else None) or "")
    if len(found.hinted_paths) < MIN_LINKS:
        return {}
    signs = Paths(found).signs
    features = iter(features_of(found.hints, found.hinted_paths, signs_around(signs, found.outer_paths)))
    by_key, seen = {}, Counter[str]()
    for row in found.links.tolist():
        if row[0] <= LAST_LINK and row[1] >= 0:
            shown = next(features)
            if row[0] in (A, AREA):
                href = decoded(found.source[row[9] : row[10]])
                by_key[href, seen[href]] = shown
                seen[href] += 1
    return by_key


if __name__ == "__main__":
    main()
