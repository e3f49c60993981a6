-- Which pages of a domain do others link to most (here: wikipedia.org).
select
    url,
    referring_domains,
    backlinks,
    followed_backlinks as followed,
    is_crawled
from v_best_pages
where domain = 'wikipedia.org'
order by referring_domains desc, backlinks desc, url
limit 5
