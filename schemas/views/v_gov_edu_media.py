"""View: governments, universities and news outlets that link to a domain."""

from schemas.dataset import Dataset
from schemas.datasets.referring_domains import REFERRING_DOMAINS

V_GOV_EDU_MEDIA = Dataset(
    "v_gov_edu_media",
    grain="(target_domain, source_domain) with a live link, where source_domain is of platform_class gov, edu or news",
    kind="view",
    key=("target_domain", "source_domain"),
    columns=REFERRING_DOMAINS.columns,
)
