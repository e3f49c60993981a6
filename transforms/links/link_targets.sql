-- one row per registrable domain that is linked to
select l.target_domain
from links as l
group by l.target_domain
