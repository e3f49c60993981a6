"""Measures of a link graph over plain arrays: ranks, centrality, authority; no tables, lake or clock."""
