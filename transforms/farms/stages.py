"""The stage that finds link farms and says why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa

from schemas.catalog import dataset
from transforms.farms.clusters import Farms, find_farms
from transforms.farms.colink import Pairs, overlap, similar_pairs
from transforms.farms.signals import OUT_LINK_SIMILARITY
from transforms.numbering import NumberedGraph, numbered_graph
from transforms.stage import Input, Output, Run, Stage, Tables


def score_farms(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Measure out-link-set similarity, cluster what is alike, and judge clusters and members.

    Only links outside navigation, header, footer and sidebar are evidence: what stands there alike on many domains is
    as a rule one owner's template (the stations of one broadcaster), which is no vote and no farm.
    """
    graph = numbered_graph(tables, "domain", node_columns=("is_crawled",), edge_columns=("body_link_count",))
    in_body = graph.column(graph.edges, "body_link_count") > 0
    sources, targets = graph.sources[in_body], graph.targets[in_body]
    names = graph.names
    is_crawled = graph.column(graph.nodes, "is_crawled").astype(bool)
    pairs = similar_pairs(sources, targets, graph.node_count, is_crawled)
    farms = find_farms(sources, targets, names, pairs)
    return {
        "farm_signals": _signals(run, graph, names, pairs),
        "farm_verdicts": _verdicts(run, graph, names, farms),
        "farm_clusters": _clusters(run, farms),
    }


def _signals(run: Run, graph: NumberedGraph, names: Sequence[str], pairs: Pairs) -> pa.Table:
    measured = overlap(pairs, graph.node_count)
    ids = graph.nodes.column("domain_id").to_pylist()
    rows = []
    for node in measured.overlap.nonzero()[0].tolist():
        value = float(measured.overlap[node])
        evidence = {
            "partner": names[int(measured.partner[node])],
            "shared": int(measured.shared[node]),
            "cosine": float(measured.cosine[node]),
        }
        rows.append(
            {
                "domain": names[node],
                "domain_id": ids[node],
                "signal": OUT_LINK_SIMILARITY.name,
                "value": value,
                "score": OUT_LINK_SIMILARITY.score(value),
                "evidence": json.dumps(evidence, ensure_ascii=False),
            }
        )
    return _table("farm_signals", run, rows)


def _verdicts(run: Run, graph: NumberedGraph, names: Sequence[str], farms: Farms) -> pa.Table:
    ids = graph.nodes.column("domain_id").to_pylist()
    rows = [
        {
            "domain": names[verdict.node],
            "domain_id": ids[verdict.node],
            "farm_score": verdict.farm_score,
            "tier": verdict.tier,
            "role": verdict.role,
            "farm_id": verdict.farm_id,
            "reasons": json.dumps([asdict(reason) for reason in verdict.reasons]),
        }
        for verdict in farms.verdicts
    ]
    return _table("farm_verdicts", run, rows)


def _clusters(run: Run, farms: Farms) -> pa.Table:
    rows = [
        {
            "farm_id": cluster.farm_id,
            "farm_score": cluster.farm_score,
            "booster_count": cluster.booster_count,
            "target_count": len(cluster.targets),
            "density": cluster.density,
            "top_target_share": cluster.top_target_share,
            "outside_referring_domains": cluster.outside_referring_domains,
            "core_members": json.dumps(cluster.core, ensure_ascii=False),
        }
        for cluster in farms.clusters
    ]
    return _table("farm_clusters", run, rows)


def _table(name: str, run: Run, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{"crawl_id": run.crawl_id, **row} for row in rows], schema=dataset(name).schema)


SCORE_FARMS: Final = Stage(
    "score_farms",
    "Domains whose out-links are suspiciously alike, the farms they form, and the reasons.",
    inputs=(Input("domain_nodes"), Input("domain_edges")),
    outputs=("farm_signals", "farm_verdicts", "farm_clusters"),
    build=score_farms,
    counts_rows_of="domain_nodes",
    is_corpus_wide=True,
)
