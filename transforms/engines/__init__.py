"""What runs a stage's SQL: DuckDB here; the same files run on Spark later."""
