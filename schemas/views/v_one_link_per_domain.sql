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
    r.backlinks as links_of_domain,
    b.first_seen,
    b.last_seen
from backlinks as b
inner join referring_domains as r on b.target_domain = r.target_domain and b.source_domain = r.source_domain
where b.is_best_of_domain
