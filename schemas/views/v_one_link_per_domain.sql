-- one row per (target_domain, source_domain): the best link between the two
select
    b.target_domain,
    b.source_domain,
    b.source_url,
    b.target_url,
    b.anchor_text,
    b.anchor_class,
    b.link_type,
    b.placement,
    b.rel_class,
    b.passes_equity,
    b.equity_block_reason,
    b.origin_role,
    b.source_authority_score,
    b.source_farm_score,
    b.source_title,
    count(*) over (partition by b.target_domain, b.source_domain) as links_of_domain,
    b.first_seen,
    b.last_seen
from backlinks as b
qualify
    row_number() over (
        partition by b.target_domain, b.source_domain
        order by
            case when b.passes_equity then 0 else 1 end,
            case when b.placement in ('main', 'list') then 0 else 1 end,
            b.first_seen,
            b.source_url,
            b.target_url
    ) = 1
