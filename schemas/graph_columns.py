"""Columns of the node, edge and rank tables, alike for hosts and registrable domains."""

from typing import Literal

import pyarrow as pa

from schemas.columns import FIRST_SEEN, LAST_SEEN
from schemas.dataset import CRAWL_ID, Column, Dataset

Node = Literal["host", "domain"]

_WHAT = {"host": "host", "domain": "registrable domain"}


def nodes(node: Node) -> Dataset:
    """``host_nodes`` or ``domain_nodes``: every node of the graph, also those without edges."""
    return Dataset(
        f"{node}_nodes",
        grain=f"{_WHAT[node]} of the graph, with or without edges",
        kind="state",
        key=(node,),
        columns=(
            CRAWL_ID,
            Column(node, pa.string(), f"The {_WHAT[node]}.", "www.example.org"),
            Column(f"{node}_id", pa.int64(), f"Id of {node}."),
            Column(
                "is_crawled",
                pa.bool_(),
                "One of its pages was fetched with a 2xx status; in imports: it has out-links.",
                True,
            ),
            Column("page_count", pa.int64(), "Its pages that were ever fetched with a 2xx status; 0 in imports.", 120),
        ),
        bucket_by=f"{node}_id",
        sort_by=(node,),
    )


def edges(node: Node) -> Dataset:
    """``host_edges`` or ``domain_edges``: who links to whom, and how strongly."""
    what = _WHAT[node]
    return Dataset(
        f"{node}_edges",
        grain=f"(source, target) {what}; no loops",
        kind="state",
        key=(f"source_{node}", f"target_{node}"),
        columns=(
            CRAWL_ID,
            Column(f"source_{node}", pa.string(), f"The {what} that links.", "news.example"),
            Column(f"source_{node}_id", pa.int64(), f"Id of source_{node}."),
            Column(f"target_{node}", pa.string(), f"The {what} that is linked to.", "example.org"),
            Column(f"target_{node}_id", pa.int64(), f"Id of target_{node}."),
            Column("link_count", pa.int64(), "Live links (source_url, target_url).", 12),
            Column("followed_link_count", pa.int64(), "Of these, links that pass equity.", 9),
            Column(
                "body_link_count",
                pa.int64(),
                "Of the followed links, those outside navigation, header, footer and sidebar; imports: all followed.",
                3,
            ),
            Column("page_count", pa.int64(), "Pages with such a link; NULL in imports.", 7, nullable=True),
            Column(
                "followed_page_count",
                pa.int64(),
                "Pages with such a link that passes equity; NULL in imports.",
                6,
                nullable=True,
            ),
            Column(
                "weight_micro",
                pa.int64(),
                "Followed weight min(6, log2(1 + followed pages)), in millionths; imports use links.",
            ),
            Column("total_weight_micro", pa.int64(), "The same over all pages, followed or not, in millionths."),
            Column("first_seen", FIRST_SEEN.type, "When a link between them was first observed.", nullable=True),
            Column("last_seen", LAST_SEEN.type, "When a link between them was last observed.", nullable=True),
        ),
        bucket_by=f"source_{node}_id",
        sort_by=(f"source_{node}", f"target_{node}"),
    )


def ranks(node: Node) -> Dataset:
    """``host_ranks`` or ``domain_ranks``: graph measures only, which never see farms."""
    return Dataset(
        f"{node}_ranks",
        grain=f"{_WHAT[node]} of the graph",
        kind="state",
        key=(node,),
        columns=(
            CRAWL_ID,
            Column(node, pa.string(), f"The {_WHAT[node]}.", "www.example.org"),
            Column(f"{node}_id", pa.int64(), f"Id of {node}."),
            Column(
                "pagerank",
                pa.float64(),
                "PageRank over distinct edges: damping .85, uniform teleport, dangling mass spread; sums to 1.",
                0.000123,
            ),
            Column("pagerank_rank", pa.int64(), "1 is the highest pagerank; ties by name.", 17),
            Column(
                "harmonic_centrality", pa.float64(), "Sum of 1/distance over all nodes that reach it, unscaled.", 421.5
            ),
            Column("harmonic_rank", pa.int64(), "1 is the highest harmonic_centrality; ties by name.", 12),
            Column("harmonic_is_exact", pa.bool_(), "Exact, not estimated by HyperBall.", True),
            Column("indegree", pa.int64(), f"Distinct {_WHAT[node]}s that link to it.", 37),
            Column("outdegree", pa.int64(), f"Distinct {_WHAT[node]}s that it links to.", 5),
        ),
        bucket_by=f"{node}_id",
        sort_by=(node,),
    )
