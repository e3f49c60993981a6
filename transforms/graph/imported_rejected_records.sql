-- one row per rejected row of an edge list made elsewhere
select
    p.crawl_id,
    p.reject_id,
    p.stage,
    p.reason,
    p.detail,
    p.source_url,
    p.fetch_id,
    p.record,
    p.byte_count,
    p.archive_file,
    p.archive_offset
from rejected_records_parts as p
