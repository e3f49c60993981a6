-- one row per (source_domain, target_domain): its best followed link set for readers, the strongest sources first
with best as (
    select
        b.source_authority_score,
        b.source_domain,
        b.target_domain,
        b.source_url,
        b.target_url,
        b.anchor_text,
        b.placement,
        b.origin_role
    from backlinks as b
    where
        b.passes_equity
        and b.source_authority_score is not null
        and b.origin_role not in ('widget', 'sponsored', 'self_owned', 'directory')
    qualify
        row_number() over (
            partition by b.source_domain, b.target_domain
            order by
                case when b.placement = 'main' then 0 else 1 end,
                case when b.origin_role = 'editorial' then 0 else 1 end,
                b.source_url,
                b.target_url
        ) = 1
),

-- a strong site that links to hundreds takes no more than two places
of_source as (
    select
        b.source_authority_score,
        b.source_domain,
        b.target_domain,
        b.source_url,
        b.target_url,
        b.anchor_text,
        b.placement,
        b.origin_role
    from best as b
    qualify
        row_number() over (
            partition by b.source_domain
            order by
                case when b.placement = 'main' then 0 else 1 end,
                case when b.origin_role = 'editorial' then 0 else 1 end,
                b.target_domain
        ) <= 2
)

select
    b.source_authority_score,
    b.source_domain,
    b.target_domain,
    b.source_url,
    b.target_url,
    b.anchor_text,
    b.placement,
    b.origin_role
from of_source as b
qualify row_number() over (order by b.source_authority_score desc, b.source_url, b.target_url) <= $top
order by b.source_authority_score desc, b.source_url, b.target_url
