"""What the gates found: every rule that did not hold, and who let it through."""

import pyarrow as pa

from schemas.dataset import CRAWL_ID, TEXTS, TIMESTAMP, Column, Dataset, words
from schemas.vocabulary import SEVERITY

GATE_FINDINGS = Dataset(
    "gate_findings",
    grain="rule that did not hold in a run of a stage",
    kind="event",
    key=("crawl_id", "stage", "attempt", "dataset", "rule"),
    columns=(
        CRAWL_ID,
        Column("stage", pa.string(), "Stage whose output was audited.", "rank_hosts"),
        Column("attempt", pa.string(), "The run, as in stage_runs.", "b94d27b9934d", in_hash=False),
        Column("dataset", pa.string(), "Dataset that breaks the rule.", "host_ranks"),
        Column("rule", pa.string(), "Name of the rule.", "duplicate_keys"),
        Column("severity", pa.string(), "What the rule does.", "stop", values=words(SEVERITY)),
        Column("failed_count", pa.int64(), "How many rows (or files) break it.", 3),
        Column("detail", pa.string(), "What was expected and found.", "3 rows"),
        Column("examples", TEXTS, "Up to five of what breaks it."),
        Column("accepted_by", pa.string(), "User who let it through.", "ada", nullable=True),
        Column("accepted_reason", pa.string(), "Why it was let through.", "a known twin", nullable=True),
        Column("found_at", TIMESTAMP, "When the audit ran; where accepted, when that was.", in_hash=False),
    ),
    sort_by=("stage", "found_at"),
    writers="many",
)
