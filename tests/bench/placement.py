"""Placements against the gold labels of the test half: confusion, F1, and what a confidence is worth.

`make bench-placement` runs it. The labels are in tests/gold/placement.tsv, the pages in ../shared/data/realweb.
"""

import sys
from collections import Counter
from pathlib import Path

from crawlers.extract import extract
from tests.gold.confusion import ORDER, calibration_of, macro_f1, table_of
from tests.gold.labelled import REALWEB, labelled_pages

LINKS = frozenset(["text", "image", "area"])


def judge(half: str, folder: Path = REALWEB) -> list[tuple[str, str, float]]:
    """(label, placement, confidence) of each labelled link of a half, by extraction of its page as it came."""
    judged = []
    for page, labels in labelled_pages(half, folder):
        seen: Counter[str] = Counter()
        found = {}
        for observed in extract(page.body, page.url).observations:
            if observed.link_type in LINKS:
                found[observed.href, seen[observed.href]] = observed
                seen[observed.href] += 1
        for label in labels:
            observed = found[label.href, label.nth]
            judged.append((label.placement, observed.placement, observed.placement_confidence))
    return judged


def print_report(judged: list[tuple[str, str, float]]) -> None:
    """Print the tables that docs/placement.md shows."""
    pairs = [(label, given) for label, given, _ in judged]
    labelled = [place for place in ORDER if place != "unknown" and any(label == place for label, _ in pairs)]
    right = sum(label == given for label, given in pairs)
    print(table_of(pairs), end="\n\n")
    print(
        f"macro-F1 {macro_f1(pairs):.3f} over the six, {macro_f1(pairs, labelled):.3f} over all {len(labelled)}; ",
        end="",
    )
    print(f"{right} of {len(pairs)} links right ({right / len(pairs):.3f})", end="\n\n")
    print(calibration_of(judged))


if __name__ == "__main__":
    print_report(judge(sys.argv[1] if len(sys.argv) > 1 else "test"))
