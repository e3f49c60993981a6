"""The page that lists every rule of every gate: ``python -m transforms.rules_page > docs/gates.md``."""

import sys
from typing import Final

from schemas.catalog import DATASETS
from schemas.dataset import Dataset
from transforms.laws import LAWS
from transforms.rules import MOST_TIMES, STALE_DAYS, rules_of

_SAYS: Final = {"stop": "stops", "warn": "warns"}

_HEAD: Final = f"""# Gates

Nothing that a stage builds can be read before its gate has audited it: write, audit, publish. This page lists every
rule (`make docs` renders it from the code, a test compares).

- A rule that **stops** keeps the output from being published: keys, nulls, types, vocabularies, ranges, the order of
  times, conservation, references, checksums.
- A rule that **warns** says what is worth a look and holds nothing back: odd distributions, data older than
  {STALE_DAYS} days as of its crawl, times in the future, fewer than half or more than {MOST_TIMES} times the rows of
  the previous crawl. Time is that of the crawls and of the output, never the clock: a gate that is asked again says the
  same.

DuckDB measures all rules over the rows of a dataset in one SELECT, which gives a *profile* of one row: how many times
each rule is broken. Laws that compare tables are SELECTs of their own. Up to five examples are fetched for what is
broken, and only then. When files are not what the stage wrote, only the rules about files are measured.

A checkpoint of Great Expectations validates the profile: a second judge of the same numbers. Should the two ever
differ, the gate stops and says so. Should Great Expectations fail, or the disk be full, the profile decides alone and
the command says what happened.

## What a gate costs

`make bench-gates`, ten million made-up links, each run and each gate a process of its own as in Airflow, on 2 cores:

| stage | run s | gate s | share |
| --- | --: | --: | --: |
| `dedupe_links` | 102.0 | 9.9 | 9.7 % |
| `classify_links` | 26.3 | 4.0 | 15.3 % |
| `build_edges` | 18.2 | 3.2 | 17.7 % |

The budget is 10 %; the two quick stages miss it. Of the 4 seconds of `classify_links`, 2.4 are the one pass over its
rows (distinct keys among ten million above all), 0.5 the checksums of 148 MB, 0.5 the law that compares its keys with
those of `links`. A gate trusts the inputs that the run before it verified, and verifies them again only when something
fails.

## Data Docs

Each gate writes its page into the lake, before anything is published:

    <lake>/_docs/<crawl_id>/index.html      the gates of a crawl
    <lake>/_docs/<crawl_id>/<stage>.html    what is broken, how often, by what, what to run; then every rule
    <lake>/_docs/<crawl_id>/<stage>.json    the same for programs, with Great Expectations' own account

The pages need no script and load nothing: the ones that Great Expectations renders load some 15 scripts, style sheets
and a logo from five other hosts, and are bare without them. A page shows the newest audit of its stage.

## Rules
"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(dataset) for dataset in DATASETS)


def _section(dataset: Dataset) -> str:
    lines = ["", f"### {dataset.name}", "", "| rule | severity | meaning |", "|---|---|---|"]
    for rule in rules_of(dataset):
        stages = [f"`{law.stage}`" for law in LAWS if (law.dataset, law.name) == (dataset.name, rule.name)]
        of = f" (when {' or '.join(stages)} writes it)" if stages else ""
        lines.append(f"| `{rule.name}` | {_SAYS[rule.severity]} | {rule.meaning}{of} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
