-- one row per (domain, partner_domain) that link to each other: how often, in both directions
select
    r.target_domain as domain,
    r.source_domain as partner_domain,
    r.source_authority_score as partner_authority_score,
    r.source_farm_score as partner_farm_score,
    r.backlinks as links_received,
    g.backlinks as links_given,
    r.followed_backlinks as followed_links_received,
    g.followed_backlinks as followed_links_given,
    r.followed_backlinks > 0 and g.followed_backlinks > 0 as is_followed_exchange
from referring_domains as r
inner join referring_domains as g on r.target_domain = g.source_domain and r.source_domain = g.target_domain
