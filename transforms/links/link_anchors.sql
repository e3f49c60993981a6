-- one row per distinct anchor text of the links
select l.anchor_text
from links as l
group by l.anchor_text
