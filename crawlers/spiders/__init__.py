"""The spiders: one so far."""
