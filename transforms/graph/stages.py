"""Stages that make graphs of links, rank their nodes and score domains."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.catalog import dataset
from schemas.graph_columns import Node
from transforms.domain_names import bind_non_domains
from transforms.graph import csr
from transforms.graph.authority import SCORE_VERSION, authority
from transforms.graph.ranks import competition_rank, harmonic, pagerank
from transforms.numbering import NumberedGraph, numbered_graph
from transforms.stage import Input, Output, Run, Stage, Tables


def build_edges(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Aggregate live links to edges between hosts and between domains, and list their nodes."""
    bind_non_domains(tables, "graph")
    names = ("host_nodes", "host_edges", "domain_nodes", "domain_edges")
    return {name: tables.query("graph", name, crawl_id=run.crawl_id) for name in names}


def rank_hosts(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Rank every host."""
    return {"host_ranks": _ranks("host", run, tables)}


def rank_domains(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Rank every registrable domain."""
    return {"domain_ranks": _ranks("domain", run, tables)}


def score_authority(run: Run, tables: Tables) -> Mapping[str, Output]:
    """Score every domain twice: farms neutralised, and as if there were none."""
    graph, edges, suspicion = weighed_graph(tables)
    scored = authority(graph.node_count, *edges, suspicion)
    with_farms = authority(graph.node_count, *edges, np.zeros(graph.node_count))
    return {
        "domain_authority": _table(
            "domain_authority",
            run,
            domain=graph.names,
            domain_id=graph.nodes.column("domain_id"),
            authority_score=scored.score,
            authority_percentile=scored.percentile,
            authority_rank=competition_rank(scored.raw, graph.names),
            raw_authority=scored.raw,
            authority_score_with_farms=with_farms.score,
            score_version=[SCORE_VERSION] * graph.node_count,
        )
    }


def weighed_graph(tables: Tables) -> tuple[NumberedGraph, tuple[Any, Any, Any, Any], Any]:
    """The domain graph, its followed edges as ``authority`` takes them (sources, targets, weights, totals of all
    edges by source), and the farm score of each domain."""
    graph = numbered_graph(tables, "domain", edge_columns=("weight_micro", "total_weight_micro"))
    weights = graph.column(graph.edges, "weight_micro")
    totals = np.zeros(graph.node_count, dtype=np.int64)
    np.add.at(totals, graph.sources, graph.column(graph.edges, "total_weight_micro"))
    followed = weights > 0
    edges = (graph.sources[followed], graph.targets[followed], weights[followed], totals)
    return graph, edges, _farm_scores(graph, tables)


def import_graph(node: Node) -> Stage:
    """The stage that settles an edge list made elsewhere: loops dropped, repeated edges merged, names as given.

    It stands beside ``settle_crawl``: what it reads comes from the command ``import-graph``, not from the lake.
    """

    def build(run: Run, tables: Tables) -> Mapping[str, Output]:
        return {
            "crawls": tables.query("graph", "imported_crawls"),
            f"{node}_nodes": tables.query("graph", f"imported_{node}_nodes", crawl_id=run.crawl_id),
            f"{node}_edges": tables.query("graph", f"imported_{node}_edges", crawl_id=run.crawl_id),
            "rejected_records": tables.query("graph", "imported_rejected_records"),
        }

    outputs = ("crawls", f"{node}_nodes", f"{node}_edges", "rejected_records")
    return Stage(
        "import_graph",
        f"An edge list between {node}s becomes edges and nodes of a crawl of its own.",
        inputs=tuple(Input(name, "parts") for name in outputs),
        outputs=outputs,
        build=build,
        counts_rows_of=f"{node}_edges",
    )


def _ranks(node: Node, run: Run, tables: Tables) -> pa.Table:
    graph = numbered_graph(tables, node)
    rows = csr.build(graph.sources, graph.targets, graph.node_count)
    page = pagerank(rows).scores
    central, is_exact = harmonic(rows)
    return _table(
        f"{node}_ranks",
        run,
        **{node: graph.names, f"{node}_id": graph.nodes.column(f"{node}_id")},
        pagerank=page,
        pagerank_rank=competition_rank(page, graph.names),
        harmonic_centrality=central,
        harmonic_rank=competition_rank(central, graph.names),
        harmonic_is_exact=np.full(graph.node_count, is_exact),
        indegree=np.bincount(rows.targets, minlength=graph.node_count).astype(np.int64),
        outdegree=np.diff(rows.offsets).astype(np.int64),
    )


def _farm_scores(graph: NumberedGraph, tables: Tables) -> Any:
    verdicts = tables.arrow("farm_verdicts", ("domain", "farm_score"), order_by=("domain",))
    scores = np.zeros(graph.node_count)
    at = pc.index_in(verdicts.column("domain"), value_set=graph.nodes.column("domain").combine_chunks())
    scores[at.to_numpy()] = verdicts.column("farm_score").to_numpy()
    return scores


def _table(name: str, run: Run, **columns: Any) -> pa.Table:
    schema = dataset(name).schema
    rows = len(next(iter(columns.values())))
    return pa.table({"crawl_id": [run.crawl_id] * rows, **columns}, schema=schema)


BUILD_EDGES: Final = Stage(
    "build_edges",
    "Live links become weighted edges between hosts and between registrable domains.",
    inputs=(Input("links"), Input("link_classes"), Input("page_fetches", "history")),
    outputs=("host_nodes", "host_edges", "domain_nodes", "domain_edges"),
    build=build_edges,
    version=2,
    counts_rows_of="links",
)

RANK_HOSTS: Final = Stage(
    "rank_hosts",
    "PageRank and harmonic centrality of every host; never sees farms.",
    inputs=(Input("host_nodes"), Input("host_edges")),
    outputs=("host_ranks",),
    build=rank_hosts,
    counts_rows_of="host_nodes",
    is_corpus_wide=True,
)

RANK_DOMAINS: Final = Stage(
    "rank_domains",
    "PageRank and harmonic centrality of every registrable domain; never sees farms.",
    inputs=(Input("domain_nodes"), Input("domain_edges")),
    outputs=("domain_ranks",),
    build=rank_domains,
    counts_rows_of="domain_nodes",
    is_corpus_wide=True,
)

SCORE_AUTHORITY: Final = Stage(
    "score_authority",
    "The 0 to 100 score of every domain, with farms neutralised.",
    inputs=(Input("domain_nodes"), Input("domain_edges"), Input("farm_verdicts")),
    outputs=("domain_authority",),
    build=score_authority,
    counts_rows_of="domain_nodes",
    is_corpus_wide=True,
)
