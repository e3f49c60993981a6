"""What BI reads: aggregate tables and the serving file."""
