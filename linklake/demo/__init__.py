"""The built-in webs under reserved names, a tiny one drawn by hand and one made from a seed, and their server."""
