"""How well placements agree with labels: F1 by place, its mean, a confusion table, accuracy by confidence."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

SIX: Final = ("main", "navigation", "header", "footer", "sidebar", "comment")
"""The placements with at least 60 labelled links in the test half."""

ORDER: Final = (*SIX, "list", "author_bio", "ad", "directory", "unknown")
BANDS: Final = (0.0, 0.4, 0.6, 0.8, 0.9, 0.95)

Pairs = Sequence[tuple[str, str]]
"""(label, placement) of each link."""


def f1(pairs: Pairs, place: str) -> float:
    """Harmonic mean of precision and recall; 0 where nothing is right."""
    right = sum(label == place == given for label, given in pairs)
    either = sum(label == place for label, _ in pairs) + sum(given == place for _, given in pairs)
    return 2 * right / either if either else 0.0


def macro_f1(pairs: Pairs, places: Iterable[str] = SIX) -> float:
    """The mean of F1 over places, all counting alike."""
    scores = [f1(pairs, place) for place in places]
    return sum(scores) / len(scores)


def table_of(pairs: Pairs) -> str:
    """A confusion table as Markdown: a row for each label with precision, recall and F1."""
    counts = Counter(pairs)
    places = [place for place in ORDER if any(place in pair for pair in pairs)]
    lines = [
        f"| label \\ given | {' | '.join(places)} | links | precision | recall | F1 |",
        f"| --- |{' --: |' * (len(places) + 4)}",
    ]
    for label in places:
        row = [counts[label, given] for given in places]
        given_at_all = sum(counts[other, label] for other in places)
        precision = counts[label, label] / given_at_all if given_at_all else 0.0
        recall = counts[label, label] / sum(row) if sum(row) else 0.0
        cells = [str(count) if count else "·" for count in row]
        scores = [f"{score:.2f}" for score in (precision, recall, f1(pairs, label))]
        lines.append(f"| {' | '.join([label, *cells, str(sum(row)), *scores])} |")
    return "\n".join(lines)


def calibration_of(judged: Sequence[tuple[str, str, float]]) -> str:
    """Accuracy by band of confidence as Markdown, from (label, placement, confidence)."""
    lines = ["| confidence | links | mean confidence | right |", "| --- | --: | --: | --: |"]
    for low, high in zip(BANDS, (*BANDS[1:], 1.01), strict=True):
        band = [(label == given, sure) for label, given, sure in judged if low <= sure < high]
        if band:
            mean, right = sum(sure for _, sure in band) / len(band), sum(hit for hit, _ in band) / len(band)
            lines.append(f"| {low:.2f} to {min(high, 1.0):.2f} | {len(band)} | {mean:.2f} | {right:.2f} |")
    return "\n".join(lines)
