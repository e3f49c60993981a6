"""Questions to the marts that people know from other tools: a view each, its SQL beside what its columns mean."""
