-- The best link of each domain that links, and of it alone (here: to nytimes.com).
select
    source_domain,
    placement,
    rel_class,
    links_of_domain as links,
    anchor_text,
    source_url
from v_one_link_per_domain
where target_domain = 'nytimes.com'
order by source_authority_score desc, source_domain
limit 5
