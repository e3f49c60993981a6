"""Crawls of the generated web are held to what its generator knows."""
