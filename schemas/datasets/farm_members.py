"""Mart: who is suspected of taking part in a link farm, as what, and why."""

import pyarrow as pa

from schemas.dataset import Column, Dataset, words
from schemas.datasets.domains import DOMAINS
from schemas.datasets.farm_verdicts import FARM_VERDICTS
from schemas.vocabulary import FARM_ROLE, TIER

FARM_MEMBERS = Dataset(
    "farm_members",
    grain="domain suspected of taking part in a link farm",
    kind="mart",
    key=("domain",),
    columns=(
        *FARM_VERDICTS.taken("farm_id", "domain"),
        Column("role", pa.string(), "What it does in the farm.", "booster", values=words(FARM_ROLE)),
        Column("tier", pa.string(), "How sure the suspicion is.", "suspected", values=words(TIER)),
        FARM_VERDICTS.column("farm_score"),
        *DOMAINS.taken("authority_score", "authority_score_with_farms"),
        *DOMAINS.taken("backlinks", "referring_domains", "followed_referring_domains", "linked_domains"),
        Column("why", pa.string(), "What gave it away, in words.", "it links like 7 of them; it links to 4 targets"),
        FARM_VERDICTS.column("reasons"),
    ),
    sort_by=("farm_id", "role", "domain"),
)
