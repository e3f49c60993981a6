-- one row per URL whose newest fetch shows that it is broken, and what is wrong with it
select
    f.url,
    f.domain,
    case
        when f.state = 'redirect_unresolved' then 'redirects_nowhere'
        when f.status in (404, 410) then 'gone'
        when f.status >= 500 then 'server_error'
        else 'client_error'
    end as broken_reason,
    f.status,
    f.error,
    f.redirects_to,
    f.fetched_at
from newest_fetches as f
where
    (f.state = 'http_error' and f.status not in (401, 403, 407, 429, 451))
    -- a redirect may also be unresolved because its end was out of scope, or was not archived: that is not broken
    or (
        f.state = 'redirect_unresolved'
        and (
            contains(f.error, 'redirects in a loop')
            or contains(f.error, 'redirects more than')
            or contains(f.error, 'redirects without a Location')
            or contains(f.error, 'redirects to no web address')
            or contains(f.error, ', unreachable: ')
        )
    )
