"""The built-in webs, all under reserved names: a tiny one, drawn by hand, and one made from a seed; and their server."""
