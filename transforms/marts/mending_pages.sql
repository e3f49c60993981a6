-- one row per good page of a domain that has a broken one: where a redirect might lead
select
    f.url,
    f.domain
from newest_fetches as f
where
    f.state = 'fetched'
    and f.is_final
    and exists (select 1 from broken_pages as b where b.domain = f.domain)
