-- one row per domain suspected of taking part in a link farm: as what, how surely, and why
select
    v.farm_id,
    v.domain,
    v.role,
    v.tier,
    v.farm_score,
    d.authority_score,
    d.authority_score_with_farms,
    d.backlinks,
    d.referring_domains,
    d.followed_referring_domains,
    d.linked_domains,
    w.why,
    v.reasons
from farm_verdicts as v
inner join domains as d on v.domain = d.domain
inner join verdict_words as w on v.reasons = w.reasons
where v.tier is not null
