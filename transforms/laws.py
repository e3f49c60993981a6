"""The laws of each stage: what must be equal across its inputs and outputs, such as rows in and rows out."""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["stop", "warn"]
"""Keys, nulls, types, conservation, references and checksums stop; distributions, freshness and row deltas warn."""


@dataclass(frozen=True, slots=True)
class Law:
    """What must hold across a stage's inputs and outputs: ``sql`` gives one row (expected, found), which must be equal.

    Of a law that warns the row is (limit, found), and found must not exceed the limit. ``example`` is a SELECT of what
    breaks it, where that can be told. ``quick`` is a cheap SELECT that is true only where the law holds.
    """

    stage: str
    dataset: str
    name: str
    meaning: str
    sql: str
    tolerance: float = 0.0
    severity: Severity = "stop"
    example: str | None = None
    quick: str | None = None


@dataclass(frozen=True, slots=True)
class RowLaw:
    """What must hold within every row of a dataset; ``failing`` is true of a row that breaks it."""

    dataset: str
    name: str
    meaning: str
    failing: str


ROW_LAWS: Final[tuple[RowLaw, ...]] = (
    RowLaw(
        "host_blocks",
        "evidence_is_sound",
        "No block is on more pages than its host has, nor recur more links than it has; only templates are placed.",
        "page_count > host_page_count or recurring_link_count > link_count "
        "or (placement is not null and block_role <> 'template')",
    ),
    RowLaw(
        "links",
        "sightings_by_fate",
        "Followed, nofollowed and neutral sightings never exceed the sightings.",
        "followed_sightings + nofollowed_sightings > sightings",
    ),
    RowLaw(
        "links",
        "states_are_sound",
        "Lost links, and no others, say when and why; what is live was seen on the last good fetch of its page.",
        "(link_state = 'lost') <> (lost_at is not null) or (lost_at is null) <> (lost_reason is null) "
        "or lost_at <= last_seen or (link_state = 'live' and last_checked_at is distinct from last_seen)",
    ),
)


def _alike(table: str, other: str, *key: str) -> str:
    """Rows with any key of the two tables, and rows with a key of both: equal only where the keys are the same."""
    equal = " and ".join(f"t.{c} = o.{c}" for c in key)
    return (
        f"select count(*), count(*) filter (where t.{key[0]} is not null and o.{key[0]} is not null) "
        f"from {table} as t full join {other} as o on {equal}"
    )


def _one_to_one(stage: str, table: str, dataset: str, name: str, meaning: str, *key: str) -> Law:
    """Two tables have the same keys. Equal counts and checksums of the keys show it at a sixth of a join's cost.

    The checksum is the sum of the keys' 64-bit hashes: it misses a difference about as seldom as 1 in 10^19.
    """
    keys = ", ".join(key)
    checked = f"select struct_pack(n := count(*), h := sum(hash({keys})))"
    either = ", ".join(f"coalesce(t.{c}, o.{c}) as {c}" for c in key)
    equal = " and ".join(f"t.{c} = o.{c}" for c in key)
    return Law(
        stage,
        dataset,
        name,
        meaning,
        _alike(table, dataset, *key),
        example=f"select {either} from {table} as t full join {dataset} as o on {equal} "
        f"where t.{key[0]} is null or o.{key[0]} is null",
        quick=f"select ({checked} from {table}) = ({checked} from {dataset})",
    )


def _ends_are_nodes(stage: str, node: str) -> Law:
    stray = (
        f"from {node}_edges as e where not exists (select 1 from {node}_nodes as n where n.{node} = e.source_{node}) "
        f"or not exists (select 1 from {node}_nodes as n where n.{node} = e.target_{node})"
    )
    return Law(
        stage,
        f"{node}_edges",
        "edge_has_nodes",
        "Both ends of every edge are nodes.",
        f"select 0, (select count(*) {stray})",
        example=f"select e.source_{node}, e.target_{node} {stray}",
    )


LAWS: Final[tuple[Law, ...]] = (
    Law(
        "settle_crawl",
        "page_fetches",
        "every_fetch_settled",
        "Every fetch of the acknowledged parts is in the partition.",
        "select (select count(*) from page_fetches_parts), (select count(*) from page_fetches)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "every_observation_settled",
        "Every observation of the acknowledged parts is in the partition.",
        "select (select count(*) from link_observations_parts), (select count(*) from link_observations)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "pages_count_their_links",
        "The link counts of the fetches add up to the observations.",
        "select (select coalesce(sum(link_count), 0) from page_fetches), (select count(*) from link_observations)",
    ),
    Law(
        "settle_crawl",
        "rejected_records",
        "pages_count_their_rejects",
        "The rejected link counts of the fetches add up to the rejected records that name a fetch.",
        "select (select coalesce(sum(rejected_link_count), 0) from page_fetches), "
        "(select count(*) from rejected_records where fetch_id is not null)",
    ),
    Law(
        "settle_crawl",
        "link_observations",
        "observation_has_fetch",
        "Every observation belongs to a fetch of the crawl.",
        "select 0, (select count(*) from link_observations as o "
        "where not exists (select 1 from page_fetches as f where f.fetch_id = o.fetch_id))",
        example="select o.fetch_id, o.position, o.source_url from link_observations as o "
        "where not exists (select 1 from page_fetches as f where f.fetch_id = o.fetch_id)",
    ),
    Law(
        "settle_crawl",
        "page_fetches",
        "few_answers",
        "At most half of the fetches (and never fewer than 10) fail without an answer.",
        "select greatest(10, count(*) / 2), count(*) filter (where state = 'unreachable') from page_fetches",
        severity="warn",
        example="select source_url, state, error from page_fetches where state = 'unreachable'",
    ),
    Law(
        "dedupe_links",
        "links",
        "no_link_vanishes",
        "Every link observed now or believed before is in the table, and no other.",
        _alike(
            "(select source_url, target_url from link_observations "
            "union select source_url, target_url from previous_links)",
            "links",
            "source_url",
            "target_url",
        ),
    ),
    Law(
        "dedupe_links",
        "links",
        "many_losses",
        "At most a third of the links (and never fewer than 10) are lost in one crawl.",
        "select greatest(10, count(*) / 3), count(*) filter (where lost_at >= "
        "(select min(fetched_at) from page_fetches)) from links",
        severity="warn",
        example="select source_url, target_url, lost_reason from links "
        "where lost_at >= (select min(fetched_at) from page_fetches)",
    ),
    _one_to_one(
        "classify_links",
        "links",
        "link_classes",
        "every_link_classified",
        "Every link has exactly one class.",
        "source_url",
        "target_url",
    ),
    Law(
        "build_edges",
        "host_edges",
        "every_vote_counted",
        "The link counts of the host edges add up to the live links between hosts.",
        "select (select count(*) from links where link_state = 'live' and source_host <> target_host "
        "and link_scope <> 'no_domain' and link_type not in ('canonical', 'alternate')), "
        "(select coalesce(sum(link_count), 0) from host_edges)",
    ),
    Law(
        "build_edges",
        "domain_edges",
        "every_vote_counted",
        "The link counts of the domain edges add up to the live links between domains.",
        "select (select count(*) from links where link_state = 'live' and link_scope = 'external' "
        "and link_type not in ('canonical', 'alternate')), (select coalesce(sum(link_count), 0) from domain_edges)",
    ),
    *(_ends_are_nodes(stage, node) for stage in ("build_edges", "import_graph") for node in ("host", "domain")),
    _one_to_one(
        "rank_hosts",
        "host_nodes",
        "host_ranks",
        "every_node_ranked",
        "Every node has a rank.",
        "host",
    ),
    Law(
        "rank_hosts",
        "host_ranks",
        "pagerank_sums_to_one",
        "The PageRank of all nodes sums to 1.",
        "select case when count(*) = 0 then 0 else 1 end, coalesce(sum(pagerank), 0) from host_ranks",
        tolerance=1e-9,
    ),
    _one_to_one(
        "rank_domains",
        "domain_nodes",
        "domain_ranks",
        "every_node_ranked",
        "Every node has a rank.",
        "domain",
    ),
    Law(
        "rank_domains",
        "domain_ranks",
        "pagerank_sums_to_one",
        "The PageRank of all nodes sums to 1.",
        "select case when count(*) = 0 then 0 else 1 end, coalesce(sum(pagerank), 0) from domain_ranks",
        tolerance=1e-9,
    ),
    Law(
        "score_farms",
        "farm_verdicts",
        "verdict_has_cluster",
        "Every verdict names a cluster that exists.",
        "select 0, (select count(*) from farm_verdicts as v "
        "where not exists (select 1 from farm_clusters as c where c.farm_id = v.farm_id))",
        example="select v.domain, v.farm_id from farm_verdicts as v "
        "where not exists (select 1 from farm_clusters as c where c.farm_id = v.farm_id)",
    ),
    _one_to_one(
        "score_authority",
        "domain_nodes",
        "domain_authority",
        "every_domain_scored",
        "Every domain of the graph has a score.",
        "domain",
    ),
    Law(
        "build_marts",
        "domains",
        "backlinks_add_up",
        "Domains and referring_domains count the same backlinks.",
        "select (select coalesce(sum(backlinks), 0) from referring_domains), "
        "(select coalesce(sum(backlinks), 0) from domains)",
    ),
    Law(
        "build_marts",
        "anchors",
        "backlinks_add_up",
        "Anchors count every row of backlinks once.",
        "select (select count(*) from backlinks), (select coalesce(sum(backlinks), 0) from anchors)",
    ),
    Law(
        "build_marts",
        "pages",
        "backlinks_add_up",
        "Pages count every row of backlinks once.",
        "select (select count(*) from backlinks), (select coalesce(sum(backlinks), 0) from pages)",
    ),
    Law(
        "build_marts",
        "internal_links",
        "backlinks_add_up",
        "Pages count every row of internal_links once.",
        "select (select count(*) from internal_links), (select coalesce(sum(internal_backlinks), 0) from pages)",
    ),
    Law(
        "build_marts",
        "domain_history",
        "holds_this_crawl",
        "Every domain has a row of this crawl.",
        "select (select count(*) from domains), "
        "(select count(*) from domain_history where crawl_id = (select i.crawl_id from index_info as i))",
    ),
    Law(
        "build_marts",
        "farms",
        "members_add_up",
        "Farms count every row of farm_members once.",
        "select (select count(*) from farm_members), (select coalesce(sum(boosters + targets), 0) from farms)",
    ),
    Law(
        "build_marts",
        "broken_backlinks",
        "broken_is_linked",
        "Every broken backlink is a backlink.",
        "select (select count(*) from broken_backlinks), (select count(*) from broken_backlinks as k "
        "inner join backlinks as b on k.source_url = b.source_url and k.target_url = b.target_url)",
    ),
    Law(
        "build_marts",
        "backlinks_all",
        "holds_all_backlinks",
        "The live votes among all backlinks are the rows of backlinks.",
        _alike(
            "backlinks",
            "(select source_url, target_url from backlinks_all "
            "where link_state = 'live' and link_type not in ('canonical', 'alternate'))",
            "source_url",
            "target_url",
        ),
    ),
)
