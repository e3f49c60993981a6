-- Who exchanges links: domains that link to each other in the way that passes equity, most links first.
select
    domain,
    partner_domain,
    followed_links_given as given,
    followed_links_received as received
from v_reciprocal_domains
where is_followed_exchange and domain < partner_domain
order by followed_links_given + followed_links_received desc, domain, partner_domain
limit 5
