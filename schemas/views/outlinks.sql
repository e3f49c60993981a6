-- one row per live external link (source_url, target_url), by who links
select
    b.source_domain,
    b.source_url,
    b.target_domain,
    b.target_url,
    b.anchor_text,
    b.link_type,
    b.placement,
    b.rel_class,
    b.passes_equity,
    b.equity_block_reason,
    b.origin_role,
    d.authority_score as target_authority_score,
    d.farm_score as target_farm_score,
    b.first_seen,
    b.last_seen
from backlinks as b
inner join domains as d on b.target_domain = d.domain
