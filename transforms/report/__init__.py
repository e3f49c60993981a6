"""What the report measures: one SELECT a file over marts and datasets; `index` is about all, `domain` about one."""
