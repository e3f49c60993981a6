-- one row per anchor_text: the words that most domains link with, whomever they link to
with counted as (
    select
        b.anchor_text,
        b.anchor_class,
        b.source_domain,
        b.target_domain,
        b.passes_equity
    from backlinks as b
    where b.anchor_text <> ''
),

classed as (
    select
        c.anchor_text,
        c.anchor_class,
        row_number() over (partition by c.anchor_text order by count(*) desc, c.anchor_class) as place
    from counted as c
    group by c.anchor_text, c.anchor_class
),

summed as (
    select
        c.anchor_text,
        count(distinct c.source_domain) as referring_domains,
        count(distinct c.target_domain) as target_domains,
        count(*) as backlinks,
        count(*) filter (where c.passes_equity) as passing_equity
    from counted as c
    group by c.anchor_text
)

select
    s.anchor_text,
    c.anchor_class,
    s.referring_domains,
    s.target_domains,
    s.backlinks,
    s.passing_equity
from summed as s
inner join classed as c on s.anchor_text = c.anchor_text and c.place = 1
qualify row_number() over (order by s.referring_domains desc, s.backlinks desc, s.anchor_text) <= $top
order by s.referring_domains desc, s.backlinks desc, s.anchor_text
