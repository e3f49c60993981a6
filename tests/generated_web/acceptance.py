"""Whether the farms of whole webs are found, and nobody else is suspected: a line for each seed.

``python -m tests.generated_web.acceptance 11 20`` asks the detector about the links that are true;
``... 11 20 --ingest`` writes a web archive of each web, ingests it, and runs the stages up to the verdicts.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import duckdb
import numpy as np

from linklake.demo.generated.sheet import registrable
from linklake.demo.generated.truth import LinkTruth
from linklake.demo.generated.web import GeneratedWeb
from schemas.lake import Lake
from schemas.render import lake_sql
from tests.generated_web.archive import write_archive
from tests.tiny_lake import linklake
from transforms.farms.clusters import find_farms
from transforms.farms.colink import similar_pairs

STAGES = ("dedupe_links", "classify_links", "build_edges", "score_farms")
SUSPECTED_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of planted boosters and of everybody honest, in one web."""

    boosters: dict[str, float]
    targets: dict[str, float]
    honest: dict[str, float]

    @property
    def missed(self) -> list[str]:
        """Boosters that are not suspected."""
        return sorted(name for name, score in self.boosters.items() if score < SUSPECTED_FROM)

    @property
    def accused(self) -> list[str]:
        """Honest domains that are."""
        return sorted(name for name, score in self.honest.items() if score >= SUSPECTED_FROM)


def judge_truth(web: GeneratedWeb) -> Outcome:
    """Ask the detector about the followed links outside boilerplate that the web's pages truly have."""
    good = [page for page in web.truth.pages if page.status == 200 and not page.is_disallowed]
    edges = {(_domain(x.source_url), _domain(x.target_url)) for page in good for x in page.links if _is_vote(x)}
    crawled = {_domain(page.url) for page in good}
    names = sorted(crawled.union(*edges))
    number = {name: n for n, name in enumerate(names)}
    ends = np.array([(number[source], number[target]) for source, target in sorted(edges)])
    is_crawled = np.array([name in crawled for name in names])
    pairs = similar_pairs(ends[:, 0], ends[:, 1], len(names), is_crawled)
    verdicts = find_farms(ends[:, 0], ends[:, 1], names, pairs).verdicts
    return _by_role(web, {names[v.node]: v.farm_score for v in verdicts})


def _is_vote(link: LinkTruth) -> bool:
    is_body = link.placement not in ("navigation", "header", "footer", "sidebar")
    is_read = link.link_type in ("text", "image")
    return is_read and is_body and not link.is_hidden and link.link_scope == "external" and link.rel_class == "follow"


def _domain(url: str) -> str:
    return registrable(urlsplit(url).hostname or "")


def judge(web: GeneratedWeb, folder: Path) -> Outcome:
    """Ingest a web into a lake in the folder, build the verdicts, and read the scores of each role."""
    archive, lake = folder / "web.warc.gz", folder / "lake"
    write_archive(web, archive)
    for command in (("ingest", archive), *(("run", stage) for stage in STAGES)):
        code, _, err = linklake(*command, "--crawl-id", "web", "--lake", lake, "--memory", "2GB")
        assert code == 0, err
    return scores(web, lake)


def scores(web: GeneratedWeb, lake: Path) -> Outcome:
    """The farm_score of every domain by its role; a domain without a verdict has 0."""
    with duckdb.connect() as connection:
        connection.execute(lake_sql(Lake.open(lake).snapshot(), lake))
        return _by_role(web, dict(connection.execute("select domain, farm_score from farm_verdicts").fetchall()))


def _by_role(web: GeneratedWeb, found: dict[str, float]) -> Outcome:
    by_role: dict[str, dict[str, float]] = {role: {} for role in ("booster", "target", "ring", "honest")}
    for site in web.truth.sites:
        by_role[site.role][site.domain] = found.pop(site.domain, 0.0)
    by_role["honest"] |= found  # names that nobody owns
    return Outcome(by_role["booster"], by_role["target"], by_role["honest"])


def main(first: int, last: int, *, ingest: bool) -> None:
    """Judge webs of full size with the seeds from first to last."""
    print("| seed | boosters | lowest score | targets | suspected | honest domains | highest score | suspected |")
    print("| --: | --: | --: | --: | --: | --: | --: | --: |")
    for seed in range(first, last + 1):
        with TemporaryDirectory() as folder:
            found = judge(GeneratedWeb(seed), Path(folder)) if ingest else judge_truth(GeneratedWeb(seed))
        suspected = sum(score >= SUSPECTED_FROM for score in found.targets.values())
        lowest, highest = min(found.boosters.values()), max(found.honest.values())
        print(
            f"| {seed} | {len(found.boosters)} | {lowest:.2f} | {len(found.targets)} | {suspected} "
            f"| {len(found.honest)} | {highest:.2f} | {len(found.accused)} |",
            flush=True,
        )
        for name in (*found.missed, *found.accused):
            print(f"    {name}", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), ingest="--ingest" in sys.argv)
