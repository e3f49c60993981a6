"""Two labellers' files: are they complete, how far do they agree, and what both say becomes placement.tsv.

`python -m tests.gold.agreement check SAMPLE LABELS` names keys that are missing, doubled, not in the sample, or have
a label outside the vocabulary. `python -m tests.gold.agreement merge SAMPLE LABELS_A LABELS_B` prints kappa and the
confusion table and writes placement.tsv beside this file: what both say is kept, where they differ it says `unsure`.

SAMPLE is sample.jsonl of tests.gold.sample; label files have lines `key<TAB>label`.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.vocabulary import PLACEMENT

GOLD: Final = Path(__file__).with_name("placement.tsv")
COLUMNS: Final = ("url", "href", "nth", "position", "half", "placement")
UNSURE: Final = "unsure"


@dataclass(frozen=True, slots=True)
class Labels:
    """One labeller's labels by key, and what is wrong with the file, a line each."""

    by_key: dict[str, str]
    faults: list[str]


def read_labels(lines: Iterable[str], keys: Iterable[str]) -> Labels:
    """Read lines `key<TAB>label` for exactly these keys; empty lines and lines that begin with # are skipped."""
    wanted = set(keys)
    by_key: dict[str, str] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, _, label = (part.strip() for part in line.partition("\t"))
        if key not in wanted:
            faults.append(f"line {number}: {key!r} is no key of the sample")
        elif label not in PLACEMENT:
            faults.append(f"line {number}: {label!r} is no placement")
        elif key in by_key:
            faults.append(f"line {number}: {key} has a label already")
        else:
            by_key[key] = label
    missing = sorted(wanted - by_key.keys())
    faults += [f"missing: {len(missing)}: {', '.join(missing[:200])}"] if missing else []
    return Labels(by_key, faults)


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa of two labellers (Cohen 1960), 1.0 where both always use the same one label.

    ValueError without pairs.
    """
    if not pairs:
        raise ValueError("kappa needs at least one pair")
    total = len(pairs)
    observed = sum(a == b for a, b in pairs) / total
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[label] * second[label] for label in first) / total**2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def confusion(pairs: Sequence[tuple[str, str]]) -> str:
    """A table in Markdown: rows are the first labeller's labels, columns the second's, in the vocabulary's order."""
    counts = Counter(pairs)
    used = [label for label in PLACEMENT if any(label in pair for pair in counts)]
    rows = [[a, *(str(counts[a, b] or "·") for b in used)] for a in used]
    lines = [["A \\ B", *used], ["---", *("--:" for _ in used)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def merged(a: str, b: str) -> str:
    return a if a == b else UNSURE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, files in (("check", 1), ("merge", 2)):
        command = commands.add_parser(name)
        command.add_argument("sample", type=Path)
        command.add_argument("labels", type=Path, nargs=files)
    arguments = parser.parse_args()
    with arguments.sample.open(encoding="utf-8") as file:
        sample = [json.loads(line) for line in file]
    keys = [row["key"] for row in sample]
    given = [read_labels(path.read_text("utf-8").splitlines(), keys) for path in arguments.labels]
    faults = [
        f"{path}: {fault}" for path, labels in zip(arguments.labels, given, strict=True) for fault in labels.faults
    ]
    if faults or arguments.command == "check":
        print("\n".join(faults) or f"complete: {len(keys)} labels")
        return 1 if faults else 0
    first, second = (labels.by_key for labels in given)
    print(_report(sample, first, second))
    _write(sample, first, second)
    return 0


def _report(sample: list[dict[str, str]], first: dict[str, str], second: dict[str, str]) -> str:
    pairs = [(first[row["key"]], second[row["key"]]) for row in sample]
    lines = [f"{len(pairs)} links, {sum(a == b for a, b in pairs)} agreed, kappa {kappa(pairs):.3f}", confusion(pairs)]
    for half in ("tuning", "test"):
        placed = [merged(first[row["key"]], second[row["key"]]) for row in sample if row["half"] == half]
        counts = Counter(placed)
        lines.append(f"{half}: " + ", ".join(f"{label} {counts[label]}" for label in (*PLACEMENT, UNSURE)))
    return "\n\n".join(lines)


def _write(sample: list[dict[str, str]], first: dict[str, str], second: dict[str, str]) -> None:
    """Write the gold file, a header and one line a link in the order of the sample."""
    with GOLD.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in sample:
            placement = merged(first[row["key"]], second[row["key"]])
            writer.writerow([*(row[column] for column in COLUMNS[:-1]), placement])


if __name__ == "__main__":
    sys.exit(main())
