-- one row per target_url: the pages of the domain that most domains link to
with counted as (
    select
        b.target_url,
        count(distinct b.source_domain) as referring_domains,
        count(*) as backlinks,
        count(*) filter (where b.passes_equity) as passing_equity
    from backlinks as b
    where b.target_domain = $domain
    group by b.target_url
)

select
    c.target_url,
    c.referring_domains,
    c.backlinks,
    c.passing_equity
from counted as c
qualify row_number() over (order by c.referring_domains desc, c.backlinks desc, c.target_url) <= $top
order by c.referring_domains desc, c.backlinks desc, c.target_url
